"""The records that share a key with those of a batch, and how they compare: one query for all candidates.

A key that very many records have (all-identical records, one telephone for a whole village) shows its first records
only, so that the work for one newcomer is bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast
from uuid import UUID

from doorstep.kernel.prepared import Row, ask, numbers
from doorstep.linkage.facts import COLUMNS, Facts
from doorstep.linkage.keys import hashes
from doorstep.linkage.model import Frequencies
from doorstep.registers.residents.reads.rule import SHARES, shares_asked, shares_told
from doorstep.registers.residents.rules.placing import Near, Rule, Weighed, opposed

A_KEY: Final = 50
"""Records that one key shows."""
# arrays within (SELECT …): a planner that saw how long they are would plan each statement anew, for more than it costs
FIND: Final = f"""
SELECT c.at, c.record_id, r.resident_id, coalesce(r.patient_id, r.id::text), f.facts FROM (
  SELECT DISTINCT k.at, m.record_id FROM unnest((SELECT %s::int[]), (SELECT %s::bigint[])) AS k(at, key)
  CROSS JOIN LATERAL (
    SELECT record_id FROM residents_residentkey WHERE key = k.key ORDER BY record_id LIMIT {A_KEY}) m
) c
JOIN residents_residentfacts f ON f.record_id = c.record_id
JOIN residents_residentrecord r ON r.id = c.record_id
"""  # noqa: S608  a number of our own
# in one statement, for a second costs more than what it finds; the rows of shares have no place (`at`)
FIND_AND_SHARES: Final = f"""{FIND}
UNION ALL SELECT NULL, NULL, NULL, NULL, ARRAY[s.c, s.v, s.share::text] FROM ({SHARES}) AS s(c, v, share)
"""  # noqa: S608  constants
ADDED: Final = 3
"""Columns at the end of a row that rows of before lack, and say nothing of (`certificate`, `mother`,
`father`)."""
TURNS: Final = 0x6D617463  # the first key of the advisory locks of this file
BUCKETS: Final = 1024
TURN: Final = """
SELECT count(CASE WHEN alone = 1 THEN pg_advisory_xact_lock(%s, bucket)::text
  ELSE pg_advisory_xact_lock_shared(%s, bucket)::text END)
FROM unnest(%s::int[], %s::int[]) AS t(bucket, alone)
"""
_AT_RANK, _AT_DAY = COLUMNS.index("rank"), COLUMNS.index("day")


def packed(facts: Facts) -> list[str]:
    """The columns of a record as its row holds them, without its key."""
    return [str(getattr(facts, name)) for name in COLUMNS if name != "key"]


def unpacked(key: str, row: Sequence[str]) -> Facts | None:
    """The record that a row holds, of one from before the last columns without them; None where it was kept in an older
    form and must be made anew."""
    lacking = len(COLUMNS) - 1 - len(row)
    if not 0 <= lacking <= ADDED:
        return None
    values: list[Any] = [key, *row, *[""] * lacking]
    for at in (_AT_RANK, _AT_DAY):
        values[at] = int(values[at])
    return Facts(*values)


def candidates(keys: Sequence[tuple[int, int]]) -> dict[int, list[Near]]:
    """The records that have the keys, by the number that stands with each key; each once."""
    if not keys:
        return {}
    (rows,) = ask((FIND, _asked(keys)))
    return _found(rows)


def _asked(keys: Sequence[tuple[int, int]]) -> Sequence[str]:
    return numbers(at for at, _ in keys), numbers(key for _, key in keys)


def _found(rows: Iterable[Row]) -> dict[int, list[Near]]:
    found: dict[int, list[Near]] = {}
    for at, record, resident, order, row in rows:
        facts = unpacked(order, row)
        if facts is not None:
            found.setdefault(at, []).append(Near(record, resident, order, facts))
    return found


@dataclass(slots=True)
class Nearby:
    """The records of a batch (by their number in it) and all that share a key with them, in the tables or before them
    in the batch itself."""

    rule: Rule
    facts: Sequence[Facts]
    keys: Sequence[tuple[int, ...]]
    held: dict[int, list[Near]]
    shares: Frequencies
    placed: dict[int, list[Near]] = field(default_factory=dict)

    def weighed(self, number: int, but: UUID | None = None) -> list[Weighed]:
        """How a record compares with each near it that may be its person's; ``but``: its own earlier version."""
        own = self.facts[number]
        near = {each.record: each for each in self.held.get(number, ())}
        near |= {each.record: each for key in self.keys[number] for each in self.placed.get(key, ())}
        near.pop(cast("UUID", but), None)
        near = {record: each for record, each in near.items() if not opposed(own, each.facts)}
        return [Weighed(each, self.rule.model.score(own, each.facts, self.shares)) for each in near.values()]

    def add(self, number: int, record: UUID, resident: UUID) -> None:
        """Let those that come after it in the batch find a record that was placed."""
        near = Near(record, resident, self.facts[number].key, self.facts[number])
        for key in self.keys[number]:
            others = self.placed.setdefault(key, [])
            if len(others) < A_KEY:
                others.append(near)

    @property
    def residents(self) -> set[UUID]:
        """All to whom candidates in the tables belong."""
        return {each.resident for some in self.held.values() for each in some}


def around(facts: Sequence[Facts], rule: Rule) -> Nearby:
    """Find what is near to each record of a batch, and let nobody else place such until the transaction ends."""
    keys = [hashes(each) for each in facts]
    asked = _asked([(at, key) for at, some in enumerate(keys) for key in some])
    _, rows = ask(_turns(facts, keys), (FIND_AND_SHARES, [*asked, *shares_asked(facts)]))
    frequent = ((said[0], said[1], float(said[2])) for at, *_, said in rows if at is None)
    return Nearby(rule, facts, keys, _found(row for row in rows if row[0] is not None), shares_told(frequent))


def _turns(facts: Sequence[Facts], keys: Iterable[tuple[int, ...]]) -> tuple[str, Sequence[Any]]:
    """Of two transactions that bring one new person, the second sees the first's; those whose ID a constraint keeps
    apart or together wait only for those without one. Locks stand for many keys each, and are taken in one order."""
    alone: dict[int, bool] = {}
    for each, some in zip(facts, keys, strict=True):
        for key in some:
            bucket = key % BUCKETS
            alone[bucket] = alone.get(bucket, False) or not each.number
    ordered = sorted(alone)
    return TURN, [TURNS, TURNS, numbers(ordered), numbers(int(alone[bucket]) for bucket in ordered)]
