"""The simple conversions, one by one, and the properties of times."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.adapters.hl7v2.codec import parse
from doorstep.adapters.hl7v2.mapping.tests.kit import CONTEXT, message
from doorstep.adapters.hl7v2.mapping.transforms import TRANSFORMS, Bad
from doorstep.adapters.hl7v2.mapping.values import Value

MESSAGE = parse(message("ADT^A28"))
GUID = "0b0b0b0b-0000-4000-8000-000000000000"
LOCAL = "urn:doorstep:hl7v2:91430000000000000X"


def of(name, raw, values=None):
    return TRANSFORMS[name](Value(MESSAGE, raw, "X-1"), CONTEXT, values)


@pytest.mark.parametrize(
    ("name", "raw", "found"),
    [
        ("string", "a\\T\\b ", "a&b"),
        ("string", '""', None),
        ("code", "a b^x", "a-b"),
        ("date", "1985", "1985"),
        ("date", "198503", "1985-03"),
        ("date", "19850315102030+0800", "1985-03-15"),
        ("date", "19850000", "1985"),
        ("dateTime", "2026030108", "2026-03-01T08:00:00+08:00"),
        ("dateTime", "20260301083015.25-0500", "2026-03-01T08:30:15.25-05:00"),
        ("dateTime", "20260301^Y", "2026-03-01"),
        ("instant", "20260301", None),
        ("time", "0830", "08:30:00"),
        ("time", "083015.5", "08:30:15.5"),
        ("decimal", "1.50", Decimal("1.50")),
        ("decimal", "", None),
        ("integer", "12", 12),
        ("integer", "0", None),
        ("boolean", "y", True),
        ("boolean", "N", False),
        ("boolean", "", None),
        ("quantity", ">= 5", {"comparator": ">=", "value": Decimal(5)}),
        ("low", "3.5-5.5", Decimal("3.5")),
        ("high", "3.5 ~ 5.5", Decimal("5.5")),
        ("low", "<5", None),
        ("code-system", "HL70005", "http://terminology.hl7.org/CodeSystem/v2-0005"),
        ("code-system", "1.2.840.1", "urn:oid:1.2.840.1"),
        ("code-system", "本院", f"{LOCAL}:code:%E6%9C%AC%E9%99%A2"),
        ("code-system", "", None),
        ("identifier-system", "7^^^H&1.2.3&ISO^MR", "urn:oid:1.2.3"),
        ("identifier-system", "7^^^H&hospital.example&DNS^MR", "http://hospital.example"),
        ("identifier-system", "7^^^H&http://hospital.example&URI^MR", "http://hospital.example"),
        ("identifier-system", f"7^^^&{GUID.upper()}&GUID", f"urn:uuid:{GUID}"),
        ("identifier-system", "7^^^H^MR", f"{LOCAL}:id:H:MR"),
        ("identifier-system", "7", f"{LOCAL}:id"),
        ("entity-system", "7", f"{LOCAL}:id:order"),
        ("visit-system", "7", f"{LOCAL}:id:VN"),
        ("staff-system", "7", f"{LOCAL}:id:staff"),
        ("name-text", "欧阳^菲菲", "欧阳菲菲"),
        ("name-text", "Duck&van^Donald^D", "Donald D Duck"),
        ("person-text", "1^李^医生", "李医生"),
        ("person-text", "1", "1"),
        ("nested-person", "1^李^医生", "李医生"),
        ("address-text", "幸福路1号^^青山市^湖南", "湖南青山市幸福路1号"),
        ("address-text", "1 Road^^Town^ST^9", "1 Road, Town, ST, 9"),
        ("phone", "^PRN^PH^^^0731^8888^9", "0731 8888 ext 9"),
        ("phone", "^NET^Internet^a@b.cn", "a@b.cn"),
        ("phone", "^PRN^PH^^86^138", "+86 138"),
        ("location-text", "内科^201^1^山口", "山口 内科 201 1"),
        ("data", "QUJD", "QUJD"),
        ("encoded", "王", "546L"),
    ],
)  # fmt: skip
def test_one_by_one(name, raw, found):
    assert of(name, raw) == found


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("date", "19851315"), ("date", "85"), ("date", "1985-03-15"), ("dateTime", "2026030125"),
        ("dateTime", "20260301080000+9900"), ("time", "2560"), ("time", "x"), ("decimal", "1,5"), ("decimal", "1e5"),
        ("decimal", "NaN"), ("integer", "-1"), ("integer", "1.5"), ("boolean", "?"), ("quantity", "neg"), ("data", "A"),
    ],
)  # fmt: skip
def test_what_is_not_what_it_is_taken_for(name, raw):
    with pytest.raises(Bad):
        of(name, raw)


def test_value_maps():
    assert of("code", "f", {"F": "female"}) == "female"
    assert of("code", "q", {"*": "="}) == "q"
    assert of("code", "q", {"*": ""}) is None
    assert of("code", "", {"*": "x"}) is None
    with pytest.raises(Bad, match="unmapped-value"):
        of("code", "q", {})


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), st.sampled_from(["", "+0000", "-0500", "+1345"]))
def test_a_moment_is_the_same_moment_in_fhir(at, zone):
    found = datetime.fromisoformat(of("dateTime", f"{at:%Y%m%d%H%M%S}{zone}"))
    assert found.replace(tzinfo=None) == at.replace(microsecond=0)
    wanted = datetime.strptime(zone, "%z").utcoffset() if zone else at.replace(tzinfo=CONTEXT.zone).utcoffset()
    assert found.utcoffset().total_seconds() // 60 == wanted.total_seconds() // 60


@given(st.sampled_from(sorted(TRANSFORMS)), st.text(st.sampled_from('0123456789.^&~+-<>=\\"ab王:/ '), max_size=30))
def test_any_value_is_something_nothing_or_bad(name, raw):
    try:
        of(name, raw, {"*": "="})
    except Bad:
        return
