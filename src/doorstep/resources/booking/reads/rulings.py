"""The dated parameters of a day, as the rules of this room want them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from doorstep.kernel import ruleset
from doorstep.resources.booking import rules
from doorstep.resources.booking.rules import FeeLevel, Terms, sanctions


def terms(day: date) -> Terms:
    """The terms of booking that hold on the day."""
    return rules.terms(ruleset.parameters(rules.TERMS, day, {}))


def fee(level: FeeLevel, day: date) -> Decimal:
    """What a visit costs on the day, in yuan."""
    return Decimal(str(ruleset.parameters(rules.FEES, day, {}).get(level.value, rules.PRICES[level])))


def barring(day: date) -> tuple[tuple[sanctions.Rule, ...], tuple[rules.Channel, ...]]:
    """The rules of sanctions that hold on the day, and the channels that they bar."""
    return sanctions.read(ruleset.parameters(rules.SANCTIONS, day, {}))
