"""Roles and what each may do, certificates and how they are shown, and how long a failed sign-in makes one wait."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from doorstep.kernel.decision import Decision, allow, refuse
from doorstep.registers.staff.rules.duties import (
    GRANTABLE,
    Span,
    alone,
    apart,
    fit,
    grantable,
    held,
    keepers,
    oneself,
    reads_only,
    watching,
)
from doorstep.registers.staff.rules.roles import (
    DUTIES,
    GIVES_RIGHTS,
    GRAVES,
    OUTSIDE,
    REACHES,
    ROLES,
    SOURCE_PERMISSIONS,
    Duty,
    Grave,
    Reach,
    Role,
)

__all__ = [
    "CHOSEN_POST",
    "DUTIES",
    "FORGET_AFTER",
    "GIVES_RIGHTS",
    "GRANTABLE",
    "GRAVES",
    "LICENCES",
    "NAME_AT_ADDRESS",
    "OUTSIDE",
    "PROFESSIONS",
    "REACHES",
    "ROLES",
    "SEXES",
    "SOURCE_PERMISSIONS",
    "TITLE_LEVELS",
    "TOKEN_MARK",
    "WHOLE_ADDRESS",
    "Duty",
    "Grave",
    "LicenceKind",
    "Limit",
    "Profession",
    "Reach",
    "Role",
    "Sex",
    "Span",
    "TitleLevel",
    "alone",
    "apart",
    "attempt_key",
    "fit",
    "grantable",
    "held",
    "holds",
    "keepers",
    "licence_warning",
    "masked",
    "oneself",
    "period",
    "reads_only",
    "remembered",
    "token_digest",
    "username",
    "wait",
    "watching",
]


def _(text: str) -> str:
    return text


class Sex(StrEnum):
    """GB/T 2261.1-2003."""

    UNKNOWN = "0"
    MALE = "1"
    FEMALE = "2"
    UNSTATED = "9"


class Profession(StrEnum):
    """What a person is by training."""

    PHYSICIAN = "physician"
    NURSE = "nurse"
    PHARMACIST = "pharmacist"
    TECHNICIAN = "technician"
    PUBLIC_HEALTH = "public_health"
    VILLAGE_DOCTOR = "village_doctor"
    MANAGER = "manager"
    OTHER = "other"


class LicenceKind(StrEnum):
    """Certificates (consortium.md §9.5)."""

    PHYSICIAN_QUALIFICATION = "physician_qualification"
    PHYSICIAN_PRACTICE = "physician_practice"
    NURSE_PRACTICE = "nurse_practice"
    VILLAGE_DOCTOR = "village_doctor"


class TitleLevel(StrEnum):
    """Levels of professional titles."""

    UNKNOWN = "unknown"
    JUNIOR = "junior"
    INTERMEDIATE = "intermediate"
    ASSOCIATE_SENIOR = "associate_senior"
    SENIOR = "senior"


SEXES: Mapping[str, str] = {
    Sex.MALE: _("男"),
    Sex.FEMALE: _("女"),
    Sex.UNKNOWN: _("未知"),
    Sex.UNSTATED: _("未说明"),
}
PROFESSIONS: Mapping[str, str] = {
    Profession.PHYSICIAN: _("医师"),
    Profession.NURSE: _("护士"),
    Profession.PHARMACIST: _("药师"),
    Profession.TECHNICIAN: _("技师"),
    Profession.PUBLIC_HEALTH: _("公共卫生人员"),
    Profession.VILLAGE_DOCTOR: _("乡村医生"),
    Profession.MANAGER: _("管理人员"),
    Profession.OTHER: _("其他人员"),
}
LICENCES: Mapping[str, str] = {
    LicenceKind.PHYSICIAN_QUALIFICATION: _("医师资格证书"),
    LicenceKind.PHYSICIAN_PRACTICE: _("医师执业证书"),
    LicenceKind.NURSE_PRACTICE: _("护士执业证书"),
    LicenceKind.VILLAGE_DOCTOR: _("乡村医生执业证书"),
}
TITLE_LEVELS: Mapping[str, str] = {
    TitleLevel.UNKNOWN: _("级别不详"),
    TitleLevel.JUNIOR: _("初级"),
    TitleLevel.INTERMEDIATE: _("中级"),
    TitleLevel.ASSOCIATE_SENIOR: _("副高级"),
    TitleLevel.SENIOR: _("正高级"),
}

CHOSEN_POST = "post"
"""Under what the session keeps the post that its person chose."""


def holds(since: date, until: date | None, day: date) -> bool:
    """Whether the day lies within the period, both ends included."""
    return since <= day and (until is None or day <= until)


def period(since: date, until: date | None) -> Decision:
    """Whether a period (both days included, an open end None) does not end before it begins."""
    return refuse("period.reversed") if until is not None and until < since else allow()


def masked(number: str) -> str:
    """A certificate's number for a page: at most two characters at each end and a third in all, the rest stars."""
    shown = min(2, len(number) // 6)
    return number[:shown] + "*" * (len(number) - 2 * shown) + (number[-shown:] if shown else "")


_SHAPES: Mapping[str, str] = {
    LicenceKind.PHYSICIAN_QUALIFICATION: r"[0-9]{26}[0-9X]",
    LicenceKind.PHYSICIAN_PRACTICE: r"[12][0-9]{14}",
    LicenceKind.NURSE_PRACTICE: r"[0-9]{12}",
}


def licence_warning(kind: str, number: str) -> str:
    """A word of warning where a certificate's number has not the usual shape (old papers differ); else ""."""
    shape = _SHAPES.get(kind)
    return "licence.unusual" if shape and not re.fullmatch(shape, number) else ""


FORGET_AFTER = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Limit:
    """How failed sign-ins slow the next: so many are free, a wait is no longer than, one is forgiven after each; the
    first wait is twice the ``unit``."""

    free: int
    longest: timedelta
    forgiven_each: timedelta
    unit: timedelta = timedelta(seconds=1)


NAME_AT_ADDRESS = Limit(3, timedelta(minutes=5), FORGET_AFTER)
WHOLE_ADDRESS = Limit(30, timedelta(seconds=20), timedelta(minutes=1))
"""A whole hospital may stand behind one address: it is slowed, but never shut out by one who sits in it."""
WHOLE_ACCOUNT = Limit(20, timedelta(seconds=60), timedelta(minutes=10))
"""Guesses at a second factor, from wherever: who comes so far knew the password, so it slows by account."""


def wait(failures: int, limit: Limit = NAME_AT_ADDRESS) -> timedelta:
    """How long to wait after so many failures: nothing while they are free, then 2, 4, 8 … units to the longest."""
    if failures <= limit.free:
        return timedelta()
    return min(limit.unit * (1 << min(failures - limit.free, 20)), limit.longest)


def remembered(failures: int, idle: timedelta, limit: Limit = NAME_AT_ADDRESS) -> int:
    """How many failures still count after a time without any."""
    return 0 if idle > FORGET_AFTER else max(0, failures - idle // limit.forgiven_each)


def attempt_key(username: str, address: str) -> str:
    """Under what a failure is counted; hashed, because people type passwords where the name belongs."""
    return hashlib.sha256(f"{username.strip().casefold()}\n{address}".encode()).hexdigest()


def token_digest(token: str) -> str:
    """What is kept of a source system's token; the token has 256 random bits, so a plain SHA-256 does."""
    return hashlib.sha256(token.encode()).hexdigest()


TOKEN_MARK = "ds_"  # noqa: S105  a mark, not a secret
"""What every token begins with, so that one that lies about can be known for what it is."""

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,59}")


def username(text: str) -> Decision:
    """Whether a sign-in name has 2 to 60 small letters, digits, dots, lines, and begins with a letter or digit."""
    return allow() if _USERNAME.fullmatch(text) else refuse("username.shape")
