"""Publish all that was sent, again."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from doorstep.kernel import publishing
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import allow, demand, refuse
from doorstep.services.referrals.access import Permission
from doorstep.services.referrals.actions import rows
from doorstep.services.referrals.models import Referral
from doorstep.services.referrals.reads.rows import HOUSE

PAGE: Final = 200
NIL: Final = UUID(int=0)


@action(Permission.EXPIRE, audits="referrals.publish")
def republish(call: Call, *, after: str = "") -> str:
    """Publish a page of all referrals in the order of ids; returns where the next begins, "" at the end. Only for the
    whole district."""
    demand(allow() if call.scope.everywhere else refuse("not_yours"))
    found = Referral.objects.unscoped(HOUSE).filter(pk__gt=after or NIL, sent_at__isnull=False).order_by("pk")
    page = list(found[:PAGE])
    for row in page:
        rows.project(row, call)
    about("Referrals", "all", published=len(page), after=after)
    return str(page[-1].pk) if len(page) == PAGE else ""


def publish_all(call: Call) -> int:
    """Publish all; by the clock, so that what an older version of the house wrote is as this one writes it."""
    return publishing.everything(call, republish)
