"""What the room does when residents were merged or parted: the door to other systems says so."""

from __future__ import annotations

from doorstep.events.residents import MatchRunAsked, ResidentsMerged, ResidentsUnmerged
from doorstep.kernel.call import Call
from doorstep.registers.residents.actions import publishing, running


def on_merged(call: Call, event: ResidentsMerged) -> None:
    """Publish both residents as they stand now."""
    publishing.publish_residents(call, residents=(event.kept, event.gone))


def on_unmerged(call: Call, event: ResidentsUnmerged) -> None:
    """Publish both residents as they stand now."""
    publishing.publish_residents(call, residents=(event.kept, event.restored))


def on_run_asked(call: Call, event: MatchRunAsked) -> None:
    """Train, compare or link all, as was asked on a page."""
    running.perform(call, event.run)
