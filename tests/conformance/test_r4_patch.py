"""The patch cases of the FHIR test cases: JSON Patch, and FHIRPath Patch, whose XML is turned into JSON here.

Every case is run and the table printed. XML Patch is not offered, so its cases are "not applicable".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console
from rich.table import Table

from doorstep.fhir import structure
from doorstep.fhir.patch import fhirpath_patch, json_patch
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.tests.samples import ROOT

FOLDER = ROOT / "fhir-test-cases" / "r4" / "patch"
FHIR = "{http://hl7.org/fhir}"
XHTML = "{http://www.w3.org/1999/xhtml}"
NUMBERS = {"integer": int, "positiveInt": int, "unsignedInt": int, "decimal": float}


def file(name: str) -> Path:
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"test data is not on this machine: fhir-test-cases/r4/patch/{name}")
    return path


def narrative(node: ElementTree.Element) -> str:
    """The div as text, without a prefix and without the space after it."""
    node.tail = None
    text = ElementTree.tostring(node, encoding="unicode")
    return text.replace("xmlns:html=", "xmlns=").replace("<html:", "<").replace("</html:", "</")


def one(node: ElementTree.Element, kind: str) -> tuple[Any, Any]:
    """Value and shadow of an element, by its type."""
    if node.tag.startswith(XHTML):
        return narrative(node), None
    if not structure.is_primitive(kind):
        return content(node, kind), None
    text = node.get("value")
    value = text == "true" if kind == "boolean" else NUMBERS.get(kind, str)(text)
    return value, content(node, kind) or None


def content(node: ElementTree.Element, kind: str) -> dict[str, Any]:
    """The JSON object of an XML element with children."""
    found: dict[str, Any] = {name: node.get(name) for name in ("id", "url") if node.get(name)}
    fields = structure.fields(kind)
    for child in node:
        key = child.tag.removeprefix(FHIR).removeprefix(XHTML)
        field = fields[key]
        value, shadow = one(child, field.type.code)
        if field.element.max is None:
            found.setdefault(key, []).append(value)
        else:
            found[key] = value
        if shadow is not None:
            found["_" + key] = shadow
    return found


def resource(node: ElementTree.Element) -> dict[str, Any]:
    kind = node.tag.removeprefix(FHIR)
    return {"resourceType": kind, **content(node, kind)}


def text(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def tidy(value: Any) -> Any:
    """A narrative without the spaces between its tags, which the two files of a case spell differently."""
    if isinstance(value, dict) and isinstance(value.get("text"), dict) and "div" in value["text"]:
        div = "".join(value["text"]["div"].split())
        return {**value, "text": {**value["text"], "div": div}}
    return value


def fhir_cases() -> Iterator[tuple[str, bool, str]]:
    ElementTree.register_namespace("html", "http://www.w3.org/1999/xhtml")
    for case in ElementTree.parse(file("fhir-patch-tests.xml")).getroot():
        given, diff = resource(case.find("input")[0]), resource(case.find("diff")[0])
        wanted = case.find("output")
        try:
            answer = json.loads(fhirpath_patch(text(given), given["resourceType"], text(diff)))
            said = ""
        except FhirProblem as problem:
            answer, said = None, str(problem)
        right = said != "" if wanted is None else tidy(answer) == tidy(resource(wanted[0]))
        yield case.get("name", "?"), right, said


def json_cases() -> Iterator[tuple[str, bool, str]]:
    for case in json.loads(file("json-patch-tests.json").read_bytes()):
        try:
            answer, said = json.loads(json_patch(text(case["doc"]), text(case["patch"]))), ""
        except FhirProblem as problem:
            answer, said = None, str(problem)
        right = said != "" if "error" in case else answer == case["expected"]
        yield case["comment"], right, said


def xml_cases() -> list[str]:
    return [case.get("name", "?") for case in ElementTree.parse(file("xml-patch-tests.xml")).getroot()]


def test_all_patch_cases_pass() -> None:
    runs = {"FHIRPath Patch": list(fhir_cases()), "JSON Patch": list(json_cases())}
    table = Table("cases", "passed", "failed", "not applicable", title="FHIR test cases, r4/patch")
    for name, cases in runs.items():
        passed = sum(right for _, right, _ in cases)
        table.add_row(name, str(passed), str(len(cases) - passed), "0")
    table.add_row("XML Patch", "0", "0", str(len(xml_cases())))
    Console(width=100).print(table)
    failed = [(name, title, said) for name, cases in runs.items() for title, right, said in cases if not right]
    assert failed == []
    assert {name: len(cases) for name, cases in runs.items()} == {"FHIRPath Patch": 33, "JSON Patch": 16}


def test_refused_cases_are_refused_for_the_right_reason() -> None:
    said = {
        title: words for _, cases in (("f", fhir_cases()), ("j", json_cases())) for title, _, words in cases if words
    }
    assert "leads to 0" in said.pop("Operation on missing element")
    assert all("has no" in said.pop(title) for title in [*said] if title.startswith(("4.1", "A.12")))
    assert sorted(title[:5] for title in said) == ["A.15.", "A.9. "]
    assert all("value of the test" in words for words in said.values())
