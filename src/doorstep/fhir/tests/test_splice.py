"""Changes to stored bytes: what they do not concern stays as it was, to the byte."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.fhir.splice import add_id, set_id, set_meta

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_splices_leave_all_else_as_it_was() -> None:
    body = b'{"resourceType":"Patient","x":1.50,"meta":{"profile":["a"]},"y":"\\u4e2d"}'
    assert set_id(body, "new") == b'{"resourceType":"Patient","id":"new",' + body[26:]
    assert set_id(set_id(body, "old"), "new") == set_id(body, "new")
    wanted = b'"meta":{"profile":["a"],"versionId":"2","lastUpdated":"t"}'
    assert set_meta(body, "2", "t") == body.replace(b'"meta":{"profile":["a"]}', wanted)


@pytest.mark.parametrize("body", [b'{"resourceType":"Patient"}', b'{"resourceType":"Patient","active":true}',
                                  b'{"active":true,"resourceType":"Patient"}'])  # fmt: skip
def test_an_id_that_was_missing_is_put_where_set_id_puts_it(body: bytes) -> None:
    assert add_id(body, "Patient", "new") == set_id(body, "new")


@given(st.dictionaries(st.text(min_size=1, max_size=8), VALUES, max_size=6), st.text("ab-.9", min_size=1, max_size=9))
def test_the_content_is_the_same_but_for_the_id(fields: dict[str, object], ident: str) -> None:
    resource = {"resourceType": "Basic", **{k: v for k, v in fields.items() if k not in ("resourceType", "id", "meta")}}
    body = json.dumps(resource, separators=(",", ":"), ensure_ascii=False).encode()
    assert json.loads(set_id(body, ident)) == {**resource, "id": ident}
    assert list(json.loads(set_id(body, ident)))[:2] == ["resourceType", "id"]
    assert set_id(set_id(body, "x"), ident) == set_id(body, ident)
    meta = {"versionId": "3", "lastUpdated": "2026"}
    assert json.loads(set_meta(body, "3", "2026")) == {**resource, "meta": meta}
