"""One of several processes that book for people: each line in is "number resident slot", each out "number outcome"."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from uuid import UUID

import django


def answer(resident: UUID, slot: UUID) -> str:
    """Ask until there is an answer: a line that breaks is tried again, as a person would."""
    from django.db import Error, connection

    from doorstep.kernel.call import NOWHERE
    from doorstep.kernel.decision import Refused
    from doorstep.kernel.testing.callers import system
    from doorstep.resources.booking.actions import appointments
    from doorstep.resources.booking.rules import Channel

    call = replace(system(), actor=f"resident:{resident}", scope=NOWHERE, resident=resident)
    for _ in range(200):
        try:
            appointments.book(call, slot=slot, resident=resident, channel=Channel.APP)
        except Refused as refused:
            # "one a day": an earlier try, whose answer was lost, had been kept
            return "sold" if refused.decision.reason == "one_a_day" else refused.decision.reason
        except Error:
            connection.close()
            time.sleep(0.05)
        else:
            return "sold"
    return "lost"


if __name__ == "__main__":
    django.setup()
    print("ready", flush=True)
    for line in sys.stdin:
        number, resident, slot = line.split()
        print(number, answer(UUID(resident), UUID(slot)), flush=True)
