"""Dead letters for people: what could not be delivered, to whom, and why; and how the machinery stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q

from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.models import Delivery, JobRun
from doorstep.kernel.paging import BadCursor, Page, Paged, cut


@dataclass(frozen=True, slots=True)
class Letter:
    """One delivery that was given up; ``body`` only where a single letter is opened."""

    id: int
    event: str
    subject: str
    handler: str
    attempts: int
    error: str
    at: datetime
    body: object = None

    @property
    def receiver(self) -> str:
        """The room and the function that should have taken it, without the package's name."""
        return ".".join(self.handler.split(".")[-3:])

    @property
    def reason(self) -> str:
        """The first line of the error."""
        return self.error.partition("\n")[0]


@dataclass(frozen=True, slots=True)
class State:
    """How the machinery stands: deliveries dead and waiting, since when the oldest waits, jobs that failed."""

    dead: int
    waiting: int
    oldest: datetime | None
    failed_jobs: tuple[str, ...]

    @property
    def well(self) -> bool:
        """Whether nobody need look."""
        return not self.dead and not self.failed_jobs


def _letter(row: Delivery, *, body: bool = False) -> Letter:
    event = row.event
    shown = event.body if body else None
    return Letter(row.pk, event.name, row.subject, row.handler, row.attempts, row.error, event.at, shown)


def dead(page: Page, *, event: str = "", subject: str = "") -> Paged[Letter]:
    """Letters given up, the newest first; narrowed to an event's name or a subject. The key is the letter's id."""
    rows = Delivery.objects.filter(state=Delivery.State.DEAD).select_related("event").order_by("-pk")
    if event:
        rows = rows.filter(event__name=event)
    if subject:
        rows = rows.filter(subject=subject)
    if page.after:
        rows = rows.filter(pk__lt=whole(page.after[0]))
    found = [_letter(row) for row in rows[: page.limit + 1]]
    return cut(found, page, (str(found[page.limit - 1].id),) if len(found) > page.limit else None)


def one(key: int) -> Letter:
    """A letter with its body; raises ``Refused`` (not_found, or not_dead where somebody has seen to it)."""
    row = Delivery.objects.select_related("event").filter(pk=key).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Delivery"))
    if row.state != Delivery.State.DEAD:
        raise Refused(refuse("not_dead"))
    return _letter(row, body=True)


def behind(letter: Letter) -> int:
    """How many later deliveries of the same handler and subject wait until this one is seen to."""
    rows = Delivery.objects.filter(handler=letter.handler, subject=letter.subject, state=Delivery.State.WAITING)
    return rows.filter(pk__gt=letter.id).count()


def names() -> list[str]:
    """The names of the events that have dead letters."""
    rows = Delivery.objects.filter(state=Delivery.State.DEAD).order_by("event__name")
    return list(rows.values_list("event__name", flat=True).distinct())


def dead_count(most: int) -> int:
    """How many letters are dead, counted up to ``most``."""
    return Delivery.objects.filter(state=Delivery.State.DEAD)[:most].count()


def oldest() -> datetime | None:
    """When the event was published whose delivery is due first; None where nothing waits."""
    rows = Delivery.objects.filter(state=Delivery.State.WAITING).order_by("due_at")
    return rows.values_list("event__at", flat=True).first()


def whole(text: str) -> int:
    """A whole number of a page's key; raises ``BadCursor`` where it is none that a row could have."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadCursor(text[:40])
    return int(text)


def state() -> State:
    """How the machinery stands now (two queries)."""
    waiting, dead_state = Q(state=Delivery.State.WAITING), Q(state=Delivery.State.DEAD)
    open_ones = Delivery.objects.filter(state__in=(Delivery.State.WAITING, Delivery.State.DEAD))
    found = open_ones.aggregate(
        dead=Count("pk", filter=dead_state),
        waiting=Count("pk", filter=waiting),
        oldest=Min("event__at", filter=waiting),
    )
    failed = tuple(JobRun.objects.exclude(error="").order_by("name").values_list("name", flat=True))
    return State(found["dead"], found["waiting"], found["oldest"], failed)
