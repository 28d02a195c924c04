"""A small district that stands: institutions, staff with accounts, residents with records, bad messages to mend."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from doorstep.kernel import postgres
from doorstep.site.demo.bundles import bundles
from doorstep.site.demo.district import make_district
from doorstep.site.demo.issues import Issue, issues
from doorstep.site.demo.people import Person, residents
from doorstep.site.demo.shapes import District
from tests.journeys.crowd import Crowd

RESIDENTS = 60


@dataclass(frozen=True)
class Standing:
    """The district, its residents, what each institution sent of them, the bad messages, and how to sign in."""

    district: District
    people: tuple[Person, ...]
    sent: tuple[tuple[str, bytes], ...]
    issues: tuple[Issue, ...]
    passwords: dict[str, str]


@pytest.fixture
def standing(transactional_db: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Standing:
    """The demo's own ways in, on the test's database; accounts are made in a home of the test's own."""
    from doorstep.site import demo_house

    monkeypatch.setattr(postgres, "home", lambda: tmp_path)
    district = make_district(1)
    people = tuple(islice(residents(district, RESIDENTS, 1), RESIDENTS))
    demo_house._load(district)
    demo_house._accounts(district)
    sent = []
    for source, name, body in bundles(district, people, 1):
        demo_house._send(source, [(name, body)])
        sent.append((source, body))
    demo_house._send_issues(district, 1)
    accounts = json.loads((tmp_path / "demo_accounts.json").read_text())
    passwords = {name: secret for name, (_, secret) in accounts.items()}
    return Standing(district, people, tuple(sent), issues(district, 1), passwords)


@pytest.fixture
def sign_in(open_page: Callable[..., Any], standing: Standing) -> Callable[..., Any]:
    """Open a fresh page and sign a demo account in, as a person does."""

    def enter(username: str, width: int = 1280, language: str = "zh-CN") -> Any:
        page = open_page(width=width, language=language)
        page.goto("/")
        page.fill("input[name=username]", username)
        page.fill("input[name=password]", standing.passwords[username])
        page.press("input[name=password]", "Enter")
        page.wait_for_url(lambda url: "sign-in" not in url)
        return page

    return enter


@pytest.fixture
def crowd(open_page: Callable[..., Any], live_server: Any, settings: Any, tmp_path: Path) -> Crowd:
    """Staff and residents, each in a browser of their own; short messages go into a file of the test."""
    settings.DOORSTEP_MESSAGES = str(tmp_path / "messages.json")
    return Crowd(open_page, str(live_server.url), tmp_path / "messages.jsonl")
