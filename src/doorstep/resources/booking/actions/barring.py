"""Sanctions for broken appointments: made by rule, appealed against in words, decided by a person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q

from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.store import lock
from doorstep.resources.booking import flow
from doorstep.resources.booking.access import Permission, Sides, may_keep, may_touch
from doorstep.resources.booking.actions.stepping import step
from doorstep.resources.booking.flow import Status
from doorstep.resources.booking.models import Appointment, Sanction
from doorstep.resources.booking.reads import rulings
from doorstep.resources.booking.reads.appointments import near
from doorstep.resources.booking.rules import sanctions
from doorstep.resources.booking.rules.sanctions import Event

COUNTED: Final = "what a person broke is counted by the rule, also where the rule looks beyond one institution"
LOOKED_BACK: Final = timedelta(days=3 * 366)


@action(Permission.DESK, audits="booking.weigh", beyond=COUNTED)
def weigh(call: Call, *, resident: UUID, organisation: UUID) -> UUID | None:
    """Ask the rules after somebody broke an appointment at an institution, and bar them where they say so; the
    sanction, or None. Asked again on the same day it changes nothing."""
    about("Resident", resident, resident=resident)
    today = clock.today()
    rules, channels = rulings.barring(today)
    for everywhere in (True, False):
        asked = [rule for rule in rules if rule.everywhere == everywhere]
        own = Sanction.objects.unscoped(COUNTED).filter(resident=resident, everywhere=everywhere)
        own = own if everywhere else own.filter(organisation=organisation)
        settled = own.order_by("-since").values_list("since", flat=True).first()
        events = _events(resident, None if everywhere else organisation, today) if asked else {}
        found = sanctions.bar(asked, events, today, settled)
        if found is not None:
            row, _new = Sanction.objects.unscoped(COUNTED).get_or_create(
                resident_id=resident, organisation_id=organisation, since=found.since,
                defaults={
                    "first": resident,
                    "until": found.until, "event": found.rule.event.value, "count": found.rule.count,
                    "window_days": found.rule.window_days, "everywhere": everywhere,
                    "channels": [channel.value for channel in channels],
                },
            )  # fmt: skip
            about("Sanction", row.id, resident=resident, until=row.until.isoformat())
            return UUID(str(row.id))
    return None


def _events(resident: UUID, organisation: UUID | None, today: date) -> Mapping[Event, list[date]]:
    """The days of what counts; an appointment that was only held, or ended with its clinic, is nobody's fault."""
    rows = Appointment.objects.unscoped(COUNTED).filter(resident=resident, day__gt=today - LOOKED_BACK)
    if organisation is not None:
        rows = rows.filter(organisation=organisation)
    found: dict[Event, list[date]] = {event: [] for event in Event}
    kept = rows.filter(Q(status=Status.NO_SHOW) | Q(status=Status.CANCELLED, booked_at__isnull=False, stopped=False))
    for status, day, ended in kept.values_list("status", "day", "ended_at"):
        if status == Status.NO_SHOW:
            found[Event.NO_SHOW].append(day)
            continue
        when = ended.astimezone(clock.CHINA).date()
        found[Event.CANCELLED].append(when)
        if when == day:
            found[Event.SAME_DAY].append(when)
    return found


@action(Permission.BOOK, audits="booking.appeal", beyond=COUNTED)
def appeal(call: Call, *, sanction: UUID, words: str) -> None:
    """Write down what the person says against a sanction. ``Refused``: ``not_found``, ``appeal.words``,
    ``wrong_state``."""
    row = Sanction.objects.unscoped(COUNTED).select_for_update().filter(pk=sanction).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Sanction"))
    known = near(call, row.organisation_id, row.resident_id)
    demand(may_touch(call, Sides(row.organisation_id, row.resident_id, known)))
    about("Sanction", row.id, resident=row.resident_id)
    if not words.strip():
        raise Refused(refuse("appeal.words"))
    step(row, flow.SANCTION, "appeal", None)
    row.appeal, row.appealed_at = words.strip()[:500], call.at
    row.save()


@action(Permission.RULE, audits="booking.decide")
def decide(call: Call, *, sanction: UUID, expect: int, lift: bool, words: str) -> None:
    """Lift a sanction, or let it stand, with a reason. ``Refused``: ``not_found``, ``appeal.words``, ``wrong_state``;
    ``Stale``."""
    row = lock(Sanction, sanction, scope=call.scope, expect=expect)
    about("Sanction", row.id, resident=row.resident_id, lift=lift)
    demand(may_keep(call, row.organisation_id))
    if not words.strip():
        raise Refused(refuse("appeal.words"))
    step(row, flow.SANCTION, "lift" if lift else "uphold", None)
    row.answer, row.decided_at = words.strip()[:500], call.at
    row.decided_by, row.decided_name = call.actor, call.name
    row.save()
