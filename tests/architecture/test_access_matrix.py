"""Every address × every kind of caller: who enters, what changes, what is shown. Made from URLconf and roles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from doorstep.kernel.models import TrailLine
from doorstep.kernel.web.pages import Rule
from doorstep.registers.staff.rules import OUTSIDE, ROLES, Reach
from tests.faults.samples import FORMS, PATHS, Address, Asked, addresses, ask_for
from tests.faults.two_sides import MARKUP, WORD, Side, World, fingerprint, undone

CALLERS = ("stranger", "nobody", *OUTSIDE, *ROLES)
PART = {"HX-Request": "true"}
REFUSED = {403, 404, 409, 422}

# What belongs to no institution, or is public: it opens whatever the bounds (but never shows what is not).
PUBLIC = {
    "organisations:detail": "what an institution is to the public",
    "organisations:consortium": "who is in a consortium is public; its agreements are not",
    "staff:role": "what a role may do is no secret among staff",
    "system:letter": "the machinery's, for those who hold the permission",
    "staff:add": "without an institution that is theirs the page asks for one",
    "system:dismiss": "the machinery's",
}
MACHINES = {"apps:token", "apps:introspect", "apps:revoke"}
"""Endpoints that apps call: no cookie counts there, an app proves itself with each request."""
FREE = {str(Rule.ANYONE), str(Rule.SIGNED_IN), str(Rule.ANY_CALLER)}
DOORS = ("/sign-in?next=", "/my/sign-in?next=")


def held(caller: str) -> frozenset[str]:
    """The permissions of a caller."""
    role = ROLES.get(caller) or OUTSIDE.get(caller)
    return role.permissions if role else frozenset()


def everywhere(caller: str) -> bool:
    """Whether the whole district is within the caller's bounds."""
    return caller in ROLES and ROLES[caller].reach is Reach.DISTRICT


def with_object(address: Address) -> bool:
    """Whether the address names a thing of somebody's, in its path."""
    return "<" in reverse_pattern(address.name)


def reverse_pattern(name: str) -> str:
    """The path with the names of its parts."""
    from django.urls import get_resolver
    from django.urls.resolvers import URLResolver

    resolver: Any = get_resolver()
    space, _, own = name.rpartition(":")
    if space:
        _prefix, resolver = resolver.namespace_dict[space]
        assert isinstance(resolver, URLResolver)
    return str(resolver.reverse_dict[own][0][0][0]).replace("%(", "<")


def trouble(address: Address, caller: str, side: str, status: int, where: str) -> str:
    """What is wrong with the answer to a GET, by the page's rule and the caller's permissions; else empty."""
    ok: set[int]
    if address.rule == Rule.ANYONE:
        ok = {200, 302, 405}
    elif caller == "stranger":
        ok = {302} if where.startswith(DOORS) else set()
    elif address.rule == Rule.ANY_CALLER:
        ok = {200, 302}
    elif address.rule == Rule.SIGNED_IN:
        ok = {200, 405} if caller not in OUTSIDE else {403}
    elif address.rule not in held(caller):
        ok = {403}
    elif caller == "guardian" and with_object(address):
        ok = REFUSED | {405}  # what the samples name is the guardian's own, and they act for their ward
    elif side == "a" or everywhere(caller) or not with_object(address) or address.name in PUBLIC:
        ok = {200, 405}
    else:
        ok = REFUSED | {405}
    return "" if status in ok else f"{caller} GET {address.name} of {side}: {status} {where}, expected {sorted(ok)}"


def sides(world: World) -> Iterator[tuple[str, Side]]:
    """Both institutions with their names."""
    yield from (("a", world.a), ("b", world.b))


def test_every_address_has_a_sample() -> None:
    names = {address.name for address in addresses()}
    assert names == set(PATHS), "an address is new or gone: see tests/faults/samples.py"
    assert set(FORMS) <= names


@pytest.mark.parametrize("caller", CALLERS)
def test_getting(world: World, caller: str) -> None:
    """Who may enter enters, others are told so; nothing changes, and nothing of B is shown to those bounded to A."""
    client, before, troubles = world.clients[caller], fingerprint(), []
    for address in addresses():
        for side, things in sides(world):
            asked = ask_for(address.name, world, things)
            for headers in ({}, PART) if side == "b" else ({},):
                answer = client.get(asked.url, headers=headers)
                where = answer.headers.get("Location", "")
                troubles.append(trouble(address, caller, side, answer.status_code, where))
                troubles += leaks(caller, asked.url, answer)
    assert not list(filter(None, troubles))
    assert fingerprint() == before


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


