"""The datatypes in which facts travel, and decisions that can say why."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from doorstep.kernel.coding import Coding, Period, Quantity
from doorstep.kernel.decision import Refused, Stale, allow, demand, refuse


def test_a_period_holds_its_first_and_its_last_day():
    period = Period(date(2026, 3, 1), date(2026, 3, 31))
    days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 31), date(2026, 4, 1)]
    assert [period.holds(day) for day in days] == [False, True, True, False]
    assert Period(date(2026, 3, 1)).holds(date(2999, 1, 1))


def test_a_period_does_not_end_before_it_starts():
    with pytest.raises(ValueError, match="ends before"):
        Period(date(2026, 3, 2), date(2026, 3, 1))


def test_codes_and_quantities_are_values():
    assert Coding("urn:s", "c") == Coding("urn:s", "c", "")
    assert Quantity(Decimal("1.50"), "mmol/L").value.as_tuple().exponent == -2


def test_a_no_says_why_and_a_yes_lets_pass():
    demand(allow())
    with pytest.raises(Refused) as refused:
        demand(refuse("too_late", hours=3))
    assert (str(refused.value), dict(refused.value.decision.detail)) == ("too_late", {"hours": 3})
    assert Stale(1, 2).decision.reason == "stale"
