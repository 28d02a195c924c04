"""Bundles: each entry stands for itself, references between entries are resolved and nothing else changes."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.fhir.bundle import BundlePlan, Item, read_bundle
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import Limits
from doorstep.fhir.references import references
from doorstep.fhir.resolution import resolve
from doorstep.fhir.tests.samples import EXAMPLES, SYNTHEA, members

Entry = dict[str, Any]
DEEP = "[" * 90 + "]" * 90


def bundle(*entries: Entry, kind: str = "transaction") -> bytes:
    return orjson.dumps({"resourceType": "Bundle", "type": kind, "entry": list(entries)})


def post(resource: Entry, full_url: str | None = None, **request: str) -> Entry:
    entry: Entry = {"resource": resource}
    if full_url:
        entry["fullUrl"] = full_url
    return {**entry, "request": {"method": "POST", "url": resource["resourceType"], **request}}


def put(resource: Entry, full_url: str | None = None) -> Entry:
    entry = post(resource, full_url)
    return {**entry, "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}}


def observation(subject: str, **more: Any) -> Entry:
    return {"resourceType": "Observation", "status": "final", "subject": {"reference": subject}, **more}


def number(item: Item) -> str:
    return f"n{item.index}"


def faults(plan: BundlePlan) -> list[tuple[str, str | None]]:
    return [(problem.code, problem.expression) for problem in plan.problems]


def refused(data: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(FhirProblem) as caught:
        read_bundle(data, limits or Limits())
    return caught.value.code


def test_entries_of_a_transaction_are_read() -> None:
    patient = {"resourceType": "Patient", "id": "p"}
    deletion = {"request": {"method": "DELETE", "url": "Patient/old", "ifMatch": 'W/"2"'}}
    search = {"request": {"method": "GET", "url": "Patient?name=x"}}
    conditional = {
        "resource": {"resourceType": "Patient"},
        "request": {"method": "PUT", "url": "Patient?identifier=a|b"},
    }
    plan = read_bundle(
        bundle(search, conditional, put(patient), post(patient, "urn:uuid:1", ifNoneExist="identifier=a|b"), deletion)
    )
    got, updated, stored, created, deleted = plan.items
    assert not plan.problems
    assert (created.method, created.type, created.id, created.if_none_exist) == (
        "POST",
        "Patient",
        "p",
        "identifier=a|b",
    )
    assert (stored.method, stored.type, stored.id, stored.resource) == ("PUT", "Patient", "p", patient)
    assert (updated.type, updated.id, updated.query) == ("Patient", None, "identifier=a|b")
    assert (deleted.type, deleted.id, deleted.if_match, deleted.body) == ("Patient", "old", 'W/"2"', b"")
    assert (got.type, got.query) == ("Patient", "name=x")
    assert [item.method for item in plan.ordered()] == ["DELETE", "POST", "PUT", "PUT", "GET"]


@pytest.mark.parametrize("kind", ["collection", "searchset"])
def test_collections_and_search_sets_are_put(kind: str) -> None:
    outcome = {"resource": {"resourceType": "OperationOutcome"}, "search": {"mode": "outcome"}}
    plan = read_bundle(bundle({"resource": {"resourceType": "Patient", "id": "p"}}, outcome, kind=kind))
    (item,) = plan.items
    assert (plan.type, item.method, item.url, item.id) == (kind, "PUT", "Patient/p", "p")


@pytest.mark.parametrize("kind", ["document", "message", "history", "batch-response", "nonsense", ""])
def test_other_bundles_are_refused(kind: str) -> None:
    assert refused(bundle(kind=kind)) == "bundle-type"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"resourceType":"Patient"}', "not-bundle"),
        (b'{"type":"batch"}', "no-resource-type"),
        (b'{"resourceType":"Bundle"}', "bundle-type"),
        (b'{"resourceType":"Bundle","type":["batch"]}', "wrong-shape"),
        (b'{"resourceType":"Bundle","type":"batch","entry":{}}', "wrong-shape"),
        (b'{"resourceType":"Bundle","type":"batch","type":"batch"}', "duplicate-key"),
        (b'{"resourceType":"Bundle","type":"batch","entry":[', "truncated"),
        (b'{"resourceType":"Bundle","type":"batch","entry":[{"resource":' + b"[" * 5_000, "too-deep"),
        (b"[]", "not-object"),
        (b'"Bundle"', "not-object"),
    ],
)
def test_what_is_no_bundle_is_refused(data: bytes, code: str) -> None:
    assert refused(data) == code


def test_limits_of_a_bundle() -> None:
    data = bundle(*[put({"resourceType": "Patient", "id": f"p{n}"}) for n in range(3)])
    assert refused(data, Limits(bundle_bytes=len(data) - 1)) == "too-large"
    assert refused(data, Limits(entries=2)) == "too-many-entries"
    large = put({"resourceType": "Patient", "id": "large", "name": [{"text": "x" * 500}]})
    plan = read_bundle(bundle(put({"resourceType": "Patient", "id": "p"}), large), Limits(resource_bytes=400))
    assert faults(plan) == [("too-large", "Bundle.entry[1].resource")]


@pytest.mark.parametrize(
    ("entry", "code", "expression"),
    [
        ("7", "wrong-shape", ""),
        ('{"resource":{"resourceType":"Patient"}}', "no-request", ".request"),
        ('{"request":{"method":"POST"},"resource":{}}', "no-request", ".request"),
        ('{"request":{"method":"POST","url":"Patient"}}', "no-resource", ".resource"),
        ('{"request":{"method":"LINK","url":"Patient"}}', "bad-method", ".request.method"),
        ('{"request":{"method":1,"url":"Patient"}}', "wrong-shape", ".request.method"),
        ('{"request":[]}', "not-object", ".request"),
        ('{"request":{"method":"GET","method":"GET","url":"Patient"}}', "duplicate-key", ".request.method"),
        (r'{"fullUrl":"urn:\u0000","request":{"method":"GET","url":"Patient"}}', "nul-character", ".fullUrl"),
        ('{"fullUrl":1,"request":{"method":"GET","url":"Patient"}}', "wrong-shape", ".fullUrl"),
        ('{"request":{"method":"DELETE","url":"Patient"}}', "bad-url", ".request.url"),
        ('{"request":{"method":"DELETE","url":"Patient/a b"}}', "bad-url", ".request.url"),
        ('{"request":{"method":"POST","url":"Patient/1"},"resource":{"resourceType":"Patient"}}',
         "bad-url", ".request.url"),
        ('{"request":{"method":"POST","url":"Patience"},"resource":{}}', "bad-url", ".request.url"),
        ('{"request":{"method":"POST","url":"Patient"},"resource":{"resourceType":"Basic"}}', "type-mismatch",
         ".resource.resourceType"),
        ('{"request":{"method":"PUT","url":"Patient/1"},"resource":{"resourceType":"Patient","id":"2"}}', "id-mismatch",
         ".resource.id"),
        ('{"request":{"method":"PUT","url":"Patient/1"},"resource":{"resourceType":"Patient"}}', "id-mismatch",
         ".resource.id"),
        ('{"request":{"method":"POST","url":"Patient"},"resource":{"resourceType":"Patient","x":[{"a":1,"a":2}]}}',
         "duplicate-key", ".resource.x[0].a"),
        ('{"resource":{"resourceType":"Patient"},"resource":{"resourceType":"Patient"}}', "duplicate-key", ".resource"),
        ('{"request":{"method":"POST","url":"Patient"},"resource":{"resourceType":"Patient","birthDate":"2999-01-01"}}',
         "future-birth-date", ".resource.birthDate"),
        ('{"request":{"method":"POST","url":"Basic"},"resource":{"resourceType":"Basic","x":' + DEEP + "}}",
         "too-deep", ".resource"),
        ('{"request":{"method":"POST","url":"Basic"},"resource":{"resourceType":"Basic","x":1e999}}',
         "non-finite", ".resource"),
        ('{"request":{"method":"POST","url":"Basic"},"resource":"Basic"}', "not-object", ".resource"),
    ],
)  # fmt: skip
def test_a_faulty_entry_stops_no_other(entry: str, code: str, expression: str) -> None:
    good = orjson.dumps(put({"resourceType": "Patient", "id": "p"})).decode()
    plan = read_bundle(f'{{"resourceType":"Bundle","type":"transaction","entry":[{good},{entry}]}}'.encode())
    assert faults(plan) == [(code, f"Bundle.entry[1]{expression}")]
    assert plan.items[0].resource["id"] == "p"


def test_repeated_full_urls_and_targets_are_reported() -> None:
    patient = {"resourceType": "Patient", "id": "p"}
    versions = [{**patient, "meta": {"versionId": version}} for version in "12"]
    plan = read_bundle(bundle(post(patient, "urn:uuid:1"), post(patient, "urn:uuid:1"), put(patient), put(patient)))
    assert faults(plan) == [
        ("duplicate-full-url", "Bundle.entry[1].fullUrl"),
        ("duplicate-target", "Bundle.entry[3].request.url"),
    ]
    assert not read_bundle(bundle(*[post(each, "urn:uuid:1") for each in versions], kind="batch")).problems
    assert not read_bundle(bundle(put(patient), put(patient), kind="batch")).problems


def test_references_between_entries_become_type_and_id() -> None:
    patient = {"resourceType": "Patient", "id": "theirs", "managingOrganization": {"reference": "#o"}}
    uuid = "urn:uuid:0C5C2F7A-6C56-4B0B-8C7E-000000000001"
    plan = read_bundle(
        bundle(
            post(patient, uuid),
            post(observation(uuid.replace("C5C", "c5c"), focus=[{"reference": "http://else.where/Patient/9"}])),
            post(observation("Patient/far", note=[{"text": f'"reference":"{uuid}"'}], x=uuid)),
        )
    )
    resolve(plan, number)
    assert not plan.problems
    assert plan.items[0].resource == {**patient, "id": "n0"}
    assert references(plan.items[1].body) == ["Patient/n0", "http://else.where/Patient/9"]
    assert plan.items[2].resource["x"] == uuid
    assert plan.items[2].resource["note"] == [{"text": f'"reference":"{uuid}"'}]


def test_absolute_and_relative_references_follow_the_base_of_full_urls() -> None:
    base = "https://his.example/fhir/"
    plan = read_bundle(
        bundle(
            post({"resourceType": "Patient", "id": "1"}, f"{base}Patient/1"),
            post(observation("Patient/1"), f"{base}Observation/2"),
            post(observation(f"{base}Patient/1"), f"{base}Observation/3"),
            post(observation("Patient/1"), "https://other.example/Observation/4"),
        )
    )
    resolve(plan, number)
    assert [references(item.body) for item in plan.items[1:]] == [["Patient/n0"], ["Patient/n0"], ["Patient/1"]]


def test_entries_without_full_url_are_known_by_the_id_they_were_sent_with() -> None:
    patient = {"resource": {"resourceType": "Patient", "id": "1"}}
    plan = read_bundle(bundle(patient, {"resource": observation("Patient/1")}, kind="collection"))
    resolve(plan, number)
    assert references(plan.items[1].body) == ["Patient/n0"]


def test_urns_that_lead_nowhere_are_problems_and_spread() -> None:
    bad = {"resourceType": "Patient", "birthDate": "2999-01-01"}
    plan = read_bundle(
        bundle(
            post(observation("urn:uuid:a", hasMember=[{"reference": "urn:uuid:chain"}]), "urn:uuid:top"),
            post(observation("urn:uuid:bad"), "urn:uuid:chain"),
            post(bad, "urn:uuid:bad"),
            post(observation("urn:oid:1.2.3")),
            post({"resourceType": "Patient"}, "urn:uuid:a"),
        )
    )
    resolve(plan, number)
    assert faults(plan) == [
        ("depends-on-failed", "Bundle.entry[0].resource.hasMember[0].reference"),
        ("depends-on-failed", "Bundle.entry[1].resource.subject.reference"),
        ("future-birth-date", "Bundle.entry[2].resource.birthDate"),
        ("unresolved-reference", "Bundle.entry[3].resource.subject.reference"),
    ]
    assert plan.items[4].problem is None


def test_conditional_references_are_listed_and_replaced() -> None:
    plan = read_bundle(bundle(post(observation("Patient?identifier=urn:x|1", focus=[{"reference": "Patience?x=1"}]))))
    resolve(plan, number)
    (found,) = plan.conditional
    assert (found.path, found.type, found.query) == (
        "Bundle.entry[0].resource.subject.reference", "Patient", "identifier=urn:x|1",
    )  # fmt: skip
    assert found.item.replace_reference(found.reference, "Patient/p1") == 1
    assert found.item.resource["subject"] == {"reference": "Patient/p1"}
    assert found.item.replace_reference(found.reference, "Patient/p1") == 0


def test_references_spelt_with_escapes_are_seen() -> None:
    text = bundle(
        post({"resourceType": "Patient"}, "https://a.example/Patient/1"), post(observation("SUBJECT"))
    ).decode()
    text = text.replace('"reference":"SUBJECT"', r'"ref\u0065rence" : "https:\/\/a.example\/Patient\/1"')
    plan = read_bundle(text.encode())
    resolve(plan, number)
    assert references(plan.items[1].body) == ["Patient/n0"]


def test_an_id_that_is_none_is_not_written() -> None:
    with pytest.raises(ValueError, match="not a resource id"):
        resolve(read_bundle(bundle(post({"resourceType": "Patient"}))), lambda item: '"},{')


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(["a", "reference", "b\n", "x"]), below),
)


@settings(deadline=None)
@given(
    st.lists(st.uuids(), min_size=1, max_size=4, unique=True),
    st.lists(st.integers(0, 5), max_size=6),
    JSON,
    st.booleans(),
)
def test_resolution_leaves_no_known_urn_and_changes_nothing_else(
    known: list[UUID], picks: list[int], other: Any, spell: bool
) -> None:
    urls = [f"urn:uuid:{uuid}" for uuid in known]
    targets = [urls[pick % len(urls)] for pick in picks]
    sent = {
        "resourceType": "List",
        "other": without_urns(other),
        "entry": [{"item": {"reference": each}} for each in targets],
    }
    entries = [post({"resourceType": "Patient"}, url) for url in urls]
    data = {"resourceType": "Bundle", "type": "transaction", "entry": [*entries, post(sent)]}
    plan = read_bundle(json.dumps(data, ensure_ascii=spell, indent=2 if spell else None).encode())
    resolve(plan, number)
    assert not plan.problems
    wanted = [{"item": {"reference": f"Patient/n{urls.index(each)}"}} for each in targets]
    assert plan.items[-1].resource == {**sent, "id": f"n{len(urls)}", "entry": wanted}
    assert json.loads(plan.items[-1].body) == plan.items[-1].resource


def without_urns(value: Any) -> Any:
    """Leave no string that happens to be a reference the test does not expect."""
    return json.loads(json.dumps(value).replace("urn:", "nru:"))


@settings(deadline=None)
@given(st.binary(max_size=60), st.integers(0, 300), st.integers(0, 6))
def test_a_damaged_bundle_raises_nothing_but_problems(put_in: bytes, at: int, drop: int) -> None:
    data = bundle(post(observation("urn:uuid:1"), "urn:uuid:2"), post({"resourceType": "Patient"}, "urn:uuid:1"))
    damaged = data[:at] + put_in + data[at + drop :]
    try:
        plan = read_bundle(damaged)
    except FhirProblem:
        return
    resolve(plan, number)


def test_synthea_bundles_are_read_without_a_problem() -> None:
    count = 0
    for name, data in members(SYNTHEA, every=25):
        plan = read_bundle(data)
        sent = orjson.loads(data)["entry"]
        resolve(plan, lambda item: str(item.id))
        assert not plan.problems, name
        assert len(plan.items) == len(sent)
        assert not any(each.startswith("urn:") for item in plan.items for each in references(item.body))
        urls = {entry["fullUrl"]: f"{entry['resource']['resourceType']}/{entry['resource']['id']}" for entry in sent}
        assert [item.resource for item in plan.items] == [resolved(entry["resource"], urls) for entry in sent]
        count += len(sent)
    assert count > 1_000


def resolved(value: Any, urls: dict[str, str]) -> Any:
    """Resolve references the simple, slow way."""
    if isinstance(value, dict):
        return {
            key: urls.get(each, each) if key == "reference" and isinstance(each, str) else resolved(each, urls)
            for key, each in value.items()
        }
    return [resolved(each, urls) for each in value] if isinstance(value, list) else value


def test_official_example_bundles_are_taken_or_refused_with_a_word() -> None:
    taken, refusals = 0, set()
    for name, data in members(EXAMPLES):
        if not name.startswith("package/Bundle-"):
            continue
        try:
            plan = read_bundle(data)
        except FhirProblem as problem:
            refusals.add(problem.code)
            continue
        resolve(plan, number)
        taken += 1
        unknown = {problem.code for problem in plan.problems}
        assert unknown <= {"unresolved-reference", "type-mismatch", "id-mismatch", "bad-url", "unknown-type"}, (
            name,
            unknown,
        )
    assert taken > 5
    assert refusals <= {"bundle-type"}
