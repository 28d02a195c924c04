"""Where a record goes, from what its numbers say and how it compares with those that share a key: to a resident whom
it surely is, to nobody yet, and which doubtful pairs a person must look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from uuid import UUID

from doorstep.linkage.ambiguity import either_twin
from doorstep.linkage.conflicts import conflict
from doorstep.linkage.deciding import ambiguous
from doorstep.linkage.facts import Facts
from doorstep.linkage.model import Model, Score
from doorstep.registers.residents.rules.matching import Known, Outcome

MOST_QUESTIONS: Final = 3
"""Doubtful pairs that one record may raise: the best; a person who settles them sees the others then."""


MORE: Final = frozenset({"number", "certificate", "insurance", "phone", "address", "guardian"})
"""What says more than a name and a day: over 1 % of a region share those two with somebody else."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What matching goes by: the model, and the bits from which a pair is joined, looked at, and bridges two groups."""

    model: Model
    link: float
    review: float
    bridge: float


class Near(NamedTuple):
    """A record that shares a key: whose it is, a text that orders it whenever it arrives, and what it says."""

    record: UUID
    resident: UUID
    order: str
    facts: Facts


class Weighed(NamedTuple):
    """A record that shares a key, and how it compares."""

    near: Near
    score: Score


@dataclass(frozen=True, slots=True)
class Question:
    """That a person must look at the record beside another (``record``): why, and how many must agree."""

    record: UUID
    reason: str
    detail: str
    bits: float
    needed: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record goes (None: a new resident), by what, and what it leaves to people. ``regroup``: it leads to
    several residents, or to one whom something forbids, so that all the records around it are grouped anew; ``parts``:
    it leaves the resident where its earlier version lies."""

    resident: UUID | None
    how: str
    bits: float | None = None
    against: UUID | None = None
    questions: tuple[Question, ...] = ()
    regroup: bool = False
    parts: bool = False


def opposed(a: Facts, b: Facts) -> bool:
    """Whether two records are two people's whatever they weigh: two valid IDs, two ranks of twins."""
    return bool(a.number and b.number and a.number != b.number) or bool(a.rank and b.rank and a.rank != b.rank)


def sure(own: Facts, other: Weighed, rule: Rule) -> bool:
    """Whether a pair is joined without a person looking; name and birth date alone never do (person-matching.md §4)."""
    if other.score.bits < rule.link or opposed(own, other.near.facts) or conflict(own, other.near.facts):
        return False
    return any(part.bits > 0 for part in other.score.parts if part.comparison in MORE)


def place(own: Facts, outcome: Outcome, near: Sequence[Weighed], people: Mapping[UUID, Known], rule: Rule) -> Place:
    """Decide where a record goes; the same for the same people whatever the order of ``near``."""
    there = (own, *(each.near.facts for each in near))
    ranked = [each for each in there if each.rank]
    joined = _unambiguous(own, [w for w in sorted(near, key=_best) if sure(own, w, rule)], ranked)
    homes = list(dict.fromkeys(w.near.resident for w in joined))
    settled = outcome.resident if outcome.resident is not None else _open(own, outcome, homes[:1], people)
    questions = tuple(_questions(own, outcome, near, {*homes, settled}, rule))
    regroup = any(home != settled for home in homes) or any(either_twin(each, own) for each in there)
    if settled is None:
        return Place(None, "new", questions=questions, regroup=regroup)
    if outcome.resident is not None:
        return Place(settled, "number", None, outcome.holder, questions, regroup or outcome.parts, outcome.parts)
    return Place(settled, "weight", joined[0].score.bits, joined[0].near.record, questions, regroup)


def _unambiguous(own: Facts, joined: list[Weighed], ranked: Sequence[Facts]) -> list[Weighed]:
    """The sure pairs; none where a record without an ID fits two people who have one, or may be either of two twins."""
    if any(either_twin(own, each) for each in ranked):
        return []
    joined = [w for w in joined if not any(either_twin(w.near.facts, each) for each in ranked)]
    best: dict[str, float] = {}
    for other in joined:
        best.setdefault(other.near.facts.number, other.score.bits)
    best.pop("", None)
    return [] if not own.number and ambiguous(best) else joined


def _open(own: Facts, outcome: Outcome, best: Sequence[UUID], people: Mapping[UUID, Known]) -> UUID | None:
    """The resident whom the best pair leads to, unless an ID or a number's contradiction stands against it."""
    clashing = {clash.resident for clash in outcome.clashes}
    for home in best:
        held = people[home].number
        if home not in clashing and not (own.number and held and own.number != held):
            return home
    return None


def _best(other: Weighed) -> tuple[float, str]:
    return -other.score.bits, other.near.order


def _questions(
    own: Facts, outcome: Outcome, near: Iterable[Weighed], settled: set[UUID | None], rule: Rule
) -> list[Question]:
    clashes = {c.resident: c for c in outcome.clashes}
    found: dict[UUID, Question] = {}
    for other in sorted(near, key=_best):
        resident, bits = other.near.resident, other.score.bits
        if resident in settled or resident in found or opposed(own, other.near.facts):
            continue
        clash, why = clashes.get(resident), conflict(own, other.near.facts)
        if clash is not None and clash.why == "split":
            question = Question(other.near.record, "split", clash.identifier.kind.value, bits, 2)
        elif clash is not None or why:
            question = Question(other.near.record, "number", clash.why if clash else why, bits, 2)
        elif bits >= rule.review:
            question = Question(other.near.record, "weight", why_not(own, other, rule), bits, 1 + risky(other.score))
        else:
            continue
        found[resident] = question
    return list(found.values())[:MOST_QUESTIONS]


def why_not(own: Facts, other: Weighed, rule: Rule) -> str:
    """What keeps a pair from being joined: ``two_people`` whom it fits; ``alone``, name and day alone agree; empty
    where it is not likely enough."""
    if other.score.bits < rule.link:
        return ""
    return "two_people" if sure(own, other, rule) else "alone"


def risky(score: Score) -> bool:
    """Whether two people should look at a pair: a name or sex that speaks against it, or no name at all (newborns)."""
    levels = {part.comparison: part for part in score.parts}
    return any(levels[name].bits < 0 for name in ("name", "sex", "birth")) or levels["name"].level < 0
