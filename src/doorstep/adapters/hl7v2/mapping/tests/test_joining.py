"""A file that was cut into parts is whole again, however it was cut; parts that do not fit are told by their place."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.adapters.hl7v2.codec import parse, write
from doorstep.adapters.hl7v2.enclosed import enclosed
from doorstep.adapters.hl7v2.mapping.joining import joined
from doorstep.adapters.hl7v2.mapping.shapes import Unmappable
from doorstep.adapters.hl7v2.tests.test_enclosed import escaped, message

XML = '<?xml version="1.0"?><a b="青霉素 & ^~|"><c/>  <d/></a>'
NAME = "1^病历^L"
STARTS = [b"%PDF-1.7\n", b"\xff\xd8\xff\xe0", b"PK\x03\x04", b"{\\rtf1", XML.encode()]


def ed(data: str, *, number: str = "", form: str = "Base64", kind: str = "text^xml", name: str = NAME) -> str:
    return f"OBX|1|ED|{name}|{number}|^{kind}^{form}^{data}"


def cut(text: str, places: list[int]) -> list[str]:
    """The text cut at some of its places, none of them among the first 40: by these a file is known."""
    at = sorted({40 + place % (len(text) - 40) for place in places}) if len(text) > 40 else []
    return [text[one:other] for one, other in zip([0, *at], [*at, len(text)], strict=True)]


def found(*obx: str, kind: str = "MDM^T02^MDM_T02") -> list[tuple[str, bytes]]:
    return [(each.place, each.data) for each in enclosed(joined(parse(message(*obx, kind=kind))))]


def refused(*obx: str) -> tuple[str, str]:
    with pytest.raises(Unmappable) as told:
        joined(parse(message(*obx)))
    return told.value.problem.reason, told.value.problem.place


def number(at: int, how: str) -> str:
    return {"numbered": str(at), "nested": f"2.{at}", "one": "1", "none": ""}[how]


places = st.lists(st.integers(1, 10_000), max_size=6)
numbering = st.sampled_from(["numbered", "nested", "one", "none"])


@given(st.sampled_from(STARTS), st.binary(max_size=60), places, numbering, st.booleans())
def test_base64_that_was_cut_anywhere_is_whole(start: bytes, rest: bytes, places: list[int], how: str, hexed: bool):
    raw = start + rest
    text, form = (raw.hex(), "Hex") if hexed else (base64.b64encode(raw).decode(), "Base64")
    sent = [ed(each, number=number(at, how), form=form, kind="AP^x") for at, each in enumerate(cut(text, places), 1)]
    assert found(*sent) == [("OBX-5.5", raw)]
    assert found(*sent, kind="ORU^R01^ORU_R01") == [("OBX-5.5", raw)]


@given(places, st.randoms(use_true_random=False))
def test_numbers_say_the_order(places: list[int], chance):
    parts = cut(base64.b64encode(XML.encode()).decode(), places)
    sent = [ed(each, number=str(at)) for at, each in enumerate(parts, 1)]
    chance.shuffle(sent)
    [(_, raw)] = found(*sent)
    assert raw.decode() == XML


@given(places)
def test_repetitions_and_parts_encoded_by_themselves_are_whole(places: list[int]):
    raw = XML.encode()
    pieces = [raw[:30]] + [raw[30:][one:other] for one, other in [(0, 1), (1, 3), (3, None)]]
    each = [base64.b64encode(piece).decode() for piece in pieces]
    assert found(*[ed(one) for one in each]) == [("OBX-5.5", raw)]
    bare = cut(base64.b64encode(raw).decode(), places)
    [(_, whole)] = found(ed("~".join(bare)))
    assert whole == raw
    [(_, whole)] = found(ed("~^text^xml^Base64^".join(bare)))
    assert whole == raw


@given(places)
def test_escaped_text_may_be_cut_within_an_escape(places: list[int]):
    [(_, raw)] = found(*[ed(each, form="A") for each in cut(escaped(XML), places)])
    assert raw.decode() == XML


def test_lines_of_a_text_are_one_document():
    lines = [f"OBX|1|TX|{NAME}||{escaped(line)}" for line in (XML[:22], XML[22:44] + "\n", "</a>")]
    [(place, raw)] = found(*lines)
    assert (place, raw.decode()) == ("OBX-5", f"{XML[:22]}\n{XML[22:44]}\n\n</a>")


def test_whole_files_stay_apart():
    one, two = (base64.b64encode(each).decode() for each in (b"%PDF-1 one", b"%PDF-1 two"))
    several = (ed(one, number="1"), ed(two, number="2"), ed(one, number="3", name="2^x"), ed("QUJD", kind="AP^ZIP"))
    before = parse(message(*several))
    assert joined(before) is before
    cut_twice = [ed(one[:12]), ed(one[12:]), "OBX|9|NM|8310-5||37", ed(two[:12]), ed(two[12:])]
    assert found(*cut_twice) == [("OBX-5.5", b"%PDF-1 one"), ("OBX[4]-5.5", b"%PDF-1 two")]


def test_what_is_not_of_the_file_stays_as_sent():
    parts = cut(base64.b64encode(XML.encode()).decode(), [8])
    raw = message(f"{ed(parts[0], number='1')}||||||F", f"{ed(parts[1], number='2')}||||||F", "NTE|1||阴性|", "ZZZ|a~b")
    made = write(joined(parse(raw)))
    assert made == raw.replace(b"Base64^" + parts[1].encode(), b"", 1).replace(
        parts[0].encode(), "".join(parts).encode(), 1
    ).replace(b"|2|^text^xml^", b"|2|", 1)


PARTS = cut(base64.b64encode(XML.encode()).decode(), [0, 20, 28])


@pytest.mark.parametrize(
    ("obx", "reason", "place"),
    [
        ([ed(PARTS[0], number="1"), ed(PARTS[1], number="3")], "part-missing", "OBX[2]-4"),
        ([ed(PARTS[0], number="1"), ed(PARTS[1], number="2"), ed(PARTS[1], number="2")], "part-unfit", "OBX[3]-4"),
        ([ed(PARTS[0], number="1"), ed(PARTS[1])], "part-unfit", "OBX[2]-4"),
        ([ed(PARTS[1], number="2"), ed(PARTS[2], number="3")], "part-missing", "OBX-5.5"),
        ([ed(PARTS[0]), ed("4142", form="Hex")], "part-unfit", "OBX[2]-5.5"),
        ([ed(PARTS[0]), ed("QU*D")], "bad-base64", "OBX[2]-5.5"),
        ([ed(PARTS[0]), ed("QUJDR")], "part-unfit", "OBX[2]-5.5"),
        ([ed(PARTS[0]), ed("QQ=="), ed("QUJDR")], "bad-base64", "OBX[3]-5.5"),
    ],
)  # fmt: skip
def test_parts_that_do_not_fit_are_told_by_their_place(obx: list[str], reason: str, place: str):
    assert refused(*obx) == (reason, place)


@given(st.lists(st.tuples(st.sampled_from(["ED", "TX", "NM"]), st.text("AB=^~&\\<?xml%PDF-", max_size=30))))
def test_whatever_stands_there_is_joined_or_refused(fields: list[tuple[str, str]]):
    raw = message(*[f"OBX|1|{kind}|{NAME}||{said}" for kind, said in fields])
    try:
        made = joined(parse(raw))
    except Unmappable:
        return
    assert len(made.segments) == len(parse(raw).segments)
