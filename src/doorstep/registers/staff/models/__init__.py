"""People who work, their licences, titles and posts; accounts, failed sign-ins, keys of systems."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Q

from doorstep.kernel import clock
from doorstep.kernel.call import Scope
from doorstep.kernel.ids import new_id
from doorstep.kernel.spans import days, ends_after_start
from doorstep.kernel.store import ScopedRow, one_of
from doorstep.registers.staff import rules
from doorstep.registers.staff.models.rights import Grant, Proposal, RoleChange
from doorstep.registers.staff.models.signing import OldPassword, OutsideIdentity, Passkey, RecoveryCode, Session, Totp

__all__ = [
    "Account",
    "FailedSignIn",
    "Grant",
    "Licence",
    "OfPerson",
    "OldPassword",
    "OutsideIdentity",
    "Passkey",
    "Person",
    "Post",
    "Proposal",
    "RecoveryCode",
    "RoleChange",
    "Session",
    "SourceKey",
    "Title",
    "Totp",
]


class Person(ScopedRow):
    """A person who works in the district; seen by those whose bounds hold an institution of one of their posts."""

    number = models.CharField(max_length=30, null=True, unique=True)
    name = models.CharField(max_length=60)
    pinyin = models.CharField(max_length=200)
    initials = models.CharField(max_length=60)
    sex = models.CharField(max_length=1, default=rules.Sex.UNKNOWN.value)
    birth_date = models.DateField(null=True)
    profession = models.CharField(max_length=20, default=rules.Profession.OTHER.value)
    phone = models.CharField(max_length=40, default="", blank=True)

    class Meta:
        constraints = (
            one_of("sex", rules.Sex, "person_sex"),
            models.CheckConstraint(
                condition=Q(profession__in=sorted(map(str, rules.Profession))), name="person_profession"
            ),
        )
        indexes = (
            models.Index(fields=("pinyin", "id"), name="person_order"),
            models.Index(fields=("initials",), name="person_initials", opclasses=("varchar_pattern_ops",)),
        )

    def __str__(self) -> str:
        return self.name

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        return Q(id__in=Post.objects.within(scope).values("person"))


class OfPerson(ScopedRow):
    """A row that belongs to one person and is bounded with them."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="+")

    class Meta:
        abstract = True

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        return Q(person__in=Post.objects.within(scope).values("person"))


class Licence(OfPerson):
    """A certificate. Its number may hold the resident ID (医师资格证书编码), so pages show it masked."""

    kind = models.CharField(max_length=24)
    number = models.CharField(max_length=40)
    since = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        constraints = (
            ends_after_start("licence_period"),
            one_of("kind", rules.LicenceKind, "licence_kind"),
            models.UniqueConstraint(fields=("kind", "number"), name="licence_number_once"),
        )


class Title(OfPerson):
    """A professional title with its level; the level is a field of its own, never guessed from the words."""

    name = models.CharField(max_length=40)
    level = models.CharField(max_length=20)
    since = models.DateField(null=True)

    class Meta:
        constraints = (
            one_of("level", rules.TitleLevel, "title_level"),
            models.UniqueConstraint(fields=("person", "name"), name="title_once"),
        )


class Post(ScopedRow):
    """A person's work at an institution and department in a role, for a time. Published."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="+")
    organisation = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    department = models.CharField(max_length=12, default="", blank=True)
    role = models.CharField(max_length=30)
    duty = models.CharField(max_length=40, default="", blank=True)
    is_main = models.BooleanField(default=True)
    since = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        constraints = (
            ends_after_start("post_period"),
            one_of("role", rules.ROLES, "post_role"),
            ExclusionConstraint(
                name="post_once_a_day",
                expressions=[
                    ("person", RangeOperators.EQUAL),
                    ("organisation", RangeOperators.EQUAL),
                    ("department", RangeOperators.EQUAL),
                    ("role", RangeOperators.EQUAL),
                    (days(), RangeOperators.OVERLAPS),
                ],
            ),
        )

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        return Q(organisation__in=scope.organisations)


class Account(AbstractBaseUser):
    """What a person signs in with; it gives nothing by itself: rights come from posts.

    ``must_change`` where another person chose the password, ``password_at`` is when it was chosen.
    """

    id: Any = models.UUIDField(primary_key=True, default=new_id, editable=False)
    person = models.OneToOneField(Person, models.PROTECT, related_name="+")
    username = models.CharField(max_length=60, unique=True)
    is_active = models.BooleanField(default=True)
    must_change = models.BooleanField(default=False)
    password_at = models.DateTimeField(default=clock.now)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"
    objects = BaseUserManager()

    def __str__(self) -> str:
        return self.username


class FailedSignIn(models.Model):
    """How often sign-in failed of late for a name at an address, or at an address (hashed), and until when to wait."""

    key = models.CharField(max_length=64, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()
    next_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key


class SourceKey(ScopedRow):
    """A system of an institution that may send records: only the SHA-256 of its token is kept."""

    organisation = models.ForeignKey("organisations.Organisation", models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True)
    since = models.DateField()
    until = models.DateField(null=True)
    revoked_at = models.DateTimeField(null=True)
    made_by = models.CharField(max_length=100)

    class Meta:
        constraints = (ends_after_start("sourcekey_period"),)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def scope_filter(cls, scope: Scope) -> Q:
        return Q(organisation__in=scope.organisations)
