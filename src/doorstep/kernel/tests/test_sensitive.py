"""Which sensitive kinds a resource tells of, by whatever code, label or name, at any depth."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel import sensitive, sensitive_codes
from doorstep.kernel.sensitive import Kind

GBT = "urn:oid:2.16.156.10011.2.3.3.11"
ICD = st.sampled_from((GBT, "http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-10-cm", "GB/T 14396-2016"))
SPANS = [(kind, span) for kind, spans in sensitive_codes.ICD10.items() for span in spans]
TAIL = st.sampled_from(("", "00", "x00", "00x001", "†", "*"))


def kinds_of(marked: int) -> set[str]:
    """The names of the kinds in a mark."""
    return {kind.name or "" for kind in Kind if marked & kind}


@st.composite
def icd(draw: st.DrawFn) -> tuple[str, str]:
    """A code somewhere in a sensitive range, and its kind."""
    kind, span = draw(st.sampled_from(SPANS))
    low, _, high = span.partition("-")
    first, last = (int(each[1:3]) for each in (low, high or low))
    if "." not in low:
        digit = draw(st.sampled_from(("", ".", ".0", ".9", ".x")))
        return kind, f"{low[0]}{draw(st.integers(first, last)):02}{digit}{draw(TAIL)}"
    ends = int(low[4]), int((high or low)[4])
    return kind, f"{low[:4]}{draw(st.integers(*ends))}{draw(TAIL)}"


def buried(value: Any, depth: int, listed: bool) -> Any:
    """The value so many elements down."""
    for n in range(depth):
        value = {f"extension{n}": [value] if listed else value, "status": "final", "n": n, "none": None}
    return value


@given(icd(), ICD, st.integers(0, 200), st.booleans())
def test_a_code_of_a_sensitive_range_is_found_at_any_depth(
    found: tuple[str, str], system: str, depth: int, listed: bool
) -> None:
    kind, code = found
    assert sensitive.mark("Procedure", buried({"system": system, "code": code}, depth, listed)) & Kind[kind]


@given(ICD, st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), st.integers(0, 99), st.integers(0, 9))
def test_what_lies_in_no_range_is_not(system: str, letter: str, number: int, digit: int) -> None:
    """An oracle that reads the ranges as numbers, where the rule compares words."""
    head, wanted = f"{letter}{number:02}", 0
    for kind, span in SPANS:
        low, _, high = span.partition("-")
        size = len(low.replace(".", ""))
        first, last = (int(each[1:].replace(".", "")) for each in (low, high or low))
        if low[0] == letter and first <= (number if size == 3 else number * 10 + digit) <= last:
            wanted |= Kind[kind]
    assert sensitive.mark("Condition", {"code": {"coding": [{"system": system, "code": f"{head}.{digit}"}]}}) == wanted


@pytest.mark.parametrize(
    ("system", "code", "kinds"),
    [
        (GBT, "A52.1+F02.8*", "STD PSY"),
        (GBT, "I10;B24", "HIV"),
        (GBT, "F17.200", ""),
        (GBT, "O20.000", ""),
        ("", "F20.9", "PSY"),
        ("urn:his:diagnosis", "F32.900", "PSY"),
        ("http://loinc.org", "B20.1", ""),
        ("http://loinc.org", "20447-9", "HIV"),
        ("urn:oid:2.16.840.1.113883.6.104", "94.2700", "PSY"),
        ("urn:oid:2.16.156.10011.2.3.3.12", "69.5101", "ABORTION"),
        ("http://hl7.org/fhir/sid/icd-9-cm", "69.0900", ""),
        ("http://www.whocc.no/atc", "J05AR10", "HIV"),
        ("http://www.whocc.no/atc", "J05AF10", ""),
        ("http://www.whocc.no/atc", "N07BA01", ""),
        ("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "R", "OTHER"),
        ("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "N", ""),
        ("http://terminology.hl7.org/CodeSystem/v3-ActCode", "ETH", "SUD"),
        ("http://terminology.hl7.org/CodeSystem/v3-ActCode", "AMB", ""),
        ("http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "F20.9", ""),
    ],
)
def test_a_code_is_read_by_its_system(system: str, code: str, kinds: str) -> None:
    coding = {"code": code} | ({"system": system} if system else {})
    found = sensitive.mark("Observation", {"meta": {"security": [coding]}})
    assert kinds_of(found) == set(kinds.split())


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        ("慢性病科", ""), ("皮肤性病科", ""), ("先兆流产", ""), ("催产引产术", ""), ("否认精神病史", ""),
        ("骨髓抑制", ""), ("hearing aids", ""), ("achiving", ""), ("无痛人工流产术", "ABORTION"), ("HIV抗体", "HIV"),
        ("精神科门诊", "PSY"), ("Major depressive disorder", "PSY"), ("梅毒螺旋体特异性抗体", "STD"),
        ("美沙酮口服液", "SUD"), ("奥氮平片", "PSY"),
    ],
)  # fmt: skip
def test_names_are_read_with_care(words: str, kinds: str) -> None:
    for where in ({"code": {"text": words}}, {"serviceType": {"coding": [{"display": words}]}}, {"title": words}):
        assert kinds_of(sensitive.mark("Encounter", where)) == set(kinds.split())


def test_a_report_is_not_read_word_by_word_nor_a_definition_at_all() -> None:
    assert sensitive.mark("Observation", {"note": [{"text": "患者一般情况可。" * 40 + "否认精神病史"}]}) == 0
    assert sensitive.mark("CodeSystem", {"concept": [{"code": "F20.9", "display": "精神分裂症"}]}) == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(("code", "system", "display", "text", "reference", "x")), inner, max_size=4),
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(("code", "coding", "text", "reference")), JSON))
def test_any_json_has_a_mark(resource: dict[str, Any]) -> None:
    assert 0 <= sensitive.mark("Observation", resource) <= sensitive.ALL


@given(st.integers(0, sensitive.ALL), st.integers(0, sensitive.ALL))
def test_all_of_a_mark_must_be_opened(marked: int, opened: int) -> None:
    assert sensitive.is_opened(marked, opened) is (kinds_of(marked) <= kinds_of(opened))
    assert not sensitive.is_opened(sensitive.UNWEIGHED, opened)
