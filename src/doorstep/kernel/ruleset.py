"""Dated rules: norms change every year and differ by province, so their parameters are rows, not code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import Q

from doorstep.kernel.models import RuleSet


class NoRule(LookupError):
    """No rule of that code holds on that day in that jurisdiction or above it."""


def levels(jurisdiction: str) -> tuple[str, ...]:
    """A GB/T 2260 division and what lies above it, nearest first: county, prefecture, province, CN."""
    code = jurisdiction if jurisdiction.isdigit() else ""
    near = [code[:n].ljust(6, "0") for n in (6, 4, 2) if len(code) >= n]
    return tuple(dict.fromkeys([*near, "CN"]))


def at(code: str, day: date, jurisdiction: str = "CN") -> Mapping[str, Any]:
    """The parameters that hold on the day, of the nearest jurisdiction that has any; raises ``NoRule``."""
    order = levels(jurisdiction)
    rows = RuleSet.objects.filter(
        Q(effective_to__isnull=True) | Q(effective_to__gte=day),
        code=code,
        effective_from__lte=day,
        jurisdiction__in=order,
    )
    found = sorted(rows, key=lambda r: (order.index(r.jurisdiction), -r.effective_from.toordinal()))
    if not found:
        raise NoRule(f"{code} {day} {jurisdiction}")
    held: Mapping[str, Any] = found[0].parameters
    return held


def parameters(code: str, day: date, otherwise: Mapping[str, Any], jurisdiction: str = "CN") -> Mapping[str, Any]:
    """The same, or what is assumed where no rule holds."""
    try:
        return at(code, day, jurisdiction)
    except NoRule:
        return otherwise
