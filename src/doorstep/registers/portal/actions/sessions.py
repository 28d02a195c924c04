"""Sessions of residents: begun, seen, ended; and for whom they act.

Django's session carries the key of ours. Where ours is gone, nobody is signed in: so an end takes effect at once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.http import HttpRequest

from doorstep.kernel import clock, fence, trail
from doorstep.kernel.act import about, action
from doorstep.kernel.call import EVERYWHERE, NOWHERE, Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.registers.portal.access import Permission
from doorstep.registers.portal.models import Binding, Card, Session
from doorstep.registers.portal.reads import standing as reads
from doorstep.registers.portal.rules import codes
from doorstep.registers.portal.shapes import Standing, Ward
from doorstep.registers.residents import api as residents
from doorstep.registers.staff import api as staff

KEY: Final = "resident"
"""Under what Django's session keeps the id of ours."""
KNOWN: Final = "known"
"""The cookie by which a browser in which a number has signed in is told from a stranger's."""
YEAR: Final = 365 * 24 * 3600
SEEN_EACH: Final = timedelta(minutes=1)


def key_of(request: HttpRequest) -> UUID | None:
    """The id of our session in this browser; there is no session where a request was refused before it was read."""
    session = getattr(request, "session", None)
    try:
        return UUID(session.get(KEY, "")) if session is not None else None
    except ValueError:
        return None


def begin(request: HttpRequest, resident: UUID, *, own: bool, by: Binding | Card) -> None:
    """Open a session with a new key; what was open in this browser before ends, be it a colleague's or a resident's."""
    leave(request)
    staff.leave(request)
    row = Session.objects.create(
        resident_id=resident, own=own, address=staff.address_of(request),
        binding=by if isinstance(by, Binding) else None, card=by if isinstance(by, Card) else None,
        device=request.headers.get("User-Agent", "").replace("\0", "")[:200],
    )  # fmt: skip
    request.session[KEY] = str(row.id)
    request.session.set_expiry(int(codes.idle(reads.terms(), own=own).total_seconds()))
    head = residents.header(EVERYWHERE, resident)
    call = Call(f"resident:{head.id}", head.name, clock.now(), NOWHERE, purpose="PATRQT")
    how = "phone" if isinstance(by, Binding) else "card"
    said = {"how": how, "tail": by.tail, "own": own}
    trail.write(call, "portal.sign_in", subject=("Session", str(row.id)), resident=head.id, detail=said)


def still(request: HttpRequest, found: Standing) -> bool:
    """Whether a session goes on: it is marked as seen now and then; one that is over is ended and trailed."""
    now = clock.now()
    if codes.is_over(reads.terms(), own=found.own, seen=found.seen, at=now):
        caller = Call(f"resident:{found.resident}", "", now, NOWHERE, purpose="PATRQT")
        trail.write(caller, "portal.session_over", subject=("Session", str(found.id)), resident=found.resident)
        leave(request)
        return False
    if now - found.seen > SEEN_EACH:
        Session.objects.filter(id=found.id).update(seen_at=now)
    return True


def is_of(found: Standing, resident: UUID) -> bool:
    """Whether a session is this resident's (or of one who was merged into them), and not over."""
    over = codes.is_over(reads.terms(), own=found.own, seen=found.seen, at=clock.now())
    return not over and residents.current(found.resident) == residents.current(resident)


def leave(request: HttpRequest) -> None:
    """End what a resident has open in this browser."""
    if key := key_of(request):
        with fence.lifted(reads.DOOR):
            Session.objects.filter(id=key).delete()
        request.session.flush()


def sign_out(request: HttpRequest, call: Call) -> None:
    """The same, by the resident."""
    leave(request)
    trail.write(call, "portal.sign_out", resident=resident_of(call))


def resident_of(call: Call) -> UUID:
    """Who has signed in, whomever they act for; raises ``Refused`` for one who is no resident."""
    kind, _, key = call.actor.partition(":")
    if kind != "resident":
        raise Refused(refuse("permission"))
    return UUID(key)


@action(Permission.USE, audits="portal.act_for", beyond=reads.DOOR)
def act_for(call: Call, *, session: UUID, ward: UUID | None) -> Ward | None:
    """Act for a ward from now on, or for oneself again (None). ``Refused`` (not_found) where it is none today."""
    own = resident_of(call)
    about("Resident", ward or own, resident=ward or own)
    found = next((one for one in reads.wards(own) if one.id == ward), None)
    if ward is not None and found is None:
        raise Refused(refuse("not_found", kind="Ward"))
    Session.objects.filter(id=session).update(acting_for=ward)
    return found


@action(Permission.USE, audits="portal.end_session", beyond=reads.DOOR)
def end(call: Call, *, session: UUID) -> None:
    """End one of one's own sessions. ``Refused`` (not_found) where it is not one's own, or is over."""
    own = resident_of(call)
    about("Session", session, resident=own)
    gone, _each = Session.objects.filter(id=session, resident__in=residents.selves(own)).delete()
    if not gone:
        raise Refused(refuse("not_found", kind="Session"))


@action(Permission.USE, audits="portal.end_sessions", beyond=reads.DOOR)
def end_others(call: Call, *, here: UUID) -> int:
    """End all one's sessions but this; how many they were."""
    own = resident_of(call)
    gone, _each = Session.objects.filter(resident__in=residents.selves(own)).exclude(id=here).delete()
    about("Session", "others", resident=own, count=gone)
    return gone


def forget_over() -> int:
    """Drop the sessions that have ended by themselves."""
    now, within, gone = clock.now(), reads.terms(), 0
    for own in (False, True):
        rows = Session.objects.filter(own=own, seen_at__lt=now - codes.idle(within, own=own))
        gone += rows.delete()[0]
    return gone
