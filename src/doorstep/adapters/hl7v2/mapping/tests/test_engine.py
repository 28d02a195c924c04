"""What the engine does with messages that are odd, damaged or large."""

from __future__ import annotations

import json
from datetime import timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.adapters.hl7v2.codec import Unreadable, parse
from doorstep.adapters.hl7v2.mapping import Context, Memory, Unmappable, convert, preview, standard, standard_files
from doorstep.adapters.hl7v2.mapping.tests.kit import CONTEXT, WEST, changed, made, message, oru, resources
from doorstep.adapters.hl7v2.shapes import Problem

PID = "PID|1||7^^^H^MR||王^小明"
FILES = standard_files()
UCUM = {"code": "g/L", "system": "http://unitsofmeasure.org"}
LOINC = {"code": "A", "display": "A型", "system": "http://loinc.org"}


def told(raw: bytes) -> list[tuple[str, str]]:
    return [(p.reason, p.place) for p in made(raw).problems]


class TestRefused:
    @pytest.mark.parametrize(
        ("raw", "problem"),
        [
            (message("XYZ^Z01", PID), Problem("unsupported-kind", "MSH-9.1", "XYZ^Z01")),
            (message("ADT^A99", PID), Problem("unsupported-trigger", "MSH-9.2", "ADT^A99")),
            (message("ADT^A01", PID), Problem("missing-segment", "PV1")),
            (message("ORM^O01", PID, "ORC|NW|1"), Problem("missing-segment", "OBR|RXO")),
            (message("ADT^A28", "PID|1||^^^H^MR||王"), Problem("missing-field", "PID", "Patient.identifier")),
            (message("ADT^A28", 'PID|1||""||王'), Problem("missing-field", "PID", "Patient.identifier")),
            (message("ADT^A40", PID, "MRG|7^^^H^MR"), Problem("same-record", "MRG", "patient = merged")),
        ],
    )
    def test_with_the_reason_and_the_place(self, raw, problem):
        with pytest.raises(Unmappable) as refused:
            made(raw)
        assert refused.value.problem == problem
        assert preview(raw, standard(), CONTEXT).problem == problem

    def test_a_preview_of_what_is_no_message(self):
        assert preview(b"PID|", standard(), CONTEXT).problem == Problem("no-header", "byte 0")


def test_the_number_of_a_certificate_of_birth_is_of_one_system_whoever_says_it():
    raw = message("ADT^A28", "PID|1||7^^^H^MR~R430012345^^^H^BCT||李梅之子||20240501|M")
    _, certificate = resources(raw, "Patient")[0]["identifier"]
    assert (certificate["system"], certificate["value"]) == ("urn:doorstep:birth-certificate", "R430012345")
    assert certificate["type"]["coding"] == [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "BCT"}]


class TestReported:
    def test_what_no_row_looks_at(self):
        raw = message("ADT^A28", PID + "|||||||||||||||||||||||||||||||||X", "ZZZ|1", "GT1|1", "EVN|A28")
        assert told(raw) == [("unmapped-field", "PID-38"), ("unmapped-segment", "ZZZ"), ("unmapped-segment", "GT1")]

    def test_what_is_not_what_it_should_be(self):
        raw = message("ADT^A28", PID + "||1985-03-15|X")
        assert told(raw) == [("bad-value", "PID-7"), ("unmapped-value", "PID-8")]
        assert "birthDate" not in resources(raw, "Patient")[0]

    def test_a_resource_without_what_it_needs_is_left_out_and_nothing_refers_to_it(self):
        raw = message("DFT^P03", PID, "PV1|1|I|||||||||||||||||V1", "FT1|1|T1||20260301||CG")
        assert ("missing-field", "FT1") in told(raw)
        assert resources(raw, "ChargeItem") == []

    def test_a_second_number_of_an_only_value(self):
        raw = oru("OBX|1|NM|a||1~2", "OBX|2|CWE|b||x~y")
        assert [o.get("valueString") for o in resources(raw, "Observation")] == ["1\n2", None]
        assert told(raw) == [("repetition-left-out", "OBX[2]-5[2]")]

    def test_no_value_of_the_message_is_in_a_problem(self):
        raw = message("ADT^A28", PID + "|秘密|秘密|秘密|||||||||||||||||||||||||||||||秘密")
        assert "秘密" not in repr(made(raw).problems)


