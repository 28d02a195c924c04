"""What people do to dead letters, and the guarded reads of letters and trail (both tell about persons)."""

from __future__ import annotations

from doorstep.kernel import letters, outbox, trail, trail_search
from doorstep.kernel.act import about, action, ask
from doorstep.kernel.call import Call
from doorstep.kernel.decision import allow, demand, refuse
from doorstep.kernel.paging import Page, Paged
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


@ask(Permission.TRAIL_READ, audits="trail.search")
def search_trail(call: Call, *, wanted: trail_search.Wanted, page: Page) -> Paged[trail_search.Line]:
    """Lines of the trail; that somebody looked is a line of its own."""
    about("Trail", "", resident=wanted.resident, who=wanted.who, action=wanted.action)
    return trail_search.find(wanted, page)


@action(Permission.TRAIL_READ, audits="trail.verify")
def verify_trail(call: Call) -> trail.Breach | None:
    """Seal what is open and walk the whole chain; the first place where it does not hold, or None."""
    while trail.seal() == 5000:
        pass
    breach = trail.verify()
    about("Trail", breach.line if breach else "", holds=breach is None)
    return breach
