"""Sign-in by a code: asked for, tried, and, the first time, the proof of whose record the telephone is to open.

Nothing here tells whether a number is known: the page asks the register nothing before a code was right, and the
worker that sends decides whether there is anybody to send to.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse

from doorstep.events.portal import CodeAsked, PhoneBound
from doorstep.kernel import clock, fence, outbox, sealing, trail
from doorstep.kernel.call import NOWHERE, Call
from doorstep.kernel.ids import new_id, uuid_of
from doorstep.registers.portal.actions import sessions
from doorstep.registers.portal.models import Binding, Code, How
from doorstep.registers.portal.reads import standing as reads
from doorstep.registers.portal.rules import codes
from doorstep.registers.portal.shapes import Answer, Proved, Step
from doorstep.registers.residents import api as residents
from doorstep.registers.staff import api as staff

ASKED: Final = "code"
"""Under what a browser's session keeps the code that it asked for: no other browser can use it."""
PROVED: Final = "proved"
"""Under what it keeps that the code was right: the row and the moment."""
MINUTE: Final = timedelta(seconds=30)
AT_ADDRESS: Final = staff.Limit(0, timedelta(minutes=30), timedelta(hours=1), MINUTE)
"""Codes for one number, asked from one address: a minute apart, then two, four …"""
FROM_STRANGERS: Final = staff.Limit(3, timedelta(minutes=5), timedelta(minutes=10), MINUTE)
"""Codes for one number, asked by browsers in which it has never signed in, from wherever: never more than five minutes
apart, and not counted for its owner's own browser; so nobody is shut out by a stranger, nor rung all night."""
WHOLE_ADDRESS: Final = staff.Limit(30, timedelta(minutes=1), timedelta(minutes=1))
PROOFS: Final = staff.Limit(3, timedelta(minutes=10), timedelta(hours=4))
"""Proofs of who one is, by one telephone that has shown its code."""


def ask(request: HttpRequest, *, phone: str) -> Answer:
    """Have a code sent to a mobile number, if it is anybody's; answer and time are the same for every number."""
    digest, address = codes.digest(settings.DOORSTEP_FIELD_KEY, phone), staff.address_of(request)
    limits = {
        staff.attempt_key(f"code for {digest}", address): AT_ADDRESS,
        staff.attempt_key("codes", address): WHOLE_ADDRESS,
    }
    if digest not in known(request):
        limits[staff.attempt_key(f"code for {digest}", "strangers")] = FROM_STRANGERS
    if seconds := staff.take(limits, clock.now()):
        _trail(address, "ask_code", "slowed", digest)
        return Answer(Step.WAIT, seconds)
    key = new_id()
    with fence.lifted(reads.DOOR), transaction.atomic():
        Code.objects.create(id=key, digest=digest, phone=sealing.seal(phone, use=use(key)), asked_at=clock.now())
        outbox.emit(CodeAsked(key))
        _trail(address, "ask_code", "done", digest)
    request.session[ASKED] = str(key)
    request.session.pop(PROVED, None)
    return Answer(Step.CODE)


def use(code: UUID) -> str:
    """For what a number is sealed."""
    return f"portal.code:{code}"


def check(request: HttpRequest, *, given: str) -> Answer:
    """Try the code that this browser asked for; a try is counted before it is looked at."""
    address, now = staff.address_of(request), clock.now()
    limits = {staff.attempt_key("code tries", address): WHOLE_ADDRESS}
    if seconds := staff.take(limits, now):
        _trail(address, "code", "slowed", "")
        return Answer(Step.WAIT, seconds)
    with fence.lifted(reads.DOOR):
        row = _tried(uuid_of(request.session.get(ASKED)), now)
        if row is None or not codes.is_right(settings.DOORSTEP_FIELD_KEY, row.id, given):
            _trail(address, "code", "refused", row.digest if row else "")
            return Answer(Step.AGAIN)
        Code.objects.filter(id=row.id).update(used_at=now)
    staff.forgive(limits, "")
    staff.forgive({}, staff.attempt_key(f"code for {row.digest}", address))
    # from here on the session is another: one whose key somebody has planted learns nothing
    request.session.cycle_key()
    del request.session[ASKED]
    request.session[PROVED] = {"code": str(row.id), "at": now.isoformat()}
    return Answer(Step.WHO)


def _tried(key: UUID | None, at: datetime) -> Code | None:
    if key is None:
        return None
    with transaction.atomic():
        row: Code | None = Code.objects.select_for_update().filter(id=key).first()
        if row is None or not codes.holds(row.asked_at, row.tries, row.used_at is not None, at):
            return None
        Code.objects.filter(id=key).update(tries=F("tries") + 1)
    return row


