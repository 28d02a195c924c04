"""One's own second factor: the generator of codes, recovery codes on paper, and what takes them away."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest

from doorstep.kernel import clock, sealing, trail
from doorstep.kernel.act import confirmed
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.registers.staff.actions import sessions
from doorstep.registers.staff.models import Account, RecoveryCode, Totp
from doorstep.registers.staff.reads.signing import has_second
from doorstep.registers.staff.rules import signing as rules

OFFERED = "totp"
"""Under what a session keeps the sealed secret that its person is putting into a telephone."""


def _use(account: Account) -> str:
    return f"totp of {account.pk}"


def is_right(account: Account, code: str) -> str:
    """What a code was, ``totp`` or ``recovery``, if it opens now; it opens once, and never again."""
    plain = "".join(code.split())
    if plain.isascii() and plain.isdigit():
        return "totp" if _is_generated(account, plain) else ""
    digest = rules.recovery_digest(account.pk, plain)
    gone, _each = RecoveryCode.objects.filter(account=account, digest=digest).delete()
    return "recovery" if gone else ""


def _is_generated(account: Account, code: str) -> bool:
    row = Totp.objects.filter(account=account).first()
    if row is None:
        return False
    secret = sealing.unseal(row.secret, use=_use(account))
    step = rules.matching_step(secret, code, clock.now(), row.last_step)
    # Of two at once with one code, the database lets one through.
    return step is not None and bool(Totp.objects.filter(id=row.id, last_step__lt=step).update(last_step=step))


def offer_totp(request: HttpRequest, call: Call) -> tuple[str, str]:
    """A secret for one's telephone, and its otpauth address; the same until it is taken or the session ends."""
    demand(confirmed(call))
    account = sessions.own(request)
    sealed = request.session.get(OFFERED)
    if sealed is None:
        sealed = request.session[OFFERED] = sealing.seal(rules.new_secret(), use=_use(account))
    secret = sealing.unseal(sealed, use=_use(account))
    return secret, rules.totp_address(secret, account.username, "家门口")


def take_totp(request: HttpRequest, call: Call, code: str) -> tuple[str, ...]:
    """Take the offered secret once its first code is right, in place of an earlier one; other sessions end.

    Returns fresh recovery codes where the account has none yet. Raises ``Refused``.
    """
    demand(confirmed(call))
    account, sealed = sessions.own(request), request.session.get(OFFERED, "")
    secret = sealing.unseal(sealed, use=_use(account)) if sealed else ""
    step = rules.matching_step(secret, "".join(code.split()), clock.now(), 0) if secret else None
    if step is None:
        trail.write(call, "staff.add_factor", outcome="refused", detail={"kind": "totp"})
        raise Refused(refuse("code.wrong"))
    with transaction.atomic():
        Totp.objects.update_or_create(
            account=account, defaults={"secret": sealed, "last_step": step, "created_at": clock.now()}
        )
        fresh = added(request, call, account, "totp")
    del request.session[OFFERED]
    return fresh


def added(request: HttpRequest, call: Call, account: Account, kind: str) -> tuple[str, ...]:
    """What follows a new factor: the line, two factors here, other sessions ended, recovery codes where none are."""
    trail.write(call, "staff.add_factor", subject=("Person", str(account.person_id)), detail={"kind": kind})
    sessions.end_others(account, request)
    sessions.confirmed(request, 2)
    has_codes = RecoveryCode.objects.filter(account=account).exists()
    return () if has_codes else _write_codes(account)


def _write_codes(account: Account) -> tuple[str, ...]:
    codes = rules.new_recovery_codes()
    RecoveryCode.objects.filter(account=account).delete()
    RecoveryCode.objects.bulk_create(
        RecoveryCode(account=account, digest=rules.recovery_digest(account.pk, code)) for code in codes
    )
    return codes


def new_codes(request: HttpRequest, call: Call) -> tuple[str, ...]:
    """Fresh recovery codes in place of all earlier ones; they are told this once. Raises ``Refused``."""
    demand(confirmed(call))
    account = sessions.own(request)
    if not has_second(account.pk):
        raise Refused(refuse("factor.none"))
    with transaction.atomic():
        codes = _write_codes(account)
        trail.write(call, "staff.new_recovery_codes", subject=("Person", str(account.person_id)))
    return codes


def remove_totp(request: HttpRequest, call: Call) -> None:
    """Take one's generator of codes away. Raises ``Refused``."""
    demand(confirmed(call))
    account = sessions.own(request)
    with transaction.atomic():
        gone, _each = Totp.objects.filter(account=account).delete()
        if not gone:
            raise Refused(refuse("not_found", kind="Factor"))
        removed(call, account, "totp")


def removed(call: Call, account: Account, kind: str) -> None:
    """What follows a factor's end: the line, and without any other factor no recovery codes either."""
    trail.write(call, "staff.remove_factor", subject=("Person", str(account.person_id)), detail={"kind": kind})
    if not has_second(account.pk):
        RecoveryCode.objects.filter(account=account).delete()
        sessions.one_factor(account)
