"""Sessions: begun, seen, raised and ended; and the waits that slow guesses down.

Django's session carries the key of ours. Where ours is gone, nobody is signed in: so an end takes effect at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from django.contrib.auth import login, logout
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest

from doorstep.kernel import clock, trail
from doorstep.kernel.call import NOWHERE, Call
from doorstep.registers.staff import rules
from doorstep.registers.staff.models import Account, FailedSignIn, Session
from doorstep.registers.staff.reads.signing import rule, signed
from doorstep.registers.staff.rules import signing as signing_rules
from doorstep.registers.staff.shapes import Signed

KEY = "signed"
"""Under what Django's session keeps the id of ours."""


def begin(request: HttpRequest, account: Account, *, factors: int, how: str) -> None:
    """Open a session with a new key, and trail where it is; what was open in this browser before ends."""
    leave(request)
    login(request, account)
    now, address = clock.now(), address_of(request)
    row = Session.objects.create(
        account=account, device=request.headers.get("User-Agent", "").replace("\0", "")[:200], address=address,
        factors=factors, created_at=now, seen_at=now, confirmed_at=now,
    )  # fmt: skip
    request.session[KEY] = str(row.id)
    person = account.person
    call = Call(f"staff:{person.id}", person.name, now, NOWHERE)
    trail.write(call, "staff.sign_in", detail={"at": address, "how": how, "factors": factors})


def address_of(request: HttpRequest) -> str:
    """From where a request came, as the server saw it."""
    return str(request.META.get("REMOTE_ADDR", ""))[:45]


def own(request: HttpRequest) -> Account:
    """The account of the person who asks."""
    return Account.objects.select_related("person").get(pk=UUID(str(request.user.pk)))


def key_of(request: HttpRequest) -> UUID | None:
    """The id of our session in this browser."""
    try:
        return UUID(request.session.get(KEY, ""))
    except ValueError:
        return None


def of(request: HttpRequest) -> Signed | None:
    """The session of a request, if it has not ended."""
    key, account = key_of(request), getattr(request, "user", None)
    return signed(key, account.pk) if key and account and account.is_authenticated else None


def still(request: HttpRequest, found: Signed, *, privileged: bool) -> bool:
    """Whether a session goes on: it is marked as seen now and then; one that is over is ended and trailed."""
    now = clock.now()
    if signing_rules.is_over(rule(), since=found.since, seen=found.seen, at=now, privileged=privileged):
        account = own(request)
        trail.write(Call(f"staff:{account.person_id}", account.person.name, now, NOWHERE), "staff.session_over")
        leave(request)
        return False
    if now - found.seen > signing_rules.SEEN_EACH:
        Session.objects.filter(id=found.id).update(seen_at=now)
    return True


def leave(request: HttpRequest) -> None:
    """End what is open in this browser."""
    if key := key_of(request):
        Session.objects.filter(id=key).delete()
    logout(request)


def factors_of(request: HttpRequest) -> int:
    """By how many factors this browser's session was opened."""
    found = of(request)
    return found.factors if found else 0


def confirmed(request: HttpRequest, factors: int) -> None:
    """The person has just proved who they are, by so many factors: the session's key is a new one."""
    request.session.cycle_key()
    Session.objects.filter(id__in=filter(None, [key_of(request)])).update(confirmed_at=clock.now(), factors=factors)


def end(request: HttpRequest, call: Call, session: UUID) -> bool:
    """End one of one's own sessions; False where it is not one's own, or is over."""
    gone, _each = Session.objects.filter(id=session, account=own(request)).delete()
    if gone:
        trail.write(call, "staff.end_session", subject=("Session", str(session)))
    return bool(gone)


def end_others(account: Account, request: HttpRequest | None = None) -> int:
    """End all sessions of an account but the one of this browser."""
    rows = Session.objects.filter(account=account)
    if request is not None and (here := key_of(request)):
        rows = rows.exclude(id=here)
    return rows.delete()[0]


def end_own_others(request: HttpRequest, call: Call) -> int:
    """End all one's sessions but this one; how many they were."""
    account = own(request)
    gone = end_others(account, request)
    trail.write(call, "staff.end_sessions", detail={"count": gone})
    return gone


def take(limits: Mapping[str, rules.Limit], at: datetime) -> int:
    """Count a try under every key; the seconds to wait where it comes too early (then it is not counted)."""
    with transaction.atomic():
        FailedSignIn.objects.bulk_create(
            (FailedSignIn(key=key, last_at=at, next_at=at) for key in sorted(limits)), ignore_conflicts=True
        )
        rows = list(FailedSignIn.objects.select_for_update().filter(key__in=limits).order_by("key"))
        early = max((row.next_at - at).total_seconds() for row in rows)
        if early > 0:
            return ceil(early)
        for row in rows:
            limit = limits[row.key]
            row.failures = 1 + rules.remembered(row.failures, at - row.last_at, limit)
            row.last_at, row.next_at = at, at + rules.wait(row.failures, limit)
            row.save()
    return 0


def forgive(limits: Mapping[str, rules.Limit], own: str) -> None:
    """The try was right: it does not count, and what was counted under the caller's own key is forgotten."""
    FailedSignIn.objects.filter(key__in=limits, failures__gt=0).update(failures=F("failures") - 1, next_at=clock.now())
    FailedSignIn.objects.filter(key=own).delete()


def _second(account: Account, address: str) -> tuple[dict[str, rules.Limit], str]:
    name = f"second factor of {account.pk}"
    own = rules.attempt_key(name, address)
    return {own: rules.NAME_AT_ADDRESS, rules.attempt_key(name, ""): rules.WHOLE_ACCOUNT}, own


def take_second(account: Account, address: str) -> int:
    """Count a try at what only the owner of an account knows or has; the seconds to wait, or 0.

    Here the account as a whole is slowed too: only who knew its password, or sits in its session, comes this far.
    """
    return take(_second(account, address)[0], clock.now())


def forgive_second(account: Account, address: str) -> None:
    """That try was right."""
    forgive(*_second(account, address))


def forget_over() -> int:
    """Drop the sessions that nobody ended and that have grown as old as one may."""
    oldest = clock.now() - timedelta(hours=rule().longest_hours)
    return Session.objects.filter(created_at__lt=oldest).delete()[0]


def one_factor(account: Account) -> None:
    """The account has no second factor any more: its sessions stand on one."""
    Session.objects.filter(account=account).update(factors=1)
