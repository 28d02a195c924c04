"""What stands in the ledger: with the move or not at all, read back and searched at the door."""

from __future__ import annotations

import pytest

from doorstep.kernel.testing import published
from doorstep.kernel.testing.callers import system
from doorstep.registers.staff.api import issue_key
from doorstep.services.referrals.actions.publishing import publish_all
from doorstep.services.referrals.shapes import Picked
from doorstep.services.referrals.tests import factory
from doorstep.services.referrals.tests.factory import World, drafted, move, reported, row, sent
from tests.door import running
from tests.served import ids

pytestmark = pytest.mark.django_db


def test_a_draft_is_nobody_s_business(here: World) -> None:
    assert published.stands("ServiceRequest", drafted(here)) is None


def test_request_and_task_follow_the_referral(here: World) -> None:
    referral = drafted(here, enclosures=(Picked("Observation", "o1", "血压"),), urgency="emergency")
    move(here.doctor, "send", referral)
    request, task = published.body("ServiceRequest", referral), published.body("Task", referral)
    assert (request["status"], request["priority"], request["subject"]) == (
        "active", "stat", {"reference": "Patient/pt"},
    )  # fmt: skip
    assert request["supportingInfo"] == [{"reference": "Observation/o1"}]
    assert request["requester"] == {"reference": f"Organization/{here.centre}"}
    assert (task["status"], task["owner"]) == ("requested", {"reference": f"Organization/{here.county}"})
    move(here.desk, "decline", referral, reason="no_capacity")
    assert published.body("Task", referral)["status"] == "rejected"
    assert published.body("ServiceRequest", referral)["status"] == "on-hold"
    move(here.doctor, "withdraw", referral, reason="elsewhere")
    assert published.body("Task", referral)["status"] == "cancelled"


def test_published_again_it_is_the_same(here: World) -> None:
    reported(here), sent(here), drafted(here)
    before = published.every(("ServiceRequest", "Task"))
    publish_all(system())
    assert published.every(("ServiceRequest", "Task")) == before
    assert len(before) == 4


FOUND = (
    "ServiceRequest?status=active", "ServiceRequest?patient=Patient/pt",
    "ServiceRequest?performer=Organization/{county}",
    "ServiceRequest?identifier=urn:doorstep:referral|{number}", "ServiceRequest?priority=stat",
    "Task?owner=Organization/{county}", "Task?status=requested", "Task?focus=ServiceRequest/{referral}",
    "Task?business-status=urn:doorstep:referral-status|sent",
)  # fmt: skip
OTHER = ("ServiceRequest?status=draft", "Task?status=completed", "Task?owner=Organization/{centre}")


@pytest.mark.django_db(transaction=True)
def test_it_is_read_back_and_searched_at_the_door() -> None:
    """By the key of the institution that sent it; another institution's key finds nothing."""
    here = factory.world()
    referral = sent(here)
    said = {"county": here.county, "centre": here.centre, "referral": referral, "number": row(referral).number}
    _key, token = issue_key(system(), organisation=here.centre, name="本院系统")
    _other, stranger = issue_key(system(), organisation=here.other, name="别院系统")
    with running(token) as door:
        assert door.get(f"ServiceRequest/{referral}").json()["status"] == "active"
        assert door.get(f"Task/{referral}").json()["status"] == "requested"
        for asked in FOUND:
            assert ids(door.get(asked.format(**said))) == [f"{asked.partition('?')[0]}/{referral}"], asked
        for asked in OTHER:
            assert ids(door.get(asked.format(**said))) == [], asked
        assert ids(door.get(FOUND[0], key=stranger)) == []
        assert door.get(f"ServiceRequest/{referral}", key=stranger).status_code == 404
