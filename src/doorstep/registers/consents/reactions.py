"""What the room does when residents are merged or parted: relations follow."""

from __future__ import annotations

from doorstep.events.residents import ResidentsMerged, ResidentsUnmerged
from doorstep.kernel.call import Call
from doorstep.registers.consents.actions import relations


def on_merged(call: Call, event: ResidentsMerged) -> None:
    """One resident was found to be another."""
    relations.follow_merge(call, kept=event.kept, gone=event.gone)


def on_unmerged(call: Call, event: ResidentsUnmerged) -> None:
    """They were found to be two after all."""
    relations.follow_unmerge(call, restored=event.restored)
