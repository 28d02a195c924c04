"""Every answer of the house, good or bad, of pages and door, carries the headers that keep it where it belongs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.http import HttpResponse

from tests.faults.samples import addresses, ask_for
from tests.faults.two_sides import World, undone

ROOT = Path(__file__).parents[2]
EXACT = {
    "x-content-type-options": {"nosniff"},
    "x-frame-options": {"DENY"},
    "cross-origin-opener-policy": {"same-origin"},
    "cross-origin-resource-policy": {"same-origin"},
    "referrer-policy": {"same-origin", "no-referrer"},
}
RESTING = ("camera=()", "microphone=()", "geolocation=()")


def lacking(headers: Mapping[str, str]) -> list[str]:
    """What an answer does not say."""
    told = {name.lower(): value for name, value in headers.items()}
    bad = [name for name, allowed in EXACT.items() if told.get(name) not in allowed]
    policy = dict(part.strip().partition(" ")[::2] for part in told.get("content-security-policy", "").split(";"))
    if policy.get("default-src") != "'none'" or policy.get("frame-ancestors") != "'none'":
        bad.append("content-security-policy")
    if any("unsafe" in value or "*" in value for value in policy.values()):
        bad.append("unsafe content-security-policy")
    bad += [feature for feature in RESTING if feature not in told.get("permissions-policy", "")]
    if "cache-control" not in told:
        bad.append("cache-control")
    return bad


class Inline(HTMLParser):
    """Finds what the policy would not run: scripts and styles that stand in the page, and handlers in attributes."""

    def __init__(self, known: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self.known = known
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        known = dict(attrs).get("nonce") in self.known
        if (tag == "script" and "src" not in names) or (tag == "style" and not known):
            self.found.append(f"<{tag}>")
        self.found += [f"<{tag} {name}>" for name in names if name == "style" or name.startswith(("on", "hx-on"))]
        self.found += [f"<{tag} {n}={v}>" for n, v in attrs if v and v.strip().lower().startswith("javascript:")]


def inline(answer: HttpResponse) -> list[str]:
    """Scripts and styles within a page."""
    if answer.streaming or not answer.headers.get("Content-Type", "").startswith("text/html"):
        return []
    policy = answer.headers["Content-Security-Policy"]
    reader = Inline(frozenset(re.findall(r"'nonce-([\w-]{20,})'", policy)))
    reader.feed(answer.content.decode())
    return reader.found


@pytest.mark.parametrize("caller", ["administrator", "exchange_operator", "stranger"])
def test_every_address_by_every_method(world: World, caller: str) -> None:
    client, bad = world.clients[caller], []
    cookies = client.cookies.copy()
    for each in addresses():
        asked = ask_for(each.name, world, world.a)
        for method in ("get", "post", "put"):
            client.cookies = cookies.copy()
            with undone():
                answer = getattr(client, method)(asked.url if method == "get" else asked.path)
            if found := lacking(answer.headers) + inline(answer):
                bad.append(f"{method} {each.name} ({answer.status_code}): {found}")
    assert not bad, "\n".join(bad)


def test_what_goes_wrong(world: World) -> None:
    client = world.clients["administrator"]
    client.raise_request_exception = False
    try:
        answers = {
            "no such page": client.get("/nothing/here"),
            "no such file": client.get("/static/nothing.js"),
            "a forged host": client.get("/", HTTP_HOST="evil.example"),
            "no secret": _without_secret(world),
            "too many fields": client.post("/language", {f"f{n}": "1" for n in range(1200)}),
        }
    finally:
        client.raise_request_exception = True
    assert [a.status_code for a in answers.values()] == [404, 404, 400, 403, 400]
    assert not {name: bad for name, answer in answers.items() if (bad := lacking(answer.headers) + inline(answer))}


def _without_secret(world: World) -> HttpResponse:
    strict = type(world.clients["administrator"])(enforce_csrf_checks=True)
    return strict.post("/sign-in", {"username": "x", "password": "y"})


def test_files_of_the_house(world: World) -> None:
    assert finders.find("doorstep/doorstep.js")
    answer = world.clients["stranger"].get("/static/doorstep/doorstep.js")
    assert answer.status_code == 200
    assert not lacking(answer.headers)
    assert "no-store" not in answer.headers["Cache-Control"]


def test_a_cut_line_is_asked_for_and_answered_by_tls_alone(world: World) -> None:
    client = world.clients["stranger"]
    assert "Strict-Transport-Security" not in client.get("/sign-in").headers
    assert "max-age=31536000" in client.get("/sign-in", secure=True).headers["Strict-Transport-Security"]


def test_no_template_holds_a_script_or_style_of_its_own() -> None:
    bad = []
    for path in sorted((ROOT / "src").rglob("templates/**/*.html")):
        reader = Inline()
        reader.feed(path.read_text())
        bad += [f"{path.relative_to(ROOT)}: {found}" for found in reader.found]
    assert not bad, "\n".join(bad)
