"""Scores: symmetric, monotone in agreement, explained by their parts, capped for a household; no untrained level."""

from __future__ import annotations

from dataclasses import replace
from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.linkage.expected import EXPECTED_KIN
from doorstep.linkage.facts import Facts, Said, standard
from doorstep.linkage.model import LINK, REVIEW, Model, Score, Untrained
from doorstep.linkage.specification import COMPARISONS
from doorstep.linkage.tests.making import facts
from doorstep.linkage.training import EXPECTED_M, EXPECTED_U

M, U = EXPECTED_M, EXPECTED_U
MODEL = Model(M, U, 1e-6)
FREQUENCIES = {"name": {"王伟": 3e-4, "欧阳若兰": 1e-7}, "reading": {"wangwei": 6e-4}, "phone": {}}


@given(facts("a"), facts("b"))
def test_a_score_is_symmetric(a: Facts, b: Facts) -> None:
    one, other = MODEL.score(a, b, FREQUENCIES), MODEL.score(b, a, FREQUENCIES)
    assert one == other


@given(
    facts("a"),
    facts("b"),
    st.sampled_from(("birth", "number", "insurance", "certificate", "sex", "rank", "phone", "guardian")),
)
def test_a_score_never_falls_where_one_side_says_what_the_other_says(a: Facts, b: Facts, column: str) -> None:
    more = replace(b, **{column: getattr(a, column)}, **({"day": a.day} if column == "birth" else {}))
    if getattr(a, column) and getattr(b, column):
        assert MODEL.score(a, more, FREQUENCIES).bits >= MODEL.score(a, b, FREQUENCIES).bits - 1e-9


NAMED = ("name", "reading", "bag", "family", "given", "forename", "surname")
HOME = ("district", "street", "estate", "unit")


@given(facts("a"), facts("b"), st.sampled_from((NAMED, HOME)))
def test_a_score_never_falls_where_one_side_says_all_that_the_other_says(
    a: Facts, b: Facts, columns: tuple[str, ...]
) -> None:
    more = replace(b, **{column: getattr(a, column) for column in columns})
    if all(any(getattr(side, column) for column in columns) for side in (a, b)):
        assert MODEL.score(a, more, {}).bits >= MODEL.score(a, b, {}).bits - 1e-9


@given(facts("a"), facts("b"))
def test_the_parts_are_the_score(a: Facts, b: Facts) -> None:
    found = MODEL.score(a, b, FREQUENCIES)
    prior = log2(MODEL.prior / (1 - MODEL.prior))
    assert found.bits == pytest.approx(prior + sum(part.bits for part in found.parts))
    assert 0 <= found.probability <= 1


def test_a_rare_name_says_more_than_a_common_one() -> None:
    def bits(name: str) -> float:
        return MODEL.score(standard(Said("a", name=name)), standard(Said("b", name=name)), FREQUENCIES).bits

    assert bits("欧阳若兰") > bits("王伟") + 10


def test_what_a_household_shares_says_nothing_of_which_of_its_members() -> None:
    home = {"phone": "13912345678", "address": "清禾县石桥镇锦绣花园3幢2单元501室", "guardian": "李梅"}
    alone = {"name": "王小明", "birth_date": "2015-03-05", "sex": "1"}
    brother = {"name": "王小刚", "birth_date": "2012-11-28", "sex": "1"}
    one, other = standard(Said("a", **home, **alone)), standard(Said("b", **home, **brother))  # type: ignore[arg-type]
    assert MODEL.score(one, other, FREQUENCIES).bits < -8
    twin = replace(
        other, birth=one.birth, day=one.day, name="王小军", reading="wangxiaojun", bag="军小王", given="小军"
    )
    assert MODEL.score(one, twin, FREQUENCIES).bits < LINK


@given(st.sampled_from(COMPARISONS), st.sampled_from(("m", "u")), st.sampled_from((0.0, -1.0, 1.5)))
def test_a_level_without_its_probability_is_refused(comparison: object, kind: str, value: float) -> None:
    name = comparison.name  # type: ignore[attr-defined]
    table = {"m": M, "u": U}[kind]
    broken = {**table, name: (value, *table[name][1:])}
    with pytest.raises(Untrained, match=name):
        Model(broken if kind == "m" else M, broken if kind == "u" else U, 1e-6)


@pytest.mark.parametrize(
    ("bits", "outcome"), [(LINK, "link"), (LINK - 0.1, "review"), (REVIEW, "review"), (REVIEW - 0.1, "new")]
)
def test_a_pair_is_joined_or_shown_or_kept_apart(bits: float, outcome: str) -> None:
    assert Score(bits, ()).outcome == outcome


def test_a_model_of_before_a_comparison_weighs_what_is_expected_of_it() -> None:
    told = Model(M, {**U, "sex": (0.4, 0.6)}, 1e-5).as_dict()
    del told["comparisons"]["certificate"]
    found = Model.from_dict(told)
    assert found.u["sex"] == (0.4, 0.6)
    assert [table["certificate"] for table in (found.m, found.u, found.kin)] == [
        M["certificate"], U["certificate"], EXPECTED_KIN["certificate"],
    ]  # fmt: skip


def test_another_certificate_speaks_against_twins_being_one() -> None:
    told = {"name": "李梅之子", "sex": "1", "birth_date": "2024-05-01", "phone": "13912345678"}
    alone, other = Said("a", **told), Said("b", **told)  # type: ignore[arg-type]
    numbered = [standard(replace(each, certificate=f"R43001234{n}")) for n, each in enumerate((alone, other))]
    assert MODEL.score(*numbered, FREQUENCIES).bits < min(
        REVIEW, MODEL.score(*map(standard, (alone, other)), FREQUENCIES).bits - 5
    )


def test_a_model_is_kept_and_read() -> None:
    assert Model.from_dict(MODEL.as_dict()) == MODEL
    told = MODEL.as_dict()
    del told["comparisons"]["phone"]["one digit"]
    with pytest.raises(Untrained, match="phone"):
        Model.from_dict(told)
