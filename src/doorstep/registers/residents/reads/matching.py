"""The records that a person described may be: those of the caller's institutions, each weighed by what it says itself.

No record of another institution, nor what such a record told, has a part in the answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.db import connection

from doorstep.kernel import clock
from doorstep.kernel.call import Scope
from doorstep.linkage.keys import hashes
from doorstep.registers.residents.reads import rule as rules
from doorstep.registers.residents.reads.near import unpacked
from doorstep.registers.residents.rules import grading
from doorstep.registers.residents.rules.facts import Identifier, Kind
from doorstep.registers.residents.rules.matching import Known, contradiction
from doorstep.registers.residents.rules.placing import Near, Weighed
from doorstep.registers.residents.rules.sayings import Saying, decoded, saying
from doorstep.registers.residents.shapes import Incoming, Match

A_KEY: Final = 50
"""Records of the caller's that one key or number shows."""
LOOKED: Final = 2_000
"""Records of anybody's that are passed over to find those."""
_BY_KEY: Final = f"""
SELECT c.record_id, NULL::text AS kind FROM unnest(%(keys)s::bigint[]) k(key) CROSS JOIN LATERAL (
  SELECT f.record_id FROM (
    SELECT record_id FROM residents_residentkey WHERE key = k.key ORDER BY record_id LIMIT {LOOKED}) f
  JOIN residents_residentrecord r ON r.id = f.record_id
  WHERE r.patient_id IS NOT NULL AND (%(all)s OR r.organisation_id = ANY(%(organisations)s))
  ORDER BY f.record_id LIMIT {A_KEY}) c
"""  # noqa: S608  numbers of our own
_BY_NUMBER: Final = """
SELECT c.record_id, n.kind
FROM unnest(%(kinds)s::text[], %(systems)s::text[], %(values)s::text[]) n(kind, system, value)
CROSS JOIN LATERAL (
  SELECT f.record_id FROM (
    SELECT record_id FROM residents_residentidentifier WHERE {trusted} AND value = n.value AND system = n.system
    LIMIT {looked}) f
  JOIN residents_residentrecord r ON r.id = f.record_id
  WHERE r.patient_id IS NOT NULL AND (%(all)s OR r.organisation_id = ANY(%(organisations)s)) LIMIT {a_key}) c
"""
_TRUSTED, _REPEATED = (_BY_NUMBER.format(trusted=t, looked=LOOKED, a_key=A_KEY) for t in ("trusted", "NOT trusted"))
_FOUND: Final = f"""
SELECT r.id, r.resident_id, r.patient_id, f.facts, f.said::text, found.kinds FROM (
  SELECT record_id, array_agg(DISTINCT kind) FILTER (WHERE kind IS NOT NULL) AS kinds
  FROM ({_BY_KEY} UNION ALL {_TRUSTED} UNION ALL {_REPEATED}) any_way GROUP BY record_id) found
JOIN residents_residentrecord r ON r.id = found.record_id JOIN residents_residentfacts f ON f.record_id = r.id
"""  # noqa: S608  texts of this file


def matches(scope: Scope, described: Incoming) -> Sequence[Match]:
    """The records within the scope that may be the person described, the best first. At most three queries."""
    said = saying(described)
    own = said.facts(described.patient_id)
    numbers = grading.own_numbers(described.identifiers, own)
    rule, frequent = rules.current(clock.today()), rules.shares([own])
    told = [name.text for name in described.names] or [said.name]
    found = []
    for record, resident, patient, row, words, kinds in _rows(scope, hashes(own), numbers):
        facts = unpacked(patient, row)
        if facts is None:
            continue
        weighed = Weighed(Near(record, resident, patient, facts), rule.model.score(own, facts, frequent))
        graded = grading.grade(own, weighed, _numbered(kinds, told, said, resident, decoded(words)), rule)
        if graded is not None:
            found.append(Match(patient, resident, graded.score, graded.code))
    return sorted(found, key=lambda each: (-each.score, each.patient_id))


def _rows(scope: Scope, keys: Sequence[int], numbers: Sequence[Identifier]) -> list[tuple[Any, ...]]:
    values: dict[str, Any] = {
        "keys": list(keys),
        "kinds": [each.kind.value for each in numbers],
        "systems": [each.system for each in numbers],
        "values": [each.value for each in numbers],
        "all": scope.everywhere,
        "organisations": sorted(scope.organisations),
    }
    with connection.cursor() as cursor:
        cursor.execute(_FOUND, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def _numbered(
    kinds: Sequence[str] | None, told: Sequence[str], said: Saying, resident: UUID, held: Saying
) -> bool | None:
    """Whether a shared number holds; a hospital number that is contradicted says nothing, for hospitals reuse them."""
    if not kinds:
        return None
    known = Known(resident, [])
    known.add(held)
    against = {kind: contradiction(Kind(kind), told, said, known) for kind in kinds}
    if not all(against.values()):
        return True
    return None if set(kinds) == {Kind.HOSPITAL.value} else False


_LINKED: Final = """
SELECT DISTINCT o.patient_id FROM residents_residentrecord own
JOIN residents_residentrecord o ON o.resident_id = own.resident_id
WHERE own.patient_id = ANY(%(patients)s) AND o.patient_id IS NOT NULL
AND (%(all)s OR own.organisation_id = ANY(%(organisations)s) AND o.organisation_id = ANY(%(organisations)s))
"""
_SYSTEMS: Final = "SELECT DISTINCT system FROM residents_residentidentifier WHERE system <> ''"


def linked(scope: Scope, patients: Sequence[str]) -> list[str]:
    """The FHIR ids of all records within the scope that are one person's with these. One query."""
    values: dict[str, Any] = {
        "patients": list(patients),
        "all": scope.everywhere,
        "organisations": sorted(scope.organisations),
    }
    with connection.cursor() as cursor:
        cursor.execute(_LINKED, values)
        return sorted(row[0] for row in cursor.fetchall())


def systems() -> frozenset[str]:
    """The systems of all numbers that are held, of whomever. One query over all numbers: to be asked seldom."""
    with connection.cursor() as cursor:
        cursor.execute(_SYSTEMS)
        return frozenset(row[0] for row in cursor.fetchall())
