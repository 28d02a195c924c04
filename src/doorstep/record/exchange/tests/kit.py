"""Bundles as institutions send them, small and exact, and what stands in the tables afterwards."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from doorstep.fhir.tables import known_types
from doorstep.kernel.call import Call
from doorstep.kernel.testing.callers import system
from doorstep.linkage import numbers
from doorstep.record.exchange import api
from doorstep.record.exchange.models import Message
from doorstep.record.exchange.shapes import Piece, Receipt
from doorstep.registers.organisations.models import Organisation

RESIDENT_ID = "urn:oid:2.16.156.10011.1.3"
Json = dict[str, Any]


def urn(number: int) -> str:
    """A fullUrl that differs by its number."""
    return f"urn:uuid:00000000-0000-4000-8000-{number:012d}"


def key(number: int) -> str:
    """The id under which the entry of ``urn(number)`` is kept."""
    return urn(number)[9:]


def resident_id(sequence: int = 1, birth: date = date(1985, 3, 15)) -> str:
    """A right resident ID of a region that does not exist."""
    body = f"439921{birth:%Y%m%d}{sequence:03d}"
    return body + numbers.check_digit(body)


def patient(sequence: int = 1, name: str = "王小明", **more: Any) -> Json:
    """A Patient with a right resident ID that differs by its sequence (odd: a man)."""
    sex = "male" if sequence % 2 else "female"
    return {
        "resourceType": "Patient",
        "identifier": [{"system": RESIDENT_ID, "value": resident_id(sequence)}],
        "name": [{"text": name}],
        "gender": sex,
        "birthDate": "1985-03-15",
    } | more


def observation(subject: str | None, value: float = 36.5, **more: Any) -> Json:
    """A body temperature."""
    about = {} if subject is None else {"subject": {"reference": subject}}
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8310-5"}]},
        **about,
        "effectiveDateTime": "2026-03-01T08:00:00+08:00",
        "valueQuantity": {"value": value, "unit": "Cel"},
    } | more


def entry(
    resource: Json, number: int | None = None, method: str | None = "POST", url: str = "", **request: str
) -> Json:
    """An entry with a urn:uuid (where a number is given) and a request (unless the method is None)."""
    made: Json = {} if number is None else {"fullUrl": urn(number)}
    made["resource"] = resource
    if method is not None:
        made["request"] = {"method": method, "url": url or resource["resourceType"], **request}
    return made


def bundle(kind: str, *entries: Json) -> bytes:
    """A Bundle of one of the types transaction, batch, collection."""
    return json.dumps({"resourceType": "Bundle", "type": kind, "entry": list(entries)}, ensure_ascii=False).encode()


def sound(number: int = 1, kind: str = "transaction") -> bytes:
    """A bundle of one patient and one observation about them, all right; differs by its number."""
    method = None if kind == "collection" else "POST"
    who = entry(patient(number, f"王{'甲乙丙丁戊己庚辛壬癸'[number % 10]}"), 2 * number, method)
    if method is None:
        who["resource"]["id"] = key(2 * number)
    return bundle(kind, who, entry(observation(urn(2 * number)), 2 * number + 1, method))


def send(source: UUID, *pieces: bytes | Piece, kind: str = "bundle", call: Call | None = None) -> list[Receipt]:
    """Take pieces in as a file would bring them; the receipts in order."""
    made = [p if isinstance(p, Piece) else Piece(kind, f"{n}.json", p) for n, p in enumerate(pieces)]
    return [receipt for found in api.take(call or system(), source, made, "file") for receipt in found]


def make_organisation(name: str, **more: Any) -> UUID:
    """An institution with nothing but what a table demands."""
    made = Organisation.objects.create(
        name=name, pinyin=name, initials=name, type_code="A100", tier="lead", area="439921001001", **more
    )
    found: UUID = made.pk
    return found


def ledger() -> dict[tuple[str, str], tuple[bytes, int, UUID, bool]]:
    """Everything in the ledger: (type, id) to (digest, version, source, deleted)."""
    parts = [
        f"SELECT '{kind}', id, digest, version, source, deleted FROM fhir_{kind.lower()}" for kind in known_types()
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return {(r[0], r[1]): (bytes(r[2]), r[3], r[4], r[5]) for r in cursor.fetchall()}


def people() -> set[frozenset[str]]:
    """Which Patient records are one resident's: a partition of the records."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT array_agg(patient_id) FROM residents_residentrecord GROUP BY resident_id")
        return {frozenset(row[0]) for row in cursor.fetchall()}


def identifiers() -> set[tuple[str, str, bool]]:
    """All numbers of all residents."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT system, value, trusted FROM residents_residentidentifier")
        return set(cursor.fetchall())


def messages() -> Any:
    """All messages."""
    return Message.objects.unscoped("test").order_by("pk")


def aside() -> list[tuple[str, str, str]]:
    """What is set aside: where from, code, path."""
    rows = messages().filter(state="set_aside")
    return [(m.origin, m.problems[0]["code"], m.problems[0]["path"]) for m in rows]


def count(table: str) -> int:
    """How many rows a table has."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        found: int = cursor.fetchone()[0]
        return found
