"""Passwords: which are good enough, and the change of one's own."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.hashers import check_password, is_password_usable, make_password
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest

from doorstep.kernel import clock, trail
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.registers.staff.actions import sessions
from doorstep.registers.staff.models import Account, OldPassword
from doorstep.registers.staff.reads.breaches import is_breached
from doorstep.registers.staff.reads.signing import rule
from doorstep.registers.staff.rules import signing as rules


@cache
def _common() -> CommonPasswordValidator:
    return CommonPasswordValidator()


def demand_good(account: Account, password: str) -> None:
    """Raise ``Refused`` for a password that is weak, common, has leaked, or is one of the last."""
    person = account.person
    likes = (account.username, person.name, person.pinyin, person.number or "", person.phone)
    today = rule()
    demand(rules.password(password, today, likes))
    try:
        _common().validate(password)
    except ValidationError as error:
        raise Refused(refuse("password.common")) from error
    if is_breached(password, settings.DOORSTEP_BREACHED):
        raise Refused(refuse("password.breached"))
    old = OldPassword.objects.filter(account=account).order_by("-created_at")[: max(0, today.history - 1)]
    before = [account.password, *old.values_list("password", flat=True)]
    if any(is_password_usable(one) and check_password(password, one) for one in before if one):
        raise Refused(refuse("password.reused", count=today.history))


def keep(account: Account, password: str, *, must_change: bool) -> None:
    """Write a good password down; the one before is remembered, so that it does not come again soon."""
    keep_encoded(account, make_password(password), must_change=must_change)


def keep_encoded(account: Account, encoded: str, *, must_change: bool) -> None:
    """The same, of a good password that was encoded when it was chosen."""
    if account.password and not account._state.adding:
        OldPassword.objects.create(account=account, password=account.password)
    account.password = encoded
    account.must_change, account.password_at = must_change, clock.now()


def change_own(request: HttpRequest, call: Call, *, old: str, new: str, address: str) -> int:
    """Give oneself a new password, knowing the old one; all other sessions end. Raises ``Refused``; else 0, or the
    seconds to wait where the old one was guessed at too often."""
    account = sessions.own(request)
    if seconds := sessions.take_second(account, address):
        return seconds
    try:
        with transaction.atomic():
            demand_known(account, old)
            demand_good(account, new)
            keep(account, new, must_change=False)
            account.save()
            sessions.end_others(account, request)
            trail.write(call, "staff.change_password", subject=("Person", str(account.person_id)))
    except Refused as refused:
        said = {"reason": refused.decision.reason}
        trail.write(
            call, "staff.change_password", outcome="refused", subject=("Person", str(account.person_id)), detail=said
        )
        refused.trailed = True
        raise
    sessions.forgive_second(account, address)
    update_session_auth_hash(request, account)
    sessions.confirmed(request, sessions.factors_of(request))
    return 0


def demand_known(account: Account, password: str) -> None:
    """Raise ``Refused`` unless it is the account's password."""
    if not (is_password_usable(account.password) and check_password(password, account.password)):
        raise Refused(refuse("password.wrong"))
