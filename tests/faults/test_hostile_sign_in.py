"""Sign-in under attack: nobody is shut out by another, nothing is told, sessions are not lent."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import hashers
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client

from doorstep.kernel import clock
from doorstep.kernel.models import TrailLine
from doorstep.registers.staff.models import Account, Person, Post
from doorstep.registers.staff.tests import factory as staff
from tests.faults.two_sides import World

HERE, THERE = "203.0.113.9", "198.51.100.7"


def enter(client: Client, username: str, password: str, address: str = HERE) -> HttpResponse:
    """Try to sign in."""
    return client.post("/sign-in", {"username": username, "password": password}, REMOTE_ADDR=address)


def whose(client: Client) -> str | None:
    """The account of the session, if one is signed in."""
    found: str | None = client.session.get("_auth_user_id")
    return found


def test_five_bad_passwords_shut_nobody_out(world: World) -> None:
    """Somebody who guesses at a name is made to wait; its owner, from elsewhere, is not."""
    answers = [enter(Client(), "on.physician", f"guess-{n}").status_code for n in range(8)]
    assert answers[0] == 422
    assert answers[-1] == 429
    owner = Client()
    assert enter(owner, "on.physician", staff.PASSWORD, THERE).status_code == 302
    assert whose(owner) == str(Account.objects.get(username="on.physician").pk)


def test_slowed_even_with_the_right_password(world: World) -> None:
    """While one must wait, a right guess is not told from a wrong one, and no other spelling of the name helps."""
    for n in range(6):
        enter(Client(), "on.nurse", f"guess-{n}")
    for spelt in ("on.nurse", "ON.NURSE", " on.nurse ", "On.Nurse"):
        client = Client()
        assert enter(client, spelt, staff.PASSWORD).status_code == 429
        assert whose(client) is None


def test_an_address_that_is_forged_in_a_header_does_not_help(world: World) -> None:
    """The slow-down counts where a request came from, and not where it says it came from."""
    codes = [
        Client().post(
            "/sign-in", {"username": "on.auditor", "password": f"guess-{n}"}, REMOTE_ADDR=HERE,
            headers={"X-Forwarded-For": f"10.0.0.{n}", "X-Real-IP": f"10.0.0.{n}", "Forwarded": f"for=10.0.0.{n}"},
        ).status_code
        for n in range(8)
    ]  # fmt: skip
    assert codes[-1] == 429


def test_the_answer_does_not_tell_whether_there_is_such_an_account(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same words, the same status, and the same work: one hash of the password each."""
    done: list[str] = []
    encode = hashers.Argon2PasswordHasher.encode
    verify = hashers.Argon2PasswordHasher.verify

    def counted(name: str, original: Any) -> Any:
        def run(self: Any, *args: Any, **kwargs: Any) -> Any:
            done.append(name)
            return original(self, *args, **kwargs)

        return run

    monkeypatch.setattr(hashers.Argon2PasswordHasher, "encode", counted("hash", encode))
    monkeypatch.setattr(hashers.Argon2PasswordHasher, "verify", counted("hash", verify))
    Account.objects.filter(username="nobody").update(is_active=False)
    seen = {}
    for name in ("on.physician", "no.such.name", "nobody", "x" * 60, "名字"):
        done.clear()
        answer = enter(Client(), name, "not-the-password")
        body = re.sub(r'(?<=csrfmiddlewaretoken" value=")[^"]+', "", answer.content.decode().replace(name, ""))
        start, end = body.index('name="csrfmiddlewaretoken'), body.index('name="username"')
        seen[name] = (answer.status_code, len(done), body[:start][-200:], body[end:].partition("<script")[0])
    assert len({value[:2] for value in seen.values()}) == 1, seen
    assert next(iter(seen.values()))[:2] == (422, 1)
    assert len({value[3] for value in seen.values()}) == 1


def test_the_right_password_of_a_closed_account(world: World) -> None:
    """A closed account is told as a wrong password is, and opens nothing."""
    Account.objects.filter(username="on.technician").update(is_active=False)
    client = Client()
    assert enter(client, "on.technician", staff.PASSWORD).status_code == 422
    assert whose(client) is None
    assert world.clients["technician"].get("/").status_code == 302


