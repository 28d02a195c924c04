"""One referral, whole."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from doorstep.kernel.act import about, ask
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.registers.organisations import api as organisations
from doorstep.services.referrals.access import Permission, may_see
from doorstep.services.referrals.models import Referral, ReferralChange, ReferralLetter, ReferralMessage
from doorstep.services.referrals.reads import rows
from doorstep.services.referrals.reads.rows import HOUSE
from doorstep.services.referrals.rules.letters import Part
from doorstep.services.referrals.shapes import Appointed, Change, Detail, Letter, Message, Person, Times


@ask(Permission.READ, audits="referrals.read")
def detail(call: Call, *, referral: UUID) -> Detail:
    """A referral of which the caller's institution is a side. ``Refused`` (not_found) for any other. Seven queries."""
    row = Referral.objects.within(call.scope).filter(pk=referral).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Referral"))
    about("Referral", row.pk, resident=row.resident_id)
    demand(may_see(call, rows.sides(row)))
    return whole(row, call)


def whole(row: Referral, call: Call) -> Detail:
    """A row with all that belongs to it, for whom it may be shown to."""
    changes = list(ReferralChange.objects.unscoped(HOUSE).filter(referral=row.pk).order_by("-at", "-pk"))
    messages = list(ReferralMessage.objects.unscoped(HOUSE).filter(referral=row.pk).order_by("at", "pk"))
    keys = {row.origin_id, row.destination_id, *(c.organisation for c in changes), *(m.organisation for m in messages)}
    called = organisations.names({key for key in keys if key})
    letters = newest(row.pk)
    out, said = letters.get(Part.OUT), row.wish
    return Detail(
        line=rows.line(row, call, called, rows.terms_now()),
        resident=row.resident_id,
        person=Person(**row.person),
        wish=rows.wish(row, out.body if out else {}),
        sender=row.sender,
        sender_name=row.sender_name,
        sender_phone=said.get("phone", ""),
        consent_at=row.consent_at,
        appointed=Appointed(row.slot, row.appointment, row.starts, said.get("place", "")),
        times=_times(row),
        out=out,
        back=letters.get(Part.BACK),
        changes=tuple(_change(each, called) for each in changes),
        messages=tuple(
            Message(m.organisation, called.get(m.organisation, ""), m.actor, m.actor_name, m.at, m.text)
            for m in messages
        ),
        escalation=row.escalation,
        patient=row.patient,
        kept=rows.kept(row, call.at),
    )


def newest(referral: UUID) -> Mapping[str, Letter]:
    """The newest revision of each of the two letters."""
    found = ReferralLetter.objects.unscoped(HOUSE).filter(referral=referral).order_by("part", "revision")
    return {
        row.part: Letter(row.part, row.revision, row.body, row.written_name, row.written_at, row.sent_at is not None)
        for row in found
    }


def _change(row: ReferralChange, called: Mapping[UUID, str]) -> Change:
    place = called.get(row.organisation, "") if row.organisation else ""
    return Change(row.move, row.before, row.after, row.actor_name, place, row.at, row.reason, row.note)


def _times(row: Referral) -> Times:
    return Times(
        sent=row.sent_at,
        answered=row.answered_at,
        valid_until=row.valid_until,
        arrived=row.arrived_at,
        discharged=row.discharged_at,
        reported=row.reported_at,
        received=row.received_at,
        closed=row.closed_at,
        follow_up_due=row.follow_up_due,
    )
