"""Conditional writes by any search of the door, in the transaction of the write."""

from __future__ import annotations

from uuid import UUID

import orjson
import pytest

from doorstep.kernel.testing.callers import member
from doorstep.record.exchange import api
from doorstep.record.exchange.api import Answer, Interaction
from doorstep.record.exchange.tests import kit
from doorstep.record.exchange.tests.kit import bundle, entry, observation, patient, urn
from doorstep.record.exchange.tests.test_interact import asked, codes, create, delete, update

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(db: None) -> UUID:
    return kit.make_organisation("甲医院")


@pytest.fixture
def other(db: None) -> UUID:
    return kit.make_organisation("乙医院")


def do(source: UUID, *what: Interaction) -> list[Answer]:
    return api.interact(member(source), source, what)


def test_create_by_name_and_date(source):
    where = "name=王小明&birthdate=1985-03-15"
    first, second = do(source, create(patient(1), if_none_exist=where), create(patient(1), if_none_exist=where))
    assert (first.status, second.status, second.id) == (201, 200, first.id)


def test_update_by_code_and_subject(source):
    do(source, update("p", patient(1)), update("q", patient(3, "李四")))
    do(source, update("a", observation("Patient/p")), update("b", observation("Patient/q")))
    where = "subject=Patient/q&code=http://loinc.org|8310-5"
    [changed] = do(source, asked("PUT", "Observation", None, observation("Patient/q", 39), query=where))
    assert (changed.status, changed.id, changed.version) == (200, "b", 2)


def test_delete_by_a_chain_and_never_by_nothing(source):
    do(source, update("p", patient(1)))
    do(source, update("a", observation("Patient/p")), update("b", observation("Patient/p")))
    many, everything, unknown = do(
        source,
        delete("Observation", query="subject.name=王小明"),
        delete("Observation", query="_count=5"),
        delete("Observation", query="shoesize=43"),
    )
    assert codes([many, everything]) == [(412, "conditional-many"), (400, "unconditional")]
    assert unknown.status == 400
    assert kit.count("fhir_observation WHERE deleted") == 0


def test_others_are_not_found(source, other):
    do(other, create(patient(1)))
    [made] = do(source, create(patient(1), if_none_exist="name=王小明"))
    assert made.status == 201


def test_references_and_entries_of_a_bundle(source):
    do(source, update("p", patient(1)))
    made = entry(observation("Patient?name=王小明"), 2)
    again = entry(patient(1), 1, ifNoneExist="birthdate=1985-03-15")
    [receipt] = kit.send(source, bundle("transaction", made, again, entry(observation(urn(1)), 3)))
    assert receipt.state == "applied", receipt
    found = [orjson.loads(api.stored(member(source), kind="Observation", key=kit.key(n))[0].body) for n in (2, 3)]
    assert {o["subject"]["reference"] for o in found} == {"Patient/p"}
