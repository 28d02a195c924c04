"""What an institution is told of a person: its own record of them, or, where it has none, the least by which they are
known. Pure: FHIR in, FHIR out, for ``compose``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from doorstep.adapters.hl7v2.mapping.transforms import LOCAL
from doorstep.kernel.clock import CHINA

Json = Mapping[str, Any]
RESIDENT: Final = "urn:doorstep:resident"
IDENTITY: Final = "urn:oid:2.16.156.10011.1.3"
GENDERS: Final = {"1": "male", "2": "female", "9": "other"}
TOLD: Final = (
    "name",
    "birthDate",
    "gender",
    "address",
    "telecom",
    "maritalStatus",
    "deceasedBoolean",
    "deceasedDateTime",
)
CODES: Final = "http://terminology.hl7.org/CodeSystem/v2-0203"


def number_of(resident: UUID) -> Json:
    """The number by which the district knows a resident, as an Identifier."""
    return {"type": _type("PI"), "system": RESIDENT, "value": str(resident)}


def numbers_of(records: Iterable[Json], authorities: Mapping[str, str]) -> list[Json]:
    """The identifiers of an institution's own records; ``authorities`` (name in its messages: URI) gives those of its
    own systems the names by which it knows them."""
    names = {uri: name for name, uri in authorities.items()}
    found: dict[tuple[str, str], Json] = {}
    for each in (each for record in records for each in record.get("identifier", ())):
        system, value = str(each.get("system", "")), str(each.get("value", ""))
        if value:
            found.setdefault((system, value), _named(each, names[system]) if system in names else each)
    return list(found.values())


def _named(each: Json, name: str) -> Json:
    kind = "" if each.get("type") else ":MR"
    return {**each, "system": f"{LOCAL}::id:{quote(name, safe='')}{kind}"}


def _type(code: str) -> Json:
    return {"coding": [{"system": CODES, "code": code}]}


def person(resident: UUID, records: Sequence[Json], numbers: Sequence[Json]) -> dict[str, Any]:
    """A resident as one of the institution's records of them says it, with the district's number and these."""
    told = {name: records[0][name] for name in TOLD if records and name in records[0]}
    return {"resourceType": "Patient", "identifier": [number_of(resident), *numbers], **told}


def stranger(resident: UUID, name: str, sex: str, birth: str, identity: str) -> dict[str, Any]:
    """A resident of whom the institution has no record; ``sex`` by GB/T 2261.1, ``identity``: the resident's identity
    number, empty for none."""
    known = [{"type": _type("NNCHN"), "system": IDENTITY, "value": identity}] if identity else []
    told = {"name": [{"text": name}] if name else [], "birthDate": birth, "gender": GENDERS.get(sex, "unknown")}
    return {
        "resourceType": "Patient",
        "identifier": [number_of(resident), *known],
        **{k: v for k, v in told.items() if v},
    }


def merged(
    kept: UUID, gone: UUID, stayed: Sequence[Json], moved: Sequence[Json], names: Mapping[str, str]
) -> dict[str, Json]:
    """Of a merge (A40) what an institution is told: ``stayed`` are its records that were ``kept``'s, ``moved`` those
    that became so.

    Its own former numbers are told as such only where it has one that stays: else its one number is still good.
    """
    prior = numbers_of(moved, names) if stayed else []
    numbers = numbers_of(stayed or moved, names)
    return {
        "patient": person(kept, stayed or moved, numbers),
        "prior": {"identifier": [number_of(gone), *prior]},
    }  # fmt: skip


def moved(
    now: UUID, before: UUID, records: Sequence[Json], names: Mapping[str, str], *, restored: bool
) -> dict[str, Json]:
    """Of a move (A43; HL7 v2.5.1, 3.3.43): the same numbers in PID-3 and MRG-1, whose they are now in PID-2, whose they
    were in MRG-4. ``restored``: the district's own number of the resident is among them, for a merge had taken it."""
    numbers = [*([number_of(now)] if restored else []), *numbers_of(records, names)]
    patient = {**person(now, records, ()), "identifier": numbers}
    return {
        "patient": {**patient, "link": [{"other": {"identifier": number_of(now)}, "type": "refer"}]},
        "prior": {
            "identifier": numbers,
            "link": [{"other": {"identifier": number_of(before)}, "type": "refer"}],
        },
    }


def appointment(body: Json, former: UUID | None = None) -> dict[str, Any]:
    """An appointment with the number by which we know it, as placer and as filler (both are this house), then those of
    one that it takes the place of; by China's clock: many receivers read no time zone."""
    numbers = [{"system": "urn:doorstep:appointment", "value": str(each)} for each in (body["id"], former) if each]
    times = {name: datetime.fromisoformat(body[name]).astimezone(CHINA) for name in ("start", "end") if name in body}
    return {
        **body,
        "identifier": [each for each in numbers for _ in range(2)],
        **{name: at.isoformat() for name, at in times.items()},
    }


def references(body: Json, name: str, kind: str) -> list[str]:
    """The ids of the resources of a type to which the references of an element lead."""
    said = (str(each.get("reference", "")) for each in body.get(name, ()) if isinstance(each, Mapping))
    return [said.removeprefix(f"{kind}/") for said in said if said.startswith(f"{kind}/")]
