"""What the clock sets off."""

from __future__ import annotations

from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused
from doorstep.services.referrals.actions import moving
from doorstep.services.referrals.shapes import Answer

MOST = 500


def lapse_overdue(call: Call) -> int:
    """Lapse what is no longer valid, each by itself: one that somebody moves meanwhile does not keep the others."""
    lapsed = 0
    for referral in moving.overdue(call.at, MOST):
        try:
            moving.lapse(call, referral=referral, expect=None, answer=Answer())
        except Refused:
            continue
        lapsed += 1
    return lapsed
