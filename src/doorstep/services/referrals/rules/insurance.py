"""What a referral changes in what the patient pays: local rules, dated, in yuan. Pure.

The seeded example is Changsha's 一增一减一免 (a hospital's notice of 2019, consortium.md §3.5). Up: the primary level's
deductible is waived and the fund pays 3 points more up to 10,000 yuan. Down: half the hospital's deductible and 3
points more at the primary level. Counting the deductible on is national (国办发〔2015〕70号, 国办发〔2017〕32号). All
else is a local parameter: a house says its own in the rule set ``referrals.insurance``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any, Final

from doorstep.services.referrals.rules.kinds import Kind, Service

CODE: Final = "referrals.insurance"
ZERO: Final = Decimal(0)


class Deductible(StrEnum):
    """What becomes of the destination's deductible for one who was referred."""

    FULL = "full"
    DIFFERENCE = "difference"
    HALF = "half"
    WAIVED = "waived"


@dataclass(frozen=True, slots=True)
class Level:
    """What holds at a tier: the deductible in yuan and the share that the fund pays above it, in per cent."""

    deductible: Decimal
    share: Decimal


@dataclass(frozen=True, slots=True)
class Change:
    """What a referral in one direction changes: the deductible, points of the share up to an amount of costs (or all),
    and what a contract patient pays less."""

    deductible: Deductible = Deductible.FULL
    points: Decimal = ZERO
    points_up_to: Decimal | None = None
    contract_less: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Scheme:
    """A local rule: levels by tier, changes by direction, points lost without a referral, and where it comes from."""

    levels: Mapping[str, Level]
    changes: Mapping[str, Change]
    points_without: Decimal = ZERO
    source: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a patient would pay of some costs, with the referral and without it, in yuan."""

    costs: Decimal
    with_it: Decimal
    without: Decimal

    @property
    def saved(self) -> Decimal:
        """What the referral spares the patient; never below zero."""
        return max(ZERO, self.without - self.with_it)


USUAL: Final[Mapping[Service, int]] = {
    Service.OUTPATIENT: 500,
    Service.INPATIENT: 10_000,
    Service.EXAMINATION: 800,
    Service.BED: 3_000,
}
"""What it may cost in yuan where nobody says (assumed, for an estimate)."""
CHANGSHA: Final[Mapping[str, Any]] = {
    "levels": {
        "lead": {"deductible": "800", "share": "70"},
        "second": {"deductible": "500", "share": "75"},
        "first": {"deductible": "200", "share": "85"},
        "base": {"deductible": "200", "share": "85"},
    },
    "changes": {
        "up": {"deductible": "difference", "points": "3", "points_up_to": "10000", "contract_less": "0"},
        "down": {"deductible": "half", "points": "3", "contract_less": "0"},
        "across": {"deductible": "full"},
    },
    "points_without": "10",
    "source": "长沙“一增一减一免”（2019 年医院公告）；起付线和比例为本地参数，仅供估算",
}
"""The parameters of the example: waiving the primary level's deductible is paying the difference at the hospital."""


def scheme(parameters: Mapping[str, Any]) -> Scheme:
    """The scheme of a rule set; ``ValueError`` or ``KeyError`` where it says none."""
    levels = {
        tier: Level(Decimal(str(one["deductible"])), Decimal(str(one["share"])))
        for tier, one in parameters["levels"].items()
    }
    changes = {kind: _change(one) for kind, one in parameters["changes"].items()}
    return Scheme(levels, changes, Decimal(str(parameters.get("points_without", 0))), str(parameters.get("source", "")))


def _change(one: Mapping[str, Any]) -> Change:
    most = one.get("points_up_to")
    return Change(
        Deductible(one.get("deductible", "full")), Decimal(str(one.get("points", 0))),
        None if most is None else Decimal(str(most)), Decimal(str(one.get("contract_less", 0))),
    )  # fmt: skip


def effect(rule: Scheme, *, kind: Kind, origin: str, destination: str, costs: Decimal, contract: bool) -> Effect | None:
    """What the patient pays of ``costs`` at the destination's tier; None where the rule knows the tier not."""
    there = rule.levels.get(destination)
    if there is None:
        return None
    change = rule.changes.get(kind, Change())
    loses = rule.points_without if kind is Kind.UP else ZERO
    without = _pays(costs, there.deductible, max(ZERO, there.share - loses), ZERO, None)
    kept = _deductible(change.deductible, there, rule.levels.get(origin))
    paid = _pays(costs, kept, there.share, change.points, change.points_up_to)
    if contract:
        paid = max(ZERO, paid - change.contract_less)
    return Effect(costs, _yuan(paid), _yuan(without))


def _deductible(how: Deductible, there: Level, here: Level | None) -> Decimal:
    if how is Deductible.WAIVED:
        return ZERO
    if how is Deductible.HALF:
        return there.deductible / 2
    if how is Deductible.DIFFERENCE and here is not None:
        return max(ZERO, there.deductible - here.deductible)
    return there.deductible


def _pays(costs: Decimal, deductible: Decimal, share: Decimal, points: Decimal, up_to: Decimal | None) -> Decimal:
    """The patient's own part: the deductible, then what the fund leaves; more points up to an amount of costs."""
    kept = min(costs, deductible)
    above = costs - kept
    favoured = above if up_to is None else min(above, max(ZERO, up_to - kept))
    better = min(Decimal(100), share + points)
    return kept + (favoured * (100 - better) + (above - favoured) * (100 - share)) / 100


def _yuan(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal(1), ROUND_HALF_UP)