def proved(request: HttpRequest) -> Proved | None:
    """The code that was right in this browser, and with it the number; None where too long ago."""
    kept: Mapping[str, Any] | None = request.session.get(PROVED)
    if kept is None or clock.now() - datetime.fromisoformat(kept["at"]) > codes.PROVED:
        return None
    with fence.lifted(reads.DOOR):
        row = Code.objects.filter(id=kept["code"]).first()
        return Proved(row.id, row.digest) if row else None


def enter(request: HttpRequest, found: Proved, *, binding: UUID, own: bool) -> Answer:
    """Sign in as one of those whom the telephone opens."""
    with fence.lifted(reads.DOOR):
        rows = Binding.objects.filter(digest=found.digest, ended_at__isnull=True, resident__deceased=False)
        row = rows.filter(id=binding).first()
        if row is None:
            return Answer(Step.AGAIN)
        sessions.begin(request, row.resident_id, own=own, by=row)
    return Answer(Step.IN)


def prove(request: HttpRequest, found: Proved, *, name: str, number: str, own: bool) -> Answer:
    """The first time: name, identity number and the telephone that showed its code must be one living resident's in
    the register; then the telephone is bound. What does not fit is not told."""
    address = staff.address_of(request)
    mine = staff.attempt_key(f"proof by {found.digest}", "")
    limits = {mine: PROOFS, staff.attempt_key("proofs", address): WHOLE_ADDRESS}
    if seconds := staff.take(limits, clock.now()):
        _trail(address, "prove", "slowed", found.digest)
        return Answer(Step.WAIT, seconds)
    with fence.lifted(reads.DOOR):
        row = Code.objects.get(id=found.code)
        phone = sealing.unseal(row.phone, use=use(row.id))
        resident = residents.proved(number=number, name=name, phone=phone)
        if resident is None:
            _trail(address, "prove", "refused", found.digest)
            return Answer(Step.AGAIN)
        staff.forgive(limits, mine)
        bound = bind(resident, phone, how=How.SELF, by=f"resident:{resident}")
        caller = Call(f"resident:{resident}", "", clock.now(), NOWHERE, purpose="PATRQT")
        said = {"tail": bound.tail, "how": How.SELF.value}
        trail.write(caller, "portal.bind", subject=("Binding", str(bound.id)), resident=resident, detail=said)
        sessions.begin(request, resident, own=own, by=bound)
    return Answer(Step.IN)


def bind(resident: UUID, phone: str, *, how: How, by: str) -> Binding:
    """Let a telephone open a resident's record, and have those told that did before; the same again is the same."""
    digest, key = codes.digest(settings.DOORSTEP_FIELD_KEY, phone), new_id()
    held = Binding.objects.filter(digest=digest, resident=resident, ended_at__isnull=True)
    if found := held.first():
        return found
    try:
        with transaction.atomic():
            made = Binding.objects.create(
                id=key, resident_id=resident, phone=sealing.seal(phone, use=f"portal.phone:{key}"), digest=digest,
                tail=codes.tail(phone), how=how.value, bound_by=by,
            )  # fmt: skip
            outbox.emit(PhoneBound(key))
            return made
    except IntegrityError:  # the same, pressed twice
        return held.get()


def known(request: HttpRequest) -> frozenset[str]:
    """The numbers (as digests) that have signed in in this browser."""
    try:
        found = signing.loads(request.COOKIES.get(sessions.KNOWN, ""), salt=sessions.KNOWN, max_age=sessions.YEAR)
    except signing.BadSignature:
        return frozenset()
    return frozenset(found)


def remember(request: HttpRequest, answer: HttpResponse, digest: str) -> None:
    """Have the browser known for its number; the last four are kept."""
    kept = [digest, *sorted(known(request) - {digest})][:4]
    answer.set_cookie(
        sessions.KNOWN, signing.dumps(kept, salt=sessions.KNOWN), max_age=sessions.YEAR, httponly=True, samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE, path="/my/",
    )  # fmt: skip


def _trail(address: str, what: str, outcome: str, digest: str) -> None:
    """A stranger's try; of the number only the beginning of its keyed hash is told."""
    caller = Call(f"stranger:{address}"[:100], "", clock.now(), NOWHERE, purpose="PATRQT")
    trail.write(caller, f"portal.{what}", outcome=outcome, subject=("Phone", digest[:16]))
