"""Passwords, codes and sessions as rules: with properties."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.registers.staff.rules import signing as rules

RULE = rules.SignInRule()
AT = datetime(2026, 1, 1, tzinfo=UTC)
LIKES = ("wangxm", "王小明", "wangxiaoming", "QH0017", "13900000000")


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("Ab3-short", "password.short"),
        ("onlysmallletters"[:15], "password.classes"),
        ("1234567890", "password.classes"),
        ("aaaaaaaaaaaaaaaaaaaa", "password.classes"),
        ("Wangxm-2026-x", "password.like"),
        ("我是王小明Abc123", "password.like"),
        ("Ab-13900000000", "password.like"),
        ("Horse-stable-9", ""),
        ("four plain words here", ""),
    ],
)
def test_what_a_password_must_be(password: str, reason: str) -> None:
    assert rules.password(password, RULE, LIKES).reason == reason


@given(st.text(max_size=40))
def test_what_is_taken_is_long_and_mixed_or_a_phrase(text: str) -> None:
    if rules.password(text, RULE).allowed:
        kinds = sum(any(map(test, text)) for test in (
            lambda c: "a" <= c <= "z", lambda c: "A" <= c <= "Z", lambda c: "0" <= c <= "9",
            lambda c: not (c.isascii() and c.isalnum()),
        ))  # fmt: skip
        assert len(text) >= 10
        assert kinds >= 3 or len(text) >= 16


@given(st.integers(-3, 3), st.integers(-3, 3))
def test_a_code_is_taken_around_its_time_and_never_twice(off: int, used: int) -> None:
    secret, step = rules.new_secret(), int(AT.timestamp()) // 30
    code = pyotp.TOTP(secret).generate_otp(step + off)
    found = rules.matching_step(secret, code, AT, step + used)
    assert found == (step + off if abs(off) <= 1 and off > used else None) or found in {step - 1, step, step + 1}
    if found is not None:
        assert rules.matching_step(secret, code, AT, found) in {None, *range(found + 1, step + 2)}


@given(st.integers(0, 2000), st.integers(0, 2000), st.booleans())
def test_a_session_is_over_by_idleness_or_age(idle: int, age: int, privileged: bool) -> None:
    over = rules.is_over(
        RULE, since=AT - timedelta(minutes=age), seen=AT - timedelta(minutes=idle), at=AT, privileged=privileged
    )
    assert over == (idle > (15 if privileged else 30) or age > 720)


def test_what_is_owed_in_which_order() -> None:
    said = {"roles": {"administrator"}, "factors": 1, "remote": False, "must_change": True, "age": timedelta(days=91)}
    assert rules.owed(RULE, **said) == "password.change"
    assert rules.owed(RULE, **said | {"must_change": False}) == "password.old"
    assert rules.owed(RULE, **said | {"must_change": False, "age": timedelta()}) == "factor.first"
    assert rules.owed(RULE, **said | {"must_change": False, "age": timedelta(), "factors": 2}) == ""
    nurse = said | {"roles": {"nurse"}, "must_change": False}
    assert rules.owed(RULE, **nurse) == ""
    assert rules.owed(RULE, **nurse | {"remote": True}) == "factor.first"


@pytest.mark.parametrize(
    ("address", "remote"), [("10.1.1.1", False), ("203.0.113.1", True), ("x", True), ("::1", True)]
)
def test_who_is_remote(address: str, remote: bool) -> None:
    rule = rules.read({"near": ["10.0.0.0/8"], "unknown": 1})
    assert rules.is_remote(rule, address) is remote
    assert rules.is_remote(RULE, address) is False


def test_a_device_in_a_few_words() -> None:
    assert rules.device("Mozilla/5.0 (iPhone) Safari/605.1") == "Safari · iPhone"
    assert rules.device("curl/8") == "curl/8"
    assert rules.device("") == ""


@given(st.uuids(), st.uuids())
def test_recovery_codes_are_their_owner_s(one: object, other: object) -> None:
    code = rules.new_recovery_codes()[0]
    assert rules.recovery_digest(one, code.upper().replace("-", " ")) == rules.recovery_digest(one, code)
    assert (rules.recovery_digest(one, code) == rules.recovery_digest(other, code)) == (one == other)
