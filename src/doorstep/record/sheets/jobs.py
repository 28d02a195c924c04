"""What the worker and the clock set off."""

from __future__ import annotations

from doorstep.kernel import outbox
from doorstep.kernel.call import Call
from doorstep.record.sheets import reads
from doorstep.record.sheets.actions import deciding, working


def run(call: Call) -> None:
    """Go through the rows that wait; come back at once where there is more."""
    if reads.has_work() and working.run():
        outbox.wake()


def forget(call: Call) -> None:
    """Delete what was checked long ago and never applied."""
    deciding.forget(call)
