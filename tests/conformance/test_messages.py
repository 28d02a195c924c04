"""The messages of the Sichuan guides, sent to the door as they are published: kept, answered, worked on, or refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from doorstep.fhir.tests.samples import ROOT
from doorstep.kernel import outbox
from doorstep.kernel.call import Scope
from doorstep.kernel.testing import callers
from doorstep.record.endpoints.actions import editing
from doorstep.record.endpoints.models import Outbound
from doorstep.record.endpoints.rules.facts import MESSAGES
from doorstep.record.endpoints.shapes import Facts, Outward
from doorstep.record.endpoints.tests import kit
from doorstep.services.referrals.actions import moving
from doorstep.services.referrals.models import Referral
from doorstep.services.referrals.shapes import Answer
from tests.door import RunningDoor, running, two_keys

pytestmark = pytest.mark.django_db(transaction=True)
XML = {"Content-Type": "application/fhir+xml"}
GUIDE = ROOT / "cn-fhir" / "sichuan-referral" / "examples"


def sample(name: str) -> bytes:
    """A file of the guides; the test is skipped where they are not on this machine."""
    found = next(iter((ROOT / "cn-fhir").rglob(name)), None) if (ROOT / "cn-fhir").exists() else None
    if found is None:
        pytest.skip(f"test data is not on this machine: {name}")
    return found.read_bytes()


class Houses:
    """A door, two institutions with a key each, and an endpoint of the second whose messages are for the first."""

    def __init__(self, door: RunningDoor, places: dict[str, tuple[UUID, str]]) -> None:
        self.door = door
        (self.here, self.key_here), (self.there, self.key_there) = places["a"], places["b"]
        facts = Facts("省转诊平台", self.there, 0, protocol=MESSAGES, mapping="sichuan", receiver=self.here)
        self.endpoint = editing.make(callers.system(), facts=facts)
        out = Outward("127.0.0.1", to_facility="fhir")
        facts = Facts("送省转诊平台", self.there, 8443, protocol=MESSAGES, mapping="sichuan", out=out)
        self.out = editing.make(callers.system(), facts=facts)

    def send(self, body: bytes, **more: Any) -> Any:
        return self.door.send("POST", "$process-message", body, **{"headers": XML, "key": self.key_there, **more})


@pytest.fixture
def houses() -> Iterator[Houses]:
    places = two_keys()
    with running() as door:
        yield Houses(door, places)


def response(answer: Any) -> tuple[str, str]:
    """What the header of an answer says, and to which message."""
    assert answer.status_code == 200, answer.text
    header = json.loads(answer.text)["entry"][0]["resource"]
    return header["response"]["code"], header["response"]["identifier"]


def test_the_referral_as_published(houses: Houses) -> None:
    raw = sample("Bundle-hospital-referral-example.xml")
    first = houses.send(raw)
    assert response(first) == ("ok", "MessageHeader-0001")
    assert houses.send(raw).text == first.text
    [row] = kit.inbound()
    assert (bytes(row.raw), row.control, row.kind) == (raw, "MessageHeader-0001", "C01001")
    kit.work_off()
    [row] = kit.inbound()
    print(row.state, row.reason, row.place, row.params, row.wrote)
    assert row.state == "handed"
    outbox.drain()
    [row] = kit.inbound()
    print(row.state, row.reason, row.place, row.params, row.wrote)
    [referral] = Referral.objects.unscoped("test")
    print({k: v for k, v in vars(referral).items() if v})
    assert (row.state, referral.status, referral.desk) == ("applied", "sent", houses.here)
    desk = callers.member(houses.here, scope=Scope(frozenset({houses.here, houses.there})))
    moving.accept(desk, referral=referral.pk, expect=None, answer=Answer(note="已保留床位"))
    [out] = Outbound.objects.unscoped("test")
    print(bytes(out.body).decode(), out.inbound)
    moving.arrive(desk, referral=referral.pk, expect=None, answer=Answer())
