"""A resident known to two institutions, with what both sent through the exchange."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from doorstep.kernel import clock
from doorstep.kernel.testing.callers import system
from doorstep.record.exchange.api import Piece, take
from doorstep.registers.consents import api as consents
from doorstep.registers.organisations.models import Organisation
from doorstep.registers.residents import api as residents

# A right resident ID (check digit) of a region that does not exist.
NUMBER = "439921195803152027"
Send = Callable[..., None]


def patient(key: str, number: str = NUMBER, name: str = "李秀英") -> dict[str, Any]:
    """A Patient with a resident ID."""
    kind = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "NNCHN"}]}
    return {
        "resourceType": "Patient",
        "id": key,
        **({"identifier": [{"type": kind, "value": number}]} if number else {}),
        "name": [{"text": name}],
        "gender": "female",
        "birthDate": "1958-03-15",
    }


def send(source: UUID, *resources: dict[str, Any]) -> None:
    """Send resources as one collection; the test fails where any is set aside."""
    entries = [{"fullUrl": f"http://test/{r['resourceType']}/{r['id']}", "resource": r} for r in resources]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    raw = json.dumps(bundle, ensure_ascii=False).encode()
    for receipts in take(system(), source, [Piece("bundle", "test.json", raw)], "file"):
        for receipt in receipts:
            assert receipt.state == "applied", receipt
            assert not receipt.set_aside, receipt


def organisation(name: str) -> UUID:
    """A hospital."""
    made = Organisation.objects.create(
        name=name, pinyin=name, initials=name, type_code="A100", tier="lead", area="439921001001"
    )
    return UUID(str(made.pk))


@pytest.fixture
def county(db: None) -> UUID:
    """The county hospital."""
    return organisation("县人民医院")


@pytest.fixture
def township(db: None) -> UUID:
    """The township health centre."""
    return organisation("清溪镇卫生院")


@pytest.fixture
def resident(county: UUID, township: UUID) -> UUID:
    """One person with a record at each of the two institutions: FHIR ids ``pc`` (county) and ``pt`` (township).

    They have an appointment at both, so both may read the whole record.
    """
    send(county, patient("pc"))
    send(township, patient("pt"))
    found = residents.residents_of(["pc", "pt"])
    assert found["pc"] == found["pt"]
    for place in (county, township):
        relate(found["pc"], place)
    return found["pc"]


def relate(resident: UUID, organisation: UUID) -> None:
    """Give the resident an appointment at the institution, from yesterday on."""
    since = clock.now() - timedelta(days=1)
    reference = f"Appointment/{resident}-{organisation}"
    consents.open_relation(
        consents.Opening(resident, consents.Why.APPOINTMENT, reference, since, organisation=organisation)
    )
