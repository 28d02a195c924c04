"""Rate limits of pages and door: the noisy one waits, and nobody else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from doorstep.kernel.rates import Buckets, Rate
from doorstep.registers.organisations.tests import factory as district
from doorstep.registers.staff.tests import factory as staff
from doorstep.site.limits import place
from tests.served import Served, said, served

__all__ = ["served"]
pytestmark = pytest.mark.django_db


@dataclass
class Two:
    """Two who are signed in, at one address."""

    noisy: Client
    calm: Client


@pytest.fixture
def two(settings: Any) -> Two:
    """Pages with small buckets."""
    settings.RATE_ACCOUNT, settings.RATE_ADDRESS = Rate(0.01, 5), Rate(0.01, 3)
    found = district.make()
    people = [staff.somebody(found.lead, "nurse", name, name) for name in ("noisy", "calm")]
    return Two(*(staff.client_of(each) for each in people))


def program(*clients: Client) -> None:
    """Let clients share one program: buckets live as long as it."""
    handler = Client().handler
    for each in clients:
        each.handler = handler


def codes(client: Client, times: int, path: str = "/", **more: Any) -> list[int]:
    """What a client is answered, again and again."""
    return [client.get(path, **more).status_code for _ in range(times)]


def test_the_noisy_one_waits_and_nobody_else(two: Two) -> None:
    stranger = Client()
    program(two.noisy, two.calm, stranger)
    assert codes(two.noisy, 8) == [200] * 5 + [429] * 3
    assert codes(two.calm, 3) == [200] * 3, "another account at the same address"
    assert codes(stranger, 5, "/sign-in") == [200] * 3 + [429] * 2
    assert codes(stranger, 2, "/sign-in", REMOTE_ADDR="10.0.0.7") == [200] * 2, "another address"
    assert codes(two.calm, 2) == [200] * 2, "who is signed in does not wait for strangers"
    assert codes(stranger, 2, "/healthz") == [200] * 2


def test_a_forged_cookie_or_header_is_no_way_round(two: Two) -> None:
    stranger = Client()
    program(stranger)
    seen = []
    for n in range(6):
        stranger.cookies["sessionid"] = f"{n:032d}"
        seen.append(stranger.get("/sign-in", headers={"X-Forwarded-For": f"1.2.3.{n}"}).status_code)
    assert seen == [200] * 3 + [429] * 3


def test_it_is_said_in_words_and_when_to_come_again(two: Two) -> None:
    program(two.noisy)
    codes(two.noisy, 5)
    answer = two.noisy.get("/", headers={"Accept-Language": "zh-CN"})
    assert answer.status_code == 429
    assert 90 <= int(answer.headers["Retry-After"]) <= 100
    assert f"请等 {answer.headers['Retry-After']} 秒再试" in answer.content.decode()
    assert "frame-ancestors" in answer.headers["Content-Security-Policy"]


def test_addresses_of_one_subscriber_count_together() -> None:
    assert place("2001:db8:1:2:3::4") == place("2001:db8:1:2:ffff::1")
    assert place("2001:db8:1:2::1") != place("2001:db8:1:3::1")
    assert place("10.0.0.1") != place("10.0.0.2")
    assert place("::ffff:10.0.0.1") != place("::ffff:10.0.0.2")
    assert place("unknown") == "unknown"


def test_the_door_by_key_and_by_address(served: Served) -> None:
    house = served.door.house
    kept = house._keys, house._strangers
    house._keys, house._strangers = Buckets(Rate(0.01, 4)), Buckets(Rate(0.01, 2))
    try:
        assert [served.get("Patient?_count=1").status_code for _ in range(6)] == [200] * 4 + [429] * 2
        refused = served.get("Patient?_count=1")
        assert said(refused) == (429, "rate-limited")
        assert 90 <= int(refused.headers["retry-after"]) <= 100
        assert served.get("Patient?_count=1", key=served.key_b).status_code == 200, "another key"
        assert [served.get("Patient", key="wrong").status_code for _ in range(4)] == [401] * 2 + [429] * 2
        assert served.get("Patient?_count=1", key=served.key_b).status_code == 200, "a good key from that address"
    finally:
        house._keys, house._strangers = kept
