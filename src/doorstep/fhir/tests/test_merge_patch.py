"""JSON Merge Patch: the cases of RFC 7396, and what an obvious merge of parsed values gives."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.fhir.door.merging import is_merge, merge_patch
from doorstep.fhir.problems import FhirProblem


def merged(target: Any, patch: Any) -> Any:
    """The pseudocode of RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    found = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = merged(found.get(key), value)
    return found


# appendix A, those of objects
CASES = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]
values = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text("ab张", max_size=3),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from("abcd"), below, max_size=3),
    max_leaves=12,
)
objects = st.dictionaries(st.sampled_from("abcd"), values, max_size=4)


def written(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.parametrize(("target", "patch", "result"), CASES)
def test_the_cases_of_the_rfc(target: Any, patch: Any, result: Any) -> None:
    assert json.loads(merge_patch(written(target), written(patch))) == result


@given(objects, objects)
def test_it_is_the_obvious_merge(target: Any, patch: Any) -> None:
    assert merge_patch(written(target), written(patch)) == written(merged(target, patch))


@given(objects, objects)
def test_twice_is_once(target: Any, patch: Any) -> None:
    once = merge_patch(written(target), written(patch))
    assert merge_patch(once, written(patch)) == once


def test_numbers_stay_as_they_were_written() -> None:
    before = b'{"a":{"v":72.50},"b":1e2,"c":0.1000}'
    assert merge_patch(before, b' { "a" : { "w" : 1.20 } } ') == b'{"a":{"v":72.50,"w":1.20},"b":1e2,"c":0.1000}'


@pytest.mark.parametrize("data", [b"[]", b"1", b"null", b'"x"', b"", b"{", b'{"a":1,"a":2}', b"\xff{}"])
def test_what_is_no_object_is_refused(data: bytes) -> None:
    with pytest.raises(FhirProblem) as refused:
        merge_patch(b"{}", data)
    assert 400 <= refused.value.kind.status < 500
    with pytest.raises(FhirProblem):
        is_merge(data)


def test_parameters_are_a_fhirpath_patch() -> None:
    assert not is_merge(b'{"resourceType":"Parameters","parameter":[]}')
    assert is_merge(b'{"resourceType":"Patient"}')
    assert is_merge(b"{}")
    deep = b'{"a":' * 100 + b"1" + b"}" * 100
    with pytest.raises(FhirProblem):
        merge_patch(b"{}", deep)
