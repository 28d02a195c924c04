"""Whatever the bytes: the adapter's own error or a document, within bounds, in work that grows with the text."""

from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.adapters.cda import document, narrative, tree
from doorstep.adapters.cda.mapping import convert, standard
from doorstep.adapters.cda.mapping import engine as walking
from doorstep.adapters.cda.shapes import Unreadable
from doorstep.adapters.cda.tests import samples
from doorstep.adapters.cda.words import WORDS
from doorstep.fhir.bundle import read_bundle
from doorstep.fhir.problems import KINDS

SOUND = samples.chinese(*samples.SUMMARY)
TEXT = SOUND.decode()
LAUGHS = (
    b"<!DOCTYPE a [<!ENTITY a0 'ha'>"
    + b"".join(b"<!ENTITY a%d '&a%d;&a%d;'>" % (n, n - 1, n - 1) for n in range(1, 40))
    + b"]><a>&a39;</a>"
)


def refused(raw: bytes, limits: tree.Limits = tree.LIMITS) -> str:
    """The reason why bytes are refused."""
    with pytest.raises(Unreadable) as why:
        convert(raw, standard(), samples.CONTEXT, limits)
    code = why.value.problem.code
    assert code in KINDS or code in WORDS, "every reason has its words"
    return code


def whatever(raw: bytes) -> None:
    """Read bytes in every way that the house does; nothing but the adapter's own error may come out."""
    tree.is_document(raw)
    tree.text_of(raw)
    with suppress(Unreadable):
        read = document.read(raw)
        for section in read.sections:
            if section.text is not None:
                assert "<script" not in narrative.html(section.text, narrative.media_of(read.root))
        read_bundle(convert(raw, standard(), samples.CONTEXT).body)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "xml-doctype"),
        (LAUGHS, "xml-doctype"),
        (b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "xml-doctype"),
        (b"<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/x'> %p;]><a/>", "xml-doctype"),
        (b"<ClinicalDocument>&undefined;</ClinicalDocument>", "xml-syntax"),
        (b'<?xml version="1.0" encoding="UTF-7"?>+ADw-ClinicalDocument+AD4-', "xml-encoding"),
        (b'<?xml version="1.0" encoding="EBCDIC-CP-US"?><a/>', "xml-encoding"),
        (b"\xff\xfe<\x00", "xml-syntax"),
        (b"<ClinicalDocument>\xff</ClinicalDocument>", "encoding"),
        (b"<a>" * 101 + b"</a>" * 101, "cda-too-deep"),
        (b"<a " + b" ".join(b"a%d=''" % n for n in range(65)) + b"/>", "cda-too-many-attributes"),
        (b"", "empty"), (b" \n", "empty"), (b"\0", "xml-syntax"), (b"<a><b></a>", "xml-syntax"),
        (b"<a xmlns:x='y'><x:b><z:c/></x:b></a>", "xml-syntax"),
    ],
)  # fmt: skip
def test_hostile_xml_is_refused_by_its_name(raw, code):
    assert refused(raw) == code


def test_bounds_of_size_and_number_hold():
    small = tree.Limits(size=1000, elements=50)
    assert refused(b"<a>" + b"x" * 1000 + b"</a>", small) == "too-large"
    assert refused(b"<a>" + b"<b/>" * 50 + b"</a>", small) == "xml-too-many"
    assert len(tree.parse(b"<a>" + b"<b/>" * 49 + b"</a>", small).children) == 49


def test_a_document_within_a_document_is_not_unpacked():
    """Base64 in base64: what is inside is bytes, and stays that."""
    data = SOUND
    for _ in range(5):
        data = base64.b64encode(data)
    text = f'<text mediaType="text/xml" representation="B64">{data.decode()}</text>'
    body = f"<component><nonXMLBody>{text}</nonXMLBody></component>"
    start = TEXT.index("<component><structuredBody>")
    raw = (TEXT[:start] + body + "</ClinicalDocument>").encode()
    read = document.read(raw)
    assert read.embedded is not None
    assert read.embedded.data == base64.b64decode(data)
    assert [e["resource"]["resourceType"] for e in convert(raw, standard(), samples.CONTEXT).bundle["entry"]] == [
        "Patient", "Encounter", "DocumentReference", "Binary",
    ]  # fmt: skip


@settings(max_examples=150)
@given(st.binary(max_size=300))
def test_any_bytes(raw):
    whatever(raw)


@settings(max_examples=150)
@given(st.data())
def test_a_document_of_which_bytes_were_changed(data):
    """Cut, doubled, overwritten anywhere, several times."""
    raw = bytearray(SOUND)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw)))
        end = data.draw(st.integers(at, min(len(raw), at + 200)))
        other = data.draw(st.sampled_from([b"", bytes(raw[at:end]) * 2]) | st.binary(max_size=8))
        raw[at:end] = other
    whatever(bytes(raw))


