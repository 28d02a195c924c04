"""What a resident can choose: departments and experts, days, what is full and what is still to be given out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection

from doorstep.kernel import clock, fence
from doorstep.kernel.call import EVERYWHERE, Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.paging import Page, Paged, cut
from doorstep.registers.organisations import api as organisations
from doorstep.registers.residents import api as residents
from doorstep.resources.booking.flow import GIVES
from doorstep.resources.booking.models import Clinic, Session, Slot
from doorstep.resources.booking.reads import claims, offers, rulings
from doorstep.resources.booking.reads.own_shapes import Choice, Day, Full
from doorstep.resources.booking.rules import Channel, FeeLevel
from doorstep.resources.booking.shapes import Offer

OPEN: Final = "which clinics there are, is public"
SOON: Final = timedelta(days=1)
"""So much later than what is given out now is shown with when it will be."""
EXPERTS: Final = (FeeLevel.EXPERT.value, FeeLevel.SENIOR.value)
_GIVES: Final = "ss.status IN ({})".format(", ".join(f"'{state}'" for state in sorted(GIVES)))
_CLINICS: Final = f"""
SELECT c.id, c.organisation_id, c.department, c.code, c.name, c.practitioner, c.title,
  c.fee_level = ANY (%(levels)s) OR c.visits_from <> ''
FROM booking_clinic c WHERE c.ended_on IS NULL AND EXISTS (SELECT 1 FROM booking_session ss
  WHERE ss.clinic_id = c.id AND ss.day BETWEEN %(since)s AND %(until)s AND ss.ends > %(at)s
    AND {_GIVES})
ORDER BY c.organisation_id, c.code, c.name, c.id LIMIT 5000
"""  # noqa: S608  our own text; values go by parameters
# the next moment at which something of it is given out to all
_NEXT: Final = "min(s.open_at) FILTER (WHERE s.live AND s.appointment IS NULL AND s.open_at > %(at)s)"
_DAYS: Final = f"""
SELECT ss.day, count(*) FILTER (WHERE {claims.CLAIMABLE}), {_NEXT}
FROM booking_session ss JOIN booking_slot s ON s.session_id = ss.id
WHERE ss.day BETWEEN %(since)s AND %(until)s AND {{where}} AND ss.ends > %(at)s AND {_GIVES}
GROUP BY ss.day ORDER BY ss.day
"""  # noqa: S608  our own text; values go by parameters
_FULL: Final = f"""
SELECT ss.id, c.id, c.name, c.practitioner, ss.starts, {_NEXT}
FROM booking_session ss JOIN booking_clinic c ON c.id = ss.clinic_id JOIN booking_slot s ON s.session_id = ss.id
WHERE ss.day = %(day)s AND {{where}} AND ss.ends > %(at)s AND {_GIVES}
GROUP BY ss.id, c.id HAVING count(*) FILTER (WHERE {claims.CLAIMABLE}) = 0 ORDER BY ss.starts, c.name, ss.id LIMIT 100
"""  # noqa: S608  our own text; values go by parameters


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen, as a condition of sessions (its own text) with its value."""

    what: Choice
    where: str
    by_clinic: bool


def choices(call: Call, *, experts: bool, text: str, page: Page) -> Paged[Choice]:
    """The departments, or the experts, that hold clinics in the days to come: those of the institutions that know the
    person first; ``text`` is looked for in all that is shown. Four queries."""
    today = clock.today()
    said: dict[str, Any] = {"levels": list(EXPERTS), "since": today, "until": _last(today), "at": call.at}
    with connection.cursor() as cursor:
        cursor.execute(_CLINICS, said)
        rows = [row for row in cursor.fetchall() if row[7] or not experts]
    found = {one.key: one for one in _choices(rows, experts)}.values()
    near = _near(call)
    ordered = sorted((_key(one, near), one) for one in found if text in _words(one))
    later = [pair for pair in ordered if not page.after or pair[0] > page.after][: page.limit + 1]
    edge = later[page.limit - 1][0] if len(later) > page.limit else None
    return cut([one for _, one in later], page, edge)


