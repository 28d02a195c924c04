"""The life of a session: published, resumed, opened, closed, summarised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import UUID

from django.db.models import Count, Q

from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Decision, demand
from doorstep.kernel.store import ScopedQuerySet, lock
from doorstep.resources.booking import flow
from doorstep.resources.booking.access import Permission, may_keep, may_serve
from doorstep.resources.booking.actions.stepping import step
from doorstep.resources.booking.actions.telling import publish_session
from doorstep.resources.booking.flow import SittingFacts, Status
from doorstep.resources.booking.models import Appointment, Clinic, Session, Slot
from doorstep.resources.booking.rules import Basis, planning

Whose = Callable[[Call, UUID], Decision]
OF_SESSION: Final = "appointments of a session that was locked within the scope"


@action(Permission.ROSTER, audits="booking.publish")
def give_out(call: Call, *, session: UUID, expect: int) -> None:
    """Give a planned session's places away, each from its own hour on. ``Refused``: ``not_found``, ``basis.missing``,
    ``wrong_state``; ``Stale``."""
    _move(call, session, expect, "publish")


@action(Permission.ROSTER, audits="booking.resume")
def resume(call: Call, *, session: UUID, expect: int) -> None:
    """Give places away again. ``Refused`` as ``publish``."""
    _move(call, session, expect, "resume")


@action(Permission.DESK, audits="booking.open")
def open_doors(call: Call, *, session: UUID, expect: int) -> None:
    """The practitioner sits. ``Refused``: ``not_found``, ``session.not_today``, ``wrong_state``; ``Stale``."""
    _move(call, session, expect, "open", may_serve)


@action(Permission.DESK, audits="booking.close")
def close(call: Call, *, session: UUID, expect: int) -> None:
    """All who came were seen. ``Refused``: ``session.not_over``, ``session.waiting``, as ``open_doors``."""
    _move(call, session, expect, "close", may_serve)


@action(Permission.ROSTER, audits="booking.summarise")
def summarise(call: Call, *, session: UUID, expect: int) -> None:
    """Write down how many came and how many did not. ``Refused`` as ``publish``."""
    row = _move(call, session, expect, "summarise")
    counts = _appointments(row).aggregate(
        came=Count("pk", filter=Q(status=Status.FULFILLED)), missed=Count("pk", filter=Q(status=Status.NO_SHOW))
    )
    row.came, row.missed = counts["came"], counts["missed"]
    row.save()


def locked(call: Call, session: UUID, expect: int | None = None, whose: Whose = may_keep) -> Session:
    """A session that is the caller's to keep, or to serve, locked with its version counted on by ``moved``.
    ``Refused``: ``not_found`` outside the scope, ``elsewhere``; ``Stale``."""
    row = lock(Session, session, scope=call.scope, expect=expect)
    about("Session", session)
    demand(whose(call, row.organisation_id))
    return row


def moved(row: Session, move: str, facts: SittingFacts) -> None:
    """Make a move of the flow on a locked row; places are given away in the states that do so."""
    after = step(row, flow.SESSION, move, facts)
    row.save()
    # waits for claims under way: whatever is asked afterwards sees them
    Slot.objects.filter(session=row).update(live=after in flow.GIVES)


def _move(call: Call, session: UUID, expect: int, move: str, whose: Whose = may_keep) -> Session:
    row = locked(call, session, expect, whose)
    clinic = Clinic.objects.within(call.scope).get(pk=row.clinic_id)
    busy = (Status.CHECKED_IN, Status.CALLED)
    facts = SittingFacts(
        lawful=planning.basis(Basis(row.basis), at_home=not clinic.visits_from).allowed,
        today=row.day <= clock.today(),
        over=row.ends <= call.at,
        waiting=_appointments(row).filter(status__in=busy).exists(),
    )
    moved(row, move, facts)
    if flow.Sitting(row.status) in flow.GIVES:
        publish_session(row, call.at)
    return row


def _appointments(row: Session) -> ScopedQuerySet[Appointment]:
    found: ScopedQuerySet[Appointment] = Appointment.objects.unscoped(OF_SESSION).filter(session=row)
    return found
