"""The rules of charts, by properties."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.fhir.tables import known_types, table
from doorstep.record.charts import fhir, rules
from doorstep.record.charts.reads import gather
from doorstep.record.charts.reads.timeline import ROWS
from doorstep.record.charts.reads.timeline import timeline as _timeline
from doorstep.record.charts.rules import Doubt, Flag, Validity
from doorstep.record.charts.shapes import Item, Reading
from doorstep.record.charts.tests.samples import observation

NUMBERS = st.decimals(-1000, 1000, places=2)
NONE = st.none() | NUMBERS
NOW = datetime(2024, 6, 1, tzinfo=UTC)
HERE = UUID(int=1)
# About a patient, and yet no part of a chart: identity, and what is written about other records.
LEFT_OUT = {"Patient", "Person", "Provenance", "AuditEvent"}


def test_every_type_about_a_patient_has_a_kind() -> None:
    """No record of a patient is missing from the timeline."""
    about = {name for name in known_types() if table(name).patient is not None}
    product = {name for name in about if name.startswith("MedicinalProduct")}
    assert set(rules.KIND_OF) == about - LEFT_OUT - product
    assert len(rules.KIND_OF) == sum(map(len, rules.KINDS.values()))
    shown = {*rules.types_of(""), *rules.types_of("billing")}
    assert shown == set(rules.KIND_OF)
    assert rules.types_of("nonsense") == ()


@given(NUMBERS, NONE, NONE)
def test_against_a_range(number: Decimal, low: Decimal | None, high: Decimal | None) -> None:
    """High is above, low is below, and without a range nothing is said."""
    found = rules.against(number, low, high)
    assert (found is None) == (low is None and high is None)
    assert found is not Flag.HIGH or (high is not None and number > high)
    assert found is not Flag.LOW or (low is not None and number < low)
    assert found is not Flag.NORMAL or not ((high is not None and number > high) or (low is not None and number < low))


@given(st.sampled_from([None, *Flag]), st.sampled_from([None, Flag.HIGH, Flag.LOW, Flag.NORMAL]))
def test_the_source_is_believed_but_for_contradictions(stated: Flag | None, reckoned: Flag | None) -> None:
    """What the source says stands, unless it says nothing, or normal beyond its own range."""
    shown, computed, contradicts = rules.flag(stated, reckoned)
    assert shown is (reckoned if computed else stated)
    assert contradicts == (stated is Flag.NORMAL and reckoned in (Flag.HIGH, Flag.LOW))
    assert not (stated in rules.OUTSIDE and shown is not stated)


@given(st.lists(st.sampled_from(sorted(rules.SAID)) | st.text(max_size=3)))
def test_the_gravest_statement_counts(words: list[str]) -> None:
    """Whatever else is said, a critical value stays critical; order and case do not matter."""
    found = rules.said(words)
    assert found == rules.said(list(reversed(words)))
    assert found == rules.said([f" {w.lower()} " for w in words])
    if "HH" in words:
        assert found is Flag.CRITICAL_HIGH


@pytest.mark.parametrize(
    ("number", "unit", "code", "doubt"),
    [
        ("-999", "mmol/l", "", Doubt.FILLER),
        ("-99", "", "", Doubt.FILLER),
        ("-9999.0", "", "", Doubt.FILLER),
        ("9999", "", "", Doubt.FILLER),
        ("999", "10*9/l", "", None),
        ("-9", "cel", "", None),
        ("-3.25", "[diop]", "", None),
        ("-1", "kg", "", Doubt.IMPOSSIBLE),
        ("1720", "cm", "8302-2", Doubt.IMPOSSIBLE),
        ("172", "cm", "8302-2", None),
        ("1.72", "m", "8302-2", None),
        ("0", "mmol/l", "", None),
    ],
)
def test_doubts(number: str, unit: str, code: str, doubt: Doubt | None) -> None:
    """Fillers and what no body can show; odd but possible values are believed."""
    assert rules.doubt(Decimal(number), unit, code) is doubt


@given(st.text(max_size=8), st.text(max_size=8))
def test_units(unit: str, code: str) -> None:
    """Case and blanks do not make another unit; the code counts where there is one."""
    assert rules.unit_key(f" {unit.upper().lower()} ", "") == rules.unit_key(unit.upper().lower(), "")
    assert rules.unit_key("mmHg", code) == rules.unit_key("", code) or not code
    assert rules.unit_key("mmHg", "") == rules.unit_key("毫米汞柱", "mm[Hg]") == "mm[hg]"
    assert rules.unit_key("mmol/L", "") != rules.unit_key("mg/dL", "")


def _item(n: int, value: str, unit: str = "mmol/L", **more: object) -> Item:
    body = observation(f"o{n}", "p", f"2024-01-{n % 28 + 1:02d}", 0, unit) | more
    body["valueQuantity"]["value"] = Decimal(value)
    at = datetime(2024, 1, n % 28 + 1, tzinfo=UTC) + timedelta(seconds=n)
    return Item(fhir.reading("Observation", body), HERE, at, at)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["-999", "5", "6.5", "90"]),
            st.sampled_from(["mmol/L", "mg/dL"]),
            st.sampled_from(["final", "entered-in-error"]),
        ),
        max_size=30,
    )
)
def test_curves_hold_one_unit_and_nothing_in_doubt(rows: list[tuple[str, str, str]]) -> None:
    """In order of time, at most twelve, none mistaken, none doubted, every other counted."""
    items = [_item(n, value, unit, status=status) for n, (value, unit, status) in enumerate(rows)]
    sound = [i for i in items if i.reading.validity is Validity.VALID]
    for curve in gather.curves(items):
        assert len(curve.points) <= 12
        assert all(before[0] <= after[0] for before, after in pairwise(curve.points))
        assert all(value != -999 for _at, value in curve.points)
        alike = [i for i in sound if i.reading.measures[0].unit == curve.unit and i.reading.measures[0].doubt is None]
        assert len(curve.points) == min(12, len(alike))
        assert len(alike) + curve.left_out + curve.doubtful == len(sound)


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(list(Validity)), st.integers(0, 3)), max_size=20))
def test_lines_hold_every_item_once(rows: list[tuple[int, Validity, int]]) -> None:
    """One line a code; what holds comes first; nothing that does not hold stands for something that does."""
    items = [
        Item(
            Reading(
                "Condition",
                str(n),
                f"病{code}",
                fhir.reading("Condition", {"code": {"text": f"病{code}"}}).concept,
                valid,
            ),
            UUID(int=source),
            NOW,
            NOW - timedelta(days=n),
        )
        for n, (code, valid, source) in enumerate(rows)
    ]
    found = gather.problems(items, NOW)
    assert len(found) == len({code for code, _valid, _source in rows})
    holds = [line.item.reading.validity is Validity.VALID for line in found]
    assert holds == sorted(holds, reverse=True)
    for line in found:
        alike = [i for i in items if i.reading.title == line.item.reading.title]
        assert (line.item.reading.validity is Validity.VALID) == any(
            i.reading.validity is Validity.VALID for i in alike
        )


@given(st.lists(st.integers(0, 400), min_size=0, max_size=200))
def test_pages_end_where_days_end(hours: list[int]) -> None:
    """A page is never empty, never longer than its limit, and breaks a day only where one day is longer than it."""
    from importlib import import_module

    whole_days = import_module(_timeline.__module__).whole_days
    places = [(NOW - timedelta(hours=h), str(n), "Observation") for n, h in enumerate(sorted(hours))]
    kept = whole_days(places, ROWS)
    assert list(kept) == places[: len(kept)]
    assert len(kept) <= ROWS or len(places) <= ROWS
    assert bool(kept) == bool(places)


@pytest.mark.parametrize(
    ("clinical", "validity", "ended", "rank"),
    [
        ("active", Validity.VALID, False, 0),
        ("remission", Validity.VALID, False, 1),
        ("", Validity.VALID, False, 1),
        ("", Validity.VALID, True, 2),
        ("resolved", Validity.VALID, False, 2),
        ("active", Validity.ERROR, False, 3),
    ],
)
def test_order_of_problems(clinical: str, validity: Validity, ended: bool, rank: int) -> None:
    """Active first; what is not said may be active; mistakes last."""
    assert rules.problem_rank(clinical, validity, ended) == rank


@pytest.mark.parametrize(
    ("status", "validity", "ended", "rank"),
    [
        ("active", Validity.VALID, False, 0),
        ("active", Validity.VALID, True, 2),
        ("on-hold", Validity.VALID, False, 0),
        ("", Validity.VALID, False, 1),
        ("completed", Validity.VALID, False, 2),
        ("active", Validity.ERROR, False, 3),
    ],
)
def test_order_of_medicines(status: str, validity: Validity, ended: bool, rank: int) -> None:
    """Current ones first, those whose time is over are not current."""
    assert rules.medicine_rank(status, validity, ended) == rank
