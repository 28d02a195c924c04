"""What is sent to harm: each ends as a problem, and soon."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import Limits
from doorstep.fhir.xml import read, write
from doorstep.fhir.xml.plans import XHTML

START = '<Patient xmlns="http://hl7.org/fhir">'
BOMB = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
DEEP = 100_000
MANY = " ".join(f"a{n}='b'" for n in range(100_000))
EXTENSION = '<extension url="a">'


def patient(inner: str, doctype: str = "") -> bytes:
    return f'<?xml version="1.0"?>{doctype}{START}{inner}</Patient>'.encode()


ID = patient("<id value='x'/>")


def declared(encoding: str) -> bytes:
    return ID.replace(b'"1.0"', f'"1.0" encoding="{encoding}"'.encode())


HOSTILE = {
    "entity bomb": (patient("<id value='&a11;'/>", f'<!DOCTYPE x [<!ENTITY a0 "ha">{BOMB}]>'), "xml-doctype"),
    "quadratic blow-up": (
        patient("<id value='" + "&a;" * 50_000 + "'/>", f'<!DOCTYPE x [<!ENTITY a "{"a" * 50_000}">]>'),
        "xml-doctype",
    ),
    "external entity": (patient("&e;", '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'), "xml-doctype"),
    "parameter entity": (patient("", '<!DOCTYPE x [<!ENTITY % e SYSTEM "http://127.0.0.1:1/x"> %e;]>'), "xml-doctype"),
    "external document type": (patient("", '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">'), "xml-doctype"),
    "doctype in UTF-16": (patient("", "<!DOCTYPE x>").decode().encode("utf-16"), "xml-doctype"),
    "a name of HTML": (patient("<id value='&nbsp;'/>"), "xml-syntax"),
    "deep": (patient(EXTENSION * DEEP + "</extension>" * DEEP), "too-deep"),
    "deep and unknown": (patient("<a>" * DEEP + "</a>" * DEEP), "xml-element"),
    "deep and never closed": (patient("<a>" * DEEP), "xml-syntax"),
    "deep narrative": (
        patient(f'<text><h:div xmlns:h="{XHTML}">{"<h:p>" * DEEP}{"</h:p>" * DEEP}</h:div></text>'),
        "too-deep",
    ),
    "64 MB of text": (patient("<id value='" + "a" * (64 << 20) + "'/>"), "too-large"),
    "64 MB that say they are a bundle": (patient("<!-- <Bundle> -->" + " " * (64 << 20)), "too-large"),
    "17 MB that say they are a bundle": (patient("<!-- <Bundle> -->" + " " * (17 << 20)), "too-large"),
    "millions of tags": (b"<Bundle>" + b"<a/>" * 4_000_000, "xml-too-many"),
    "almost a million tags": (patient("<!-- <Bundle> -->" + "<a/>" * 900_000), "xml-element"),
    "a hundred thousand attributes": (patient(f"<id {MANY}/>"), "xml-attribute"),
    "a hundred thousand namespaces": (
        patient(f"<id {MANY.replace('a', 'xmlns:a')} a1:b='c'/>"),
        "xml-attribute",
    ),
    "a megabyte of a name": (patient(f"<{'a' * (1 << 20)}/>"), "xml-element"),
    "a megabyte of digits": (
        patient(f"<multipleBirthInteger value='{'9' * (1 << 20)}x'/>"),
        "xml-value",
    ),
    "many openings of comments": (patient("<!--" * 500_000), "xml-syntax"),
    "many divs": (patient('<div xmlns="http://www.w3.org/1999/xhtml"/>' * 300_000), "xml-namespace"),
    "invalid UTF-8": (ID.replace(b"x'/", b"\xff'/"), "encoding"),
    "half a character": (patient("<id value='张'/>")[:-14], "truncated"),
    "surrogates in UTF-8": (ID.replace(b"x'/", b"\xed\xa0\x80'/"), "encoding"),
    "a reference to a surrogate": (patient("<id value='&#xD800;'/>"), "xml-syntax"),
    "surrogates in UTF-16": (ID.decode().encode("utf-16-le").replace(b"x\0'", b"\x00\xd8'"), "xml-encoding"),
    "NUL": (ID.replace(b"x'/", b"\0'/"), "xml-syntax"),
    "a reference to NUL": (patient("<id value='&#0;'/>"), "xml-syntax"),
    "an encoding that nobody knows": (declared("EBCDIC"), "xml-encoding"),
    "an encoding that runs code": (declared("unicode_escape"), "xml-encoding"),
    "an encoding that is not so": (declared("GBK").replace(b"x'/", b"\xff'/"), "xml-encoding"),
    "nothing": (b"", "empty"),
    "space": (b" \n", "empty"),
    "JSON": (b'{"resourceType":"Patient"}', "xml-syntax"),
    "two roots": (patient("") + b"<a/>", "xml-syntax"),
    "no namespace": (b"<Patient/>", "xml-namespace"),
    "an XInclude": (
        patient('<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'),
        "xml-namespace",
    ),
    "a stylesheet that fetches": (patient("<a/>", '<?xml-stylesheet href="http://127.0.0.1:1/x"?>'), "xml-element"),
    "an attribute of the right namespace": (
        b'<f:Patient xmlns:f="http://hl7.org/fhir"><f:active f:value="true"/></f:Patient>',
        "xml-attribute",
    ),
    "an attribute on a resource": (b'<Patient xmlns="http://hl7.org/fhir" id="a"/>', "xml-attribute"),
    "an abstract resource": (b'<DomainResource xmlns="http://hl7.org/fhir"/>', "unknown-type"),
    "a data type": (b'<HumanName xmlns="http://hl7.org/fhir"/>', "unknown-type"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def soon() -> Iterator[None]:
    begin = time.process_time()
    yield
    assert time.process_time() - begin < 6


@pytest.mark.parametrize("case", HOSTILE)
def test_xml_that_would_harm_is_refused(case: str) -> None:
    data, code = HOSTILE[case]
    with pytest.raises(FhirProblem) as caught:
        read(data)
    assert caught.value.code == code
    assert len(caught.value.message("zh")) < 300
    assert len(caught.value.expression or "") < 2000


def test_what_looks_like_a_document_type_but_is_none_is_taken() -> None:
    assert read(patient("<!-- <!DOCTYPE x> --><id value='a'/>")) == b'{"resourceType":"Patient","id":"a"}'


def test_as_deep_as_the_limit_and_no_deeper() -> None:
    def nested(levels: int) -> bytes:
        return patient(
            EXTENSION * levels + '<extension url="b"><valueCode value="c"/></extension>' + "</extension>" * levels
        )

    limits = Limits(depth=10)
    assert read(nested(8), limits)
    with pytest.raises(FhirProblem) as caught:
        read(nested(9), limits)
    assert caught.value.code == "too-deep"


@pytest.mark.parametrize("levels", [50, 5000])
def test_deep_json_is_refused_when_written(levels: int) -> None:
    body = (
        b'{"resourceType":"Patient","extension":['
        + b'{"url":"a","extension":[' * levels
        + b'{"url":"b"}'
        + b"]}" * levels
        + b"]}"
    )
    with pytest.raises(FhirProblem) as caught:
        write(body, Limits(depth=20))
    assert (caught.value.code, caught.value.params) == ("too-deep", {"limit": 20})


def test_the_place_of_a_broken_character_is_told_in_the_encoding_that_was_declared() -> None:
    document = "<?xml version='1.0' encoding='GBK'?>\n<Basic 张三='".encode("gbk") + b"\xff'/>"
    with pytest.raises(FhirProblem) as caught:
        read(document)
    assert (caught.value.code, caught.value.line, caught.value.column) == ("xml-encoding", 2, 12)
