"""Beside the tables of tests/access: what is shown to whom, forms without their secret, another's things mixed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from doorstep.registers.staff.rules import ROLES, Reach
from tests.faults.samples import FORMS, PATHS, addresses, ask_for
from tests.faults.two_sides import MARKUP, WORD, World, fingerprint

REFUSED = {403, 404, 409, 422}

MACHINES = {"apps:token", "apps:introspect", "apps:revoke"}
"""Endpoints that apps call: no cookie counts there, an app proves itself with each request."""
DOORS = ("imaging:door", "imaging:door_study")
"""Taken with a session, and then with its secret, or with a token of its own: who has neither is asked for one."""


SENDERS = {"endpoints:upload": "exchange_operator"}
"""Who may send a file where an administrator may not: of anybody else it is refused before its form is read."""


def everywhere(caller: str) -> bool:
    """Whether the whole district is within the caller's bounds."""
    return caller in ROLES and ROLES[caller].reach is Reach.DISTRICT


def test_every_address_has_a_sample() -> None:
    names = {address.name for address in addresses()}
    assert names == set(PATHS), "an address is new or gone: see tests/faults/samples.py"
    assert set(FORMS) <= names


def leaks(caller: str, what: str, answer: HttpResponse) -> list[str]:
    """Whether B's word is shown to one whose bounds hold A alone, or A's markup to anyone."""
    body = answer.getvalue().decode("utf-8", "replace")  # of a stream too
    found = []
    if WORD in body.replace(f'value="{WORD}"', "") and not everywhere(caller):  # what was typed stands in its box
        found.append(f"{caller} {what} shows B's data")
    shown = MARKUP in body or "<img src=x" in body or "<script>x9" in body
    if shown and not answer.headers["Content-Type"].startswith("application/fhir+json"):
        found.append(f"{caller} {what} shows markup")
    return found


def test_the_word_can_be_found(world: World) -> None:
    """The test above can fail: those of the whole district are shown both the word and the markup (escaped)."""
    for caller, name in (("exchange_operator", "charts:summary"), ("bureau_manager", "staff:person"),
                         ("bureau_manager", "organisations:agreement"), ("bureau_manager", "staff:keys"),
                         ("exchange_operator", "exchange:one"), ("exchange_operator", "residents:show"),
                         ("exchange_operator", "charts:entry"), ("administrator", "system:letter")):  # fmt: skip
        for side, sign in ((world.b, WORD), (world.a, "&lt;img src=x")):
            body = world.clients[caller].get(ask_for(name, world, side).url).content.decode()
            assert sign in body, f"{name} should show {sign}"


def test_no_form_is_taken_without_its_secret(world: World) -> None:
    """A POST without the CSRF token, or with a forged one, is refused at every address before all else."""
    strict, before = Client(enforce_csrf_checks=True), fingerprint()
    for address in addresses():
        strict.cookies = world.clients[SENDERS.get(address.name, "administrator")].cookies
        asked = ask_for(address.name, world, world.a)
        if address.name in MACHINES:
            assert strict.post(asked.url, asked.form).status_code == 401, address.name
            continue
        assert strict.post(asked.url, asked.form).status_code == 403, address.name
        if address.name in DOORS:
            assert Client().post(asked.url, asked.form).status_code == 401, address.name
            continue
        assert Client(enforce_csrf_checks=True).post(asked.url, asked.form).status_code == 403, address.name
        forged = {**asked.form, "csrfmiddlewaretoken": "x" * 64}
        assert strict.post(asked.url, forged, headers={"Origin": "http://evil.example"}).status_code == 403, (
            address.name
        )
    assert fingerprint() == before


Mixed = tuple[str, str, Callable[[World], dict[str, Any]], Callable[[World], dict[str, Any]]]


def both(world: World) -> dict[str, Any]:
    """An agreement that names B as a party."""
    return {"parties": [world.a.organisation, world.b.organisation]}


