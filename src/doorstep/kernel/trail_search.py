"""The trail for people: who did what, about whom, when; the newest first, by keyset."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from doorstep.kernel import clock
from doorstep.kernel.letters import whole
from doorstep.kernel.models import TrailLine
from doorstep.kernel.paging import BadCursor, Page, Paged, cut


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: all that are given must fit. ``who`` is an actor (``staff:…``) or the beginning of a name,
    ``action`` the beginning of one ("residents." finds all of that room), the days are China's and both count in."""

    who: str = ""
    action: str = ""
    outcome: str = ""
    resident: UUID | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the trail."""

    id: int
    at: datetime
    actor: str
    name: str
    purpose: str
    action: str
    outcome: str
    subject_type: str
    subject_id: str
    resident: UUID | None
    detail: dict[str, object]
    request: str


FIELDS = tuple(Line.__dataclass_fields__)


def find(wanted: Wanted, page: Page) -> Paged[Line]:
    """The lines that fit, newest first; the page's key is the line's time and number."""
    rows = _narrowed(TrailLine.objects.order_by("-at", "-pk"), wanted)
    if page.after:
        at, number = moment(page.after[0]), whole(page.after[1])
        rows = rows.filter(Q(at__lt=at) | Q(at=at, pk__lt=number), at__lte=at)
    found = [Line(*values) for values in rows.values_list(*FIELDS)[: page.limit + 1]]
    last = found[page.limit - 1] if len(found) > page.limit else None
    return cut(found, page, (last.at.isoformat(), str(last.id)) if last else None)


def _narrowed(rows: QuerySet[TrailLine], wanted: Wanted) -> QuerySet[TrailLine]:
    conditions = Q()
    if ":" in wanted.who:
        conditions &= Q(actor=wanted.who)
    elif wanted.who:
        conditions &= Q(name__startswith=wanted.who)
    if wanted.action:
        conditions &= Q(action__startswith=wanted.action)
    if wanted.outcome:
        conditions &= Q(outcome=wanted.outcome)
    if wanted.resident:
        conditions &= Q(resident=wanted.resident)
    return within_days(rows.filter(conditions), wanted.since, wanted.until)


def within_days(rows: QuerySet[TrailLine], since: date | None, until: date | None) -> QuerySet[TrailLine]:
    """The lines of days in China, both counted in; an open end is none."""
    conditions = Q()
    if since:
        conditions &= Q(at__gte=_start(since))
    if until and until < date.max:
        conditions &= Q(at__lt=_start(until + timedelta(days=1)))
    return rows.filter(conditions)


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, clock.CHINA)


def moment(text: str) -> datetime:
    """A time of a page's key; raises ``BadCursor``."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadCursor(text[:40]) from None
    if found.tzinfo is None:
        raise BadCursor(text[:40])
    return found
