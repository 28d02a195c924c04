"""FHIRPath beyond the rules: dates and quantities by their laws, types by the definitions, nothing that runs away."""

from __future__ import annotations

import contextlib
import time
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.fhir.fhirpath import NotEvaluated, Unknown, evaluate, items, type_of
from doorstep.fhir.fhirpath.units import unit

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "extension": [{"url": "u:age", "valueAge": {"value": 3.50, "system": "http://unitsofmeasure.org", "code": "a"}}],
    "name": [{"family": "张", "given": ["三", None], "_given": [None, {"id": "x"}]}, {"family": "李"}],
    "gender": "male",
    "birthDate": "1990-02-28",
    "deceasedBoolean": False,
    "contact": [{"name": {"family": "王"}}],
    "contained": [{"resourceType": "Organization", "id": "o1", "name": "镇卫生院"}],
}
DAYS = st.dates(date(1900, 1, 1), date(2100, 1, 1))


@given(DAYS, st.integers(-9999, 9999))
def test_days_are_added_as_on_the_calendar(day: date, number: int) -> None:
    sign = "-" if number < 0 else "+"
    (found,) = evaluate(f"@{day} {sign} {abs(number)} days", PATIENT)
    assert str(found) == str(day + timedelta(days=number))


@given(DAYS, st.integers(0, 600))
def test_months_keep_the_day_or_take_the_last(day: date, number: int) -> None:
    (found,) = evaluate(f"@{day} + {number} months", PATIENT)
    later = date.fromisoformat(str(found))
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == number
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)


@given(DAYS, DAYS)
def test_dates_are_ordered_as_days_and_partly_known_ones_only_where_it_is_sure(first: date, second: date) -> None:
    assert evaluate(f"@{first} < @{second}", PATIENT) == [first < second]
    wanted = [] if str(first)[:7] == str(second)[:7] else [str(first)[:7] < str(second)[:7]]
    assert evaluate(f"@{str(first)[:7]} < @{second}", PATIENT) == wanted


@given(st.decimals(-9999, 9999, places=3))
def test_units_are_converted_both_ways(number: Decimal) -> None:
    for great, small, factor in (
        ("kg", "g", 1000),
        ("h", "min", 60),
        ("[in_i]", "cm", Decimal("2.54")),
        ("L", "dL", 10),
    ):
        left, right = f"({number} '{great}')", f"({number * factor} '{small}')"
        assert evaluate(f"{left} = {right} and {left} ~ {right} and {left} + {left} = 2 * {right}", PATIENT) == [True]


@pytest.mark.parametrize(
    ("code", "same"),
    [("mg/dL", "g/L/100"), ("mm[Hg]", "m[Hg]/1000"), ("10*9/L", "10*6/mL"), ("{score}", "1"), ("kg.m2/s2", "J")],
)
def test_codes_of_units(code: str, same: str) -> None:
    first, second = unit(code), unit(same)
    assert first is not None
    assert first == second


def test_a_unit_that_is_not_known_is_not_compared() -> None:
    assert unit("[foo]") is None
    assert evaluate("1 '[foo]' = 1 'g'", PATIENT) == []
    assert evaluate("1 '[foo]' = 1 '[foo]'", PATIENT) == [True]


@pytest.mark.parametrize(
    ("expression", "types"),
    [
        ("gender", ["code"]),
        ("birthDate", ["date"]),
        ("id", ["id"]),
        ("name.given", ["string", "string"]),
        ("extension.value", ["Age"]),
        ("extension.value.value", ["decimal"]),
        ("deceased", ["boolean"]),
        ("contact", ["BackboneElement"]),
        ("contained", ["Organization"]),
        ("1 | 'a' | 1.5 | true | @2020 | @2020T | @T10 | 1 'g'",
         ["Integer", "String", "Decimal", "Boolean", "Date", "DateTime", "Time", "Quantity"]),
    ],
)  # fmt: skip
def test_types(expression: str, types: list[str]) -> None:
    assert [type_of(item) for item in items(expression, PATIENT)] == types


def test_what_json_holds_is_handed_out_and_no_digit_is_made_up() -> None:
    assert evaluate("name.family", PATIENT) == ["张", "李"]
    assert evaluate("extension.value.value", PATIENT) == [Decimal("3.5")]
    assert evaluate("name[0]", PATIENT) == [PATIENT["name"][0]]
    assert evaluate("name.given[1].id", PATIENT) == ["x"]


def test_unknown_elements_are_empty_or_refused_where_that_is_asked() -> None:
    assert evaluate("nick", PATIENT) == []
    assert evaluate("name.period", PATIENT, strict=True) == []
    assert evaluate("descendants().linkId", PATIENT, strict=True) == []
    for expression in ("nick", "Observation.value", "(deceased as Period).unit", "children().skip(1)"):
        with pytest.raises(NotEvaluated):
            evaluate(expression, PATIENT, strict=True)


@pytest.mark.parametrize(
    "expression", ["1 +", "name.foo()", "name.skip()", "@2020-13", "x is Nothing", "%foo", "$that"]
)
def test_what_is_no_expression_is_refused(expression: str) -> None:
    with pytest.raises(Unknown):
        evaluate(expression, PATIENT)


@pytest.mark.parametrize(
    "expression",
    ["1.repeat($this + 1)", "10.power(900000).floor()", "'a'.matches('(')", "@9999-12-31 + 1 day", "1 + 'a'",
     "name.single()", "@2020 < @T10", "1 'm' * 1 '[foo]'", "(1 | 2) & 'a'"],
)  # fmt: skip
def test_what_has_no_answer_says_so_soon(expression: str) -> None:
    started = time.process_time()
    with pytest.raises(NotEvaluated):
        evaluate(expression, PATIENT)
    assert time.process_time() - started < 8


PIECES = ["name", "birthDate", "1", "2.5", "'a'", "4 days", "1 'g'", "@2020-02", "@T10:30", "{}", "true", "$this", "."]
SIGNS = ["+", "-", "*", "/", "=", "~", "<", "|", "&", "and", "in", "is String", "div", "mod", ".first()", ".toString()"]


@given(st.lists(st.sampled_from([*PIECES, *SIGNS, "(", ")", "[0]", ".lowBoundary()", ".round(1)"]), max_size=12))
def test_any_expression_is_answered_or_refused(pieces: list[str]) -> None:
    with contextlib.suppress(Unknown, NotEvaluated):
        assert isinstance(evaluate(" ".join(pieces), PATIENT), list)
