"""What the server stamps into a resource does not count when the resource comes back."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from doorstep.fhir.splice import set_meta
from doorstep.fhir.stamps import unstamped

words = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
KEYS = ("source", "profile", "tag", "security")
extras = st.dictionaries(st.sampled_from(KEYS), st.lists(words, max_size=2), max_size=3)
values = st.recursive(words | st.integers(-1000, 1000) | st.booleans(), lambda v: st.lists(v, max_size=3), max_leaves=5)
others = st.dictionaries(words.filter(lambda w: w not in ("meta", "resourceType")), values, max_size=4)


@given(others, extras)
def test_what_was_read_and_comes_back_is_the_same(fields: dict[str, Any], meta: dict[str, Any]) -> None:
    resource = {"resourceType": "Basic", **fields} | ({"meta": meta} if meta else {})
    body = orjson.dumps(resource)
    shown = set_meta(body, "7", "2026-01-01T00:00:00Z")
    assert unstamped(shown) == unstamped(body)
    assert orjson.loads(unstamped(shown)) == resource


@given(others)
def test_what_has_no_stamps_keeps_every_byte(fields: dict[str, Any]) -> None:
    body = orjson.dumps({"resourceType": "Basic", **fields})
    assert unstamped(body) is body or unstamped(body) == body


def test_numbers_and_strings_that_look_so_stay() -> None:
    body = b'{"resourceType":"Basic","meta":{"versionId":"3","lastUpdated":"x"},"n":72.50,"text":"\\"versionId\\""}'
    assert unstamped(body) == b'{"resourceType":"Basic","n":72.50,"text":"\\"versionId\\""}'
    inner = b'{"resourceType":"Parameters","parameter":[{"resource":{"meta":{"versionId":"3"}}}]}'
    assert unstamped(inner) == inner
    odd = b'{"resourceType":"Basic","meta":"versionId","x":{"versionId":1}}'
    assert unstamped(odd) == odd
