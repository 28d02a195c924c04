"""What a matching rule says of pairs in a batch, how two rules differ, and how right a rule was. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log2
from typing import Any, Final

from doorstep.linkage.model import RAREST, Model
from doorstep.linkage.specification import COMPARISONS, Comparison
from doorstep.registers.residents.rules.placing import MORE, Rule

CHANGED: Final = 8
"""Weights that changed most, which are told of a new model."""
SIDES: Final = ("apart", "review", "link")
"""What a rule does with a pair, by the number that ``side_sql`` answers."""


@dataclass(frozen=True, slots=True)
class Weight:
    """A level of a comparison: how often records of one person reach it (m), those of two (u), and what it weighs."""

    comparison: str
    level: str
    m: float
    u: float
    bits: float


def weights(model: Model) -> list[Weight]:
    """All weights of a model, in the order of the specification."""
    return [
        Weight(c.name, name, model.m[c.name][n], model.u[c.name][n], log2(model.m[c.name][n] / model.u[c.name][n]))
        for c in COMPARISONS
        for n, name in enumerate(c.names)
    ]


def changes(new: Model, old: Model) -> list[dict[str, Any]]:
    """The weights that differ most between two models, the greatest difference first."""
    both = [(a, b.bits) for a, b in zip(weights(new), weights(old), strict=True)]
    both.sort(key=lambda pair: (-abs(pair[0].bits - pair[1]), pair[0].comparison, pair[0].level))
    return [
        {"comparison": a.comparison, "level": a.level, "before": round(before, 2), "after": round(a.bits, 2)}
        for a, before in both[:CHANGED]
        if abs(a.bits - before) >= 0.01
    ]


def tables(column: str) -> str:
    """The name of the table with the frequencies of a column (``training.frequency_sql``) in a batch."""
    return f"shares_{column}"


def frequent() -> tuple[str, ...]:
    """The columns whose frequencies ``certain_sql`` asks."""
    levels = (level for c in COMPARISONS if c.name in MORE for level in c.levels)
    return tuple(dict.fromkeys(level.frequency for level in levels if level.frequency))


def weighed_sql(model: Model, pairs: str) -> str:
    """The SELECT of (key_l, key_r, bits) of what follows FROM, pairs (key_l, key_r) with their records ``l`` and ``r``:
    what ``Model.score`` says, by the frequencies that the register weighs by (``tables``)."""
    columns = tuple(dict.fromkeys(level.frequency for c in COMPARISONS for level in c.levels if level.frequency))
    levels = ", ".join(f"{c.sql} AS {c.name}" for c in COMPARISONS)
    shares = ", ".join(f"{tables(c)}.tf_{c}" for c in columns)
    joins = " ".join(f"LEFT JOIN {tables(c)} ON {tables(c)}.{c} = l.{c}" for c in columns)
    start = repr(log2(model.prior / (1 - model.prior)))
    strangers = " + ".join([start, *(_by_level(c, _stranger_bits(c, model)) for c in COMPARISONS)])
    own = [_by_level(c, [model.kin_bits(c, n) for n in range(len(c.names))]) for c in COMPARISONS if not c.household]
    kin = " + ".join([repr(-log2(model.relatives)), *own])
    return (
        "SELECT key_l, key_r, least(strangers, kin) - log2(1 + pow(2, -abs(strangers - kin))) AS bits"
        f" FROM (SELECT key_l, key_r, {strangers} AS strangers, {kin} AS kin"
        f" FROM (SELECT key_l, key_r, {levels}, {shares} FROM {pairs} {joins}) reached) weighed"
    )


def _stranger_bits(comparison: Comparison, model: Model) -> list[str]:
    told = [repr(model.bits(comparison, n)) for n in range(len(comparison.names))]
    for number, level in enumerate(comparison.levels):
        if level.frequency:
            u = f"coalesce(tf_{level.frequency}, {model.u[comparison.name][number]!r})"
            told[number] = f"log2({model.m[comparison.name][number]!r} / greatest({u}, {RAREST}))"
    return told


def _by_level(comparison: Comparison, ways: Iterable[object]) -> str:
    whens = " ".join(f"WHEN {number} THEN {way}" for number, way in enumerate(ways))
    return f"CASE {comparison.name} {whens} ELSE 0 END"


def joins_sql() -> str:
    """The joins that ``certain_sql`` needs beside the rows ``l`` and ``r``."""
    return " ".join(f"LEFT JOIN {tables(c)} ON {tables(c)}.{c} = l.{c}" for c in frequent())


def certain_sql(model: Model) -> str:
    """Whether more than name and birth date speaks for a pair (``placing.sure``), as a condition over the rows ``l``
    and ``r``."""
    return " OR ".join(_speaks_for(c, model) for c in COMPARISONS if c.name in MORE)


def _speaks_for(comparison: Comparison, model: Model) -> str:
    """The condition that a comparison weighs more than nothing."""
    ways = []
    for number in range(len(comparison.names)):
        m, u = model.m[comparison.name][number], repr(model.u[comparison.name][number])
        column = comparison.levels[number].frequency if number < len(comparison.levels) else ""
        if column:
            u = f"greatest(coalesce({tables(column)}.tf_{column}, {u}), {RAREST})"
        ways.append(f"WHEN {number} THEN {m!r} > {u}")
    return f"(CASE ({comparison.sql}) {' '.join(ways)} ELSE FALSE END)"


OPPOSED_SQL: Final = (
    "(l.number <> '' AND r.number <> '' AND l.number <> r.number OR l.rank <> 0 AND r.rank <> 0 AND l.rank <> r.rank)"
)
"""``placing.opposed`` as a condition over the rows ``l`` and ``r``."""
SHARED_SQL: Final = "(l.number <> '' AND l.number = r.number OR l.certificate <> '' AND l.certificate = r.certificate)"
"""Whether the rows ``l`` and ``r`` share a number that is given once: an ID, a certificate of birth."""
ODD_SQL: Final = f"({SHARED_SQL} AND (l.name <> r.name OR l.sex <> r.sex OR l.said_birth <> r.said_birth))"
"""Pairs of which ``conflicts.conflict`` must be asked; of others it says nothing."""


def side_sql(rule: Rule, bits: str = "p.bits") -> str:
    """What a rule does with a pair that does not contradict itself: the number of one of ``SIDES``."""
    sure = f"{bits} >= {rule.link!r} AND NOT {OPPOSED_SQL} AND ({certain_sql(rule.model)})"
    return f"CASE WHEN {sure} THEN 2 WHEN {bits} >= {rule.review!r} AND NOT {OPPOSED_SQL} THEN 1 ELSE 0 END"


def rates(linked_true: int, linked: int, true: int) -> dict[str, int]:
    """Precision and recall as their counts: of pairs that were linked, and of pairs that should be."""
    return {"linked": linked, "right": linked_true, "true": true}


def agreement(answers: Iterable[tuple[bool, str]]) -> dict[str, Any]:
    """How a rule's sides (of ``SIDES``) agree with what people answered (same or not)."""
    same, different = dict.fromkeys(SIDES, 0), dict.fromkeys(SIDES, 0)
    for yes, side in answers:
        (same if yes else different)[side] += 1
    linked, apart = same["link"] + different["link"], same["apart"] + different["apart"]
    return {
        "same": same,
        "different": different,
        "agreed": same["link"] + different["apart"],
        "decided": linked + apart,
        **rates(same["link"], linked, sum(same.values())),
    }


def share(part: float | None, whole: float | None) -> float | None:
    """A rate in percent; None where there was nothing to count."""
    return 100 * (part or 0) / whole if whole else None


def moved(matrix: Mapping[tuple[int, int], int]) -> list[dict[str, Any]]:
    """How many pairs changed side, from and to, most first; ``matrix`` counts pairs by old and new side."""
    found = [
        {"before": SIDES[old], "after": SIDES[new], "pairs": count}
        for (old, new), count in matrix.items()
        if old != new
    ]
    return sorted(found, key=lambda each: (-each["pairs"], each["before"], each["after"]))
