"""Messages that go out: peers read them, and what comes back from them is what went in."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import hl7
import pytest
from hl7apy.parser import parse_message
from hypothesis import given
from hypothesis import strategies as st

from doorstep.adapters.hl7v2.codec import parse, write
from doorstep.adapters.hl7v2.mapping import Envelope, compose, standard, standard_files
from doorstep.adapters.hl7v2.mapping.tests.kit import made

TO = Envelope("DOORSTEP", "医共体", "HIS", "山口医院", datetime(2026, 3, 1, 8, tzinfo=UTC), "K1")
FILES = standard_files()
NAMES = {
    "Patient": "patient", "Encounter": "encounter", "DiagnosticReport": "report", "Observation": "observation",
    "Appointment": "appointment", "AllergyIntolerance": "allergy", "Condition": "condition",
}  # fmt: skip
KINDS = {"adt-admission": "ADT^A01", "adt-discharge": "ADT^A03", "oru-laboratory": "ORU^R01", "siu-booked": "SIU^S12"}


def by_name(bundle):
    found = {}
    for entry in bundle["entry"]:
        if name := NAMES.get(entry["resource"]["resourceType"]):
            found.setdefault(name, []).append(entry["resource"])
    return found


def sent(name):
    before = by_name(made(FILES[f"cases/{name}.hl7"].encode()).bundle)
    return before, compose(KINDS[name], before, standard(), TO)


@pytest.mark.parametrize("name", KINDS)
def test_peers_read_them(name):
    _, raw = sent(name)
    message = parse(raw)
    assert write(message) == raw
    theirs = parse_message(raw.decode(), find_groups=False)
    assert theirs.msh.msh_10.value == "K1"
    assert [str(s[0]) for s in hl7.parse(raw.decode().strip())] == [s.name for s in message.segments]
    assert message.header.charset == "UNICODE UTF-8"


@pytest.mark.parametrize("name", KINDS)
def test_what_comes_back_is_what_went_out(name):
    """Ids apart: the receiver makes its own of the numbers. What v2 has no place for is named here."""
    before, raw = sent(name)
    after = by_name(made(raw).bundle)
    lost = {
        "patient": ("contact", "maritalStatus"), "encounter": ("type", "location", "diagnosis"),
        "report": ("presentedForm", "specimen"), "observation": ("note", "valueString", "referenceRange"),
        "appointment": ("participant",), "condition": ("encounter",), "allergy": (),
    }  # fmt: skip
    for kind, resources in before.items():
        assert len(after.get(kind, ())) == len(resources), kind
        for one, other in zip(resources, after[kind], strict=True):
            for element, value in one.items():
                if element not in ("id", "meta", "managingOrganization", "serviceProvider", *lost[kind]):
                    assert _plain(other.get(element)) == _plain(value), (kind, element)


def _plain(node):
    """Without references and what a receiver says of its own."""
    if isinstance(node, dict):
        return {n: _plain(each) for n, each in node.items() if n not in ("reference", "text", "assigner", "type")}
    return [_plain(each) for each in node] if isinstance(node, list) else node


def test_word_for_word():
    observation = {
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "718-7", "display": "血红蛋白|Hb"}]},
        "valueQuantity": {
            "value": Decimal("142.0"),
            "unit": "g/L",
            "system": "http://unitsofmeasure.org",
            "code": "g/L",
        },
    }
    patient = {
        "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "1", "type": {"coding": [{"code": "NNCHN"}]}}],
        "name": [{"text": "王小明"}],
        "birthDate": "1985-03-15",
        "gender": "male",
    }
    raw = compose("ORU^R01", {"patient": [patient], "observation": [observation]}, standard(), TO)
    assert raw.decode().split("\r") == [
        "MSH|^~\\&|DOORSTEP|医共体|HIS|山口医院|20260301080000+0000||ORU^R01|K1|P|2.5.1|||||CHN|UNICODE UTF-8",
        "PID|1||1^^^&2.16.156.10011.1.3&ISO^NNCHN||王小明||19850315|M",
        "OBX|1|NM|718-7^血红蛋白\\F\\Hb^LN||142.0|g/L^g/L^UCUM|||||F",
        "",
    ]


def test_in_the_receivers_character_set():
    envelope = Envelope("D", "医", "H", "院", TO.at, "1", charset="GBK")
    raw = compose("ADT^A28", {"patient": [{"name": [{"text": "王"}]}]}, standard(), envelope)
    assert "王".encode("gb18030") in raw
    assert parse(raw).get("PID-5.1") == "王"


def test_what_no_table_writes():
    with pytest.raises(KeyError):
        compose("MDM^T02", {}, standard(), TO)
    assert compose("ADT^A08", {}, standard(), TO).count(b"\r") == 2


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Zs", "Cc"]), min_size=1, max_size=20))
def test_any_text_arrives(text):
    raw = compose("ADT^A28", {"patient": [{"name": [{"family": text, "given": [text]}]}]}, standard(), TO)
    assert parse(raw).get("PID-5.1") == parse(raw).get("PID-5.2") == text
