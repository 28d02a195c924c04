"""Sign-in, its waits, sessions, and the post from which a person works."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from doorstep.kernel import clock
from doorstep.kernel.call import NOWHERE
from doorstep.kernel.models import TrailLine
from doorstep.kernel.testing import callers
from doorstep.registers.organisations.tests.factory import District
from doorstep.registers.staff import rules
from doorstep.registers.staff.actions import accounts
from doorstep.registers.staff.api import call_for
from doorstep.registers.staff.models import FailedSignIn, Post
from doorstep.registers.staff.tests import factory

pytestmark = pytest.mark.django_db
SIGN_IN = "/sign-in"


def attempt(client: Client, username: str, password: str, address: str = "10.0.0.1", **more: str):  # type: ignore[no-untyped-def]
    return client.post(SIGN_IN, {"username": username, "password": password, **more}, REMOTE_ADDR=address)


def call_in(client: Client):  # type: ignore[no-untyped-def]
    """The call that the next request of this browser would have."""
    from django.contrib.auth import get_user
    from django.test import RequestFactory

    request = RequestFactory().get("/")
    request.session = client.session
    request.user = get_user(request)
    return call_for(request)


def test_signing_in_rotates_the_session_and_is_trailed(district: District) -> None:
    found = factory.somebody(district.centre, username="wang")
    client = Client()
    client.get(SIGN_IN)
    client.session["kept"] = 1
    before = client.session.session_key
    answer = attempt(client, " WANG ", factory.PASSWORD, next="/staff/")
    assert (answer.status_code, answer["Location"]) == (302, "/staff/")
    assert client.session.session_key != before
    line = TrailLine.objects.get(action="staff.sign_in")
    assert (line.outcome, line.actor) == ("done", f"staff:{found.person_id}")
    call = call_in(client)
    assert (call.organisation, call.role) == (district.centre, "医师")
    assert call.scope.organisations == {district.lead, district.centre, district.clinic}


@pytest.mark.parametrize("wanted", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"])
def test_nobody_is_led_elsewhere(district: District, wanted: str) -> None:
    factory.somebody(district.centre, username="wang")
    assert attempt(Client(), "wang", factory.PASSWORD, next=wanted)["Location"] == "/"


def test_what_was_wrong_is_not_told(district: District) -> None:
    factory.somebody(district.centre, username="wang")
    closed = factory.somebody(district.centre, username="closed")
    closed.is_active = False
    closed.save()
    said = set()
    for username, password in (("wang", "wrong"), ("nobody", "wrong"), ("closed", factory.PASSWORD)):
        answer = attempt(Client(), username, password)
        assert answer.status_code == 422
        said.add(str(answer.context["form"].non_field_errors()))
    assert len(said) == 1
    told = TrailLine.objects.filter(action="staff.sign_in", outcome="refused")
    assert told.count() == 3
    assert not any("nobody" in f"{line.detail}{line.subject_id}{line.actor}{line.name}" for line in told)


def test_failures_slow_one_name_at_one_address_and_nobody_elsewhere(district: District) -> None:
    factory.somebody(district.centre, username="wang")
    for _ in range(rules.NAME_AT_ADDRESS.free + 1):
        assert attempt(Client(), "wang", "wrong").status_code == 422
    slowed = attempt(Client(), "wang", factory.PASSWORD)
    assert slowed.status_code == 429
    assert "秒" in slowed.content.decode()
    assert TrailLine.objects.filter(action="staff.sign_in", outcome="slowed").count() == 1
    # Not the same name from another address, nor another name from this one: nobody is locked out by a stranger.
    assert attempt(Client(), "wang", factory.PASSWORD, "10.0.0.2").status_code == 302
    factory.somebody(district.centre, username="li")
    assert attempt(Client(), "li", factory.PASSWORD).status_code == 302


def test_the_wait_passes_and_success_forgets(district: District) -> None:
    factory.somebody(district.centre, username="wang")
    for _ in range(rules.NAME_AT_ADDRESS.free + 1):
        attempt(Client(), "wang", "wrong")
    assert attempt(Client(), "wang", factory.PASSWORD).status_code == 429
    FailedSignIn.objects.update(next_at=clock.now() - timedelta(seconds=1))
    assert attempt(Client(), "wang", factory.PASSWORD).status_code == 302
    assert not FailedSignIn.objects.filter(key=rules.attempt_key("wang", "10.0.0.1")).exists()


def test_many_names_from_one_address_are_slowed_too(district: District) -> None:
    for n in range(rules.WHOLE_ADDRESS.free + 1):
        assert attempt(Client(), f"name{n}", "").status_code == 422  # an empty password is not counted
    FailedSignIn.objects.create(
        key=rules.attempt_key("", "10.0.0.1"),
        failures=rules.WHOLE_ADDRESS.free,
        last_at=clock.now(),
        next_at=clock.now(),
    )
    assert attempt(Client(), "anybody", "wrong").status_code == 422
    assert attempt(Client(), "somebody", "wrong").status_code == 429


def test_signing_out_is_posted_and_trailed(district: District) -> None:
    client = factory.client_of(factory.somebody(district.centre))
    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out").status_code == 302
    assert TrailLine.objects.filter(action="staff.sign_out").count() == 1
    assert client.get("/staff/")["Location"] == "/sign-in?next=/staff/"
    assert Client().post("/sign-out").status_code == 302


def test_forged_posts_are_refused(district: District) -> None:
    factory.somebody(district.centre, username="wang")
    client = Client(enforce_csrf_checks=True)
    assert attempt(client, "wang", factory.PASSWORD).status_code == 403


def test_with_several_posts_one_is_chosen(district: District) -> None:
    found = factory.somebody(district.lead, username="expert")
    second = factory.post(found.person, district.private, "exchange_operator", is_main=False)
    client = Client()
    answer = attempt(client, "expert", factory.PASSWORD, next="/staff/")
    assert answer["Location"] == "/post?next=%2Fstaff%2F"
    call = call_in(client)
    assert (call.permissions, call.scope) == (frozenset(), NOWHERE)
    assert client.get("/staff/").status_code == 403
    before = client.session.session_key
    assert client.post("/post", {"post": str(second.id), "next": "/staff/"})["Location"] == "/staff/"
    assert client.session.session_key != before
    call = call_in(client)
    assert (call.post, call.organisation, call.scope.everywhere) == (second.id, district.private, True)
    assert TrailLine.objects.filter(action="staff.choose_post", outcome="done").count() == 1


def test_nobody_chooses_anothers_post_or_nonsense(district: District) -> None:
    client = factory.client_of(factory.somebody(district.centre))
    other = factory.somebody(district.lead, "administrator")
    theirs = Post.objects.unscoped("test").get(person=other.person_id)
    for bad in (str(theirs.id), "nonsense", ""):
        assert client.post("/post", {"post": bad}).status_code == 422
    assert call_in(client).organisation == district.centre
    assert TrailLine.objects.filter(action="staff.choose_post", outcome="refused").count() == 1


@pytest.mark.parametrize(("since", "until"), [(-10, -1), (1, None)])
def test_posts_ended_or_not_begun_give_nothing(district: District, since: int, until: int | None) -> None:
    whom, day = factory.person(), timedelta(days=1)
    last = clock.today() + until * day if until is not None else None
    post = factory.post(whom, district.centre, "administrator", since=clock.today() + since * day, until=last)
    client = factory.client_of(factory.account(whom, "gone"))
    call = call_in(client)
    assert (call.permissions, call.scope, call.post) == (frozenset(), NOWHERE, None)
    session = client.session
    session[rules.CHOSEN_POST] = str(post.id)
    session.save()
    assert call_in(client).permissions == frozenset()
    assert client.get("/staff/").status_code == 403
    assert "没有岗位" in client.get("/post").content.decode()


def test_the_last_day_of_a_post_still_counts(district: District) -> None:
    whom = factory.person()
    factory.post(whom, district.centre, until=clock.today())
    assert call_in(factory.client_of(factory.account(whom, "last"))).organisation == district.centre


def test_a_new_password_or_a_closed_account_ends_sessions(district: District) -> None:
    found = factory.somebody(district.centre)
    client = factory.client_of(found)
    assert client.get("/staff/").status_code == 200
    accounts.set_password(callers.system(), person=found.person_id, password="another-horse-8")
    assert client.get("/staff/").status_code == 302
    found.refresh_from_db()
    client = factory.client_of(found)
    accounts.close_account(callers.system(), person=found.person_id)
    assert client.get("/staff/").status_code == 302


def test_strangers_are_led_to_sign_in_from_every_page(district: District) -> None:
    for name in ("staff:list", "staff:add", "organisations:list", "organisations:consortia", "staff:post"):
        assert Client().get(reverse(name)).status_code == 302
    assert Client().get(SIGN_IN).status_code == 200
    with override("en"):
        page = Client().get(SIGN_IN, headers={"accept-language": "en"}).content.decode()
    assert "Sign in" in page
