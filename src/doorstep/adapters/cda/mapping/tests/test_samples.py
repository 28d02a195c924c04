"""Other people's documents: every one is mapped into sound FHIR, or refused for a reason that a table explains.

The whole folder (446 files) takes about two seconds.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from html import unescape

from doorstep.adapters.cda import document, narrative, tree
from doorstep.adapters.cda.mapping import convert, standard
from doorstep.adapters.cda.mapping.tests.refused import PARTS, WHOLE
from doorstep.adapters.cda.shapes import Unreadable
from doorstep.adapters.cda.tests.samples import CONTEXT, files, name_of, whole
from doorstep.adapters.cda.words import WORDS
from doorstep.fhir.bundle import read_bundle
from doorstep.fhir.validation.bindings import r4_bindings
from doorstep.fhir.validation.checking import check
from doorstep.fhir.validation.invariants import invariants

# what is told of them that is more than a place without a rule, by how often: each was looked at
TOLD = {
    "cda-bad-value": 8,  # dates in words or of no day ("Unknown", 20150722230000-5000)
    "cda-missing": 34,  # templates of the guide without their code, medicine or vaccine
    "cda-other-subject": 10,  # family histories
    "cda-negated": 1,  # a result that says what was not found
}


def test_a_part_alone_is_no_document_and_a_document_is_taken_or_refused_as_the_table_says():
    refused, alone = {}, Counter[str]()
    for path in files():
        raw = path.read_bytes()
        try:
            convert(raw, standard(), CONTEXT)
            assert tree.is_document(raw)
        except Unreadable as why:
            if tree.is_document(raw):
                refused[name_of(path)] = why.problem.code
            else:
                alone[why.problem.code] += 1
    assert refused == {name: code for name, (code, _) in WHOLE.items()}
    assert set(alone) == {"cda-not-document", "xml-syntax"}


def test_every_file_within_a_document_is_mapped_into_sound_fhir_or_refused_as_the_table_says():
    """Structure, code sets and invariants of R4; a transaction whose references lead somewhere; no place untold."""
    bindings, refused, told = r4_bindings(), {}, Counter[str]()
    kinds = Counter[str]()
    for path in files():
        raw = whole(path.read_bytes())
        try:
            found = convert(raw, standard(), CONTEXT)
        except Unreadable as why:
            refused[name_of(path)] = why.problem.code
            continue
        told.update(problem.code for problem in found.problems)
        assert [item.problem for item in read_bundle(found.body).items if item.problem] == [], path
        entries = json.loads(found.body)["entry"]
        urls = [entry["fullUrl"] for entry in entries]
        assert len(set(urls)) == len(urls), path
        for entry in entries:
            kind, resource = entry["resource"]["resourceType"], entry["resource"]
            kinds[kind] += 1
            wrong = [*check(kind, resource, bindings=bindings), *invariants(kind, resource)]
            assert [each for each in wrong if each.severity == "error"] == [], (path, kind)
            assert set(_references(resource)) <= set(urls), path
    assert refused == {name: code for name, (code, _) in PARTS.items()} | {
        name: code for name, (code, _) in WHOLE.items() if code != "xml-syntax"
    }
    assert {code: told[code] for code in TOLD} == TOLD
    assert "cda-not-valid" not in told
    assert set(told) <= set(WORDS)
    assert kinds["Observation"] > 150
    assert min(kinds[each] for each in ("Condition", "Procedure", "MedicationStatement", "AllergyIntolerance")) > 25


def _references(node):
    if isinstance(node, dict):
        yield from [node["reference"]] if "reference" in node else []
        for each in node.values():
            yield from _references(each)
    elif isinstance(node, list):
        for each in node:
            yield from _references(each)


def test_every_document_can_be_read_by_people():
    """No letter of a narrative is lost in its HTML."""
    seen = 0
    for path in files():
        try:
            found = document.read(whole(path.read_bytes()))
        except Unreadable:
            continue
        media = narrative.media_of(found.root)
        for section in found.sections:
            if section.text is not None:
                shown = unescape(re.sub("<[^>]*>", "", narrative.html(section.text, media)))
                said = Counter("".join(document.visible(section.text.text).split()))
                assert said - Counter(shown) == Counter(), path
                seen += 1
    assert seen > 300
