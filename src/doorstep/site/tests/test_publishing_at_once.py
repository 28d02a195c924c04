"""Two publishers of one thing: the older state never comes last, and neither fails."""

from __future__ import annotations

import json
import threading

import pytest

from doorstep.kernel import clock, ledger
from doorstep.kernel.testing import callers
from doorstep.kernel.testing.at_once import at_once
from doorstep.registers.organisations import api
from doorstep.registers.organisations.actions import consortia
from doorstep.registers.organisations.actions import publishing as organisations
from doorstep.registers.organisations.models import Membership
from doorstep.registers.organisations.tests import factory
from doorstep.registers.staff.actions import people
from doorstep.registers.staff.actions import publishing as staff
from doorstep.registers.staff.shapes import PersonFacts, PostFacts

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_change_beside_the_job_that_publishes_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """The job has read a person and writes late; the change meanwhile must be what stands at the end."""
    district = factory.make()
    facts = PersonFacts("李一", "N1")
    person = people.add(callers.system(), facts=facts, post=PostFacts(district.lead, "nurse", factory.SINCE))
    read, changing = threading.Event(), threading.Event()
    real = staff._works

    def slow(keys):  # type: ignore[no-untyped-def]
        if threading.current_thread() is not threading.main_thread() and not read.is_set():
            read.set()
            changing.wait(1)
        return real(keys)

    monkeypatch.setattr(staff, "_works", slow)

    def change() -> None:
        read.wait(10)
        people.edit(callers.system(), person=person, expect=1, facts=PersonFacts("李二", "N1"))
        changing.set()

    assert at_once(lambda: staff.publish_all(callers.system()), change) == [1, None]
    found = ledger.read("Practitioner", str(person))
    assert found is not None
    assert json.loads(found.body)["name"][0]["text"] == "李二"


def test_many_at_once_of_what_the_ledger_does_not_queue() -> None:
    """Memberships are no shared type: their rows are locked by the publishers themselves."""
    district = factory.make()
    member = Membership.objects.unscoped("test").get(organisation=district.clinic)
    call = callers.system()

    def leave() -> None:
        consortia.leave(call, membership=member.id, expect=1, last_day=clock.today())

    works = [leave, *[lambda: organisations.publish_all(callers.system())] * 3]
    answers = at_once(*works, lambda: api.load(callers.system(), directory=factory.DIRECTORY.__class__()))
    assert [a for a in answers if isinstance(a, BaseException)] == []
    found = ledger.read("OrganizationAffiliation", str(member.id))
    assert found is not None
    assert (found.version, json.loads(found.body)["period"]["end"]) == (2, clock.today().isoformat())
