"""How an account signs in, and where it is signed in: asked at the door and for the person alone."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

from django.contrib.auth.hashers import is_password_usable
from django.db.models import Exists, F, OuterRef

from doorstep.kernel import clock, ruleset
from doorstep.registers.staff.models import Account, OutsideIdentity, Passkey, RecoveryCode, Session, Totp
from doorstep.registers.staff.rules import signing as rules
from doorstep.registers.staff.shapes import Factors, PasskeyLine, SessionLine, Signed

SHOWN = 50  # sessions of one person; each ends within hours


def rule() -> rules.SignInRule:
    """The rule of today; asked once a minute, since every page needs it."""
    return _rule(int(clock.now().timestamp()) // 60)


@lru_cache(maxsize=1)
def _rule(minute: int) -> rules.SignInRule:
    return rules.read(ruleset.parameters(rules.RULE, clock.today(), {}))


def signed(session: UUID, account: UUID) -> Signed | None:
    """A session of an account, where it has not been ended; one query."""
    of = {"account": OuterRef("account")}
    either = Exists(Totp.objects.filter(**of)) | Exists(Passkey.objects.filter(**of))
    rows = Session.objects.filter(id=session, account=account).annotate(has_factor=either).values_list(
        "id", "created_at", "seen_at", "factors", "confirmed_at",
        "has_factor",
        F("account__must_change"), F("account__password_at"),
    )  # fmt: skip
    found = rows.first()
    return Signed(*found) if found else None


def has_second(account: UUID) -> bool:
    """Whether the account has a second factor."""
    return Totp.objects.filter(account=account).exists() or Passkey.objects.filter(account=account).exists()


def factors(account: UUID) -> Factors:
    """All by which an account proves who it is; four queries."""
    row = Account.objects.get(id=account)
    keys = Passkey.objects.filter(account=account).order_by("created_at")
    return Factors(
        password_at=row.password_at,
        has_password=is_password_usable(row.password),
        totp_since=Totp.objects.filter(account=account).values_list("created_at", flat=True).first(),
        passkeys=tuple(PasskeyLine(*found) for found in keys.values_list("id", "name", "created_at", "used_at")),
        recovery_left=RecoveryCode.objects.filter(account=account).count(),
    )


def sessions(account: UUID) -> tuple[SessionLine, ...]:
    """Where an account is signed in, the last seen first."""
    rows = Session.objects.filter(account=account).order_by("-seen_at", "id")[:SHOWN]
    return tuple(
        SessionLine(*row) for row in rows.values_list("id", "device", "address", "created_at", "seen_at", "factors")
    )


def outside_account(issuer: str, subject: str) -> UUID | None:
    """The account that is linked with a subject of an identity provider."""
    found: UUID | None = (
        OutsideIdentity.objects.filter(issuer=issuer, subject=subject).values_list("account", flat=True).first()
    )
    return found


def linked(issuer: str, person: UUID) -> str:
    """Who a person is at an identity provider; empty where they are not linked."""
    rows = OutsideIdentity.objects.filter(issuer=issuer, account__person=person)
    return rows.values_list("subject", flat=True).first() or ""
