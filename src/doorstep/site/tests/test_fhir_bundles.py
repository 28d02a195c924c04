"""Batches and transactions through the room, and their answers: order, conditions, all or nothing, reads at the end."""

from __future__ import annotations

import asyncio
import base64
from uuid import UUID

import orjson
import pytest
from django.db import connections

from doorstep.fhir.outcome import EntryResponse, etag, refusal, shown
from doorstep.fhir.problems import FhirProblem
from doorstep.kernel import ledger
from doorstep.kernel.testing.callers import member
from doorstep.kernel.testing.loops import run
from doorstep.record.exchange import api as exchange
from doorstep.record.exchange.tests import kit
from doorstep.record.exchange.tests.kit import Json, bundle, entry, observation, patient, urn
from doorstep.record.exchange.tests.test_interact import by
from doorstep.site.fhir_answers import bundle_answer
from doorstep.site.fhir_bundles import only_reads

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def source(transactional_db: None) -> UUID:
    return kit.make_organisation("甲医院")


async def fetch(address: str, _asked: object = None) -> EntryResponse:
    """Read from the ledger, as the door does."""
    return await asyncio.to_thread(_fetch, address)


def _fetch(address: str) -> EntryResponse:
    try:
        kind, key, *_ = address.split("/")
        found = ledger.read(kind, key)
    finally:
        connections.close_all()
    if found is None or found.deleted:
        return refusal(FhirProblem("gone" if found else "not-found", what=address))
    return EntryResponse(200, etag=etag(found.version), last_modified=found.updated, resource=shown(found))


def post(source: UUID, body: bytes, representation: bool = False) -> tuple[exchange.Receipt, list[Json]]:
    """What the door does with a bundle: the receipt, and the entries of the answer."""
    receipt = only_reads(body)
    if receipt is None:
        piece = exchange.Piece("bundle", "/fhir", body)
        [[receipt]] = list(exchange.take(member(source), source, [piece], "fhir"))
    _, answer, _ = run(bundle_answer(receipt, fetch, representation))
    return receipt, orjson.loads(answer).get("entry", [])


def bare(method: str, url: str, **request: str) -> Json:
    return {"request": {"method": method, "url": url, **request}}


def put(key: str, resource: Json, **request: str) -> Json:
    return entry({**resource, "id": key}, None, "PUT", f"{resource['resourceType']}/{key}", **request)


def patch(url: str, *operations: Json, **request: str) -> Json:
    data = base64.b64encode(orjson.dumps(operations)).decode()
    binary = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data}
    return entry(binary, None, "PATCH", url, **request)


def codes(entries: list[Json]) -> list[str]:
    return [e["response"]["status"][:3] for e in entries]


ACTIVE = {"op": "add", "path": "/active", "value": True}


def test_all_methods_in_any_order_are_done_in_that_of_the_specification(source):
    post(source, bundle("batch", put("p", patient(1)), put("o", observation("Patient/p")), put("x", observation(None))))
    receipt, entries = post(
        source,
        bundle(
            "transaction",
            bare("GET", "Patient/p"),
            patch("Patient/p", ACTIVE),
            put("o", observation(urn(1), 38)),
            entry(patient(2), 1),
            bare("DELETE", "Observation/x"),
            bare("GET", "Observation/x"),
            bare("HEAD", "Observation/o"),
        ),
    )
    assert receipt.state == "applied"
    assert codes(entries) == ["200", "200", "200", "201", "204", "410", "200"]
    assert entries[0]["resource"]["active"] is True
    assert entries[0]["resource"]["meta"]["versionId"] == "2"
    assert receipt.answers[6].read == {"method": "HEAD"}
    made = entries[3]["response"]
    assert made["location"] == f"Patient/{kit.key(1)}/_history/1"
    assert (made["etag"], "lastModified" in made) == ('W/"1"', True)
    about = orjson.loads(ledger.read("Observation", "o").body)["subject"]
    assert about == {"reference": f"Patient/{kit.key(1)}"}


def test_again_is_answered_as_before(source):
    body = bundle("transaction", entry(patient(1), 1), put("o", observation(urn(1))), bare("GET", "Observation/o"))
    first, entries = post(source, body)
    again, same = post(source, body)
    assert (again.repeated, again.message, same) == (True, first.message, entries)


