"""What the clock sets off."""

from __future__ import annotations

from doorstep.kernel import publishing
from doorstep.kernel.call import Call
from doorstep.record.imaging.actions import settling
from doorstep.record.imaging.actions.republishing import republish


def again(call: Call) -> None:
    """Look again at young studies of which nobody, or no order, is known."""
    settling.look_at_young(call.at)


def publish_all(call: Call) -> int:
    """Publish what is there, where something of it is not."""
    return publishing.everything(call, republish)
