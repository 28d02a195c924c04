"""The matching rule that holds today: the trained model that the dated rule names, or what is to be expected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final

from doorstep.kernel import ruleset
from doorstep.kernel.prepared import Row, ask, texts
from doorstep.linkage.expected import EXPECTED_M, EXPECTED_U
from doorstep.linkage.facts import Facts
from doorstep.linkage.model import BRIDGE, LINK, REVIEW, Frequencies, Model, Untrained
from doorstep.linkage.specification import COMPARISONS
from doorstep.registers.residents.rules.placing import Rule

CODE: Final = "residents.matching"
"""The rule set; its parameters are `model` (as ``Model.as_dict``), `link`, `review`, `bridge` and `made` (its id)."""
PRIOR: Final = 1e-6
"""Of a district whose records nobody has counted yet: a few records a person among half a million people."""
FREQUENT: Final = tuple(dict.fromkeys(level.frequency for c in COMPARISONS for level in c.levels if level.frequency))
SHARES: Final = """
SELECT w.c, w.v, f.share FROM unnest((SELECT %s::text[]), (SELECT %s::text[])) AS w(c, v) CROSS JOIN LATERAL (
  SELECT share FROM residents_residentfrequency WHERE "column" = w.c AND value = w.v LIMIT 1) f
"""


_WHICH: Final = """
SELECT id, xmin::text FROM kernel_ruleset WHERE code = %s AND jurisdiction = 'CN' AND effective_from <= %s
  AND (effective_to IS NULL OR effective_to >= %s) ORDER BY effective_from DESC LIMIT 1
"""


def current(day: date) -> Rule:
    """The rule of a day; before any model was trained, one of what is to be expected of Chinese records."""
    (rows,) = ask((_WHICH, [CODE, day, day]))
    return _held(day, *rows[0]) if rows else _expected()


@lru_cache(maxsize=8)
def _held(day: date, rule: int, version: str) -> Rule:  # what has changed since is read again
    try:
        return read(ruleset.at(CODE, day))
    except Untrained:  # of before a comparison had another level
        return _expected()


def read(parameters: Mapping[str, Any]) -> Rule:
    """A rule from its parameters; raises ``linkage.model.Untrained`` where its model lacks a level."""
    model = Model.from_dict(parameters["model"])
    return Rule(model, *(float(parameters[name]) for name in ("link", "review", "bridge")))


@lru_cache(maxsize=1)
def _expected() -> Rule:
    return Rule(Model(EXPECTED_M, EXPECTED_U, PRIOR), LINK, REVIEW, BRIDGE)


def shares(records: Iterable[Facts]) -> Frequencies:
    """How frequent the values of these records are among all; nothing for a column that was never counted."""
    (rows,) = ask((SHARES, shares_asked(records)))
    return shares_told(rows)


def shares_asked(records: Iterable[Facts]) -> Sequence[str]:
    """What `SHARES` is given of these records.

    The row of the empty value says how frequent one is that nobody had when they were counted.
    """
    wanted = {(c, value) for each in records for c in FREQUENT if (value := getattr(each, c))}
    asked = sorted(wanted | {(c, "") for c, _ in wanted})
    return texts(c for c, _ in asked), texts(v for _, v in asked)


def shares_told(rows: Iterable[Row]) -> Frequencies:
    """Its answer."""
    found: dict[str, dict[str, float]] = {}
    for column, value, share in rows:
        found.setdefault(column, {})[value] = share
    return found
