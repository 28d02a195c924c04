"""Values put at paths: also where the lines of a table contradict one another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from doorstep.adapters.hl7v2.mapping.grammar import path_of
from doorstep.adapters.hl7v2.mapping.placing import LONGEST, put, without


def placed(*pairs):
    root, labels = {}, {}
    taken = [put(root, path_of(path), value, labels) for path, value in pairs]
    return root, taken


def test_one_more_that_one_and_the_shared_one():
    root, taken = placed(
        ("a[].b", 1), ("a[].b", 2), ("a[0].c", 3), ("a[x].b", 4), ("a[x].c", 5), ("d[]", 6), ("d[]", 6), ("d[]", 7)
    )
    assert root == {"a": [{"b": 1, "c": 3}, {"b": 2}, {"b": 4, "c": 5}], "d": [6, 7]}
    assert all(taken)


def test_the_first_stays_and_objects_grow_together():
    root, taken = placed(("a", 1), ("a", 2), ("a", 1), ("b", {"x": 1}), ("b", {"x": 2, "y": 3}), ("b.z", 4))
    assert root == {"a": 1, "b": {"x": 1, "y": 3, "z": 4}}
    assert taken == [True, False, True, True, True, True]


def test_lines_up_to_a_length():
    root, taken = placed(("a+", "x"), ("a+", "y"), ("a+", "z" * LONGEST), ("a+", "more"))
    assert root["a"].startswith("x\ny\nz")
    assert taken == [True, True, True, False]


def test_what_contradicts_is_left_out():
    root, taken = placed(("a", "text"), ("a.b", 1), ("a[]", 1), ("c[]", "x"), ("c[0].d", 1), ("e.f", 1), ("e+", "x"))
    assert root == {"a": "text", "c": ["x"], "e": {"f": 1}}
    assert taken == [True, False, False, True, False, True, False]


PATHS = st.lists(
    st.builds(lambda name, index: name + index, st.sampled_from("ab"), st.sampled_from(["", "[]", "[0]", "[x]"])),
    min_size=1,
    max_size=3,
).map(".".join)
VALUES = st.sampled_from([1, "x", {"a": 1}, {"b": "y"}])


@given(st.lists(st.tuples(PATHS | st.just("a+"), VALUES), max_size=12))
def test_any_lines_can_be_used_together(pairs):
    root, _ = placed(*pairs)
    assert set(root) <= {"a", "b"}


def test_without_what_was_left_out():
    node = {"a": {"reference": "x"}, "b": [{"c": {"reference": "x"}}, {"reference": "y"}], "d": 0, "e": False}
    assert without(node, frozenset({"x"})) == {"b": [{"reference": "y"}], "d": 0, "e": False}
