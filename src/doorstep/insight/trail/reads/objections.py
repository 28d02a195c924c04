"""Objections: a resident's own, and the worklist of those who answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final
from uuid import UUID

from django.db.models import Q

from doorstep.insight.trail.models import Objection
from doorstep.insight.trail.rules import objections as rules
from doorstep.insight.trail.shapes import Case
from doorstep.kernel import clock, ruleset
from doorstep.kernel.call import Scope
from doorstep.kernel.paging import BadCursor, Page, Paged, cut, key_of
from doorstep.registers.residents import api as residents

RULE: Final = "trail.objections"


def terms(day: date) -> rules.Terms:
    """The terms of a day."""
    return rules.terms(ruleset.parameters(RULE, day, {}))


def own(resident: UUID, page: Page) -> Paged[Case]:
    """A resident's objections, the newest first."""
    rows = Objection.objects.filter(resident__in=residents.selves(resident)).order_by("-pk")
    if page.after:
        rows = rows.filter(pk__lt=key_of(page.after[0]))
    found = list(rows[: page.limit + 1])
    key = (str(found[page.limit - 1].pk),) if len(found) > page.limit else None
    return cut([case(row, {}) for row in found], page, key)


def waiting(scope: Scope, state: str, page: Page) -> Paged[Case]:
    """The objections in a state, the first due first."""
    rows = Objection.objects.filter(state=state).order_by("due", "pk")
    if page.after:
        due, key = _day(page.after[0]), key_of(page.after[1])
        rows = rows.filter(Q(due__gt=due) | Q(due=due, pk__gt=key))
    found = list(rows[: page.limit + 1])
    names, last = residents.names(scope, {row.resident_id for row in found}), found[page.limit - 1 : page.limit]
    behind = (last[0].due.isoformat(), str(last[0].pk)) if len(found) > page.limit else None
    return cut([case(row, names) for row in found], page, behind)


def case(row: Objection, names: Mapping[UUID, str]) -> Case:
    """A row as it is shown."""
    return Case(
        id=row.pk,
        version=row.version,
        number=row.number,
        state=row.state,
        resident=row.resident_id,
        resident_name=names.get(row.resident_id, ""),
        raised_name=row.raised_name,
        raised=row.created_at,
        text=row.text,
        since=row.since,
        until=row.until,
        due=row.due,
        upheld=row.upheld,
        reopened=row.reopened,
        steps=tuple(row.steps),
        overdue=row.state in ("raised", "taken") and row.due < clock.today(),
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadCursor(text[:40]) from error
