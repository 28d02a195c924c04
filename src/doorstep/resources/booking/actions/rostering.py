"""Clinics, their weeks and quotas, and the sessions that come of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.clash import clashes
from doorstep.kernel.decision import Refused, allow, demand, refuse
from doorstep.kernel.ids import new_id
from doorstep.kernel.store import lock
from doorstep.registers.organisations import api as organisations
from doorstep.registers.staff import api as staff
from doorstep.resources.booking import flow
from doorstep.resources.booking.access import Permission, may_keep
from doorstep.resources.booking.models import Clinic, Quota, Roster, Session, Slot
from doorstep.resources.booking.reads import rulings
from doorstep.resources.booking.rules import Basis, Channel, FeeLevel, Kind, Terms, planning
from doorstep.resources.booking.shapes import ClinicIn, RosterIn

LONGEST: Final = timedelta(days=92)
"""How far ahead sessions are planned in one go."""


@action(Permission.ROSTER, audits="booking.make_clinic")
def make_clinic(call: Call, *, clinic: ClinicIn) -> UUID:
    """Make a clinic of a department. ``Refused``: ``not_found`` outside the scope, ``elsewhere``, ``clinic.*``."""
    demand(may_keep(call, clinic.organisation))
    found = {one.id: one for one in organisations.departments(clinic.organisation, day=clock.today())}
    department = found.get(clinic.department)
    if department is None:
        raise Refused(refuse("clinic.department"))
    name, visitor = clinic.name.strip(), clinic.visits_from.strip()
    practitioner = clinic.practitioner.strip()
    if clinic.post is not None and not visitor:
        practitioner = staff.post_names({clinic.post}).get(clinic.post, "")
    if Kind(clinic.kind) is Kind.PERSON and not practitioner:
        raise Refused(refuse("clinic.nobody"))
    with clashes(clinic_once="clinic.twice"):
        row: Clinic = Clinic.objects.create(
            organisation_id=clinic.organisation, department=department.id, code=department.code,
            kind=Kind(clinic.kind).value, name=name, post_id=None if visitor else clinic.post,
            practitioner=practitioner, title=clinic.title.strip(), visits_from=visitor,
            fee_level=FeeLevel(clinic.fee_level).value, place=clinic.place.strip(),
        )  # fmt: skip
    about("Clinic", row.id, organisation=str(clinic.organisation))
    return row.id


@action(Permission.ROSTER, audits="booking.end_clinic")
def end_clinic(call: Call, *, clinic: UUID, expect: int) -> None:
    """End a clinic: no more sessions are planned. ``Refused``: ``clinic.busy`` where sessions are still to come."""
    row = _kept(call, clinic, expect)
    ahead = Session.objects.within(call.scope).filter(clinic=row, ends__gt=call.at)
    if ahead.exclude(status=flow.Sitting.STOPPED).exists():
        raise Refused(refuse("clinic.busy"))
    row.ended_on, row.version = clock.today(), row.version + 1
    row.save()


@action(Permission.ROSTER, audits="booking.roster")
def add_roster(call: Call, *, clinic: UUID, roster: RosterIn) -> None:
    """Say on which weekdays and hours a clinic works. ``Refused``: ``not_found``, ``shift.*``, ``basis.missing``,
    ``roster.clash`` where two would be at the same hour."""
    row = _kept(call, clinic)
    about("Clinic", clinic, weekdays=sorted(roster.weekdays))
    demand(planning.shift(planning.Shift(roster.starts, roster.ends, roster.minutes, roster.together)))
    demand(planning.basis(Basis(roster.basis), at_home=not row.visits_from))
    demand(allow() if roster.until is None or roster.until >= roster.since else refuse("shift.reversed"))
    demand(allow() if row.ended_on is None and roster.weekdays else refuse("roster.nothing"))
    same = Roster.objects.filter(clinic=row, weekday__in=roster.weekdays, starts__lt=roster.ends)
    same = same.filter(ends__gt=roster.starts).exclude(until__lt=roster.since)
    if (same.exclude(since__gt=roster.until) if roster.until else same).exists():
        raise Refused(refuse("roster.clash"))
    Roster.objects.bulk_create(
        Roster(
            clinic=row, weekday=weekday, starts=roster.starts, ends=roster.ends, minutes=roster.minutes,
            together=roster.together, basis=roster.basis, since=roster.since, until=roster.until,
        )
        for weekday in sorted(roster.weekdays)
    )  # fmt: skip


@action(Permission.ROSTER, audits="booking.end_roster")
def end_roster(call: Call, *, clinic: UUID, roster: UUID, last: date) -> None:
    """Let a weekday of a clinic end with a day; what is planned already stays. ``Refused``: ``not_found``."""
    owner = _kept(call, clinic)
    about("Clinic", clinic, roster=str(roster))
    row = Roster.objects.filter(clinic=owner, pk=roster).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Roster"))
    row.until, row.version = max(last, row.since), row.version + 1
    row.save()


@action(Permission.ROSTER, audits="booking.quota")
def set_quota(call: Call, *, clinic: UUID, shares: Mapping[Channel, Decimal], since: date) -> None:
    """Say which share of a clinic's places is kept for each channel from a day on, instead of the rule of the place.

    ``Refused``: ``not_found``, ``quota.sum`` above the whole. What is planned already stays as it is.
    """
    row = _kept(call, clinic)
    about("Clinic", clinic, since=since.isoformat())
    if any(share < 0 for share in shares.values()) or sum(shares.values()) > 1:
        raise Refused(refuse("quota.sum"))
    for channel, share in shares.items():
        Quota.objects.update_or_create(
            clinic=row, channel=Channel(channel).value, since=since, defaults={"share": share}
        )


@action(Permission.ROSTER, audits="booking.plan")
def plan(call: Call, *, clinic: UUID, since: date, until: date) -> int:
    """Plan the sessions of a clinic's rosters between two days (both included); how many were new. What is there
    already stays as it is. ``Refused``: ``not_found``, ``plan.span``."""
    row = _kept(call, clinic)
    about("Clinic", clinic, since=since.isoformat(), until=until.isoformat())
    if until < since or until - since > LONGEST or row.ended_on is not None:
        raise Refused(refuse("plan.span", days=LONGEST.days))
    made, terms = 0, rulings.terms(clock.today())
    for roster in Roster.objects.filter(clinic=row).order_by("weekday", "starts"):
        last = min(until, roster.until or until)
        for day in planning.working(max(since, roster.since), last, frozenset({roster.weekday})):
            made += _session(row, roster, day, terms)
    about("Clinic", clinic, sessions=made)
    return made


def _kept(call: Call, clinic: UUID, expect: int | None = None) -> Clinic:
    """A clinic that is the caller's to keep, locked."""
    row = lock(Clinic, clinic, scope=call.scope, expect=expect)
    about("Clinic", clinic)
    demand(may_keep(call, row.organisation_id))
    return row


