"""What the clock does for the room."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from uuid import UUID

from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused
from doorstep.resources.booking.actions import appointments, desk, releasing, waiting
from doorstep.resources.booking.reads import due


def tidy(call: Call) -> int:
    """Let run out what was held too long, mark who did not come, offer what is free to those who wait; how much was
    done. Nothing depends on it in time: what has run out is anybody's to claim at once."""
    done = _each(due.run_out(call.at), lambda key: appointments.expire(call, appointment=key))
    done += _each(due.missing(call.at), lambda key: desk.miss(call, appointment=key))
    return done + _each(due.waited_for(), lambda key: waiting.offer(call, clinic=key))


def _each(keys: Iterable[UUID], work: Callable[[UUID], object]) -> int:
    done = 0
    for key in keys:
        try:
            work(key)
        except Refused:  # somebody was quicker: then it is done
            continue
        done += 1
    return done


def give_out(call: Call) -> int:
    """Answer those who queue for a release whose hour has come; how many were. Whoever looks where they stand does it
    too: of all of them one at a time."""
    done = 0
    for session in due.releases(call.at):
        while answered := releasing.serve(call, session=session):
            done += answered
    return done
