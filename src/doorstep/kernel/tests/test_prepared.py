"""Arrays as literals: PostgreSQL reads what was written."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorstep.kernel.prepared import ask, numbers, texts

pytestmark = pytest.mark.django_db
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.sampled_from(
    ["", "NULL", "null", '"', "\\", '\\"', "{a,b}", " 空 ", ",", "'", "%s", "\n"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TEXT, max_size=8), st.lists(st.integers(-(2**63), 2**63 - 1), max_size=8))
def test_an_array_is_read_as_it_was_written(said: list[str], counted: list[int]) -> None:
    assert ask(("SELECT %s::text[], %s::bigint[]", [texts(said), numbers(counted)])) == [[(said, counted)]]