def test_of_a_transaction_nothing_stays_where_one_fails(source):
    post(source, bundle("batch", put("p", patient(1)), put("o", observation(None))))
    before = kit.ledger()
    for fault in (
        put("o", observation(None, 39), ifMatch='W/"7"'),
        put("o", observation(None, 39), ifNoneMatch="*"),
        patch("Observation/o", {"op": "test", "path": "/status", "value": "amended"}),
        patch("Observation/none", ACTIVE),
        entry(observation("Patient/nobody"), 3),
        bare("DELETE", "Observation/o", ifMatch='W/"2"'),
    ):
        receipt, entries = post(source, bundle("transaction", patch("Patient/p", ACTIVE), entry(patient(2), 1), fault))
        assert (receipt.state, entries) == ("set_aside", [])
        assert kit.ledger() == before


def test_entries_of_a_batch_stand_alone(source):
    _, entries = post(
        source,
        bundle(
            "batch",
            put("p", patient(1), ifNoneMatch="*"),
            put("q", patient(2), ifMatch='W/"1"'),
            patch("Patient/none", ACTIVE),
            entry(observation(None), 4),
            bare("GET", "Patient/p"),
            bare("GET", "Patient/none"),
            bare("DELETE", "Patient/never"),
        ),
    )
    assert codes(entries) == ["201", "412", "404", "201", "200", "404", "204"]
    issue = entries[1]["response"]["outcome"]["issue"][0]
    assert issue["details"]["coding"][0]["code"] == "version-conflict"


def test_conditions_of_entries(source):
    post(source, bundle("batch", put("p", patient(1)), put("d", patient(3))))
    _, entries = post(
        source,
        bundle(
            "transaction",
            entry(patient(1), 11, ifNoneExist=by(1)),
            entry(patient(2), 12, ifNoneExist=by(2)),
            bare("DELETE", "Patient?" + by(3)),
            bare("DELETE", "Patient?" + by(4)),
            entry(observation(urn(11)), 13),
            entry(observation("Patient?" + by(1)), 14),
        ),
    )
    assert codes(entries) == ["200", "201", "204", "204", "201", "201"]
    assert entries[0]["response"]["location"] == "Patient/p/_history/1"
    assert ledger.read("Patient", "d").deleted
    for number in (13, 14):
        assert orjson.loads(ledger.read("Observation", kit.key(number)).body)["subject"]["reference"] == "Patient/p"


def test_one_resource_is_changed_once_however_it_is_named(source):
    post(source, bundle("batch", put("p", patient(1))))
    for other in (patch("Patient/p", ACTIVE), bare("DELETE", "Patient/p"), bare("DELETE", "Patient?" + by(1))):
        receipt, _ = post(source, bundle("transaction", put("p", patient(1, active=False)), other))
        assert receipt.problems[0].code in ("duplicate-target", "same-target")
    _, entries = post(source, bundle("batch", patch("Patient/p", ACTIVE), patch("Patient?" + by(1), ACTIVE)))
    assert sorted(codes(entries)) == ["200", "400"]


def test_representation_is_shown_where_it_is_asked_for(source):
    body = bundle("transaction", entry(patient(1), 1), bare("DELETE", "Patient/none"))
    _, entries = post(source, body, representation=True)
    assert entries[0]["resource"]["id"] == kit.key(1)
    assert entries[0]["resource"]["meta"]["versionId"] == "1"
    assert "resource" not in entries[1]


def test_what_only_reads_is_not_kept(source):
    post(source, bundle("batch", put("p", patient(1))))
    count = kit.messages().count()
    asked = bundle("batch", bare("GET", "Patient/p"), bare("GET", "Patient/x", ifNoneMatch='W/"1"'), bare("HEAD", ""))
    receipt, entries = post(source, asked)
    assert (receipt.message, codes(entries)) == (0, ["200", "404", "400"])
    assert receipt.answers[1].read == {"method": "GET", "if-none-match": 'W/"1"'}
    assert kit.messages().count() == count
    with pytest.raises(FhirProblem):
        only_reads(bundle("transaction", bare("GET", "Patient/p"), bare("GET", "")))


def test_a_write_spelt_oddly_is_no_read(source):
    body = bundle("batch", entry(patient(1), 1)).replace(b'"POST"', b'"po\\u0073t"')
    assert only_reads(body) is None
    _, entries = post(source, body)
    assert codes(entries) == ["201"]