def test_passwords_are_argon2_and_are_never_shown(world: World) -> None:
    """No other hash is written or read, and no page or line of the trail holds a password."""
    assert {p.split("$")[0] for p in Account.objects.values_list("password", flat=True)} == {"argon2"}
    Account.objects.filter(username="on.nurse").update(password="md5$x$" + "0" * 32)
    assert enter(Client(), "on.nurse", "x").status_code == 422
    enter(Client(), "My-Password-In-The-Wrong-Box", "x")
    assert not TrailLine.objects.filter(detail__icontains="wrong-box").exists()
    assert not TrailLine.objects.filter(subject_id__icontains="wrong-box").exists()


def test_a_session_that_was_planted_is_not_the_one_that_signs_in(world: World) -> None:
    """The key of the session is new after sign-in, after the choice of a post, and dead after sign-out."""
    client = Client()
    client.cookies["sessionid"] = "a" * 32
    enter(client, "on.physician", staff.PASSWORD)
    first = client.cookies["sessionid"].value
    assert first != "a" * 32
    assert not Session.objects.filter(session_key="a" * 32).exists()
    mine = Post.objects.unscoped("test").get(person=Account.objects.get(username="on.physician").person).pk
    client.post("/post", {"post": mine})
    second = client.cookies["sessionid"].value
    assert second != first
    thief = Client()
    thief.cookies["sessionid"] = first
    assert thief.get("/").status_code == 302
    thief.cookies["sessionid"] = second
    assert thief.get("/").status_code == 200
    assert client.get("/sign-out").status_code == 405
    assert client.get("/").status_code == 200
    client.post("/sign-out")
    thief.cookies["sessionid"] = second
    assert thief.get("/").status_code == 302


def test_signing_in_as_another_keeps_nothing_of_the_first(world: World) -> None:
    """One browser, two people: the second has neither the post nor the key of the first."""
    client = Client()
    enter(client, "on.physician", staff.PASSWORD)
    mine = Post.objects.unscoped("test").get(person=Account.objects.get(username="on.physician").person).pk
    client.post("/post", {"post": mine})
    before = client.cookies["sessionid"].value
    enter(client, "on.office_worker", staff.PASSWORD)
    assert client.cookies["sessionid"].value != before
    assert client.session.get("post") is None
    assert client.get("/residents/").status_code == 403


def test_the_cookie_is_kept_from_scripts_and_other_sites(world: World) -> None:
    client = Client()
    enter(client, "on.physician", staff.PASSWORD)
    cookie = client.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    page = client.get("/")
    assert page.headers["Cache-Control"] == "no-store"
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "DENY"


def test_an_ended_post_gives_nothing_from_the_next_request_on(world: World) -> None:
    """Rights are looked up each time: a session outlives a post, its rights do not."""
    client, account = world.clients["physician"], Account.objects.get(username="on.physician")
    assert client.get("/residents/").status_code == 200
    Post.objects.unscoped("test").filter(person=account.person).update(until=clock.today() - timedelta(days=1))
    for path in (
        "/residents/",
        f"/residents/{world.a.resident}/",
        f"/charts/{world.a.resident}/",
        "/staff/",
        "/exchange/",
    ):
        assert client.get(path).status_code == 403
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("forged", ["b", "nonsense", "", "00000000-0000-0000-0000-000000000000", "\0", "9" * 5000])
def test_no_post_is_chosen_but_one_s_own(world: World, forged: str) -> None:
    """Choosing, and writing into the session what was never chosen, gives nothing."""
    client, post = world.clients["physician"], str(world.b.post) if forged == "b" else forged
    assert client.post("/post", {"post": post}).status_code == 422
    session = client.session
    session["post"] = post
    session.save()
    assert client.get(f"/residents/{world.b.resident}/").status_code == 404


def test_no_person_without_an_account_is_let_in(world: World) -> None:
    """An empty password, an unusable one, and none at all."""
    person = Person.objects.unscoped("test").get(pk=world.a.person)
    account = Account.objects.get(person=person)
    for kept in ("", "!", "!abc"):
        Account.objects.filter(pk=account.pk).update(password=kept)
        for tried in ("", "!", "!abc", " ", kept):
            client = Client()
            assert enter(client, account.username, tried, f"192.0.2.{len(kept)}").status_code in (422, 429)
            assert whose(client) is None
