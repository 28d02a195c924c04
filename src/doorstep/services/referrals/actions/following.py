"""Residents are merged and parted: referrals follow."""

from __future__ import annotations

from uuid import UUID

from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.services.referrals.access import Permission
from doorstep.services.referrals.models import Referral

SYSTEM = "a merge concerns all that the resident has, whoever sent it"


@action(Permission.EXPIRE, audits="referrals.follow_merge")
def follow_merge(call: Call, *, kept: UUID, gone: UUID) -> None:
    """What was made for a resident who was merged away is the other's now."""
    about("Resident", kept, resident=kept, gone=str(gone))
    Referral.objects.unscoped(SYSTEM).filter(resident=gone).update(resident=kept)


@action(Permission.EXPIRE, audits="referrals.follow_unmerge")
def follow_unmerge(call: Call, *, restored: UUID) -> None:
    """What had been made for a resident who is restored is theirs again."""
    about("Resident", restored, resident=restored)
    Referral.objects.unscoped(SYSTEM).filter(first=restored).update(resident=restored)
