"""What is not a move: messages between the two doctors, hand-over, escalation, the moment of discharge."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from doorstep.kernel import clock
from doorstep.kernel.act import action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, allow, demand, refuse
from doorstep.registers.staff import api as staff
from doorstep.services.referrals.access import Permission, may_move
from doorstep.services.referrals.actions import rows
from doorstep.services.referrals.flow import FLOW, MOVER, Status
from doorstep.services.referrals.models import ReferralMessage
from doorstep.services.referrals.reads.rows import sides, terms_now
from doorstep.services.referrals.rules import terms


@action(Permission.TALK, audits="referrals.write")
def write(call: Call, *, referral: UUID, text: str) -> None:
    """Write to the other side. ``Refused``: ``referral.words`` where nothing is said, ``referral.draft`` before it was
    sent: there is no other side yet."""
    row = rows.own(call, referral, None)
    demand(allow() if row.sent_at is not None else refuse("referral.draft"))
    demand(allow() if text.strip() else refuse("referral.words"))
    ReferralMessage.objects.create(
        referral=row, organisation=call.organisation, actor=call.actor, actor_name=call.name, at=call.at,
        text=text.strip()[:2000],
    )  # fmt: skip


@action(Permission.TALK, audits="referrals.hand_over")
def hand_over(call: Call, *, referral: UUID, expect: int, colleague: UUID) -> None:
    """Give it to a colleague of the same institution (or take it oneself); it stays on that desk's lists."""
    row = rows.own(call, referral, expect)
    demand(allow() if row.desk == call.organisation else refuse("referral.other_side"))
    known = staff.colleagues(row.desk or UUID(int=0), clock.today())
    demand(allow() if colleague in known else refuse("referral.colleague"))
    row.holder, row.holder_name = f"staff:{colleague}", known[colleague]
    rows.keep(row, call)


@action(Permission.TALK, audits="referrals.escalate")
def escalate(call: Call, *, referral: UUID, expect: int, note: str) -> None:
    """Bring it before the medical affairs office, with words; the next move takes it from there."""
    row = rows.own(call, referral, expect)
    demand(allow() if row.sent_at is not None and Status(row.status) not in FLOW.ends else refuse("referral.draft"))
    demand(allow() if note.strip() else refuse("referral.note"))
    row.escalated_at, row.escalation = call.at, f"{call.name}：{note.strip()}"[:500]
    rows.keep(row, call)


@action(Permission.RECEIVE, audits="referrals.discharge")
def discharge(call: Call, *, referral: UUID, expect: int, at: datetime) -> None:
    """The patient was discharged: the return letter is due within hours (``terms.letter_hours``)."""
    row = rows.own(call, referral, expect)
    demand(may_move(call, MOVER["report"], Permission.RECEIVE, sides(row)))
    if Status(row.status) not in FLOW.move("report").at:
        raise Refused(refuse("wrong_state", move="discharge", state=row.status))
    demand(allow() if (row.arrived_at or at) <= at <= call.at else refuse("referral.discharge"))
    row.discharged_at, row.letter_due = at, terms.letter_due(at, terms_now())
    row.due_at = row.letter_due
    rows.keep(row, call)
    rows.project(row, call)
