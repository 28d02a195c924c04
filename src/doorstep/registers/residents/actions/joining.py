"""Many residents merged at once: as ``merging.join`` does it one by one, in few statements however many they are.

Only those on whom nothing hangs but their records; the few with a household, a ward or what was told at a desk are
merged one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from django.db import connection

from doorstep.events.residents import ResidentsMerged
from doorstep.kernel import trail
from doorstep.kernel.call import Call
from doorstep.kernel.outbox import emit
from doorstep.registers.residents.actions import doubts, merging, moving
from doorstep.registers.residents.models import Merge
from doorstep.registers.residents.rules.facts import Kind

_TWO_IDS: Final = """
SELECT p.kept FROM unnest(%s::uuid[], %s::uuid[]) AS p(one, kept)
JOIN residents_residentidentifier i ON i.resident_id = p.one AND i.kind = %s AND i.trusted
GROUP BY p.kept HAVING count(DISTINCT i.value) > 1
"""
_LOADED: Final = """
SELECT resident_id FROM (
  SELECT resident_id, record_id FROM residents_residentidentifier UNION ALL
  SELECT resident_id, record_id FROM residents_residentname UNION ALL
  SELECT resident_id, record_id FROM residents_residentphone UNION ALL
  SELECT resident_id, record_id FROM residents_residentaddress UNION ALL
  SELECT resident_id, record_id FROM residents_residentguardian) f
WHERE record_id IS NULL AND resident_id = ANY(%(gone)s)
UNION SELECT guardian_id FROM residents_residentguardian WHERE guardian_id = ANY(%(gone)s)
UNION SELECT resident_id FROM residents_householdmember WHERE resident_id = ANY(%(gone)s)
UNION SELECT head_id FROM residents_household WHERE head_id = ANY(%(gone)s)
"""
_RECORDS: Final = """
SELECT resident_id, id, patient_id, organisation_id FROM residents_residentrecord WHERE resident_id = ANY(%s)
ORDER BY id
"""
_POINT: Final = """
UPDATE residents_resident r SET merged_into_id = p.kept, version = r.version + 1
FROM unnest(%s::uuid[], %s::uuid[]) AS p(gone, kept) WHERE r.id = p.gone
"""
Record = tuple[UUID, str | None, UUID]


def contradicted(into: Mapping[UUID, UUID]) -> set[UUID]:
    """Of the residents that others (the keys) are to be merged into, those with whom two trusted resident IDs would
    come together."""
    pairs = [*into.items(), *((kept, kept) for kept in set(into.values()))]
    with connection.cursor() as cursor:
        cursor.execute(_TWO_IDS, [[one for one, _ in pairs], [kept for _, kept in pairs], Kind.RESIDENT_ID.value])
        return {row[0] for row in cursor.fetchall()}


def join_all(call: Call, into: Mapping[UUID, UUID], how: str) -> None:
    """Merge residents (the keys) into others, none of whom is a key; all are held, and none contradicts another."""
    loaded = _loaded(into)
    for gone in sorted(loaded):
        merging.join(call, into[gone], gone, how)
    plain = {gone: into[gone] for gone in sorted(into.keys() - loaded)}
    if not plain:
        return
    records = _records(plain)
    moving.move(
        {record: (gone, plain[gone]) for gone, theirs in records.items() for record, _, _ in theirs}, how, call.actor
    )
    Merge.objects.bulk_create(
        Merge(
            kept_id=kept,
            gone_id=gone,
            how=how,
            actor=call.actor,
            actor_name=call.name,
            moved={"records": [str(record) for record, _, _ in records[gone]]},
        )
        for gone, kept in plain.items()
    )
    with connection.cursor() as cursor:
        cursor.execute(_POINT, [list(plain), list(plain.values())])
    doubts.settle(record for theirs in records.values() for record, _, _ in theirs)
    _tell(call, plain, records, how)


def _loaded(gone: Iterable[UUID]) -> set[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(_LOADED, {"gone": list(gone)})
        return {row[0] for row in cursor.fetchall()}


def _records(residents: Iterable[UUID]) -> dict[UUID, list[Record]]:
    wanted = list(residents)
    found: dict[UUID, list[Record]] = {resident: [] for resident in wanted}
    with connection.cursor() as cursor:
        cursor.execute(_RECORDS, [wanted])
        for resident, *record in cursor.fetchall():
            found[resident].append((record[0], record[1], record[2]))
    return found


def _tell(call: Call, into: Mapping[UUID, UUID], records: Mapping[UUID, list[Record]], how: str) -> None:
    """An event and a line in the trail for each."""
    for gone, kept in into.items():
        patients = tuple(sorted(patient for _, patient, _ in records[gone] if patient))
        sources = tuple(sorted({source for _, _, source in records[gone]}))
        emit(ResidentsMerged(kept, gone, patients, sources, how))
    trail.write_many(
        call,
        "residents.merge",
        (
            {
                "subject": ("Resident", str(kept)),
                "resident": kept,
                "detail": {"merged": str(gone), "records": len(records[gone]), "how": how},
            }
            for gone, kept in into.items()
        ),
    )
