"""Many at once, each with a connection of its own: what can be done once is done once, and the others are told."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.test import Client

from doorstep.kernel import clock
from doorstep.kernel.models import TrailLine
from doorstep.kernel.testing import callers
from doorstep.kernel.testing.at_once import at_once
from doorstep.record.exchange.models import Message
from doorstep.registers.organisations.models import Membership
from doorstep.registers.organisations.tests import factory as places
from doorstep.registers.residents import api as residents
from doorstep.registers.residents.models import HouseholdMember, Resident, ResidentIdentifier
from doorstep.registers.staff import api as keys
from doorstep.registers.staff.models import Account, Person, SourceKey
from doorstep.registers.staff.tests import factory as staff
from tests.faults.two_sides import number, patient, send

pytestmark = pytest.mark.django_db(transaction=True)


class House:
    """A district with an account in each role that the races need."""

    def __init__(self) -> None:
        self.district = places.make()
        self.accounts = {
            role: staff.somebody(self.district.lead, role, username=f"on.{role}")
            for role in ("nurse", "bureau_manager", "exchange_operator")
        }

    def client(self, role: str) -> Client:
        """A browser of its own for one of them; a fault is an answer, not an exception."""
        client = Client(raise_request_exception=False)
        staff.signed_in(client, self.accounts[role])
        return client

    def posts(self, role: str, times: int, path: str, form: Callable[[int], dict[str, object]]) -> list[HttpResponse]:
        """The same person's posts, all at the same moment, each from a browser of its own."""
        clients = [self.client(role) for _ in range(times)]
        answers = at_once(*((lambda n=n, c=c: c.post(path, form(n))) for n, c in enumerate(clients)))
        assert not [a for a in answers if isinstance(a, BaseException)]
        return answers  # type: ignore[return-value]


@pytest.fixture
def house(transactional_db: None) -> House:
    """The district."""
    return House()


def codes(answers: list[HttpResponse]) -> Counter[int]:
    """How often each status was answered."""
    found = Counter(a.status_code for a in answers)
    assert max(found) < 500, found
    return found


def refused(action: str) -> int:
    """How many refusals the trail holds."""
    return TrailLine.objects.filter(action=action, outcome="refused").count()


def test_two_edits_of_one_version(house: House) -> None:
    """Of twenty who saw the same version one is written, the others are told that it has changed."""
    person = staff.person("张三", "N1")
    staff.post(person, house.district.lead, "nurse")
    form = {"name": "张三", "number": "N1", "sex": "1", "profession": "nurse", "expect": 1}
    answers = house.posts(
        "bureau_manager", 20, f"/staff/{person.pk}/edit", lambda n: form | {"phone": f"1390000{n:04d}"}
    )
    assert codes(answers) == {302: 1, 409: 19}
    row = Person.objects.unscoped("test").get(pk=person.pk)
    assert row.version == 2
    assert TrailLine.objects.filter(action="staff.edit", outcome="done").count() == 1
    assert refused("staff.edit") == 19


def test_one_resident_however_often_the_button_is_pressed(house: House) -> None:
    """Twenty equal registrations make one resident; nobody sees a fault."""
    form = {"name": "新居民", "resident_id": number(77, 1)}
    answers = house.posts("nurse", 20, "/residents/new", lambda n: form)
    found = codes(answers)
    assert set(found) <= {302, 422}
    assert found[302] >= 1
    assert Resident.objects.unscoped("test").count() == 1
    assert ResidentIdentifier.objects.unscoped("test").filter(value=form["resident_id"]).count() == 1


def test_contacts_of_one_version(house: House) -> None:
    """Two clerks with the same resident open: the second is told, and its words do not overwrite the first's."""
    send(house.district.lead, patient("pa", number(10, 1), "甲"))
    resident = residents.residents_of(["pa"])["pa"]
    answers = house.posts(
        "nurse", 8, f"/residents/{resident}/contacts", lambda n: {"expect": 1, "phone": f"1380000000{n}", "address": ""}
    )
    found = codes(answers)
    assert found[302] == 1
    assert set(found) <= {302, 409, 422}


def test_one_home(house: House) -> None:
    """Ten households founded at once for one person are one."""
    send(house.district.lead, patient("pa", number(10, 1), "甲"))
    resident = residents.residents_of(["pa"])["pa"]
    answers = house.posts("nurse", 10, f"/residents/{resident}/household", lambda n: {"address": "家"})
    assert codes(answers) == {302: 1, 422: 9}
    assert HouseholdMember.objects.unscoped("test").count() == 1


def waiting(house: House) -> int:
    """A message that was set aside; what it lacks has come meanwhile."""
    lost = {"resourceType": "Observation", "id": "o1", "status": "final", "code": {"text": "x"},
            "subject": {"reference": "Patient/late"}}  # fmt: skip
    message = send(house.district.lead, lost)
    send(house.district.lead, patient("late", number(10, 1), "甲"))
    assert Message.objects.unscoped("test").get(pk=message).state == "set_aside"
    return message


