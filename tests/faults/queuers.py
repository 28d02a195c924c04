"""One of several page processes of a release: each line in is "join number resident" or "look number resident"; a line
out says what became of it. Whoever looks serves the queue too, as the page that tells where one stands does."""

from __future__ import annotations

import sys
from uuid import UUID

import django

from tests.faults.crowd import caller, until_answered


def join(session: UUID, resident: UUID) -> str:
    """Take a ticket."""
    from doorstep.kernel.decision import Refused
    from doorstep.resources.booking.actions import releasing

    try:
        return f"ticket {releasing.join(caller(resident), session=session)}"
    except Refused as refused:
        return f"refused {refused.decision.reason}"


def look(session: UUID, resident: UUID) -> str:
    """Where one stands, until one has the answer."""
    from doorstep.resources.booking.actions import releasing
    from doorstep.resources.booking.reads import releases

    releasing.serve(caller(resident), session=session)
    found = releases.stand(caller(resident), session=session)
    return "" if found.status == "waiting" else f"{found.status} {found.appointment or '-'}"


if __name__ == "__main__":
    django.setup()
    asked = {"join": join, "look": look}
    where = UUID(sys.argv[1])
    print("ready", flush=True)
    for line in sys.stdin:
        what, number, who = line.split()
        print(number, until_answered(lambda: asked[what](where, UUID(who))), flush=True)  # noqa: B023  # called at once
