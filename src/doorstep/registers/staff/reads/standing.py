"""Who somebody is: asked at the door, before there is a scope."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, Subquery

from doorstep.registers.staff.models import Account, Grant, Post, RoleChange, Session, SourceKey
from doorstep.registers.staff.rules import ROLES, held, token_digest
from doorstep.registers.staff.shapes import Standing

DOOR = "who somebody is, is asked before there is a scope"


def standings(account: UUID, day: date) -> tuple[Standing, ...]:
    """The posts that an account's person holds on the day with what each may do, the main one first; one query."""
    changed = RoleChange.objects.filter(role=OuterRef("role")).order_by("-version").values("permissions")[:1]
    granted = Grant.objects.unscoped(DOOR).filter(
        Q(post__isnull=True) | Q(post=OuterRef("id")), person=OuterRef("person"), organisation=OuterRef("organisation"),
        since__lte=day, until__gte=day, revoked_at__isnull=True,
    )  # fmt: skip
    rows = (
        Post.objects.unscoped(DOOR)
        .filter(Q(until__isnull=True) | Q(until__gte=day), since__lte=day, role__in=sorted(ROLES))
        .filter(person__in=Account.objects.filter(id=account, is_active=True).values("person"))
        .annotate(changed=Subquery(changed), granted=ArraySubquery(granted.values("permission")))
        .order_by("-is_main", "since", "id")
        .values_list("id", "person", "person__name", "organisation", "department", "role", "duty", "is_main",
                     "changed", "granted")
    )  # fmt: skip
    return tuple(
        Standing(post, person, name, place, department, role, duty, is_main, held(role, changed, granted))
        for post, person, name, place, department, role, duty, is_main, changed, granted in rows
    )


def key_holder(token: str, day: date) -> tuple[UUID, UUID, str] | None:
    """The key's id, its institution and its name, for a token that is good on the day; None for any other."""
    rows = SourceKey.objects.unscoped(DOOR).filter(
        Q(until__isnull=True) | Q(until__gte=day), digest=token_digest(token), since__lte=day, revoked_at__isnull=True
    )
    found: tuple[UUID, UUID, str] | None = rows.values_list("id", "organisation", "name").first()
    return found


def account_holder(account: UUID) -> tuple[UUID, str] | None:
    """The person behind an account, with their name."""
    return Account.objects.filter(id=account).values_list("person", F("person__name")).first()


def goes_on(account: UUID, session: UUID | None, since: datetime, oldest: datetime) -> bool:
    """Whether what a person began at a time may go on: their account is open and owes no password, which is older than
    that; and the session (where it rests on one) has neither been ended nor grown older than one may."""
    open_now = Account.objects.filter(id=account, is_active=True, must_change=False, password_at__lte=since).exists()
    if not open_now or session is None:
        return open_now
    return Session.objects.filter(id=session, account=account, created_at__gt=oldest).exists()


def administrators(day: date) -> frozenset[UUID]:
    """The open accounts of those who hold a post as administrator on the day."""
    posts = Post.objects.unscoped(DOOR).filter(
        Q(until__isnull=True) | Q(until__gte=day), since__lte=day, role="administrator"
    )
    known = Account.objects.filter(is_active=True, person__in=posts.values("person"))
    return frozenset(known.values_list("id", flat=True))
