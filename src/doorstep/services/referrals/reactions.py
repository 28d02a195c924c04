"""What the room does when other rooms tell something."""

from __future__ import annotations

from doorstep.events.residents import ResidentsMerged, ResidentsUnmerged
from doorstep.kernel.call import Call
from doorstep.services.referrals.actions import following


def on_merged(call: Call, event: ResidentsMerged) -> None:
    """One resident was found to be another."""
    following.follow_merge(call, kept=event.kept, gone=event.gone)


def on_unmerged(call: Call, event: ResidentsUnmerged) -> None:
    """They were found to be two after all."""
    following.follow_unmerge(call, restored=event.restored)