PIECES = st.sampled_from(
    ["section", "entry", "observation", "organizer", "component", "code", "value", "id", "effectiveTime", "text", "low",
     "participant", "participantRole", "playingEntity", "entryRelationship", "act", "consumable", "subject", "table",
     "substanceAdministration", "manufacturedProduct", "manufacturedMaterial", "procedure", "encounter", "reference"]
)  # fmt: skip
WORD = st.sampled_from(
    ["2.16.840.1.113883.10.20.22.4.7", "2.16.840.1.113883.10.20.22.4.4", "DE05.01.024.00", "DE02.10.022.00", "EVN",
     "CD", "PQ", "ST", "IVL_TS", "20260301", "20269999", "1e9", "true", "UNK", "-1", "9" * 30, "http://x", "#a", "",
     "无", "\u202e"]
)  # fmt: skip
ATTRIBUTES = st.dictionaries(
    st.sampled_from(
        ["root", "code", "value", "xsi:type", "moodCode", "nullFlavor", "unit", "ID", "negationInd", "codeSystem"]
    ),
    WORD, max_size=4,
)  # fmt: skip


def element(name: str, attributes: dict[str, str], inner: list[str]) -> str:
    said = "".join(f' {key}="{value}"' for key, value in attributes.items())
    template = f'<templateId root="{attributes["root"]}"/>' if "root" in attributes else ""
    return f"<{name}{said}>{template}{''.join(inner)}</{name}>"


TREES = st.recursive(
    WORD, lambda inner: st.builds(element, PIECES, ATTRIBUTES, st.lists(inner, max_size=4)), max_leaves=25
)


@settings(max_examples=200)
@given(st.lists(TREES, min_size=1, max_size=4))
def test_any_entries_of_a_sound_document(entries):
    """Whatever stands in entries, the document is taken: what is made of it is sound, and the rest is told."""
    section = "".join(f"<entry>{each}</entry>" for each in entries)
    raw = samples.chinese(f"<section><code code='48765-2'/>{section}</section>")
    whatever(raw)
    found = convert(raw, standard(), samples.CONTEXT)
    assert found.bundle["entry"][2]["resource"]["resourceType"] == "DocumentReference"


def many(code: str, name: str, value: str, count: int, kind: str = "ST") -> list[str]:
    """So many entries of a data element; ``{}`` in the value is the number of each."""
    return [samples.de(code, name, value.replace("{}", str(number)), kind) for number in range(count)]


VITAL = (
    '<observation moodCode="EVN"><templateId root="2.16.840.1.113883.10.20.22.4.27"/><id root="1.2.3"/>'
    '<code code="c{}"/></observation>'
)
ITEM, NUMBER = ("DE04.30.019.00", "检验项目代码"), ("DE04.30.015.00", "检验定量结果")
MANY = {
    "siblings": lambda n: many("DE04.10.174.00", "收缩压", 'value="{}" unit="mmHg"', n, "PQ"),
    "results": lambda n: [samples.de(*ITEM, "HGB"), *many(*NUMBER, 'value="{}"', n, "REAL")],
    "items": lambda n: [*many(*ITEM, "X{}", n), *many(*NUMBER, 'value="{}"', n, "REAL")],
    "unknown": lambda n: many("DE99.99.999.99", "x", "y", n),
    "references": lambda n: many("DE02.10.022.00", "过敏史", '<reference value="#a"/>', n),
    "ids": lambda n: [VITAL.replace("{}", str(number)) for number in range(n)],
}


@pytest.mark.parametrize("shape", MANY)
def test_the_work_grows_with_the_text(shape, monkeypatch):
    """Twice the entries, about twice the elements that are looked at; never their square."""
    looked = []

    class Counting(walking.Finder):
        def __init__(self, *given):
            super().__init__(*given)
            looked.append(self)

    monkeypatch.setattr(walking, "Finder", Counting)
    for count in (100, 200, 400):
        entries = samples.organizer(*MANY[shape](count))
        convert(samples.chinese(samples.section("8716-3", entries)), standard(), samples.CONTEXT)
    steps = [each.steps for each in looked]
    assert steps[2] <= 4.5 * steps[0], steps
    assert steps[2] < 400 * 500


@pytest.mark.parametrize("shape", ["references", "outwards"])
def test_one_long_text_is_not_said_by_thousands(shape):
    """Entries that refer to one text of the narrative, or take one long value beside them: refused, not multiplied."""
    long = "x" * 100_000
    if shape == "references":
        refer = '<code code="1"><originalText><reference value="#a"/></originalText></code>'
        one = f'<observation moodCode="EVN"><templateId root="2.16.840.1.113883.10.20.22.4.27"/>{refer}</observation>'
        text = f'<content ID="a">{long}</content>'
        section = samples.section("8716-3", samples.organizer(*[one] * 300), text=text)
    else:
        many = [samples.de("DE04.30.015.00", "检验定量结果", f'value="{i}"', "REAL") for i in range(300)]
        section = samples.section(
            "30954-2", samples.organizer(samples.de("DE04.30.019.00", "检验项目代码", long), *many)
        )
    assert refused(samples.chinese(section)) == "cda-too-costly"


def test_a_text_is_written_again_in_its_own_encoding():
    for encoding in ("UTF-8", "GBK", "GB18030", "UTF-16"):
        raw = samples.chinese(samples.COMPLAINT, encoding=encoding)
        assert tree.parse(tree.encoded(tree.text_of(raw), raw)).text == tree.parse(raw).text
    beyond = TEXT.replace("UTF-8", "ISO-8859-1", 1)
    assert tree.parse(tree.encoded(beyond, b"")).text == tree.parse(SOUND).text