def mended(n: int) -> dict[str, object]:
    """A mended text; each person's differs."""
    observation = {"resourceType": "Observation", "id": f"m{n}", "status": "final", "code": {"text": "x"}}
    entry = {"resource": observation | {"subject": {"reference": "Patient/late"}}}
    return {"text": json.dumps({"resourceType": "Bundle", "type": "collection", "entry": [entry]})}


MOVES: dict[str, Callable[[int], dict[str, object]]] = {
    "mend": mended,
    "retry": lambda n: {},
    "dismiss": lambda n: {"reason": f"why {n}"},
}


@pytest.mark.parametrize("move", MOVES)
def test_one_move_of_one_message(house: House, move: str) -> None:
    """Twenty people do the same to one message: one succeeds, nineteen are told that it is done."""
    message = waiting(house)
    answers = house.posts("exchange_operator", 20, f"/exchange/{message}/{move}", MOVES[move])
    assert codes(answers) == {302: 1, 409: 19}
    assert TrailLine.objects.filter(action=f"exchange.{move}", outcome="done").count() == 1
    assert refused(f"exchange.{move}") == 19


def test_different_moves_of_one_message(house: House) -> None:
    """Mend, retry and dismiss at the same moment: one holds, and the message stands as that one left it."""
    message = waiting(house)
    pairs = [(move, house.client("exchange_operator")) for move in MOVES for _ in range(4)]
    answers = at_once(
        *((lambda n=n, m=m, c=c: c.post(f"/exchange/{message}/{m}", MOVES[m](n))) for n, (m, c) in enumerate(pairs))
    )
    statuses = [a.status_code for a in answers]  # type: ignore[union-attr]
    assert sorted(statuses) == [302, *[409] * 11]
    won = pairs[statuses.index(302)][0]
    state = {"mend": "mended", "retry": "applied", "dismiss": "dismissed"}[won]
    assert Message.objects.unscoped("test").get(pk=message).state == state


def test_one_membership_at_a_time(house: House) -> None:
    """Ten overlapping memberships at once are one; ten leads at once are one."""
    path = f"/consortia/{house.district.community}/join"
    form = {
        "organisation": house.district.private,
        "role": "member",
        "tier": "base",
        "since": clock.today().isoformat(),
    }
    answers = house.posts("bureau_manager", 10, path, lambda n: form)
    assert codes(answers) == {302: 1, 422: 9}
    rows = Membership.objects.unscoped("test").filter(organisation=house.district.private)
    assert rows.count() == 1


def test_one_account_a_person_and_a_name(house: House) -> None:
    """Ten accounts at once for one person, with one name, are one."""
    people = [staff.person(f"张{n}", f"N{n}") for n in range(4)]
    for person in people:
        staff.post(person, house.district.lead, "nurse")
    form = {"username": "same.name", "password": "a-Long-enough-1"}
    clients = [(house.client("bureau_manager"), person) for person in people for _ in range(2)]
    answers = at_once(*((lambda c=c, p=p: c.post(f"/staff/{p.pk}/account", form)) for c, p in clients))
    assert max(a.status_code for a in answers) < 500  # type: ignore[union-attr]
    assert Account.objects.filter(username="same.name").count() == 1


def test_a_key_taken_back_by_many(house: House) -> None:
    """A key is taken back once; keys made at once are all different and all good."""
    made = at_once(
        *(lambda: keys.issue_key(callers.system(), organisation=house.district.lead, name="HIS") for _ in range(10))
    )
    tokens = {token for _key, token in made}  # type: ignore[misc]
    assert len(tokens) == 10
    key, token = made[0]  # type: ignore[misc]
    assert keys.source_call(token) is not None
    path = f"/staff/keys/{house.district.lead}/{key}/revoke"
    assert codes(house.posts("bureau_manager", 10, path, lambda n: {"expect": 1})) == {302: 1, 409: 9}
    assert keys.source_call(token) is None
    assert SourceKey.objects.unscoped("test").filter(revoked_at__isnull=True).count() == 9


def test_guessing_in_parallel_is_guessing(house: House) -> None:
    """Forty guesses at the same moment are counted before they are looked at: no more than the free ones are hashed."""
    clients = [Client(raise_request_exception=False) for _ in range(20)]
    form = {"username": "on.nurse", "password": "guess-guess"}
    answers = at_once(*((lambda c=c: c.post("/sign-in", form, REMOTE_ADDR="203.0.113.9")) for c in clients))
    found = codes(answers)  # type: ignore[arg-type]
    assert found[422] <= 6
    assert found[429] >= 14
