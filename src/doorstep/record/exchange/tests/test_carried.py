"""A document that came within a message is in error with what carries it, and back with it, however that is said."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from doorstep.adapters.cda.tests import samples
from doorstep.kernel import ledger
from doorstep.record.exchange.tests import kit
from doorstep.record.exchange.tests.test_documents import current, document, status
from doorstep.record.exchange.tests.test_interact import codes, do, patched, update

pytestmark = pytest.mark.django_db
Json = dict[str, Any]
ERROR = "entered-in-error"


def carrier(document: Json, **more: Any) -> Json:
    """What an HL7 v2 message's own DocumentReference says of a document that came within it."""
    target = {"reference": f"DocumentReference/{document['id']}"}
    return {
        "resourceType": "DocumentReference", "id": "carrier", "status": "current", "subject": document["subject"],
        "masterIdentifier": {"value": "D100"}, "content": document["content"],
        "meta": {"tag": [{"system": "urn:doorstep:document", "code": "carrier"}]},
        "relatesTo": [{"code": "transforms", "target": target}],
    } | more  # fmt: skip


@pytest.fixture
def carried(source: UUID) -> Json:
    kit.send(source, document(samples.ALLERGY, samples.VITALS, number="D1", family="S", version="2"))
    [found] = current("DocumentReference")
    [answer] = do(source, update("carrier", carrier(found)))
    assert answer.status == 201
    return found


def say(source: UUID, how: str, state: str) -> None:
    """Set the carrier's status in one of the ways that there are."""
    operation = {"op": "replace", "path": "/status", "value": state}
    stored = ledger.read("DocumentReference", "carrier")
    now = json.loads(stored.body) | {"status": state, "description": f"版本 {stored.version}"}
    if how == "patch":
        [answer] = do(source, patched("DocumentReference", "carrier", operation))
        assert (answer.status, json.loads(answer.body)["status"]) == (200, state)
    elif how == "update":
        [answer] = do(source, update("carrier", now))
        assert answer.status == 200
    else:
        request = {"method": "PUT", "url": "DocumentReference/carrier"}
        [receipt] = kit.send(source, kit.bundle(how, {"resource": now, "request": request}))
        assert (receipt.state, len(receipt.answers)) == ("applied", 1)


def chart() -> dict[tuple[str, str], Any]:
    """What stands in the chart, without the carrier."""
    keys = [key for key, row in kit.ledger().items() if not row[3] and key[1] != "carrier"]
    return {key: json.loads(ledger.read(*key).body) for key in keys}


@pytest.mark.parametrize("how", ["patch", "update", "transaction", "batch"])
def test_it_is_taken_back_and_undone_with_what_carries_it(source: UUID, carried: Json, how: str):
    before = chart()
    say(source, how, ERROR)
    assert status() == {"D1": ERROR, "D100": ERROR}
    assert (current("AllergyIntolerance"), current("Observation")) == ([], [])
    say(source, how, "current")
    assert status() == {"D1": "current", "D100": "current"}
    assert chart() == before
    say(source, how, ERROR)
    assert (status()["D1"], current("Observation")) == (ERROR, [])


def test_both_in_one_request_of_several(source: UUID, carried: Json):
    """Several writes of one caller share a transaction; each is answered by itself."""
    operation = {"op": "replace", "path": "/status", "value": ERROR}
    answers = do(
        source, patched("DocumentReference", "carrier", operation),
        patched("DocumentReference", "carrier", operation | {"value": "current"}),
        patched("DocumentReference", "carrier", operation),
    )  # fmt: skip
    assert [each.status for each in answers] == [200] * 3
    assert (status(), current("AllergyIntolerance")) == ({"D1": ERROR, "D100": ERROR}, [])


def test_another_institution_may_not(source: UUID, other: UUID, carried: Json):
    before = kit.ledger()
    operation = {"op": "replace", "path": "/status", "value": ERROR}
    answers = do(other, patched("DocumentReference", "carrier", operation))
    answers += do(other, update("carrier", carrier(carried, status=ERROR, subject={"display": "王小明"})))
    assert codes(answers) == [(403, "other-source")] * 2
    assert kit.ledger() == before


def test_a_write_that_fails_takes_nothing_back(source: UUID, carried: Json):
    before = kit.ledger()
    answers = do(source, update("carrier", carrier(carried, status=ERROR), if_match='W/"7"'))
    assert codes(answers) == [(412, "version-conflict")]
    assert kit.ledger() == before


def test_what_was_in_error_by_itself_stays_so(source: UUID, carried: Json):
    do(source, update(carried["id"], {**json_of(carried["id"]), "status": ERROR}))
    say(source, "patch", ERROR)
    say(source, "patch", "current")
    assert status() == {"D1": ERROR, "D100": "current"}


def test_back_again_it_finds_its_place_among_its_versions(source: UUID, carried: Json):
    say(source, "patch", ERROR)
    kit.send(source, document(samples.DIAGNOSIS, number="D2", family="S", version="3"))
    assert status()["D1"] == ERROR, "what was in error was not replaced, it never held"
    say(source, "patch", "current")
    assert status() == {"D1": "superseded", "D2": "current", "D100": "current"}
    assert (current("AllergyIntolerance"), len(current("Condition"))) == ([], 1)


def test_a_version_in_error_replaces_nothing(source: UUID, carried: Json):
    say(source, "update", ERROR)
    kit.send(source, document(samples.DIAGNOSIS, number="D0", family="S", version="1"))
    assert status()["D0"] == "current"


def json_of(key: str) -> Json:
    found: Json = json.loads(ledger.read("DocumentReference", key).body)
    return found
