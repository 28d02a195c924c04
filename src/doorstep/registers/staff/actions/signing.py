"""Sign-in, with waits that grow for one name at one address, and for one address; never for a name alone.

So nobody can keep somebody else out from afar. A try is counted before its password is looked at, so that many at once
are many tries. An account with a second factor is let in after it, and not before.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth import authenticate
from django.contrib.auth.hashers import check_password
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from doorstep.kernel import clock, trail
from doorstep.kernel.call import NOWHERE, Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.registers.staff import rules
from doorstep.registers.staff.actions import factors, passkeys, sessions
from doorstep.registers.staff.models import Account, FailedSignIn
from doorstep.registers.staff.reads.signing import has_second
from doorstep.registers.staff.reads.standing import standings
from doorstep.registers.staff.rules import signing as signing_rules
from doorstep.registers.staff.shapes import SignedIn, Standing

PENDING = "pending"
"""Under what a browser's session keeps the account whose password was right and whose second factor is awaited."""


def sign_in(request: HttpRequest, *, username: str, password: str, address: str) -> SignedIn:
    """Check a name and its password and open the session; what was wrong is not told. Every outcome is trailed."""
    own = rules.attempt_key(username, address)
    limits = {own: rules.NAME_AT_ADDRESS, rules.attempt_key("", address): rules.WHOLE_ADDRESS}
    if seconds := sessions.take(limits, clock.now()):
        _trail_stranger(address, "slowed", username)
        return SignedIn(None, seconds)
    account = authenticate(request, username=username, password=password)
    if not isinstance(account, Account):
        _trail_stranger(address, "refused", username)
        return SignedIn(None)
    sessions.forgive(limits, own)
    return enter(request, account, how="password")


def enter(request: HttpRequest, account: Account, *, how: str) -> SignedIn:
    """Go on with one who has proved one factor: to the second one where the account has any, else in."""
    if not has_second(account.pk):
        sessions.begin(request, account, factors=1, how=how)
        return SignedIn(account.pk)
    sessions.leave(request)
    request.session[PENDING] = {
        "account": str(account.pk), "hash": account.get_session_auth_hash(), "at": clock.now().isoformat(), "how": how,
    }  # fmt: skip
    return SignedIn(account.pk, second=True)


def pending(request: HttpRequest) -> Account | None:
    """The account whose second factor is awaited in this browser; None where too long ago, closed, or changed since."""
    kept: dict[str, Any] | None = request.session.get(PENDING)
    if kept is None or clock.now() - datetime.fromisoformat(kept["at"]) > signing_rules.PENDING:
        return None
    account = Account.objects.select_related("person").filter(pk=kept["account"], is_active=True).first()
    known = account and constant_time_compare(kept["hash"], account.get_session_auth_hash())
    return account if known else None


def second(request: HttpRequest, account: Account, *, address: str, code: str = "", passkey: str = "") -> SignedIn:
    """Let the awaited account in with its second factor: a code of its generator or its paper, or a passkey."""
    if seconds := sessions.take_second(account, address):
        _trail_second(account, address, "slowed")
        return SignedIn(None, seconds)
    right = passkeys.is_right(request, account, passkey) if passkey else factors.is_right(account, code)
    if not right:
        _trail_second(account, address, "refused")
        return SignedIn(None)
    sessions.forgive_second(account, address)
    how = f"{request.session[PENDING]['how']}, {'passkey' if passkey else right}"
    sessions.begin(request, account, factors=2, how=how)
    return SignedIn(account.pk)


def sign_in_by_passkey(request: HttpRequest, response: str, *, address: str) -> SignedIn:
    """Let in who holds a passkey that has checked its person (by a finger, a face, a PIN): two factors in one."""
    limits = {rules.attempt_key("", address): rules.WHOLE_ADDRESS}
    if seconds := sessions.take(limits, clock.now()):
        _trail_stranger(address, "slowed", "")
        return SignedIn(None, seconds)
    account = passkeys.owner(request, response)
    if account is None:
        _trail_stranger(address, "refused", "")
        return SignedIn(None)
    sessions.forgive(limits, "")
    sessions.begin(request, account, factors=2, how="passkey")
    return SignedIn(account.pk)


def confirm(request: HttpRequest, call: Call, *, password: str, code: str, passkey: str, address: str) -> SignedIn:
    """Prove once more who one is: by a passkey, or by the password and, where the account has any, a second factor."""
    account = sessions.own(request)
    if seconds := sessions.take_second(account, address):
        trail.write(call, "staff.confirm", outcome="slowed")
        return SignedIn(None, seconds)
    two = has_second(account.pk)
    if passkey:
        right = passkeys.is_right(request, account, passkey)
    else:
        # A code is looked at, and so used up, only with the right password.
        right = check_password(password, account.password) and (not two or bool(factors.is_right(account, code)))
    if not right:
        trail.write(call, "staff.confirm", outcome="refused")
        return SignedIn(None)
    sessions.forgive_second(account, address)
    sessions.confirmed(request, 2 if two else 1)
    trail.write(call, "staff.confirm", detail={"factors": 2 if two else 1})
    return SignedIn(account.pk)


def _trail_stranger(address: str, outcome: str, username: str) -> None:
    """A stranger's try; the name is told only where it is somebody's, for people type passwords there."""
    known = Account.objects.filter(username=username).values_list("person", flat=True).first()
    caller = Call(f"stranger:{address}"[:100], "", clock.now(), NOWHERE)
    trail.write(caller, "staff.sign_in", outcome=outcome, subject=("Person", str(known or "")))


def _trail_second(account: Account, address: str, outcome: str) -> None:
    caller = Call(f"stranger:{address}"[:100], "", clock.now(), NOWHERE)
    trail.write(caller, "staff.second_factor", outcome=outcome, subject=("Person", str(account.person_id)))


def sign_out(request: HttpRequest, call: Call) -> None:
    """End the session."""
    sessions.leave(request)
    trail.write(call, "staff.sign_out")


def choose_post(request: HttpRequest, call: Call, post: UUID) -> Standing:
    """Work from one of one's own posts of today from now on; the session gets a new key. Raises ``Refused``."""
    posts = standings(request.user.pk, clock.today()) if request.user.is_authenticated else ()
    found = next((p for p in posts if p.post == post), None)
    if found is None:
        trail.write(call, "staff.choose_post", outcome="refused", subject=("Post", str(post)))
        raise Refused(refuse("post.not_yours"))
    request.session.cycle_key()
    request.session[rules.CHOSEN_POST] = str(post)
    trail.write(call, "staff.choose_post", subject=("Post", str(post)))
    return found


def forget_old(call: Call) -> int:
    """Drop the counts of failures that nobody remembers, and sessions that are over; run daily."""
    sessions.forget_over()
    old = clock.now() - rules.FORGET_AFTER
    return FailedSignIn.objects.filter(last_at__lt=old, next_at__lt=clock.now()).delete()[0]
