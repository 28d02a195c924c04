"""What the clock sets off: the worker goes on with exports, and ends those that were kept for their time."""

from __future__ import annotations

from doorstep.kernel.call import Call
from doorstep.record.exchange.actions import export_work


def run_exports(call: Call) -> None:
    """Expire what is old, do a slice of what waits, and come back at once where there is more."""
    export_work.expire(call)
    if export_work.advance(call):
        export_work.wake()
