"""What exchange does when something happened: what waited for the records that arrived is tried again."""

from __future__ import annotations

from doorstep.events.exchange import RecordsArrived
from doorstep.kernel.call import Call
from doorstep.record.exchange import actions


def on_records_arrived(call: Call, event: RecordsArrived) -> None:
    """Try again the source's messages that waited for a reference."""
    actions.retry_waiting(call, source=event.source)
