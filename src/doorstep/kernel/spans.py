"""Columns ``since`` and ``until`` of a table: a period with both days included, an open end NULL."""

from __future__ import annotations

from django.contrib.postgres.fields import DateRangeField
from django.db.models import CheckConstraint, F, Func, Q, Value


def days() -> Func:
    """The row's period as a range of PostgreSQL, for exclusion constraints."""
    return Func(F("since"), F("until"), Value("[]"), function="daterange", output_field=DateRangeField())


def ends_after_start(name: str) -> CheckConstraint:
    """A period must not end before it begins."""
    return CheckConstraint(condition=Q(until__isnull=True) | Q(until__gte=F("since")), name=name)