def _session(clinic: Clinic, roster: Roster, day: date, terms: Terms) -> bool:
    shift = planning.Shift(roster.starts, roster.ends, roster.minutes, roster.together)
    places = planning.places(day, shift, _shares(clinic, day, terms), terms)
    first, last = planning.span(day, shift)
    session, is_new = Session.objects.unscoped("of a clinic that was locked within the scope").get_or_create(
        clinic=clinic, starts=first,
        defaults={
            "organisation_id": clinic.organisation_id, "department": clinic.department, "day": day,
            "ends": last, "basis": roster.basis, "place": clinic.place, "planned": len(places),
            "fee": rulings.fee(FeeLevel(clinic.fee_level), day),
        },
    )  # fmt: skip
    if is_new:
        Slot.objects.bulk_create(
            Slot(
                id=new_id(), session=session, number=place.number, starts=place.starts, ends=place.ends,
                channel=place.channel.value, released_at=place.released_at, open_at=place.open_at,
            )
            for place in places
        )  # fmt: skip
    return bool(is_new)


def _shares(clinic: Clinic, day: date, terms: Terms) -> Mapping[str, float]:
    rows = Quota.objects.filter(clinic=clinic, since__lte=day).order_by("since")
    own = {channel: float(share) for channel, share in rows.values_list("channel", "share")}
    return own or terms.shares
