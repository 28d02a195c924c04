"""Properties of scopes: what is given is asked and allowed; letters and what they open; proofs and addresses."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from itertools import combinations
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.fhir.smart import ANY, LETTERS, LEVELS, Clinical, narrowed, opened, parse
from doorstep.registers.apps import rules
from doorstep.registers.apps.rules import Kind, discovery, scopes
from doorstep.registers.apps.rules.scopes import Wish

TYPES = ("Patient", "Observation", "Condition")
PAIRS = (("category", "laboratory"), ("category", "http://x|vital"), ("status", "final"))
LETTER_SETS = ["".join(some) for n in range(1, 6) for some in combinations(LETTERS, n)]


@st.composite
def clinical(draw: st.DrawFn) -> Clinical:
    kind = draw(st.sampled_from((*TYPES, ANY)))
    pairs = draw(st.lists(st.sampled_from(PAIRS), max_size=2, unique=True)) if kind != ANY else []
    query = urlencode(sorted(pairs), safe=":/|,")
    return Clinical(draw(st.sampled_from(LEVELS)), kind, draw(st.sampled_from(LETTER_SETS)), query)


many = st.lists(clinical(), max_size=5)
Thing = tuple[str, str, str, frozenset[tuple[str, str]]]


def things() -> st.SearchStrategy[Thing]:
    """One interaction: level, type, letter, and what is true of the resource."""
    facts = st.frozensets(st.sampled_from(PAIRS))
    return st.tuples(st.sampled_from(LEVELS), st.sampled_from(TYPES), st.sampled_from(LETTERS), facts)


def lets(found: list[Clinical] | tuple[Clinical, ...], thing: Thing) -> bool:
    """What scopes mean, said once more and simply."""
    level, kind, letter, facts = thing
    return any(
        s.level == level and s.type in (ANY, kind) and letter in s.letters and set(parse_qsl(s.query)) <= facts
        for s in found
    )


@given(clinical())
def test_what_is_printed_is_read_again(one: Clinical) -> None:
    assert parse(str(one)) == one


@given(
    st.text(max_size=60) | st.from_regex(r"(patient|user|system)/[A-Z*][a-z]*\.[cruds*]{0,6}(\?.*)?", fullmatch=True)
)
def test_whatever_is_read_is_printed_as_what_it_means(text: str) -> None:
    found = parse(text)
    if found is not None:
        assert parse(str(found)) == found
        assert found.letters == "".join(letter for letter in LETTERS if letter in found.letters)


@pytest.mark.parametrize(("old", "new"), [("read", "rs"), ("write", "cud"), ("*", "cruds")])
def test_words_of_version_1(old: str, new: str) -> None:
    assert parse(f"patient/Observation.{old}") == Clinical("patient", "Observation", new)


@pytest.mark.parametrize("text", [
    "patient/Observation", "patient/Observation.", "patient/Observation.sr", "patient/Observation.rr", "root/*.rs",
    "patient/observation.rs", "patient/*.rs?category=x", "patient/Observation.rs?", "patient/Observation.rs?category=",
    "patient/Observation.read?category=x", "patient/Observation.rsx", " patient/*.rs", "patient/*.rs\n", "Patient/*.rs",
])  # fmt: skip
def test_what_is_no_scope(text: str) -> None:
    assert parse(text) is None


@given(many, many, things())
def test_given_is_what_is_both_asked_and_allowed(asked: list[Clinical], allowed: list[Clinical], thing: Thing) -> None:
    """Narrowing never widens, and loses nothing: granted = asked ∩ allowed, for every single interaction."""
    assert lets(narrowed(asked, allowed), thing) == (lets(asked, thing) and lets(allowed, thing))


@given(many, many)
def test_narrowing_again_changes_nothing(asked: list[Clinical], allowed: list[Clinical]) -> None:
    once = narrowed(asked, allowed)
    assert set(narrowed(once, allowed)) == set(once)


@given(many, things())
def test_the_door_opens_what_the_scopes_say(found: list[Clinical], thing: Thing) -> None:
    """`opened`, as the door asks it for one letter, agrees with the meaning of the scopes."""
    level, kind, letter, facts = thing
    way = opened(found, level, letter)
    fits = way.whole(kind) or any(k == kind and set(parse_qsl(q)) <= facts for k, q in way.parts)
    assert fits == lets(found, thing)
    assert way.holds(kind) == lets(found, (level, kind, letter, frozenset(PAIRS)))


@given(many, st.sampled_from(LEVELS), st.sampled_from(LETTER_SETS), st.sampled_from(TYPES))
def test_several_letters_are_all_asked(found: list[Clinical], level: str, letters: str, kind: str) -> None:
    whole = opened(found, level, letters).whole(kind)
    assert whole == all(opened(found, level, letter).whole(kind) for letter in letters)


@given(many, many, st.booleans())
def test_a_system_has_system_scopes_alone_and_a_patient_s_are_read(
    asked: list[Clinical], allowed: list[Clinical], system: bool
) -> None:
    words = ("openid", "offline_access")
    wish = scopes.given(
        Wish(tuple(asked), words), Wish(tuple(allowed), words), scopes.SYSTEM if system else scopes.STAFF
    )
    assert {each.level == "system" for each in wish.clinical} <= {system}
    assert all(set(each.letters) <= {"r", "s"} for each in wish.clinical if each.level == "patient")
    assert not (system and wish.words)
    assert scopes.read(str(wish)) == wish


@given(st.text(max_size=200))
def test_any_request_is_read(text: str) -> None:
    assert str(scopes.read(str(scopes.read(text)))) == str(scopes.read(text))


@given(st.text(alphabet="abcXYZ019-._~", min_size=43, max_size=128), st.text(max_size=50))
def test_a_verifier_proves_its_own_challenge_alone(verifier: str, other: str) -> None:
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert rules.is_challenge(challenge)
    assert rules.proves(verifier, challenge)
    assert not rules.proves(challenge, challenge), "plain"
    assert rules.proves(other, challenge) == (other == verifier)


@pytest.mark.parametrize(("uri", "kind", "good"), [
    ("https://app.example/back", Kind.SECRET, True), ("http://127.0.0.1:7000/back", Kind.PUBLIC, True),
    ("http://app.example/back", Kind.PUBLIC, False), ("cn.example.app:/back", Kind.PUBLIC, True),
    ("cn.example.app:/back", Kind.SECRET, False), ("javascript:alert(1)", Kind.PUBLIC, False),
    ("data:text/html,x", Kind.PUBLIC, False), ("https://app.example/#x", Kind.PUBLIC, False),
    ("https://a@app.example/", Kind.PUBLIC, False), ("https://app.example/ x", Kind.PUBLIC, False),
    ("https://app.example\\@evil.example/", Kind.PUBLIC, False), ("https://*.example/", Kind.PUBLIC, False),
    ("https://app.example:port/", Kind.PUBLIC, False), ("", Kind.PUBLIC, False),
    ("https://应用.example/", Kind.PUBLIC, False),
])  # fmt: skip
def test_addresses_that_may_be_registered(uri: str, kind: Kind, good: bool) -> None:
    assert rules.redirect_uri(uri, kind).allowed is good


def test_an_audience_is_one_of_ours() -> None:
    assert rules.audience("https://us/token", ["https://us/token"])
    assert not rules.audience(["https://us/token"], ["https://us/token"])
    assert not rules.audience(None, ["https://us/token"])


def test_what_is_told_of_the_house_names_what_is_there() -> None:
    told = discovery.smart("https://us")
    assert {"launch-ehr", "launch-standalone", "permission-v2"} <= set(told["capabilities"])
    assert told["issuer"] == discovery.openid("https://us")["issuer"] == "https://us"
    assert "plain" not in str(told)


def test_a_client_is_whole() -> None:
    back = ("https://app.example/back",)
    assert rules.client(Kind.PUBLIC, back, has_key=False, has_scopes=True).allowed
    for kind, redirects, key, asks, why in (
        (Kind.PUBLIC, (), False, True, "uri.none"), (Kind.SYSTEM, back, True, True, "uri.system"),
        (Kind.SYSTEM, (), False, True, "jwks.none"), (Kind.KEY, back, False, True, "jwks.none"),
        (Kind.PUBLIC, back, False, False, "scope.none"), (Kind.PUBLIC, ("x",), False, True, "uri.wrong"),
    ):  # fmt: skip
        assert rules.client(kind, redirects, has_key=key, has_scopes=asks).reason == why
    assert scopes.lines([Clinical("user", "Patient", "rud", "a=b")]) == [
        ("user", "Patient", "read+write+delete", "a=b")
    ]
