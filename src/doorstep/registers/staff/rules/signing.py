"""Passwords, second factors and sessions: what GB/T 22239-2019 §8.1.4.1 (身份鉴别) asks of level 3, as numbers.

The norm names no numbers; these are the defaults of consortium.md §11.3. A dated rule ``staff.sign_in`` may say others.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from hmac import compare_digest
from ipaddress import ip_address, ip_network
from typing import Any

import pyotp

from doorstep.kernel.decision import Decision, allow, refuse

RULE = "staff.sign_in"
PRIVILEGED = (
    "administrator", "auditor", "bureau_manager", "consortium_manager", "hospital_manager", "privacy_officer",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SignInRule:
    """The numbers of a day. ``near`` are the networks from which nobody is remote; without any, nobody ever is."""

    length: int = 10
    classes: int = 3
    phrase: int = 16
    """From this length on a pass-phrase needs no classes."""
    history: int = 5
    change_days: int = 90
    idle_privileged: int = 15
    idle: int = 30
    longest_hours: int = 12
    privileged: tuple[str, ...] = PRIVILEGED
    second_factor: tuple[str, ...] = PRIVILEGED
    near: tuple[str, ...] = ()


def read(parameters: Mapping[str, Any]) -> SignInRule:
    """The rule of a day from its parameters; what they do not say stays as above."""
    known = {field.name for field in fields(SignInRule)} & set(parameters)
    said: dict[str, Any] = {name: parameters[name] for name in known}
    lists = {name: tuple(value) for name, value in said.items() if isinstance(value, list)}
    return SignInRule(**said | lists)


def is_privileged(rule: SignInRule, roles: Collection[str]) -> bool:
    """Whether one of the roles can change who may what, or sees the whole trail."""
    return not set(roles).isdisjoint(rule.privileged)


def is_remote(rule: SignInRule, address: str) -> bool:
    """Whether an address lies outside the networks of the house; also one that cannot be read."""
    if not rule.near:
        return False
    try:
        found = ip_address(address)
    except ValueError:
        return True
    return not any(found in ip_network(near) for near in rule.near)


_CLASSES = (re.compile(r"[a-z]"), re.compile(r"[A-Z]"), re.compile(r"[0-9]"), re.compile(r"[^a-zA-Z0-9]"))
_VARIED = 6  # signs that differ in a pass-phrase, so that sixteen times one key is none


def password(text: str, rule: SignInRule, likes: Iterable[str] = ()) -> Decision:
    """Whether a password is long and mixed enough, or a pass-phrase, and holds none of what its owner is known by."""
    if len(text) < rule.length:
        return refuse("password.short", length=rule.length)
    is_phrase = len(text) >= rule.phrase and len(set(text)) >= _VARIED
    if not is_phrase and sum(bool(one.search(text)) for one in _CLASSES) < rule.classes:
        return refuse("password.classes", classes=rule.classes, phrase=rule.phrase)
    plain = _plain(text)
    if any(known in plain for known in map(_plain, likes) if _telling(known)):
        return refuse("password.like")
    return allow()


def _plain(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _telling(known: str) -> bool:
    """Whether a part is long enough to give somebody away; two Chinese characters are a name."""
    return len(known) >= (4 if known.isascii() else 2)


def owed(
    rule: SignInRule, *, roles: Collection[str], factors: int, remote: bool, must_change: bool, age: timedelta
) -> str:
    """What a signed-in person must do first, as the reason of a refusal; empty where nothing is owed."""
    if must_change:
        return "password.change"
    if is_privileged(rule, roles) and age > timedelta(days=rule.change_days):
        return "password.old"
    if factors < 2 and (remote or not set(roles).isdisjoint(rule.second_factor)):
        return "factor.first"
    return ""


def is_over(rule: SignInRule, *, since: datetime, seen: datetime, at: datetime, privileged: bool) -> bool:
    """Whether a session has lain idle too long, or is as old as one may grow."""
    idle = timedelta(minutes=rule.idle_privileged if privileged else rule.idle)
    return at - seen > idle or at - since > timedelta(hours=rule.longest_hours)


SEEN_EACH = timedelta(minutes=1)
"""A session that is in use is written down once a minute, not with every request."""
PENDING = timedelta(minutes=5)
"""How long a right password waits for its second factor."""


def matching_step(secret: str, code: str, at: datetime, after: int) -> int | None:
    """The 30-second step (RFC 6238) whose code this is: now, the one before or behind, but none up to ``after``."""
    totp, now = pyotp.TOTP(secret), int(at.timestamp()) // 30
    steps = [
        step for step in (now - 1, now, now + 1) if compare_digest(totp.generate_otp(step).encode(), code.encode())
    ]
    return next((step for step in steps if step > after), None)


def totp_address(secret: str, username: str, house: str) -> str:
    """The otpauth address that a QR code carries to the person's telephone."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=house)


def new_secret() -> str:
    """A fresh secret of 160 bits, as RFC 4226 recommends."""
    return pyotp.random_base32()


RECOVERY_CODES = 10
_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"  # without i, l, o, 0 and 1


def new_recovery_codes() -> tuple[str, ...]:
    """Ten codes of four times four signs, 79 bits each, easily read from paper."""
    return tuple(
        "-".join("".join(secrets.choice(_SIGNS) for _ in range(4)) for _ in range(4)) for _ in range(RECOVERY_CODES)
    )


def recovery_digest(owner: object, code: str) -> str:
    """What is kept of a recovery code; it is random, so one SHA-256 with its owner does."""
    return hashlib.sha256(f"{owner}\n{_plain(code)}".encode()).hexdigest()


_BROWSERS = (
    ("MicroMessenger/", "微信"), ("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
    ("Mac OS", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def device(agent: str) -> str:
    """A browser and its system in a few words, from what the browser says of itself; empty where it says nothing."""
    parts = (next((name for mark, name in known if mark in agent), "") for known in (_BROWSERS, _SYSTEMS))
    return " · ".join(filter(None, parts)) or agent[:40]
