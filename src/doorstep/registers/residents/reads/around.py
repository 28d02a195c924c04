"""The records around one: all that share a key with it or with those, and all of their residents, to a bound."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from json import loads
from typing import Final
from uuid import UUID

from django.db import connection

from doorstep.linkage.ambiguity import either_twin
from doorstep.linkage.conflicts import conflict
from doorstep.linkage.deciding import TOGETHER, Fixed, Pair, guesses
from doorstep.linkage.facts import Facts
from doorstep.linkage.keys import hashes
from doorstep.registers.residents.reads.near import candidates, unpacked
from doorstep.registers.residents.reads.rule import shares
from doorstep.registers.residents.rules.placing import Near, Rule, Weighed, sure

MOST: Final = 60
"""Records that are grouped at once; of more, nothing is decided here but by a batch."""
_OF_RESIDENTS: Final = f"""
SELECT r.id, r.resident_id, coalesce(r.patient_id, r.id::text), f.facts, r.how, r.against
FROM unnest(%s::uuid[]) AS w(id) CROSS JOIN LATERAL (
  SELECT * FROM residents_residentrecord WHERE resident_id = w.id ORDER BY id LIMIT {MOST + 1}) r
JOIN residents_residentfacts f ON f.record_id = r.id
"""  # noqa: S608  a number of our own
_HOMES: Final = "SELECT DISTINCT resident_id FROM residents_residentrecord WHERE id = ANY(%s)"
_SAID: Final = """
SELECT left_id, right_id, state FROM residents_doubt
WHERE state IN ('same', 'different') AND (left_id = ANY(%s) OR right_id = ANY(%s))
"""
_MERGED: Final = """
SELECT kept_id, (moved -> 'records')::text FROM residents_merge
WHERE undone_at IS NULL AND how IN ('hand', 'review') AND kept_id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Around:
    """Records with what is fixed of each, and by their places the pairs that hold them together, that stay apart, and
    that would hold a record to two people: a person looks at those."""

    records: Sequence[Near]
    fixed: Sequence[Fixed]
    pairs: Sequence[Pair]
    apart: Collection[tuple[int, int]]
    doubtful: Sequence[Pair]


def around(records: Iterable[UUID], rule: Rule) -> Around | None:
    """All that is to be grouped with some records; None where it is more than can be decided at once."""
    with connection.cursor() as cursor:
        cursor.execute(_HOMES, [list(records)])
        frontier = {row[0] for row in cursor.fetchall()}
    found: dict[UUID, Near] = {}
    bound: list[tuple[UUID, UUID]] = []
    reached: set[UUID] = set()
    while frontier:
        fresh = _of(frontier, bound)
        reached |= frontier
        found |= {each.record: each for each in fresh}
        if len(found) > MOST:
            return None
        frontier = _joined(fresh, rule) - reached
    ordered = sorted(found.values(), key=lambda each: each.order)
    return _paired(ordered, bound, rule)


def _of(residents: Collection[UUID], bound: list[tuple[UUID, UUID]]) -> list[Near]:
    fresh = []
    with connection.cursor() as cursor:
        cursor.execute(_OF_RESIDENTS, [sorted(residents)])
        for record, resident, order, row, how, against in cursor.fetchall():
            facts = unpacked(order, row)
            if facts is None:
                continue
            fresh.append(Near(record, resident, order, facts))
            if how == "number" and against is not None:
                bound.append((record, against))
        cursor.execute(_MERGED, [sorted(residents)])
        merged = [(kept, set(map(UUID, loads(records)))) for kept, records in cursor.fetchall()]
    for kept, moved in merged:
        theirs = sorted(each.record for each in fresh if each.resident == kept)
        stayed = next((each for each in theirs if each not in moved), None)
        bound += [(each, stayed) for each in theirs if each in moved and stayed]
    return fresh


def _joined(fresh: Sequence[Near], rule: Rule) -> set[UUID]:
    """The residents whose records would be joined with these, or say of one that it may be either of two twins."""
    keys = [(at, key) for at, each in enumerate(fresh) for key in hashes(each.facts)]
    frequent = shares([each.facts for each in fresh])
    homes = set()
    for at, others in candidates(keys).items():
        own = fresh[at]
        for other in others:
            if other.resident == own.resident or other.resident in homes:
                continue
            score = rule.model.score(own.facts, other.facts, frequent)
            told = either_twin(own.facts, other.facts) or either_twin(other.facts, own.facts)
            if told or score.bits >= rule.link:
                homes.add(other.resident)
    return homes


def _either(facts: Sequence[Facts]) -> set[int]:
    """The records (places) that may be either of two twins."""
    ranked = [each for each in facts if each.rank]
    return {at for at, own in enumerate(facts) if any(either_twin(own, other) for other in ranked)}


def _paired(records: Sequence[Near], bound: Iterable[tuple[UUID, UUID]], rule: Rule) -> Around:
    place = {each.record: at for at, each in enumerate(records)}
    same, apart = _judged(place)
    together = same | {_pair(place[a], place[b]) for a, b in bound if a in place and b in place}
    facts = [each.facts for each in records]
    apart |= {(a, b) for a, b in combinations(range(len(facts)), 2) if conflict(facts[a], facts[b])} - same
    pairs = [Pair(a, b, TOGETHER) for a, b in sorted(together - apart | same)]
    pairs += _likely(records, together | apart, rule)
    fixed = [Fixed(each.facts.number, each.facts.rank, each.order) for each in records]
    fit_two = guesses(fixed, pairs) | _either(facts)
    doubtful = {p for p in pairs if p.bits < TOGETHER and not fit_two.isdisjoint((p.left, p.right))}
    return Around(records, fixed, sorted(set(pairs) - doubtful), apart - same, sorted(doubtful))


def _likely(records: Sequence[Near], decided: Collection[tuple[int, int]], rule: Rule) -> list[Pair]:
    """The sure pairs among those that share a key and of which nothing else is known."""
    keys = [set(hashes(each.facts)) for each in records]
    frequent = shares([each.facts for each in records])
    pairs = []
    for a, b in combinations(range(len(records)), 2):
        if (a, b) in decided or keys[a].isdisjoint(keys[b]):
            continue
        score = rule.model.score(records[a].facts, records[b].facts, frequent)
        if sure(records[a].facts, Weighed(records[b], score), rule):
            pairs.append(Pair(a, b, score.bits))
    return pairs


def _pair(a: int, b: int) -> tuple[int, int]:
    return (a, b) if a < b else (b, a)


def _judged(place: dict[UUID, int]) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """The pairs that people called the same, and those they called different."""
    same: set[tuple[int, int]] = set()
    different: set[tuple[int, int]] = set()
    ids = list(place)
    with connection.cursor() as cursor:
        cursor.execute(_SAID, [ids, ids])
        for left, right, state in cursor.fetchall():
            if left in place and right in place:
                pair = _pair(place[left], place[right])
                (same if state == "same" else different).add(pair)
    return same, different
