"""What the worker does when a code was asked for or a telephone was bound."""

from __future__ import annotations

from doorstep.events.portal import CodeAsked, PhoneBound
from doorstep.kernel.call import Call
from doorstep.registers.portal.actions import sending


def on_code_asked(call: Call, event: CodeAsked) -> None:
    """Send the code, where the number is anybody's."""
    sending.send_code(event.code)


def on_phone_bound(call: Call, event: PhoneBound) -> None:
    """Tell the telephones that were known before."""
    sending.tell_bound(event.binding)
