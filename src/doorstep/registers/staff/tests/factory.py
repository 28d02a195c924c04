"""People for tests: someone in a role at an institution, with an account and a signed-in client."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.test import Client

from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.kernel.pinyin import spelled_person
from doorstep.registers.staff.actions.sessions import KEY
from doorstep.registers.staff.api import call_from
from doorstep.registers.staff.models import Account, Person, Post, Session
from doorstep.registers.staff.reads.standing import standings

PASSWORD = "correct-horse-7"
HASHED = make_password(PASSWORD)
SINCE = date(2020, 1, 1)


def person(name: str = "王小明", number: str | None = None) -> Person:
    """Somebody without a post."""
    pinyin, initials = spelled_person(name)
    return Person.objects.create(name=name, number=number, pinyin=pinyin, initials=initials)


def post(whom: Person, organisation: UUID, role: str = "physician", **more: object) -> Post:
    """A post since 2020."""
    return Post.objects.create(person=whom, organisation_id=organisation, role=role, **({"since": SINCE} | more))


def account(whom: Person, username: str) -> Account:
    """An account with the password of all tests."""
    return Account.objects.create(person=whom, username=username, password=HASHED)


def somebody(organisation: UUID, role: str = "physician", name: str = "王小明", username: str = "") -> Account:
    """A person with a post and an account."""
    whom = person(name)
    post(whom, organisation, role)
    return account(whom, username or f"u{whom.id.hex[-12:]}")


def call_of(found: Account) -> Call:
    """The call of an account's only post today."""
    (standing,) = standings(found.pk, clock.today())
    return call_from(standing, factors=2, confirmed=clock.now())


def client_of(found: Account) -> Client:
    """A browser in which the account has signed in, just now and by two factors."""
    client = Client()
    return signed_in(client, found)


def signed_in(client: Client, found: Account, factors: int = 2) -> Client:
    """The browser, with a session as a sign-in leaves it."""
    client.force_login(found)
    now = clock.now()
    row = Session.objects.create(account=found, address="127.0.0.1", factors=factors, confirmed_at=now)
    session = client.session
    session[KEY] = str(row.id)
    session.save()
    return client
