"""Whether what a row did still stands as it left it, and whose record a row means."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, Final
from uuid import UUID

from django.db import connection

from doorstep.fhir.indexing import token_hash
from doorstep.fhir.tables import known_types, table
from doorstep.kernel import ledger
from doorstep.kernel.decision import Refused, refuse
from doorstep.linkage import names
from doorstep.record.sheets.fhir import RESIDENT_ID, patient_system
from doorstep.registers.organisations import api as organisations
from doorstep.registers.staff import api as staff

Effect = Mapping[str, Any]
SOME: Final = 50


def hold(kind: str, effects: Sequence[Effect]) -> Iterator[bool]:
    """Of each effect, whether all that it made or changed stands as it left it."""
    return _HOLDS.get(kind, _records_hold)(effects)


def _institutions_hold(effects: Sequence[Effect]) -> Iterator[bool]:
    now = organisations.versions([UUID(e["organisation"]) for e in effects])
    return (now.get(UUID(e["organisation"])) == e["version"] for e in effects)


def _departments_hold(effects: Sequence[Effect]) -> Iterator[bool]:
    now = organisations.department_versions([UUID(e["department"]) for e in effects])
    return (now.get(UUID(e["department"])) == e["version"] for e in effects)


def _counts_hold(effects: Sequence[Effect]) -> Iterator[bool]:
    days = [(UUID(e["organisation"]), date.fromisoformat(e["counted_on"])) for e in effects]
    now = organisations.counted(days)
    for each, day in zip(effects, days, strict=True):
        found = now.get(day, {})
        yield {kind: found.get(kind) for kind in each["numbers"]} == each["numbers"]


def _staff_hold(effects: Sequence[Effect]) -> Iterator[bool]:
    now = staff.versions([UUID(e["person"]) for e in effects], [UUID(e["post"]) for e in effects])
    return (
        now.get(UUID(e["person"])) == e["version"] and now.get(UUID(e["post"])) == e["post_version"] for e in effects
    )


def _qualifications_hold(effects: Sequence[Effect]) -> Iterator[bool]:
    now = staff.qualified([UUID(e["key"]) for e in effects])
    return (now.get(UUID(e["key"])) == e["version"] for e in effects)


def _records_hold(effects: Sequence[Effect]) -> Iterator[bool]:
    now = _versions({(each[0], each[1]) for e in effects for each in e["things"]})
    return (all(now.get((kind, key)) == after for kind, key, _, after in e["things"]) for e in effects)


_HOLDS: Final[Mapping[str, Callable[[Sequence[Effect]], Iterator[bool]]]] = {
    "institutions": _institutions_hold, "departments": _departments_hold, "counts": _counts_hold, "staff": _staff_hold,
    "licences": _qualifications_hold, "titles": _qualifications_hold,
}  # fmt: skip


def _versions(keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """In which version resources stand now; those that are deleted are left out."""
    found: dict[tuple[str, str], int] = {}
    with connection.cursor() as cursor:
        for kind in sorted({kind for kind, _ in keys}):
            ids = [key for each, key in keys if each == kind]
            cursor.execute(_query(kind), [ids])
            found |= {(kind, key): version for key, version in cursor.fetchall()}
    return found


def _query(kind: str) -> str:
    if kind not in known_types():
        raise KeyError(kind)
    return f"SELECT id, version FROM fhir_{kind.lower()} WHERE id = ANY(%s) AND NOT deleted"  # noqa: S608  a known type


def place_of(organisation: UUID) -> str:
    """By what an institution's own numbers are told from others': its credit code, or its id."""
    return organisations.credit_code(organisation) or str(organisation)


def patient_of(source: UUID, place: str, said: Mapping[str, str]) -> ledger.Stored | None:
    """The institution's own Patient whom a row names by number, resident ID, or both; None where there is none.

    Raises ``Refused``: ``patient.two`` of one number, ``patient.unlike`` where the two name two.
    """
    asked = ((patient_system(place), said.get("number", "")), (RESIDENT_ID, said.get("id_number", "")))
    found = {key for system, value in asked if value for key in _own(source, system, value)}
    if len(found) > 1:
        raise Refused(refuse("patient.unlike"))
    return ledger.read("Patient", found.pop()) if found else None


def _own(source: UUID, system: str, value: str) -> list[str]:
    [rows] = ledger.matching("Patient", [(token_hash("identifier", system, value),)], SOME)
    own = [key for key, owner in rows if owner == source]
    if len(own) > 1:
        raise Refused(refuse("patient.two"))
    return own


def known_patient(source: UUID, place: str, said: Mapping[str, str]) -> str:
    """The id of the Patient whom a return is about. Raises ``Refused``: ``patient.unknown``; ``patient.name`` where the
    name is not theirs, for a slip in a number must not write into another's record."""
    found = patient_of(source, place, said)
    if found is None:
        raise Refused(refuse("patient.unknown"))
    if names.one_form(said["name"]) not in _names(json.loads(found.body)):
        raise Refused(refuse("patient.name"))
    return found.id


def _names(patient: Mapping[str, Any]) -> set[str]:
    told = patient.get("name", [])
    whole = {f"{n.get('family', '')}{''.join(n.get('given', []))}" for n in told}
    return {names.one_form(each) for each in whole | {n.get("text", "") for n in told}} - {""}


def has_records(patient: str) -> bool:
    """Whether anything else in the ledger is about the Patient."""
    with connection.cursor() as cursor:
        cursor.execute(_about(), {"patient": patient})
        return cursor.fetchone() is not None


@cache
def _about() -> str:
    kinds = [kind for kind in known_types() if kind != "Patient" and table(kind).patient is not None]
    parts = [f"SELECT 1 FROM fhir_{k.lower()} WHERE patient = %(patient)s AND NOT deleted" for k in kinds]  # noqa: S608  # our own names
    return f"{' UNION ALL '.join(parts)} LIMIT 1"
