"""From rows to frozen shapes, and the dated parameters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from doorstep.kernel import clock, ruleset
from doorstep.kernel.call import EVERYWHERE, Call
from doorstep.resources.booking import api as booking
from doorstep.services.referrals.access import Sides, side_of
from doorstep.services.referrals.flow import TURN, Status
from doorstep.services.referrals.models import Referral, ReferralEnclosure
from doorstep.services.referrals.rules import insurance, terms
from doorstep.services.referrals.shapes import Kept, Line, Picked, Wish

HOUSE: Final = "asked before: both sides of a referral see all of it"


def terms_now() -> terms.Terms:
    """The deadlines that hold today."""
    return terms.terms(ruleset.parameters(terms.CODE, clock.today(), {}))


def scheme_now() -> insurance.Scheme:
    """The insurance rule that holds today; the example where the house says none."""
    return insurance.scheme(ruleset.parameters(insurance.CODE, clock.today(), insurance.CHANGSHA))


def sides(row: Referral) -> Sides:
    """The two institutions of a row."""
    return Sides(row.origin_id, row.destination_id, row.status != Status.DRAFT and row.sent_at is not None)


def place_words(got: booking.Booked) -> str:
    """Where a place is: clinic, practitioner, room."""
    return " · ".join(part for part in (got.clinic_name, got.practitioner_name, got.place) if part)


def kept(row: Referral, at: datetime) -> Kept | None:
    """The place that booking keeps for the patient, as long as it does; both sides see it."""
    if row.instead is None:
        return None
    got = booking.get(EVERYWHERE, [row.instead]).get(row.instead)
    if got is None or got.status != booking.Status.HELD or got.held_until is None or got.held_until <= at:
        return None
    return Kept(got.starts, got.held_until, place_words(got))


def line(row: Referral, call: Call, called: Mapping[UUID, str], within: terms.Terms) -> Line:
    """A row as a list shows it to the caller."""
    side = side_of(call, sides(row))
    return Line(
        id=row.pk,
        version=row.version,
        number=row.number,
        name=row.name,
        kind=row.kind,
        service=row.service,
        urgency=row.urgency,
        status=row.status,
        origin=row.origin_id,
        destination=row.destination_id,
        origin_name=called.get(row.origin_id, ""),
        destination_name=called.get(row.destination_id, "") if row.destination_id else "",
        department_name=row.department_name,
        due_at=row.due_at,
        sent_at=row.sent_at,
        changed_at=row.changed_at,
        side=side,
        mine=side is not None and TURN[Status(row.status)] is side,
        overdue=_is_late(row, call.at),
        soon=terms.is_soon(row.due_at, call.at, within),
        holder=row.holder,
        holder_name=row.holder_name,
        escalated=row.escalated_at is not None,
    )


def _is_late(row: Referral, at: datetime) -> bool:
    return clock.is_overdue(row.due_at, at)


def wish(row: Referral, letter: Mapping[str, str]) -> Wish:
    """What was written, whole; the enclosures in the order in which they were chosen."""
    said = row.wish
    chosen = ReferralEnclosure.objects.unscoped(HOUSE).filter(referral=row.pk).order_by("pk")
    return Wish(
        kind=row.kind,
        service=row.service,
        urgency=row.urgency,
        criteria=tuple(said.get("criteria", ())),
        seen=tuple(said.get("seen", ())),
        destination=row.destination_id,
        department=row.department,
        department_name=row.department_name,
        slot=row.slot,
        receiver=said.get("receiver", ""),
        letter=letter,
        consenter=said.get("consenter", ""),
        consent_name=said.get("consent_name", ""),
        consent_channel=said.get("consent_channel", ""),
        transport=said.get("transport", "own"),
        escort=said.get("escort", "none"),
        contract=bool(said.get("contract", False)),
        costs=int(said.get("costs", 0)),
        phone=said.get("phone", ""),
        enclosures=tuple(Picked(each.kind, each.key, each.title, each.on) for each in chosen),
    )
