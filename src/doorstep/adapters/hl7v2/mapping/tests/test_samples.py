"""Other people's messages: every one is mapped into sound FHIR, or refused for a reason that a table explains."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from doorstep.adapters.hl7v2.codec import parse
from doorstep.adapters.hl7v2.mapping import Unmappable, convert, preview, standard
from doorstep.adapters.hl7v2.mapping.tests.kit import CONTEXT
from doorstep.adapters.hl7v2.mapping.tests.refused import FAULTS, REFUSED
from doorstep.adapters.hl7v2.tests.samples import ABSENT, files
from doorstep.fhir.bundle import read_bundle
from doorstep.fhir.tests.samples import ROOT
from doorstep.fhir.validation.bindings import r4_bindings
from doorstep.fhir.validation.checking import check
from doorstep.fhir.validation.invariants import invariants

EXPECTED = ROOT / "hl7v2/microsoft-fhir-converter/TestData/Expected/Hl7v2"
LEFT = {"unmapped-field", "unmapped-segment", "repetition-left-out"}


def test_every_sample_is_mapped_or_refused_as_the_table_says():
    refused = {}
    for path in files():
        message = parse(path.read_bytes())
        try:
            found = convert(message, standard(), CONTEXT)
        except Unmappable as error:
            refused[path.stem] = (error.problem.reason, error.problem.place)
            continue
        faults = {(p.reason, p.place, p.text) for p in found.problems if p.reason not in LEFT}
        assert faults == FAULTS.get(path.stem, set()), path.name
        assert len(found.bundle["entry"]) > (message.header.trigger not in ("A28", "A31")), path.name
    assert refused == {name: each[:2] for name, each in REFUSED.items()}
    assert all(why for _, _, why in REFUSED.values())


def test_what_is_made_of_them_is_sound_fhir():
    """Structure, code sets and invariants of R4, and a transaction whose references lead somewhere."""
    bindings = r4_bindings()
    for path in files():
        if path.stem in REFUSED:
            continue
        body = convert(parse(path.read_bytes()), standard(), CONTEXT).body
        assert [item.problem for item in read_bundle(body).items if item.problem] == [], path.name
        entries = json.loads(body)["entry"]
        urls = [entry["fullUrl"] for entry in entries]
        assert len(set(urls)) == len(urls), path.name
        for entry in entries:
            kind = entry["resource"]["resourceType"]
            found = [*check(kind, entry["resource"], bindings=bindings), *invariants(kind, entry["resource"])]
            assert [each for each in found if each.severity == "error"] == [], (path.name, kind)
            assert set(_references(entry["resource"])) <= set(urls), path.name


def _references(node):
    if isinstance(node, dict):
        yield from [node["reference"]] if "reference" in node else []
        for each in node.values():
            yield from _references(each)
    elif isinstance(node, list):
        for each in node:
            yield from _references(each)


def test_a_peer_sees_the_same_people_and_results():
    """Microsoft's converter, by its expected bundles: sex and birth date of everybody, the numbers of the results."""
    compared: Counter[str] = Counter()
    for path in files():
        theirs = next(EXPECTED.glob(f"*/{path.stem}-expected.json"), None)
        if path.stem in REFUSED or theirs is None:
            continue
        ours = [e["resource"] for e in json.loads(convert(parse(path.read_bytes()), standard(), CONTEXT).body)["entry"]]
        others = [e["resource"] for e in json.loads(theirs.read_text("utf-8"))["entry"]]
        if others := _people(others):
            assert _people(ours) - {("", "")} <= others, path.name
            compared["people"] += 1
        numbers = _numbers([e["resource"] for e in json.loads(theirs.read_text("utf-8"))["entry"]])
        if path.stem.startswith(("LAB", "ORU", "LRI")) and numbers:
            assert numbers <= _numbers(ours), path.name
            compared["results"] += 1
    assert compared["people"] > 100
    assert compared["results"] >= 3


def _people(found):
    return {(r.get("birthDate", ""), r.get("gender", "")) for r in found if r["resourceType"] == "Patient"}


def _numbers(found):
    return {
        (r["code"]["coding"][0]["code"], float(r["valueQuantity"]["value"]), r["valueQuantity"].get("unit"))
        for r in found
        if r["resourceType"] == "Observation" and "value" in r.get("valueQuantity", {}) and "coding" in r["code"]
    }


def test_a_preview_tells_the_way_of_each_value():
    for path in files()[::7]:
        found = preview(path.read_bytes(), standard(), CONTEXT)
        if found.converted is None:
            assert found.problem.reason == REFUSED[path.stem][0]
            continue
        texts = {(went.place, went.resource, went.path) for went in found.went}
        assert any(place.startswith("PID-3") and kind == "Patient" for place, kind, _ in texts), path.name
        assert all(":" in went.rule for went in found.went)


if not EXPECTED.exists():
    pytestmark = pytest.mark.skip(reason=ABSENT)
