"""What the clock does for the room."""

from __future__ import annotations

from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.registers.portal.actions import scanning, sessions
from doorstep.registers.portal.models import Code
from doorstep.registers.portal.rules import codes


def forget_old(call: Call) -> int:
    """Drop what has served its time: codes of yesterday, sessions that are over, notes of codes that were shown."""
    gone, _each = Code.objects.filter(asked_at__lt=clock.now() - codes.FORGET).delete()
    return int(gone) + sessions.forget_over() + scanning.forget_shown()