MIXED: list[Mixed] = [
    ("township_physician", "residents:end_guardian", lambda w: {"guardian": w.b.guardian}, lambda w: {}),
    ("township_physician", "residents:remove_member", lambda w: {"member": w.b.member}, lambda w: {}),
    ("township_physician", "residents:add_member", lambda w: {}, lambda w: {"resident": w.b.other}),
    ("township_physician", "residents:guardian", lambda w: {}, lambda w: {"number": w.b.number}),
    ("hospital_manager", "organisations:close_department", lambda w: {"department": w.b.department}, lambda w: {}),
    ("hospital_manager", "organisations:leave", lambda w: {"membership": w.b.membership}, lambda w: {}),
    ("hospital_manager", "organisations:edit", lambda w: {}, lambda w: {"parent": w.b.organisation}),
    ("hospital_manager", "organisations:join", lambda w: {}, lambda w: {"organisation": w.b.organisation}),
    ("hospital_manager", "organisations:agree", lambda w: {}, both),
    ("hospital_manager", "staff:end_post", lambda w: {"post": w.b.post}, lambda w: {}),
    ("hospital_manager", "staff:revoke_grant", lambda w: {"grant": w.b.grant}, lambda w: {}),
    ("hospital_manager", "staff:grant", lambda w: {}, lambda w: {"where": w.b.organisation}),
    ("hospital_manager", "staff:grant", lambda w: {}, lambda w: {"where": f"{w.a.organisation}:{w.b.post}"}),
    ("hospital_manager", "staff:revoke", lambda w: {"key": w.b.key}, lambda w: {}),
    ("hospital_manager", "staff:post", lambda w: {}, lambda w: {"post": w.b.post}),
]  # fmt: skip


@pytest.mark.parametrize("mixed", MIXED, ids=[f"{m[1]}-{n}" for n, m in enumerate(MIXED)])
def test_a_thing_of_b_under_an_address_of_a(world: World, mixed: Mixed) -> None:
    """An address or form of one's own that names another's thing does nothing and tells nothing."""
    caller, name, keys, form = mixed
    asked = ask_for(name, world, world.a)
    path = reverse(name, kwargs=PATHS[name](world, world.a) | keys(world))
    before = fingerprint()
    answer = world.clients[caller].post(path, asked.form | form(world))
    assert answer.status_code in REFUSED, answer.status_code
    assert not leaks(caller, path, answer)
    assert fingerprint() == before


@pytest.mark.parametrize("name", ["staff:begin_post", "staff:add"])
def test_a_post_at_an_institution_that_is_not_one_s_own(world: World, name: str) -> None:
    asked = ask_for(name, world, world.a)
    before = fingerprint()
    answer = world.clients["hospital_manager"].post(f"{asked.path}?organisation={world.b.organisation}", asked.form)
    assert answer.status_code == 200
    assert fingerprint() == before


@pytest.mark.parametrize("name", ["charts:entry", "charts:changes", "charts:raw"])
def test_a_record_of_b_under_a_resident_of_a(world: World, name: str) -> None:
    for kind, key in (("Observation", world.b.observation), ("Patient", world.b.patient), ("Condition", "cb")):
        path = reverse(name, kwargs={"resident": world.a.resident, "kind": kind, "key": key})
        answer = world.clients["physician"].get(f"{path}?from=1&to=2")
        assert answer.status_code in (403, 404)
        assert not leaks("physician", path, answer)


SEARCHES = ("residents/?q={}", "staff/?q={}", "staff/?q={}&former=on", "exchange/?q={}", "exchange/?state=&q={}",
            "organisations/?q={}", "residents/check-number?resident_id={}")  # fmt: skip


SEEKERS = ("consortium_manager", "hospital_manager", "physician", "public_health_worker", "pharmacist", "office_worker")
"""One of each set of rights and bounds with which a search can be made at all; the district is not bounded."""


@pytest.mark.parametrize("caller", SEEKERS)
def test_searching_for_what_is_b_s(world: World, caller: str) -> None:
    """No search finds what lies beyond the bounds: not by name, pinyin, number, telephone, file or institution."""
    phone, person = f"139{world.b.number[-9:-1]}0"[:11], str(world.b.person)
    texts = (WORD, "貔貅", "pixiu", "px", world.b.number, phone, "N" + world.b.number[-3:], person)
    for form in SEARCHES:
        if world.clients[caller].get("/" + form.format("x")).status_code == 403:
            continue
        for turn, text in enumerate(texts):
            part = {"HX-Request": "true"} if turn % 2 else {}
            body = world.clients[caller].get("/" + form.format(quote(text)), headers=part).content.decode()
            assert str(world.b.resident) not in body
            assert person not in body.replace(quote(text), "").replace(text, "")
            assert body.replace(f'value="{WORD}"', "").count(WORD) <= (text == WORD), (form, text)
