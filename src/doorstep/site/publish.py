"""``doorstep publish``: what is there already, published as FHIR; for a house that was set up before it published."""

from __future__ import annotations

import sys

from doorstep.kernel import clock, room
from doorstep.kernel.call import EVERYWHERE, Call
from doorstep.kernel.decision import Refused
from doorstep.kernel.web.words import sentence


def call() -> Call:
    """The call under which it is done."""
    held = frozenset(str(p) for r in room.installed() if r.permissions and r.republish for p in r.permissions)
    return Call("system:publish", "发布", clock.now(), EVERYWHERE, held, purpose="HOPERAT")


def run(after: str = "") -> int:
    """Publish all that the rooms have, page by page; safe to run again. ``after`` is a line that an earlier run told
    ("room cursor"): it goes on behind it. Returns 1 where something was refused; the rooms after it are done."""
    from_room, _, cursor = after.partition(" ")
    rooms = [r for r in room.installed() if r.republish]
    names = [r.name for r in rooms]
    if from_room and from_room not in names:
        return _complain(f"没有这个房间 / no such room: {from_room} ({', '.join(names)})")
    left = 0
    for one in rooms[names.index(from_room) if from_room else 0 :]:
        left += not _publish(one, cursor if one.name == from_room else "")
    return 1 if left else 0


def _publish(one: room.Room, cursor: str) -> bool:
    assert one.republish is not None
    while True:
        try:
            cursor = one.republish(call(), after=cursor)
        except Refused as refused:
            _complain(f"{one.name}: {sentence(refused.decision)}")
            return False
        sys.stdout.write(f"{one.name} {cursor or 'OK'}\n")
        sys.stdout.flush()
        if not cursor:
            return True


def _complain(words: str) -> int:
    sys.stderr.write(words + "\n")
    return 1
