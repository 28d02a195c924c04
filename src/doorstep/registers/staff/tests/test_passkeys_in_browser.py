"""Passkeys in a real Chromium with a virtual authenticator: made, used as second factor, and alone; pages for all."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from doorstep.kernel.models import TrailLine
from doorstep.kernel.testing.browser import at_widths, axe
from doorstep.registers.organisations.tests import factory as places
from doorstep.registers.staff.models import Passkey
from doorstep.registers.staff.tests import factory

AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


def enter(page: Any) -> None:
    page.goto("/sign-in")
    page.fill("input[name=username]", "wang")
    page.fill("input[name=password]", factory.PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_url(lambda url: not url.endswith("/sign-in"))


@pytest.mark.django_db(transaction=True)
def test_a_passkey_is_made_and_opens(open_page: Callable[..., Any], transactional_db: None) -> None:
    factory.somebody(places.make().centre, "nurse", username="wang")
    page = open_page()
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    key = devices.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})["authenticatorId"]
    enter(page)
    page.goto("/me/passkey")
    page.fill("input[name=name]", "办公室电脑")
    page.get_by_role("button", name="添加").click()
    page.locator("#codes li").first.wait_for()
    assert page.locator("#codes li").count() == 10
    page.goto("/me/security")
    page.get_by_text("办公室电脑").first.wait_for()
    for _ in at_widths(page):
        axe(page)
    page.goto("/me/totp")
    page.locator("svg.segno").wait_for()
    for _ in at_widths(page):
        axe(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.request.post(
        "/sign-out", form={"csrfmiddlewaretoken": page.locator("input[name=csrfmiddlewaretoken]").first.input_value()}
    )
    enter(page)
    assert "/sign-in/second" in page.url
    page.get_by_role("button", name="用通行密钥").click()
    page.wait_for_url(lambda url: "sign-in" not in url)
    page.context.clear_cookies()
    page.goto("/sign-in?next=/staff/")
    page.get_by_role("button", name="用通行密钥登录").click()
    page.wait_for_url(lambda url: url.endswith("/staff/") and "sign-in" not in url)
    ways = TrailLine.objects.filter(action="staff.sign_in").order_by("pk").values_list("detail__how", flat=True)
    assert list(ways) == ["password", "password, passkey", "passkey"]
    assert Passkey.objects.get().uses > 0
    devices.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": key})


@pytest.mark.django_db
@pytest.mark.parametrize(
    "response", ["", "{}", "[]", "null", json.dumps({"id": "AA", "rawId": "AA", "response": {}}), "\0"]
)
def test_nonsense_opens_nothing(response: str, db: None) -> None:
    client = Client()
    assert "challenge" in client.post("/sign-in/passkey", {"options": "1"}).json()["publicKey"]
    assert client.post("/sign-in/passkey", {"response": response})["Location"].startswith("/sign-in")
    assert TrailLine.objects.filter(action="staff.sign_in", outcome="refused").count() == 1
    found = factory.client_of(factory.somebody(places.make().centre))
    found.post("/me/passkey", {"options": "1"})
    assert found.post("/me/passkey", {"response": response})["Location"] == "/me/passkey"
    assert not Passkey.objects.exists()
