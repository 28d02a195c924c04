"""What people do to dead letters, and the guarded read of a letter (it tells about persons)."""

from __future__ import annotations

from doorstep.kernel import letters, outbox
from doorstep.kernel.act import about, action, ask
from doorstep.kernel.call import Call
from doorstep.kernel.decision import allow, demand, refuse
from doorstep.site.system.access import Permission


@action(Permission.OUTBOX_REPLAY, audits="outbox.replay")
def replay(call: Call, *, letter: int) -> None:
    """Give a dead letter another round of tries."""
    about("Delivery", letter)
    demand(allow() if outbox.replay(letter) else refuse("not_dead"))


@action(Permission.OUTBOX_REPLAY, audits="outbox.dismiss")
def dismiss(call: Call, *, letter: int, reason: str) -> None:
    """Lay a dead letter aside for good, with the reason in the trail."""
    about("Delivery", letter, why=reason)
    demand(allow() if outbox.dismiss(letter) else refuse("not_dead"))


@ask(Permission.OUTBOX_READ, audits="outbox.open")
def open_letter(call: Call, *, letter: int) -> tuple[letters.Letter, int]:
    """A dead letter with its body, and how many deliveries wait behind it."""
    about("Delivery", letter)
    found = letters.one(letter)
    return found, letters.behind(found)
