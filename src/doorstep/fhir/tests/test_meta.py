"""Meta as sets: added and taken away, with every other byte as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.fhir.meta import meta_add, meta_delete, meta_of, meta_union
from doorstep.fhir.problems import FhirProblem

BODY = b'{"resourceType":"Observation","id":"o1","valueQuantity":{"value":72.50}}'
TAGGED = (
    b'{"resourceType":"Observation","id":"o1","meta":{"versionId":"3","tag":[{"system":"s","code":"a","display":"A"},'
    b'{"system":"s","code":"b"}],"extension":[{"url":"u","valueDecimal":1.0}]},"valueQuantity":{"value":72.50}}'
)


def text(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def test_meta_of_is_the_bytes_or_an_empty_object() -> None:
    assert meta_of(BODY) == b"{}"
    assert b'"valueDecimal":1.0' in meta_of(TAGGED)


def test_add_puts_meta_after_the_id_and_leaves_versions_alone() -> None:
    meta = {"versionId": "9", "lastUpdated": "2020-01-01T00:00:00Z", "source": "x", "profile": ["p"]}
    assert meta_add(BODY, meta) == (
        b'{"resourceType":"Observation","id":"o1","meta":{"profile":["p"]},"valueQuantity":{"value":72.50}}'
    )


def test_add_keeps_what_is_equal_by_system_and_code_and_appends_what_is_new() -> None:
    tags = [{"system": "s", "code": "a", "display": "other"}, {"system": "t", "code": "a"}, {"code": "a"}]
    added = meta_add(TAGGED, {"tag": tags})
    assert json.loads(added)["meta"]["tag"] == [
        {"system": "s", "code": "a", "display": "A"},
        {"system": "s", "code": "b"},
        {"system": "t", "code": "a"},
        {"code": "a"},
    ]
    assert b'"valueDecimal":1.0' in added
    assert added.endswith(b'"valueQuantity":{"value":72.50}}')
    assert b'"versionId":"3"' in added


def test_same_code_as_tag_and_as_label_is_two_things() -> None:
    coding = [{"system": "s", "code": "a"}]
    both = json.loads(meta_add(TAGGED, {"security": coding}))["meta"]
    assert both["security"] == coding
    assert len(both["tag"]) == 2
    assert meta_delete(TAGGED, {"security": coding}) == TAGGED


def test_delete_leaves_no_empty_array_and_no_empty_meta() -> None:
    gone = meta_delete(TAGGED, {"tag": [{"system": "s", "code": "a"}, {"system": "s", "code": "b"}]})
    assert json.loads(gone)["meta"] == {"versionId": "3", "extension": [{"url": "u", "valueDecimal": 1.0}]}
    assert meta_delete(meta_add(BODY, {"profile": ["p"]}), {"profile": ["p"]}) == BODY


def test_union_names_each_once_and_no_version() -> None:
    other = meta_add(BODY, {"tag": [{"system": "s", "code": "b"}, {"system": "s", "code": "c"}], "profile": ["p"]})
    union = json.loads(meta_union([TAGGED, BODY, other]))
    assert [tag["code"] for tag in union["tag"]] == ["a", "b", "c"]
    assert union["profile"] == ["p"]
    assert union.keys() == {"tag", "profile"}
    assert meta_union([]) == b"{}"


@pytest.mark.parametrize(
    ("meta", "place"),
    [
        ([], "meta"),
        ({"tag": {}}, "meta.tag"),
        ({"tag": [1]}, "meta.tag[0]"),
        ({"tag": [{"code": 1}]}, "meta.tag[0]"),
        ({"security": [{"system": []}]}, "meta.security[0]"),
        ({"profile": "p"}, "meta.profile"),
        ({"profile": ["p", {}]}, "meta.profile[1]"),
        ({"tag": [{"code": object()}]}, "meta"),
    ],
)
def test_a_wrong_shape_is_named_with_its_place(meta: Any, place: str) -> None:
    for change in (meta_add, meta_delete):
        with pytest.raises(FhirProblem) as caught:
            change(BODY, meta)
        assert (caught.value.code, caught.value.expression) == ("wrong-shape", place)


def test_a_stored_meta_of_a_wrong_shape_is_named_too() -> None:
    for change in (lambda body: meta_add(body, {"profile": ["p"]}), lambda body: meta_union([body])):
        with pytest.raises(FhirProblem, match="Meta is expected"):
            change(b'{"resourceType":"Patient","meta":[]}')


codings = st.lists(
    st.fixed_dictionaries({}, optional={"system": st.sampled_from("st"), "code": st.sampled_from("ab")}).filter(bool),
    max_size=4,
    unique_by=lambda coding: (coding.get("system", ""), coding.get("code", "")),
)
metas = st.fixed_dictionaries(
    {},
    optional={"profile": st.lists(st.sampled_from("pqr"), unique=True), "tag": codings, "security": codings},
)


def sets(meta: dict[str, Any]) -> set[tuple[str, ...]]:
    found = {("profile", each) for each in meta.get("profile", [])}
    for name in ("tag", "security"):
        found |= {(name, each.get("system", ""), each.get("code", "")) for each in meta.get(name, [])}
    return found


@given(metas, metas)
def test_adding_is_union_and_deleting_is_difference(own: dict[str, Any], other: dict[str, Any]) -> None:
    body = text({"resourceType": "Patient", "id": "x", "meta": own}) if own else text({"resourceType": "Patient"})
    before = bytes(body)
    assert sets(json.loads(meta_of(meta_add(body, other)))) == sets(own) | sets(other)
    assert sets(json.loads(meta_of(meta_delete(body, other)))) == sets(own) - sets(other)
    assert meta_add(meta_add(body, other), other) == meta_add(body, other)
    assert meta_delete(meta_delete(body, other), other) == meta_delete(body, other)
    assert sets(json.loads(meta_union([body, text({"meta": other})]))) == sets(own) | sets(other)
    assert body == before
