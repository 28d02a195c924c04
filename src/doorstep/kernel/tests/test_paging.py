"""Cursors: what was made comes back, what was forged is refused, and pages together hold every row once."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel.paging import MOST, BadCursor, Page, Paged, cursor, cut

PARTS = st.lists(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60), min_size=1, max_size=3
)


@given(PARTS, st.integers(-5, 1000))
def test_what_was_made_is_read(key, limit):
    page = Page.read(cursor(*key), limit, parts=len(key))
    assert page.after == tuple(key)
    assert 1 <= page.limit <= MOST


@given(st.text(max_size=200) | PARTS.map(lambda key: cursor(*key)), st.integers(1, 3))
def test_anything_else_is_read_or_refused_and_never_an_accident(text, parts):
    try:
        page = Page.read(text, parts=parts)
    except BadCursor:
        return
    assert page.after == () if not text else len(page.after) == parts


def forged(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "!", "x" * 5000, forged({"a": 1}), forged([1]), forged(["a", "b"]), forged(["\0"]), forged(["\ud800"]),
        forged(["x" * 301]), forged(None), "\ud800", base64.urlsafe_b64encode(b"[" * 2900).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(), forged([["a"]]),
    ],
)  # fmt: skip
def test_forged_cursors_are_refused(text):
    with pytest.raises(BadCursor):
        Page.read(text, parts=1)


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_cursor_is_the_first_page(nothing):
    assert Page.read(nothing, 0) == Page((), 1)


@given(st.sets(st.integers(0, 10_000), max_size=120), st.integers(1, 30))
def test_pages_together_hold_every_row_once_in_order(numbers, limit):
    rows, seen, at = sorted(numbers), [], None
    for _ in range(len(rows) + 1):
        page = Page.read(at, limit, parts=1)
        after = int(page.after[0]) if page.after else -1
        found = [n for n in rows if n > after][: limit + 1]
        got = cut(found, page, (str(found[limit - 1]),) if len(found) > limit else None)
        seen += got.items
        at = got.next
        if at is None:
            break
    assert seen == rows


def test_a_page_of_few_rows_is_the_last():
    assert cut([1, 2], Page((), 2), ("2",)) == Paged((1, 2), None)
