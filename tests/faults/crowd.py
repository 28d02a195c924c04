"""One of several processes that book for people: each line in is "number resident slot", each out "number outcome"."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import django


def until_answered(work: Callable[[], str]) -> str:
    """Do it until there is an answer: a line that breaks is tried again, as a person would, or a page that renews
    itself."""
    from django.db import Error, connection

    for _ in range(400):
        try:
            if said := work():
                return said
        except Error:
            connection.close()
        time.sleep(0.05)
    return "lost"


def caller(resident: UUID) -> Any:
    """The resident, signed in, now."""
    from doorstep.kernel.call import NOWHERE
    from doorstep.kernel.testing.callers import system

    return replace(system(), actor=f"resident:{resident}", scope=NOWHERE, resident=resident)


def answer(resident: UUID, slot: UUID) -> str:
    """Book: sold, or why not."""
    from doorstep.kernel.decision import Refused
    from doorstep.resources.booking.actions import appointments
    from doorstep.resources.booking.rules import Channel

    try:
        appointments.book(caller(resident), slot=slot, resident=resident, channel=Channel.APP)
    except Refused as refused:
        # "one a day": an earlier try, whose answer was lost, had been kept
        return "sold" if refused.decision.reason == "one_a_day" else refused.decision.reason
    return "sold"


if __name__ == "__main__":
    django.setup()
    print("ready", flush=True)
    for line in sys.stdin:
        number, resident, slot = line.split()
        print(number, until_answered(lambda: answer(UUID(resident), UUID(slot))), flush=True)  # noqa: B023  # called at once
