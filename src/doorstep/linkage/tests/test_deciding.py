"""Few records are grouped as a whole register is, and people's decisions hold."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from doorstep.linkage.ambiguity import doubtful
from doorstep.linkage.clustering import cluster
from doorstep.linkage.deciding import TOGETHER, Fixed, Pair, group, guesses

COUNT = 7
PAIRS = st.dictionaries(
    st.tuples(st.integers(0, COUNT - 1), st.integers(0, COUNT - 1)).filter(lambda p: p[0] < p[1]),
    st.sampled_from([1.0, 5.0, 6.0, 9.0, 12.0, 30.0]),
)
NUMBERS = st.lists(st.sampled_from(["", "", "", "A", "B"]), min_size=COUNT, max_size=COUNT)
RANKS = st.lists(st.sampled_from([0, 0, 0, 1, 2]), min_size=COUNT, max_size=COUNT)
APART = st.lists(st.tuples(st.integers(0, COUNT - 1), st.integers(0, COUNT - 1)).filter(lambda p: p[0] < p[1]))
RULE = {"threshold": 4.0, "bridge": 8.0}


def grouped(pairs, numbers, ranks, apart=(), turn=None):
    """Groups, with the records handed in by another order where `turn` is one."""
    turn = list(range(COUNT)) if turn is None else turn
    at = {record: place for place, record in enumerate(turn)}
    records = [Fixed(numbers[r], ranks[r], f"{r:03}") for r in turn]
    told = [Pair(*sorted((at[a], at[b])), bits) for (a, b), bits in pairs.items()]
    found = group(records, told, [(at[a], at[b]) for a, b in apart], **RULE)
    return sorted(sorted(turn[place] for place in each) for each in found)


@given(PAIRS, NUMBERS, RANKS)
def test_few_records_are_grouped_as_a_whole_register_is(pairs, numbers, ranks):
    edges = sorted(pairs)
    labels = cluster(
        COUNT,
        np.array([a for a, _ in edges], dtype=np.int64), np.array([b for _, b in edges], dtype=np.int64),
        np.array([pairs[e] for e in edges], dtype=np.float64),
        trusted=np.array([{"": -1, "A": 0, "B": 1}[n] for n in numbers]), ranks=np.array(ranks), **RULE,
    )  # fmt: skip
    as_groups = sorted(np.flatnonzero(labels == label).tolist() for label in set(labels.tolist()))
    assert grouped(pairs, numbers, ranks) == as_groups


@given(PAIRS, NUMBERS, RANKS, APART, st.permutations(range(COUNT)))
def test_the_order_of_records_does_not_matter(pairs, numbers, ranks, apart, turn):
    assert grouped(pairs, numbers, ranks, apart, turn) == grouped(pairs, numbers, ranks, apart)


@given(PAIRS, NUMBERS, RANKS, APART)
def test_what_a_person_held_apart_stays_apart(pairs, numbers, ranks, apart):
    found = grouped(pairs, numbers, ranks, apart)
    assert sorted(record for each in found for record in each) == list(range(COUNT))
    for each in found:
        assert not any(a in each and b in each for a, b in apart)
        assert len({numbers[r] for r in each} - {""}) <= 1
        assert len({ranks[r] for r in each} - {0}) <= 1


@given(PAIRS)
def test_what_a_person_called_the_same_is_joined_before_all_else(pairs):
    nothing = [""] * COUNT, [0] * COUNT
    found = grouped(pairs | {(0, 1): TOGETHER}, *nothing)
    assert any({0, 1} <= set(each) for each in found)


@given(PAIRS, NUMBERS)
def test_a_guess_is_what_it_is_for_a_whole_register(pairs, numbers):
    edges = sorted(pairs)
    codes = np.array([{"": -1, "A": 0, "B": 1}[n] for n in numbers])
    ends = np.array([a for a, _ in edges], dtype=np.int64), np.array([b for _, b in edges], dtype=np.int64)
    marked = doubtful(
        *ends,
        np.array([pairs[e] for e in edges], dtype=np.float64),
        trusted=codes,
        either=np.zeros(len(codes), dtype=np.bool_),
    )
    found = guesses([Fixed(n, 0, "") for n in numbers], [Pair(*e, pairs[e]) for e in edges])
    assert [bool(m) for m in marked] == [a in found or b in found for a, b in edges]
