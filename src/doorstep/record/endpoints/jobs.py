"""What the worker and the clock set off."""

from __future__ import annotations

from doorstep.kernel import outbox
from doorstep.kernel.call import Call
from doorstep.record.endpoints import reads
from doorstep.record.endpoints.actions import purging, watching, work


def run(call: Call) -> None:
    """Work on what waits; come back at once where there is more."""
    if work.run(call):
        outbox.wake()


def replay(call: Call) -> None:
    """Go on with the orders to replay, where there are any."""
    if reads.is_replaying():
        purging.replay_some(call)


def purge(call: Call) -> None:
    """Delete what need be kept no longer."""
    while purging.purge(call) >= purging.SLICE:
        pass


def watch(call: Call) -> None:
    """Measure, and open and end alerts."""
    watching.watch(call)
