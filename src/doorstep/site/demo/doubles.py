"""Patients whom a hospital took down without a card: some that a person must look at, some that a later visit with the
card shows to be known. Assumed, so that the index of the demo has something to review and merges to show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import islice
from random import Random
from typing import Any
from uuid import UUID

import orjson

from doorstep.site.demo.numbers import mobile
from doorstep.site.demo.people import Person, residents
from doorstep.site.demo.shapes import District
from doorstep.site.demo.systems import RESIDENT_ID, hospital_number

PEOPLE = 36
"""Of whom such records are told, in three kinds."""
AMONG = 140
"""They are among the first residents, so that a small demo has them too."""
_SERIAL = 8_950_000


def doubles(district: District, seed: int = 1, among: int = AMONG) -> Iterator[tuple[str, str, bytes]]:
    """Bundles of one Patient each, as (credit code of the source, name, bytes), in the order in which they are sent."""
    source, rng = district.institutions[0].uscc, Random(seed * 7919)  # noqa: S311  the same again for a seed
    grown = (person for person in residents(district, min(among, AMONG), seed) if not person.guardian and person.phone)
    later = []
    for at, person in enumerate(islice(grown, PEOPLE)):
        told: dict[str, Any] = {"name": person.name, "birth": str(person.birth)}
        if at % 3 == 0:  # name and birth date alone
            yield _patient(rng, source, person, at, told)
        elif at % 3 == 1:  # the family's telephone, and a birth date with a slip
            yield _patient(rng, source, person, at, told | {"birth": _slip(person.birth), "phone": person.phone})
        else:  # another telephone; the card comes with the next visit
            other = {"phone": mobile(_SERIAL + at)}
            yield _patient(rng, source, person, at, told | other)
            later.append(_patient(rng, source, person, PEOPLE + at, told | other | {"id": person.resident_id}))
    yield from later


def _slip(birth: date) -> str:
    """Another day of the same month."""
    return birth.replace(day=birth.day % 28 + 1).isoformat()


def _patient(rng: Random, source: str, person: Person, at: int, told: dict[str, Any]) -> tuple[str, str, bytes]:
    key = UUID(int=rng.getrandbits(128), version=4)
    numbers = [{"system": hospital_number(source), "value": f"W{at:07d}"}]
    if "id" in told:
        numbers.append({"system": RESIDENT_ID, "value": told["id"]})
    resource = {
        "resourceType": "Patient",
        "id": str(key),
        "identifier": numbers,
        "name": [{"text": told["name"]}],
        "gender": person.sex,
        "birthDate": told["birth"],
        "telecom": [{"system": "phone", "value": told["phone"]}] if "phone" in told else None,
    }
    entry = {
        "fullUrl": f"urn:uuid:{key}",
        "resource": {name: value for name, value in resource.items() if value},
        "request": {"method": "PUT", "url": f"Patient/{key}"},
    }
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    return source, f"walk-in-{at:02d}.json", orjson.dumps(bundle)
