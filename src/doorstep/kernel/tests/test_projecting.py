"""The parts of projections: never empty, never with what FHIR's strings may not hold; and where a surname ends."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel import projecting
from doorstep.linkage.surnames import COMPOUND_SURNAMES, parted

DAY = date(2026, 3, 1)


@given(st.text())
def test_a_plain_text_is_one_that_fhir_takes(text: str) -> None:
    plain = projecting.plain(text)
    assert plain == plain.strip() == projecting.plain(plain)
    assert not [c for c in plain if ord(c) < 32 or 127 <= ord(c) < 160]
    assert not text.isalnum() or plain == text


def test_what_is_empty_is_left_out_and_false_is_not() -> None:
    found = projecting.filled(a="", b=None, c=[], d=False, e=0, f="x")
    assert found == {"d": False, "e": 0, "f": "x"}
    assert list(projecting.filled(z=1, a=2)) == ["z", "a"]


def test_the_parts() -> None:
    assert projecting.coding("s", "c", "") == {"system": "s", "code": "c"}
    assert projecting.concept("s", "c", "词") == {
        "coding": [{"system": "s", "code": "c", "display": "词"}],
        "text": "词",
    }
    assert projecting.identifier("s", "v") == {"use": "official", "system": "s", "value": "v"}
    assert projecting.reference("Patient", UUID(int=1)) == {"reference": f"Patient/{UUID(int=1)}"}
    assert projecting.period(DAY, None) == {"start": "2026-03-01"}
    assert projecting.period(DAY, DAY) == {"start": "2026-03-01", "end": "2026-03-01"}


@pytest.mark.parametrize(
    ("code", "coded"), [("03", True), ("03.01", True), ("3", False), ("L01", False), ("03.1", False), ("", False)]
)
def test_a_department_is_coded_only_by_the_national_list(code: str, coded: bool) -> None:
    found = projecting.subject(code, "内科")
    assert (found["text"], "coding" in found) == ("内科", coded)
    assert projecting.subject("L01", "") == {"text": "L01"}


@given(st.dates(), st.integers(-3, 3))
def test_a_last_day_has_passed_from_the_next_day_on(day: date, more: int) -> None:
    last = date(2026, 3, 1)
    assert projecting.has_ended(last, last + timedelta(more)) == (more > 0)
    assert not projecting.has_ended(None, day)


@given(st.text("王小明欧阳司马", min_size=2, max_size=5))
def test_the_parts_of_a_name_are_the_name(name: str) -> None:
    family, given_name = parted(name)
    assert (family + given_name, bool(given_name)) == (name, True)
    assert len(family) == 1 or family in COMPOUND_SURNAMES


@pytest.mark.parametrize("name", ["", "王", "Ann Smith", "买买提·艾力", "王A", "·"])
def test_other_names_have_no_parts_that_are_known(name: str) -> None:
    assert parted(name) == ("", "")
