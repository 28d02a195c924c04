"""What other rooms' events set off."""

from __future__ import annotations

from doorstep.events.exchange import RecordsArrived
from doorstep.kernel.call import Call
from doorstep.record.imaging.actions import settling
from doorstep.registers.residents import api as residents


def on_arrived(call: Call, event: RecordsArrived) -> None:
    """Records have come: whose studies waited for them is looked at again."""
    if event.patients:
        settling.look_again(residents.numbers_told(event.patients), event.source, call.at)
