"""Clinics and sessions, for those who keep them and sit in them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Min, Q

from doorstep.kernel import clock, fence
from doorstep.kernel.act import about, ask
from doorstep.kernel.call import EVERYWHERE, Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.ids import uuid_of
from doorstep.kernel.paging import Page, Paged, cut, key_of
from doorstep.registers.organisations import api as organisations
from doorstep.registers.residents import api as residents
from doorstep.resources.booking.access import Permission
from doorstep.resources.booking.flow import ONCE, Status
from doorstep.resources.booking.models import Appointment, Clinic, Quota, Roster, Session, Slot
from doorstep.resources.booking.reads import queues, rulings
from doorstep.resources.booking.reads.appointments import WHOSE
from doorstep.resources.booking.rules import Channel, Terms, queue
from doorstep.resources.booking.shapes import Cell, ClinicDetail, ClinicLine, Line, RosterLine, Sitting

OPEN: Final = "which clinic a session is of, is public"
WHO: Final = "whoever gives a person a place knows their name, though nobody of the scope has sent them"


def clinic_of(session: UUID) -> UUID:
    """The clinic of a session."""
    found: UUID = Session.objects.unscoped(OPEN).values_list("clinic", flat=True).get(pk=session)
    return found


def people(keys: Collection[UUID]) -> Mapping[UUID, str]:
    """The names of people to whom a place was given; for the institution that gave it."""
    with fence.lifted(WHO):
        return residents.names(EVERYWHERE, keys)


def week(call: Call, *, organisation: UUID, monday: date, page: Page) -> Paged[ClinicLine]:
    """The clinics of an institution of the scope with their sessions of the seven days, by name. Five queries."""
    rows = Clinic.objects.within(call.scope).filter(organisation=organisation, ended_on__isnull=True)
    if page.after:
        rows = rows.filter(_after(page))
    found = list(rows.order_by("name", "id")[: page.limit + 1])
    shown = found[: page.limit]
    cells = _cells(call, shown, monday)
    names = organisations.department_names({(one.organisation_id, one.code) for one in shown})
    lines = [_clinic_line(one, names, tuple(cells.get(one.id, ()))) for one in shown]
    last = shown[-1] if len(found) > page.limit else None
    return cut([*lines, *lines[:1]] if last else lines, page, (last.name, str(last.id)) if last else None)


def _after(page: Page) -> Q:
    name, key = page.after
    return Q(name__gt=name) | Q(name=name, id__gt=key_of(key))


def _cells(call: Call, clinics: Sequence[Clinic], monday: date) -> Mapping[UUID, list[Cell]]:
    rows = Session.objects.within(call.scope).filter(
        clinic__in=clinics, day__range=(monday, monday + timedelta(days=6))
    )
    found = list(rows.order_by("starts", "id"))
    counts = _counts([row.id for row in found], call)
    by_clinic: dict[UUID, list[Cell]] = {}
    for row in found:
        by_clinic.setdefault(row.clinic_id, []).append(_cell(row, counts))
    return by_clinic


def _counts(sessions: Collection[UUID], call: Call) -> Mapping[UUID, tuple[int, int]]:
    taken = Q(appointment__isnull=False) & (Q(held_until__isnull=True) | Q(held_until__gt=call.at))
    rows = Slot.objects.filter(session__in=sessions).values_list("session")
    found = rows.annotate(places=Count("pk"), taken=Count("pk", filter=taken))
    return {session: (places, gone) for session, places, gone in found}


def _cell(row: Session, counts: Mapping[UUID, tuple[int, int]]) -> Cell:
    return Cell(row.id, row.version, row.day, row.starts, row.ends, row.status, *counts.get(row.id, (0, 0)))


def _clinic_line(row: Clinic, names: Mapping[tuple[UUID, str], str], cells: tuple[Cell, ...] = ()) -> ClinicLine:
    department = names.get((row.organisation_id, row.code), row.code)
    return ClinicLine(row.id, row.name, department, row.practitioner, row.title, row.kind, cells)


@ask(Permission.READ, audits="booking.session")
def sitting(call: Call, *, session: UUID) -> Sitting:
    """One session with all who have, or had, a place in it. ``Refused``: ``not_found`` outside the scope."""
    row = Session.objects.within(call.scope).select_related("clinic").filter(pk=session).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Session"))
    about("Session", session)
    rows = Appointment.objects.unscoped(WHOSE).filter(session=session).exclude(status=Status.EXPIRED)
    found = list(rows.order_by("starts", "number", "created_at")[:1000])
    terms = rulings.terms(row.day)
    lines = _lines(found, row, terms)
    order = {one.id: one for one in lines}
    names = organisations.department_names({(row.organisation_id, row.clinic.code)})
    return Sitting(
        cell=_cell(row, _counts([session], call)), clinic=_clinic_line(row.clinic, names),
        organisation=row.organisation_id, place=row.place, basis=row.basis, visits_from=row.clinic.visits_from,
        organisation_name=organisations.names({row.organisation_id}).get(row.organisation_id, ""), fee=row.fee,
        why=row.why, lines=lines, came=row.came, missed=row.missed,
        opens_at=Slot.objects.filter(session=session, channel=Channel.APP.value).aggregate(at=Min("open_at"))["at"],
        queue=tuple(order[one.id] for one in queues.line(session, terms) if one.id in order),
    )  # fmt: skip


def _lines(found: Sequence[Appointment], session: Session, terms: Terms) -> tuple[Line, ...]:
    names, moved = people({row.resident_id for row in found}), _instead(found)
    return tuple(
        Line(
            id=row.id, number=row.number, starts=row.starts, resident=row.resident_id,
            name=names.get(row.resident_id, ""), channel=row.channel, status=row.status, came_at=row.came_at,
            held_until=row.held_until, added=row.number > session.planned,
            late=row.came_at is not None and queue.is_late(row.starts, row.came_at, terms),
            double=row.double and row.status in ONCE,
            stopped=row.stopped and row.booked_at is not None,
            instead=moved[row.id][0] if row.id in moved else None,
            instead_status=moved[row.id][1] if row.id in moved else "",
        )
        for row in found
    )  # fmt: skip


def _instead(found: Sequence[Appointment]) -> Mapping[UUID, tuple[datetime, str]]:
    """By the appointments that were stopped: the times kept in their place, and how they stand."""
    stopped = [row.id for row in found if row.stopped]
    if not stopped:
        return {}
    rows = Appointment.objects.unscoped(WHOSE).filter(replaces__in=stopped)
    return {old: (starts, status) for old, starts, status in rows.values_list("replaces", "starts", "status")}


def wall(
    call: Call, *, session: UUID
) -> tuple[ClinicLine, str, tuple[tuple[int, str], ...], tuple[tuple[int, str], ...]]:
    """What a wall may show: the clinic, its room, who is called and who waits, by number and with a masked name."""
    row = Session.objects.within(call.scope).select_related("clinic").filter(pk=session).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Session"))
    rows = Appointment.objects.unscoped(WHOSE).filter(session=session, status__in=(Status.CALLED, Status.CHECKED_IN))
    facts = {
        key: (number, whom, status)
        for key, number, whom, status in rows.values_list("id", "number", "resident", "status")
    }
    names = people({whom for _, whom, _ in facts.values()})

    def shown(keys: Iterable[UUID]) -> tuple[tuple[int, str], ...]:
        return tuple((facts[key][0], queue.masked(names.get(facts[key][1], ""))) for key in keys if key in facts)

    inside = [key for key, (_, _, status) in facts.items() if status == Status.CALLED]
    waits = [one.id for one in queues.line(session, rulings.terms(row.day))]
    departments = organisations.department_names({(row.organisation_id, row.clinic.code)})
    return _clinic_line(row.clinic, departments), row.place, shown(inside), shown(waits)


def clinic(call: Call, *, clinic: UUID) -> ClinicDetail:
    """One clinic of the scope's institutions. ``Refused``: ``not_found``."""
    row = Clinic.objects.within(call.scope).filter(pk=clinic).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Clinic"))
    today = clock.today()
    names = organisations.department_names({(row.organisation_id, row.code)})
    rosters = Roster.objects.filter(clinic=row).filter(Q(until__isnull=True) | Q(until__gte=today))
    columns = ("id", "weekday", "starts", "ends", "minutes", "together", "basis", "since", "until")
    return ClinicDetail(
        line=_clinic_line(row, names, tuple(_ahead(call, row))), version=row.version, organisation=row.organisation_id,
        organisation_name=organisations.names({row.organisation_id}).get(row.organisation_id, ""),
        visits_from=row.visits_from, fee_level=row.fee_level, place=row.place, ended=row.ended_on is not None,
        rosters=tuple(RosterLine(*one) for one in rosters.order_by("weekday", "starts").values_list(*columns)),
        shares=shares(row.id, today),
    )  # fmt: skip


def _ahead(call: Call, row: Clinic) -> list[Cell]:
    found = list(Session.objects.within(call.scope).filter(clinic=row, day__gte=clock.today()).order_by("starts")[:60])
    counts = _counts([one.id for one in found], call)
    return [_cell(one, counts) for one in found]


def shares(clinic: UUID, day: date) -> tuple[tuple[str, int], ...]:
    """The percentages kept for channels at a clinic on a day: its own, or those of the place's rule."""
    rows: Any = Quota.objects.filter(clinic=clinic, since__lte=day).order_by("since").values_list("channel", "share")
    said = {channel: float(share) for channel, share in rows} or dict(rulings.terms(day).shares)
    return tuple((channel, round(share * 100)) for channel, share in said.items() if share)


def with_code(call: Call, code: str) -> UUID | None:
    """The appointment whose code was read at the caller's desk; None where it is none, or of another institution."""
    token = uuid_of(code.strip())
    if token is None:
        return None
    rows = Appointment.objects.within(call.scope).filter(token=token, organisation=call.organisation)
    found: UUID | None = rows.values_list("id", flat=True).first()
    return found
