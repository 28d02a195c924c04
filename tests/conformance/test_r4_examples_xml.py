"""The official examples, the FHIR test cases and Chinese guides go through XML and lose nothing.

What is compared is the content: numbers as they were written, narratives by the letter, the order of keys aside.

| data | files | passed | refused, as they should be | not applicable |
|---|---|---|---|---|
| R4 examples, JSON to XML to JSON | 5,299 | 5,298 | 0 | 1: `package.json` is npm's, and no resource |
| FHIR test cases, XML to JSON to XML to JSON | 31 | 24 | 1: a property of DSTU 2 | 6: lists of tests, UCUM; not FHIR |
| Chinese guides, the same | 187 | 109 | 78: below | 0 |

Of the Chinese files, 61 value sets hold an empty `<exclude/>` (ele-1: every element has a value or children); 6 give
Encounter.class, a Coding, the children of a CodeableConcept; 8 write `<ValueAttachment>` with a capital; 2 give
MessageHeader's `definition`, a canonical, the children of a Reference; 1 is not well-formed (a quote too many).
73 of them begin with a byte order mark.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from xml.dom import pulldom
from xml.sax import make_parser
from xml.sax.handler import ContentHandler, feature_namespaces

import pytest
from rich.console import Console

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import minify, text_of
from doorstep.fhir.structure import fields, kind, kind_names
from doorstep.fhir.tests.samples import EXAMPLES, ROOT, members
from doorstep.fhir.xml import read, write

NOT_FHIR = {
    "r4/fhirpath/tests-fhir-r4.xml",
    "r4/graphdefinition/manifest.xml",
    "r4/graphql/manifest.xml",
    "r4/patch/fhir-patch-tests.xml",
    "r4/patch/xml-patch-tests.xml",
    "ucum/ucum-essence.xml",
}
DSTU2 = {"r4/myconsent-ext.xml": ("xml-element", "contextType", 13)}


def content(data: bytes) -> Any:
    return json.loads(data, parse_int=number, parse_float=number)


def number(literal: str) -> dict[str, str]:
    return {"number": literal}


class InOrder(ContentHandler):
    """Another reader of XML: notes where an element of a resource stands before one that should come first."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self._open: list[tuple[str, int]] = []
        self._foreign = 0

    def startElementNS(self, name: tuple[str | None, str], qname: str | None, attrs: Any) -> None:
        namespace, local = name
        if self._foreign or namespace != "http://hl7.org/fhir":
            self._foreign += 1
            return
        if local in kind_names() and local[0].isupper() and kind(local).kind == "resource":
            self._open.append((local, -1))
            return
        parent, last = self._open[-1]
        known = fields(parent)
        place = list(known).index(local)
        if place < last:
            self.faults.append(f"{parent}.{local}")
        self._open[-1] = (parent, place)
        self._open.append((known[local].type.code, -1))

    def endElementNS(self, name: tuple[str | None, str], qname: str | None) -> None:
        if self._foreign:
            self._foreign -= 1
        else:
            self._open.pop()


def out_of_order(document: bytes) -> list[str]:
    parser, handler = make_parser(), InOrder()
    parser.setFeature(feature_namespaces, True)
    parser.setContentHandler(handler)
    parser.feed(document)
    parser.close()
    return handler.faults


def files(folder: str) -> Iterator[tuple[str, bytes]]:
    base = ROOT / folder
    if not base.exists():
        pytest.skip(f"test data is not on this machine: {folder}")
    for path in sorted(base.rglob("*.xml")):
        yield path.relative_to(base).as_posix(), path.read_bytes()


def test_official_examples_go_to_xml_and_back() -> None:
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for name, raw in members(EXAMPLES):
        if name == "package/package.json":
            counts["not applicable"] += 1
            continue
        stored = minify(text_of(raw))
        document = write(stored)
        if content(read(document)) == content(stored) and out_of_order(document) == []:
            counts["passed"] += 1
        else:
            wrong.append(name)
    Console().print(dict(counts), wrong)
    assert wrong == []
    assert counts == {"passed": 5298, "not applicable": 1}


def there_and_back(data: bytes) -> bool:
    taken = read(data)
    document = write(taken)
    return content(read(document)) == content(taken) and out_of_order(document) == []


def test_the_fhir_test_cases_go_to_json_and_back() -> None:
    counts: Counter[str] = Counter()
    for name, data in files("fhir-test-cases"):
        if name in NOT_FHIR:
            with pytest.raises(FhirProblem) as caught:
                read(data)
            assert caught.value.code == "xml-namespace"
            counts["not applicable"] += 1
        elif name in DSTU2:
            with pytest.raises(FhirProblem) as caught:
                read(data)
            assert (caught.value.code, caught.value.expression, caught.value.line) == DSTU2[name]
            counts["refused"] += 1
        else:
            assert there_and_back(data), name
            counts["passed"] += 1
    Console().print(dict(counts))
    assert counts == {"passed": 24, "refused": 1, "not applicable": 6}