class TestResults:
    @pytest.mark.parametrize(
        ("obx", "value"),
        [
            ("NM|a||142.0|g/L^^UCUM", {"valueQuantity": {"value": Decimal("142.0"), "unit": "g/L", **UCUM}}),
            ("NM|a||<0.50|g/L", {"valueQuantity": {"comparator": "<", "value": Decimal("0.50"), "unit": "g/L"}}),
            ("NM|a||阴性|g/L", {"valueString": "阴性"}),
            ("SN|a||>^5", {"valueQuantity": {"comparator": ">", "value": Decimal(5)}}),
            ("SN|a||^1^-^5", {"valueRange": {"low": {"value": Decimal(1)}, "high": {"value": Decimal(5)}}}),
            ("SN|a||^1^:^80", {"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 80}}}),
            ("SN|a||^2^+", {"valueString": "^2^+"}),
            ("CE|a||A^A型^LN", {"valueCodeableConcept": {"coding": [LOINC], "text": "A型"}}),
            ("ST|a||甲\\T\\乙", {"valueString": "甲&乙"}),
            ("TX|a||一~二", {"valueString": "一\n二"}),
            ("FT|a||一\\.br\\二", {"valueString": "一\n二"}),
            ("DT|a||20260301", {"valueDateTime": "2026-03-01"}),
            ("TS|a||202603010830", {"valueDateTime": "2026-03-01T08:30:00+08:00"}),
            ("TM|a||0830", {"valueTime": "08:30:00"}),
            ("XAD|a||路", {"valueString": "路"}),
            ("|a||路", {"valueString": "路"}),
            ("NM|a||", {}),
            ('NM|a||""', {}),
        ],
    )  # fmt: skip
    def test_by_the_type_of_the_value(self, obx, value):
        [found] = resources(oru(f"OBX|1|{obx}|||||||F" if "g/L" not in obx else f"OBX|1|{obx}||||||F"), "Observation")
        assert {name: each for name, each in found.items() if name.startswith("value")} == value

    def test_observations_of_one_code_are_told_apart(self):
        raw = oru("OBX|1|ST|a|1|x", "OBX|2|ST|a|2|y", "OBX|3|ST|a|2|z")
        assert len({o["id"] for o in resources(raw, "Observation")}) == 3
        assert len(resources(raw, "DiagnosticReport")[0]["result"]) == 3

    def test_a_report_within_it_is_no_observation(self):
        raw = oru("OBX|1|ST|a||x", "OBX|2|ED|r||^application^pdf^Base64^JVBE\rNTE|1||note of the report's file")
        assert len(resources(raw, "DiagnosticReport")[0]["result"]) == 1
        assert "note" not in resources(raw, "Observation")[0]

    def test_an_order_segment_speaks_of_its_own_order_alone(self):
        raw = message("ORM^O01", PID, "ORC|NW|P1", "TQ1|1||||||||S", "OBR|1|||a", "ORC|NW|P2", "OBR|1|||b", "OBR|2|||c")
        first, second, third = resources(raw, "ServiceRequest")
        assert [o.get("priority") for o in (first, second, third)] == ["stat", None, None]
        assert [o["identifier"][0]["value"] for o in (first, second)] == ["P1", "P2"]
        assert "identifier" not in third


class TestIds:
    def test_they_hang_on_the_institution_and_its_numbers_alone(self):
        raw = oru("OBX|1|ST|a||x")
        again = raw.replace(b"|1|P|2.5.1", b"|99|P|2.5.1").replace(b"20260301080000", b"20260302080000")
        assert made(raw).bundle == made(again).bundle
        other = Context("91430000000000001Y", CONTEXT.source)
        urls = [{e["fullUrl"] for e in made(raw, context=c).bundle["entry"]} for c in (CONTEXT, other)]
        assert not urls[0] & urls[1]

    def test_the_endpoints_systems_come_first(self):
        context = Context("X", "urn:x", systems={"H^MR": "urn:oid:1.2.3"}, code_systems={"L": "http://lab.example"})
        raw = oru("OBX|1|CE|a^b^L||y^z^L")
        assert resources(raw, "Patient", context=context)[0]["identifier"][0]["system"] == "urn:oid:1.2.3"
        assert resources(raw, "Observation", context=context)[0]["code"]["coding"][0]["system"] == "http://lab.example"

    def test_times_without_a_zone_are_the_endpoints(self):
        raw = oru("OBX|1|TS|a||20260301083000")
        context = Context("X", "urn:x", zone=WEST)
        [found] = resources(raw, "Observation", context=context)
        assert found["valueDateTime"] == "2026-03-01T08:30:00-05:00"
        assert timezone(timedelta(hours=-5)) == WEST


CELL = st.text(st.sampled_from('|^~&\\"0123456789.-<AMNPR王小号 '), max_size=12)
NAMES = (
    "PID",
    "PV1",
    "ORC",
    "OBR",
    "OBX",
    "NTE",
    "SPM",
    "MRG",
    "RXA",
    "RXO",
    "TXA",
    "SCH",
    "AIP",
    "FT1",
    "IN1",
    "DG1",
    "AL1",
    "TQ1",
)
LINE = st.builds(lambda name, cells: "|".join([name, *cells]), st.sampled_from(NAMES), st.lists(CELL, max_size=24))
KINDS = st.sampled_from([f"{m}^{t}" for m, t in standard().kinds])


@settings(max_examples=300)
@given(KINDS, st.lists(LINE, max_size=12))
def test_any_message_is_mapped_or_refused(kind, lines):
    raw = message(kind, "PID|1||7^^^H^MR", *lines)
    try:
        found = convert(parse(raw), standard(), CONTEXT)
    except (Unreadable, Unmappable):
        return
    entries = json.loads(found.body)["entry"]
    assert len({entry["fullUrl"] for entry in entries}) == len(entries)
    assert found.bundle == preview(raw, standard(), CONTEXT).converted.bundle


@settings(max_examples=100)
@given(st.lists(st.tuples(KINDS, st.lists(LINE, max_size=6), st.sampled_from("|*")), min_size=2, max_size=4))
def test_what_a_message_is_does_not_hang_on_those_before_it(several):
    memory: Memory = {}
    for kind, lines, mark in several:
        raw = message(kind, "PID|1||7^^^H^MR||王^小明", *lines).replace(b"|", mark.encode())
        try:
            found = convert(parse(raw), standard(), CONTEXT, memory)
        except (Unreadable, Unmappable):
            continue
        alone = convert(parse(raw), standard(), CONTEXT)
        assert (found.bundle, found.problems) == (alone.bundle, alone.problems)


def test_a_datatype_that_looks_at_more_than_its_value_is_worked_out_each_time():
    tables = changed("datatypes/CWE.csv", add="=seen,@after=OBX,coding[a].version,,,\n")
    raw = oru("OBX|1|ST|A^B^LN||x||||||F", "OBX|2|ST|A^B^LN|2|y||||||F")
    first, second = resources(raw, "Observation", tables=tables)
    assert [each["code"]["coding"][0].get("version") for each in (first, second)] == [None, "seen"]


@settings(max_examples=100)
@given(st.sampled_from(sorted(n for n in FILES if n.endswith(".hl7"))), st.data())
def test_a_case_with_a_hole_torn_in_it_is_mapped_or_refused(name, data):
    raw = FILES[name].encode()
    start = data.draw(st.integers(0, len(raw)))
    torn = raw[:start] + data.draw(st.binary(max_size=6)) + raw[start + data.draw(st.integers(0, 40)) :]
    found = preview(torn, standard(), CONTEXT)
    assert (found.converted is None) != (found.problem is None)


def test_the_work_grows_as_the_message_does(monkeypatch):
    """Counted in parts of values looked at: four times the results, four times the work."""
    from doorstep.adapters.hl7v2.mapping.values import Value

    looked, plain = [0], Value.part

    def counted(self, *numbers):
        looked[0] += 1
        return plain(self, *numbers)

    monkeypatch.setattr(Value, "part", counted)
    work = []
    for times in (200, 800):
        looked[0] = 0
        found = made(oru(*("OBX|1|NM|a^b^L||1|g/L|1-2" for _ in range(times)), *("NTE|1||x" for _ in range(times))))
        assert len(found.bundle["entry"]) == times + 2
        work.append(looked[0])
    assert work[1] <= 4 * work[0]