@pytest.mark.parametrize("caller", ["administrator", "stranger"])
def test_no_form_is_taken_without_its_secret(world: World, caller: str) -> None:
    """A POST without the CSRF token is refused at every address, before anything else is asked."""
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = world.clients[caller].cookies
    before = fingerprint()
    for address in addresses():
        for _side, things in sides(world):
            asked = ask_for(address.name, world, things)
            if address.name in MACHINES:
                assert strict.post(asked.url, asked.form).status_code == 401, address.name
                continue
            assert strict.post(asked.url, asked.form).status_code == 403, address.name
            forged = {**asked.form, "csrfmiddlewaretoken": "x" * 64}
            assert strict.post(asked.url, forged, headers={"Origin": "http://evil.example"}).status_code == 403
    assert fingerprint() == before


@pytest.mark.parametrize("caller", CALLERS)
def test_posting_without_the_right(world: World, caller: str) -> None:
    """Whoever lacks the permission, or whose bounds do not hold the thing, changes nothing; the trail says refused."""
    client, troubles, before = world.clients[caller], [], fingerprint()
    for address in addresses():
        if address.rule in FREE or address.name not in FORMS:
            continue
        for side, things in sides(world):
            if address.rule in held(caller) and (side == "a" or everywhere(caller)):
                continue
            if address.rule in held(caller) and not with_object(address):
                continue
            troubles += refused(client, caller, address, ask_for(address.name, world, things))
    assert not troubles
    assert fingerprint() == before


def refused(client: Client, caller: str, address: Address, asked: Asked) -> list[str]:
    """What is wrong with the answer to a POST that must be refused."""
    last = newest()
    answer = client.post(asked.url, asked.form)
    found = leaks(caller, f"POST {asked.url}", answer)
    if caller == "stranger":
        ok = answer.status_code == 302 and answer.headers["Location"].startswith(DOORS)
        return found if ok else [*found, f"stranger POST {address.name}: {answer.status_code}"]
    allowed = REFUSED if address.rule in held(caller) else {403}
    if answer.status_code not in allowed and address.name not in PUBLIC:
        found.append(f"{caller} POST {address.name} {asked.url}: {answer.status_code}")
    if address.name not in PUBLIC and not TrailLine.objects.filter(pk__gt=last, outcome="refused").exists():
        found.append(f"{caller} POST {address.name}: no line in the trail")
    return found


def newest() -> int:
    """The number of the newest line of the trail."""
    return TrailLine.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


DOERS = (
    "administrator",
    "exchange_operator",
    "township_physician",
    "bureau_manager",
    "auditor",
    "privacy_officer",
    "resident",
)
STILL = {"trail:verify", "system:style", "staff:sign_in", "staff:sign_out", "staff:post", "language", "system:replay"}
STILL |= {f"staff:{name}" for name in ("second", "sign_in_by_passkey", "totp", "remove_totp", "codes", "passkey")}
STILL |= {"portal:scan"} | {
    f"portal:{name}" for name in ("sign_in", "code", "who", "by_card", "sign_out", "act_for", "end_sign_in")
}
STILL |= {f"staff:{name}" for name in ("remove_passkey", "end_session", "confirm", "own_password")}


def test_the_samples_do_their_work(world: World) -> None:
    """The test above can fail: each form, posted by one who may, changes something, or says why not."""
    idle = []
    for name in FORMS.keys() - STILL:
        rule = next(a.rule for a in addresses() if a.name == name)
        done = False
        for caller in (c for c in DOERS if rule in held(c)):
            with undone():
                before, asked = fingerprint(), ask_for(name, world, world.a)
                if name == "exchange:retry":
                    from tests.faults.two_sides import patient, send

                    come = patient("nowhere", "", "来了")
                    del come["identifier"]
                    send(world.a.organisation, come)
                    before = fingerprint()
                answer = world.clients[caller].post(asked.url, asked.form)
                done = done or (answer.status_code in (200, 302) and fingerprint() != before)
        if not done:
            idle.append(name)
    assert not idle


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


@pytest.mark.parametrize("caller", [c for c in ROLES if not everywhere(c)])
def test_searching_for_what_is_b_s(world: World, caller: str) -> None:
    """No search finds what lies beyond the bounds: not by name, pinyin, number, telephone, file or institution."""
    from urllib.parse import quote

    phone = f"139{world.b.number[-9:-1]}0"[:11]
    for form in SEARCHES:
        for text in (
            WORD,
            "貔貅",
            "pixiu",
            "px",
            world.b.number,
            phone,
            "N" + world.b.number[-3:],
            str(world.b.person),
        ):
            for more in ({}, {"HX-Request": "true"}):
                answer = world.clients[caller].get("/" + form.format(quote(text)), headers=more)
                body = answer.content.decode()
                assert str(world.b.resident) not in body
                assert str(world.b.person) not in body.replace(quote(text), "").replace(text, "")
                assert body.replace(f'value="{WORD}"', "").count(WORD) <= (text == WORD), (form, text)


def test_what_is_not_bounded_is_for_the_district_alone() -> None:
    """Trail and dead letters know no institution, so only roles that stand for the whole district hold them."""
    for name, role in ROLES.items():
        wide = {p for p in role.permissions if p.startswith(("trail.", "outbox."))}
        assert not wide or role.reach is Reach.DISTRICT, name
