"""Sign-in through OpenID Connect, against panva's oidc-provider as a program of its own."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.test import Client
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from doorstep.adapters import openid
from doorstep.kernel.models import TrailLine
from doorstep.kernel.testing import callers
from doorstep.registers.organisations.tests import factory as places
from doorstep.registers.staff.actions import accounts, outside
from doorstep.registers.staff.models import Account, OutsideIdentity
from doorstep.registers.staff.tests import factory as staff
from tests.conformance.clients.live import installed, missing

HERE = Path(__file__).parent / "identity"
BACK = "http://testserver/sign-in/city/back"
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    node = shutil.which("node") or missing("node is not here, which runs the identity provider")
    installed(HERE)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    program = subprocess.Popen(
        [str(node), "provider.mjs", port, BACK], cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert program.stdout
        said = next((line for line in program.stdout if line.startswith("ready")), "")
        assert said, "the identity provider did not start"
        yield f"http://127.0.0.1:{port}"
    finally:
        program.terminate()
        program.wait(20)


@pytest.fixture
def city(issuer: str, settings: Any, tmp_path: Path) -> str:
    file = tmp_path / "identity.json"
    said = {
        "issuer": issuer, "client": "doorstep", "secret": "a-secret-of-the-test", "title": "市统一身份认证",
        "scope": "openid staff", "number_claim": "staff_number",
    }  # fmt: skip
    file.write_text(json.dumps(said))
    settings.DOORSTEP_IDENTITY = str(file)
    return issuer


def at_the_provider(address: str, name: str) -> str:
    """What a person does there: sign in by its own page, agree, and be sent back; the address back."""
    with httpx.Client(follow_redirects=False) as browser:
        answer = browser.get(address)
        for _ in range(12):
            if answer.is_redirect:
                where = str(answer.next_request.url) if answer.next_request else ""
                if where.startswith(BACK):
                    return where
                answer = browser.get(where)
                continue
            action = re.search(r'action="([^"]+)"', answer.text)
            assert action, answer.text[:500]
            prompt = "login" if 'name="login"' in answer.text else "consent"
            answer = browser.post(action[1], data={"prompt": prompt, "login": name, "password": "any"})
    raise AssertionError(answer.text[:500])


def come(client: Client, name: str) -> Any:
    """The whole way, by the button of the sign-in page."""
    return client.get(at_the_provider(client.get("/sign-in/city?next=/staff/")["Location"], name))


def test_who_is_linked_comes_in_and_who_is_not_does_not(city: str) -> None:
    district = places.make()
    found = staff.somebody(district.centre, "nurse", username="wang")
    accounts.link_identity(callers.system(), person=found.person_id, issuer=city, subject="wang@city")
    assert "市统一身份认证" in Client().get("/sign-in").content.decode()
    client = Client()
    assert come(client, "wang@city")["Location"] == "/staff/"
    assert client.get("/staff/").status_code == 200
    assert "city" in TrailLine.objects.get(action="staff.sign_in", outcome="done").detail["how"]
    before = Account.objects.count()
    stranger = Client()
    assert come(stranger, "stranger@city")["Location"].startswith("/sign-in?")
    assert stranger.get("/staff/").status_code == 302
    assert Account.objects.count() == before, "nobody is made an account"
    assert TrailLine.objects.get(action="staff.sign_in", outcome="refused").detail["reason"] == "no account"


def test_a_staff_number_that_the_provider_vouches_for_links_once(city: str) -> None:
    district = places.make()
    whom = staff.person("王小明", "QH77")
    staff.post(whom, district.centre, "nurse")
    staff.account(whom, "wang")
    assert come(Client(), "QH77@city")["Location"] == "/staff/"
    assert OutsideIdentity.objects.get().subject == "QH77@city"
    assert come(Client(), "QH77@another")["Location"].startswith("/sign-in?"), "a second subject is not the same person"


def test_an_own_second_factor_is_asked_all_the_same(city: str) -> None:
    from doorstep.kernel import sealing
    from doorstep.registers.staff.models import Totp

    found = staff.somebody(places.make().centre, "nurse", username="wang")
    accounts.link_identity(callers.system(), person=found.person_id, issuer=city, subject="wang@city")
    Totp.objects.create(account=found, secret=sealing.seal("JBSWY3DPEHPK3PXP", use=f"totp of {found.pk}"))
    client = Client()
    assert come(client, "wang@city")["Location"].startswith("/sign-in/second")
    assert client.get("/staff/").status_code == 302


def test_an_answer_is_of_this_browser_and_of_once(city: str) -> None:
    found = staff.somebody(places.make().centre, "nurse", username="wang")
    accounts.link_identity(callers.system(), person=found.person_id, issuer=city, subject="wang@city")
    mine, thief = Client(), Client()
    back = at_the_provider(mine.get("/sign-in/city")["Location"], "wang@city")
    thief.get("/sign-in/city")
    assert thief.get(back)["Location"].startswith("/sign-in?"), "state of another browser"
    assert thief.get("/staff/").status_code == 302
    assert mine.get(back)["Location"] == "/"
    mine.post("/sign-out")
    assert mine.get(back)["Location"].startswith("/sign-in?"), "the same answer again"


def test_the_provider_s_keys_change_and_sign_in_goes_on(city: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = staff.somebody(places.make().centre, "nurse", username="wang")
    accounts.link_identity(callers.system(), person=found.person_id, issuer=city, subject="wang@city")
    assert come(Client(), "wang@city")["Location"] == "/staff/"
    httpx.post(f"{city}/rotate")
    assert come(Client(), "wang@city")["Location"].startswith("/sign-in?"), "not fetched again within half a minute"
    monkeypatch.setattr(openid, "KEYS_EACH", 0)
    assert come(Client(), "wang@city")["Location"] == "/staff/"


def test_forged_tokens_are_refused(city: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and signatures that are not the provider's, and its own with one claim wrong."""
    seen: list[str] = []
    check = openid.Client.check
    monkeypatch.setattr(
        openid.Client, "check", lambda self, token, nonce: seen.append(token) or check(self, token, nonce)
    )
    found = staff.somebody(places.make().centre, "nurse", username="wang")
    accounts.link_identity(callers.system(), person=found.person_id, issuer=city, subject="wang@city")
    client = Client()
    start = client.get("/sign-in/city")["Location"]
    nonce = parse_qs(urlsplit(start).query)["nonce"][0]
    assert client.get(at_the_provider(start, "wang@city")).status_code == 302
    [token] = seen
    speaking = outside._speaking()
    assert check(speaking, token, nonce)["sub"] == "wang@city"
    claims = check(speaking, token, nonce)
    mine, public = RSAKey.generate_key(2048, {"kid": "first"}), OctKey.import_key("a-secret-of-the-test-that-is-long")
    none = ".".join([openid.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("="), token.split(".")[1], ""])
    forged = {
        "another key": jwt.encode({"alg": "RS256", "kid": "first"}, dict(claims), mine),
        "a shared secret": jwt.encode({"alg": "HS256"}, dict(claims), public),
        "no signature": none,
        "no token": "",
        "cut": token[:-8],
    }
    for what, text in forged.items():
        with pytest.raises(openid.Unproven):
            pytest.fail(f"{what}: {check(speaking, text, nonce)}")
    with pytest.raises(openid.Unproven, match="nonce"):
        check(speaking, token, "another")
    for field, value, why in (
        ("iss", "http://127.0.0.1:1", "iss"), ("aud", "another", "aud"), ("aud", ["doorstep", "another"], "aud"),
        ("exp", 1, "exp"), ("exp", "soon", "exp"), ("iat", 4_000_000_000, "exp"), ("sub", "", "sub"),
    ):  # fmt: skip
        monkeypatch.setattr(openid.Client, "_verified", lambda self, token, f=field, v=value: {**claims, f: v})
        with pytest.raises(openid.Unproven, match=why):
            check(speaking, token, nonce)


@pytest.mark.parametrize("address", ["http://city.example", "ftp://127.0.0.1", "file:///etc/passwd"])
def test_no_address_without_tls_is_asked(address: str) -> None:
    with pytest.raises(openid.Unproven, match="TLS"):
        openid.Client(openid.Provider(address, "x")).ask(BACK)
