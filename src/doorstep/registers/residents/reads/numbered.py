"""Whose a number is, and whether what comes with it says another person: for images, on which only few words stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from doorstep.kernel import fence, prepared
from doorstep.registers.residents.rules.facts import Kind
from doorstep.registers.residents.rules.matching import Known, contradiction
from doorstep.registers.residents.rules.sayings import decoded, saying
from doorstep.registers.residents.shapes import Incoming, Numbered

LOOKED: Final = 50
WHOSE: Final = "whose a number is, is a rule of the system itself; who may see the answer is bounded by who asks"
_BY: Final = """
SELECT r.patient_id, r.resident_id, f.said::text FROM (
  SELECT record_id FROM residents_residentidentifier WHERE trusted AND value = %(value)s AND kind = %(kind)s
  UNION ALL
  SELECT record_id FROM residents_residentidentifier WHERE NOT trusted AND value = %(value)s AND kind = %(kind)s) i
JOIN residents_residentrecord r ON r.id = i.record_id JOIN residents_residentfacts f ON f.record_id = r.id
WHERE r.patient_id <> '' AND (r.organisation_id = %(source)s OR %(kind)s = 'resident_id')
ORDER BY r.organisation_id <> %(source)s, r.id LIMIT %(most)s
"""  # the halves are indexed apart
_RECORD: Final = """
SELECT r.patient_id, r.resident_id, f.said::text FROM residents_residentrecord r
JOIN residents_residentfacts f ON f.record_id = r.id WHERE r.patient_id = ANY(%s)
"""
_NUMBERS: Final = """
SELECT DISTINCT i.value FROM residents_residentrecord r JOIN residents_residentidentifier i ON i.record_id = r.id
WHERE r.patient_id = ANY(%s) AND i.kind IN ('hospital', 'resident_id')
"""


def numbered(described: Incoming) -> tuple[Numbered, ...]:
    """The residents who hold the numbers described: hospital numbers within the institution that is its ``source``,
    whatever their system; resident IDs anywhere. One for each resident, by their first record; ``against`` is what of
    the description (``name``, ``sex``, ``birth_date``) is another's, by any one of them."""
    rows: list[tuple[str, UUID, str]] = []
    with fence.lifted(WHOSE):
        for each in described.identifiers:
            if each.kind in (Kind.HOSPITAL, Kind.RESIDENT_ID):
                asked = {"value": each.value, "kind": each.kind.value, "source": described.source, "most": LOOKED}
                [found] = prepared.ask((_BY, asked))
                rows += found
    return _weighed(rows, described)


def described_as(patients: Sequence[str], described: Incoming) -> tuple[Numbered, ...]:
    """The same of records (FHIR patient ids) that are known otherwise: by an order, or named by a person."""
    with fence.lifted(WHOSE):
        [found] = prepared.ask((_RECORD, [list(patients)]))
    return _weighed(found, described)


def numbers_told(patients: Sequence[str]) -> frozenset[str]:
    """The hospital numbers and resident IDs that records (FHIR patient ids) tell."""
    with fence.lifted(WHOSE):
        [found] = prepared.ask((_NUMBERS, [list(patients)]))
    return frozenset(row[0] for row in found)


def _weighed(rows: Sequence[Any], described: Incoming) -> tuple[Numbered, ...]:
    said, told = saying(described), [name.text for name in described.names]
    people: dict[UUID, tuple[str, Known]] = {}
    for patient, resident, words in rows:
        _, known = people.setdefault(resident, (patient, Known(resident, [])))
        known.add(decoded(words))
    return tuple(
        Numbered(patient, resident, contradiction(Kind.RESIDENT_ID, told, said, known))
        for resident, (patient, known) in people.items()
    )