def has_empty_element(data: bytes) -> bool:
    return any(
        event == pulldom.START_ELEMENT and node.tagName == "exclude" and not node.attributes.length
        for event, node in empty_ones(data)
    )


def empty_ones(data: bytes) -> Iterator[tuple[str, Any]]:
    before: tuple[str, Any] | None = None
    for event, node in pulldom.parseString(data.decode("utf-8-sig")):
        if before is not None and event == pulldom.END_ELEMENT and before[0] == pulldom.START_ELEMENT:
            yield before
        if event != pulldom.CHARACTERS or node.data.strip():
            before = (event, node)


def lines(data: bytes) -> list[str]:
    return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").split("\n")


# what stands at the line that is named, for each fault that Chinese files are refused for, and how many they are
TRUE_FAULTS = {
    ("xml-element", "class.coding"): ("<coding", 6),
    ("xml-element", "definition.reference"): ("<reference", 2),
    ("xml-element", "extension"): ("<ValueAttachment", 8),
    ("xml-empty", "compose.exclude"): ("<exclude", 61),
    ("xml-syntax", ""): ('vs""/>', 1),
}


def fault_of(data: bytes) -> tuple[str, str] | None:
    """Why a file is refused, once the file itself was seen to bear it out; None where it passes."""
    try:
        assert there_and_back(data)
    except FhirProblem as problem:
        refused = problem
    else:
        return None
    known = [key for key in TRUE_FAULTS if key[0] == refused.code and key[1] in (refused.expression or "")]
    assert known, refused
    assert refused.line is not None
    assert TRUE_FAULTS[known[0]][0] in lines(data)[refused.line - 1]
    assert refused.code != "xml-empty" or has_empty_element(data)
    return known[0]


def test_chinese_guides_are_read_or_refused_for_a_true_fault() -> None:
    counts: Counter[tuple[str, str] | None] = Counter()
    marks = 0
    for _, data in files("cn-fhir"):
        marks += data.startswith(b"\xef\xbb\xbf")
        counts[fault_of(data)] += 1
    Console().print({str(fault): number for fault, number in counts.items()}, f"{marks} with a byte order mark")
    assert counts == {None: 109, **{fault: number for fault, (_, number) in TRUE_FAULTS.items()}}
    assert marks == 73


def test_chinese_files_say_the_same_in_gb18030() -> None:
    compared = 0
    for _, data in files("cn-fhir"):
        if fault_of(data) is None:
            text = re.sub(r"^<\?xml[^>]*\?>", "", data.decode("utf-8-sig"))
            again = f"<?xml version='1.0' encoding='GB18030'?>{text}".encode("gb18030")
            assert read(again) == read(data)
            compared += 1
    assert compared == 109


def test_chinese_extensions_of_primitives_come_through() -> None:
    found = 0
    for _, data in files("cn-fhir"):
        try:
            found += read(data).count(b'"_')
        except FhirProblem:
            continue
    assert found > 0


# What the test cases hold in XML, and the package of examples in JSON, unchanged between the two.
TWICE = {
    "condition-example.xml": "Condition-example",
    "list-example-long.xml": "List-long",
    "organization-1.xml": "Organization-hl7",
    "patient-example.xml": "Patient-example",
    "patient-example-xds.xml": "Patient-xds",
    "patient-glossy-example.xml": "Patient-glossy",
    "questionnaire-example.xml": "Questionnaire-3141",
    "observation-example-20minute-apgar-score.xml": "Observation-20minute-apgar-score",
}
NARRATIVE_DIFFERS = {"observation-example-20minute-apgar-score.xml"}


def test_what_is_published_in_both_forms_reads_the_same() -> None:
    published = {name: content(raw) for name, raw in members(EXAMPLES) if name.split("/")[1][:-5] in TWICE.values()}
    compared = set()
    for name, data in files("fhir-test-cases/r4"):
        short = name.rpartition("/")[2]
        if short in TWICE:
            ours, theirs = content(read(data)), dict(published[f"package/{TWICE[short]}.json"])
            if short in NARRATIVE_DIFFERS:
                del ours["text"], theirs["text"]
            assert ours == theirs, name
            compared.add(short)
    assert compared == set(TWICE)


def test_the_test_cases_that_stand_in_both_forms_read_the_same() -> None:
    """Numbers by their value here: who wrote the JSON of observation-decimal.xml wrote 1E-22 for all its digits."""
    compared: dict[str, bool] = {}
    for name, data in files("fhir-test-cases/r4"):
        twin = (ROOT / "fhir-test-cases/r4" / name).with_suffix(".json")
        if twin.exists():
            ours, theirs = (json.loads(each, parse_float=Decimal) for each in (read(data), twin.read_bytes()))
            compared[name] = without_text(ours) == without_text(theirs)
    Console().print(compared)
    # its XML has an extension more
    assert compared.pop("examples/observation-example.xml") is False
    assert all(compared.values())
    assert len(compared) == 4


def without_text(resource: Any) -> Any:
    return {name: value for name, value in resource.items() if name != "text"}
