"""The place that a referral takes: the moment that the two desks agreed on."""

from __future__ import annotations

from doorstep.kernel.call import Call
from doorstep.kernel.decision import allow, demand, refuse
from doorstep.services.referrals.actions.effects import Taken
from doorstep.services.referrals.flow import Status
from doorstep.services.referrals.models import Referral
from doorstep.services.referrals.shapes import Answer


def taken(call: Call, row: Referral, name: str, before: Status, answer: Answer) -> Taken | None:
    """Take a place for a move that needs one; None where none is named."""
    if name != "accept" or answer.starts is None or before is not Status.SENT:
        return None
    demand(allow() if answer.starts >= call.at else refuse("referral.past"))
    return Taken(None, None, answer.starts)
