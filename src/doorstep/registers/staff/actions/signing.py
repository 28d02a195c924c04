"""Sign-in, with waits that grow for one name at one address, and for one address; never for a name alone.

So nobody can keep somebody else out from afar. A try is counted before its password is looked at, so that many at once
are many tries.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from math import ceil
from uuid import UUID

from django.contrib.auth import authenticate, login, logout
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest

from doorstep.kernel import clock, trail
from doorstep.kernel.call import NOWHERE, Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.registers.staff import rules
from doorstep.registers.staff.models import Account, FailedSignIn
from doorstep.registers.staff.reads.standing import standings
from doorstep.registers.staff.shapes import SignedIn, Standing


def sign_in(request: HttpRequest, *, username: str, password: str, address: str) -> SignedIn:
    """Check a name and its password and open the session; what was wrong is not told. Every outcome is trailed."""
    limits = {
        rules.attempt_key(username, address): rules.NAME_AT_ADDRESS,
        rules.attempt_key("", address): rules.WHOLE_ADDRESS,
    }
    if seconds := _take(limits, clock.now()):
        _trail_stranger(address, "slowed", username)
        return SignedIn(None, seconds)
    account = authenticate(request, username=username, password=password)
    if not isinstance(account, Account):
        _trail_stranger(address, "refused", username)
        return SignedIn(None)
    rows = FailedSignIn.objects.filter(key__in=limits, failures__gt=0)
    rows.update(failures=F("failures") - 1, next_at=clock.now())
    FailedSignIn.objects.filter(key=rules.attempt_key(username, address)).delete()
    login(request, account)
    person = account.person
    trail.write(Call(f"staff:{person.id}", person.name, clock.now(), NOWHERE), "staff.sign_in", detail={"at": address})
    return SignedIn(account.pk)


def _take(limits: Mapping[str, rules.Limit], at: datetime) -> int:
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


def _trail_stranger(address: str, outcome: str, username: str) -> None:
    """A stranger's try; the name is told only where it is somebody's, for people type passwords there."""
    known = Account.objects.filter(username=username).values_list("person", flat=True).first()
    caller = Call(f"stranger:{address}"[:100], "", clock.now(), NOWHERE)
    trail.write(caller, "staff.sign_in", outcome=outcome, subject=("Person", str(known or "")))


def sign_out(request: HttpRequest, call: Call) -> None:
    """End the session."""
    logout(request)
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
    """Drop the counts of failures that nobody remembers; run daily."""
    old = clock.now() - rules.FORGET_AFTER
    return FailedSignIn.objects.filter(last_at__lt=old, next_at__lt=clock.now()).delete()[0]