def _near(call: Call) -> set[UUID]:
    """The institutions that know the person."""
    return {one.organisation for one in residents.records(EVERYWHERE, call.resident)} if call.resident else set()


def _choices(rows: list[tuple[Any, ...]], experts: bool) -> list[Choice]:
    names = organisations.names({row[1] for row in rows})
    departments = organisations.department_names({(row[1], row[3]) for row in rows})
    made = []
    for clinic, organisation, department, code, name, practitioner, title, _ in rows:
        called, where = departments.get((organisation, code), code), names.get(organisation, "")
        if experts:
            made.append(Choice(clinic, name, organisation, where, called, practitioner, title))
        else:
            made.append(Choice(department, called, organisation, where))
    return made


def _words(one: Choice) -> str:
    return " ".join((one.name, one.organisation_name, one.department_name, one.practitioner))


def _key(one: Choice, near: set[UUID]) -> tuple[str, ...]:
    known = "0" if one.organisation in near else "1"
    return known, one.organisation_name, one.practitioner or one.name, str(one.key)


def _last(today: date) -> date:
    return today + timedelta(days=rulings.terms(today).horizon_days) + SOON


def department(key: UUID) -> Chosen:
    """A department that holds clinics. ``Refused``: ``not_found``."""
    return _chosen(key, by_clinic=False)


def clinic(key: UUID) -> Chosen:
    """One clinic. ``Refused``: ``not_found``."""
    return _chosen(key, by_clinic=True)


def _chosen(key: UUID, *, by_clinic: bool) -> Chosen:
    asked = {"pk": key} if by_clinic else {"department": key}
    row = Clinic.objects.unscoped(OPEN).filter(**asked, ended_on__isnull=True).order_by("name").first()
    if row is None:
        raise Refused(refuse("not_found", kind="Clinic"))
    said = (row.id, row.organisation_id, row.department, row.code, row.name, row.practitioner, row.title, True)
    column = "ss.clinic_id" if by_clinic else "ss.department"
    return Chosen(_choices([said], by_clinic)[0], f"{column} = %(key)s", by_clinic)


def days(call: Call, chosen: Chosen) -> tuple[Day, ...]:
    """The days on which what was chosen can be had, is full, or is given out soon."""
    today = clock.today()
    rows = _run(call, _DAYS.format(where=chosen.where), chosen, since=today, until=_last(today))
    return tuple(Day(*row) for row in rows)


def times(call: Call, chosen: Chosen, day: date) -> tuple[Offer, ...]:
    """The times of a day at which something is free."""
    if chosen.by_clinic:
        return offers.free_of(call, chosen.what.key, day, day, Channel.APP, offers.MOST)
    return offers.free(
        call, organisations=[chosen.what.organisation], department=chosen.what.key, since=day, until=day,
        channel=Channel.APP, limit=offers.MOST,
    )  # fmt: skip


def full(call: Call, chosen: Chosen, day: date) -> tuple[Full, ...]:
    """The sessions of a day in which nothing is free now."""
    return tuple(Full(*row) for row in _run(call, _FULL.format(where=chosen.where), chosen, day=day))


def _run(call: Call, statement: str, chosen: Chosen, **said: Any) -> list[tuple[Any, ...]]:
    now: dict[str, Any] = {"at": call.at, "after": call.at, "channel": Channel.APP.value, "key": chosen.what.key}
    now |= {"listed": False, "queued": False}
    with fence.lifted(offers.ANYBODY), connection.cursor() as cursor:
        cursor.execute(statement, {**now, **said})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def offer(call: Call, slot: UUID) -> tuple[Offer | None, UUID, date]:
    """What is free at the time of a place, its clinic and day; None where it is gone. ``Refused``: ``not_found``."""
    row = Slot.objects.select_related("session").filter(pk=slot).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Slot"))
    free = offers.free_in(call, row.session_id, Channel.APP)
    found = next((one for one in free if one.starts == row.starts), None)
    return found, row.session.clinic_id, row.session.day


def session(key: UUID) -> Session:
    """A session with its clinic. ``Refused``: ``not_found``."""
    row: Session | None = Session.objects.unscoped(OPEN).select_related("clinic").filter(pk=key).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Session"))
    return row
