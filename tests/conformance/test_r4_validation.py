"""Other people's R4 resources: what is right passes, what is wrong is known by name and reason.

`-s` prints a table of passed, failed and not applicable. The rules are asked of an oracle too (fhirpathpy).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from doorstep.fhir import xml
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.tests import fhirpath_oracle as oracle
from doorstep.fhir.tests.samples import EXAMPLES, ROOT, SYNTHEA, members
from doorstep.fhir.validation import Finding, check, invariants
from doorstep.fhir.validation.by_hand import BY_HAND

CASES = ROOT / "fhir-test-cases" / "r4"
# Official examples that break R4: name (a pattern), code, the place, why.
WRONG = [
    (r"Bundle-b0a5e4277-.*", "bad-code", r"Bundle\.entry\[\d+\]\.resource\.payloadMimeType\[0\]",
     "“application/dicom; variant=DICOM WADO-RS”: RFC 9110 wants a parameter with a space in quotes"),
    (r"DeviceMetric-example", "reference-target", r"DeviceMetric\.parent\.reference", "leads to a DeviceDefinition"),
    (r"DeviceUseStatement-example", "reference-target", r"DeviceUseStatement\.reasonReference\[0\]\.reference",
     "leads to a Procedure"),
    (r"MedicationRequest-medrx0301", "reference-target", r"MedicationRequest\.dispenseRequest\.performer\.reference",
     "leads to a Practitioner"),
    (r"Observation-clinical-gender", "reference-target", r"Observation\.performer\[0\]\.reference",
     "leads to an Encounter"),
    (r"ImplementationGuide-fhir|ig-r4", "missing", r"ImplementationGuide\.(name|status)", "both are required"),
    (r"ImplementationGuide-fhir|ig-r4", "bad-reference", r"ImplementationGuide\.manifest\.resource\[11904\]\..*",
     "the id has 66 letters"),
    (r"Questionnaire-qs1", "missing", r"Questionnaire(\.item\[\d+\])+\.linkId", "linkId is required"),
    (r"SearchParameter-(codesystem|valueset)-extensions-.*", "missing", r"SearchParameter\.base", "base is required"),
    (r"SearchParameter-questionnaireresponse-extensions-.*", "bad-format", r"SearchParameter\.id",
     "the id has 66 letters"),
    (r"ActivityDefinition-(blood-tubes-supply|heart-valve-replacement)|EventDefinition-example"
     r"|Questionnaire-zika-virus-exposure-assessment", "txt-2", r"\w+\.text\.div", "the narrative is empty"),
    (r"StructureDefinition-(Definition|Event|FiveWs|Request)", "sdf-4", "StructureDefinition",
     "a pattern of resources, not abstract and without a base"),
]  # fmt: skip
# Files of the test cases that break R4, with all codes that are found, and why.
BROKEN = {
    "bundle-with-no-type.json": ({"missing", "bdl-3", "bdl-4", "txt-2"}, "made to have no type"),
    "codesystem-example.xml": ({"csd-1"}, "the code chol-mass is there twice"),
    "examples/codesystem-example.json": ({"csd-1"}, "the code chol-mass is there twice"),
    "examples/bundle-questionnaire.json": ({"missing"}, "items without linkId"),
    "examples/devicemetric-example.json": ({"reference-target"}, "the official example, see above"),
    "examples/deviceusestatement-example.json": ({"reference-target"}, "the official example, see above"),
    "examples/medicationrequest0301.json": ({"reference-target"}, "the official example, see above"),
    "explanationofbenefit-example.json": (None, "written for an earlier release (STU3)"),
    "myconsent-resource.json": (None, "written for an earlier release (STU3)"),
    "patient-container-example.json": ({"bad-reference", "dom-3", "org-1"}, "refers to “1” instead of “#1”"),
    "r4-caredove-bundle.json": (None, "ids that are numbers, a performer that is no array"),
}
UNREADABLE = {"myconsent-ext.xml": "a StructureDefinition of STU3: contextType"}


def found_in(resource: dict[str, Any]) -> list[Finding]:
    """All findings that are not mere warnings."""
    name = resource["resourceType"]
    return [each for each in (*check(name, resource), *invariants(name, resource)) if each.severity != "warning"]


def code_of(found: Finding) -> str:
    """The code of a finding, the key of an invariant."""
    return found.en.split()[1] if found.code == "invariant" else found.code


def examples(every: int = 1) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and content of the official examples."""
    for name, raw in members(EXAMPLES, every):
        resource = orjson.loads(raw)
        if "resourceType" in resource:
            yield Path(name).stem, resource


def excuse(name: str, found: Finding) -> int | None:
    """Which known fault a finding in an example is."""
    for index, (names, code, place, _) in enumerate(WRONG):
        known = re.fullmatch(names, name) and code == code_of(found) and re.fullmatch(place, found.expression)
        if known:
            return index
    return None


def test_official_examples_pass():
    unknown, used, count, wrong = [], set(), 0, set()
    for name, resource in examples():
        count += 1
        for found in found_in(resource):
            wrong.add(name)
            index = excuse(name, found)
            used.add(index)
            if index is None:
                unknown.append((name, code_of(found), found.expression, found.en))
    print(f"\nofficial examples: {count}; passed {count - len(wrong)}, known to be wrong {len(wrong)}")
    assert count > 5000
    assert unknown == []
    assert used == set(range(len(WRONG))), "a known fault is no longer found"


def test_synthea_bundles_pass():
    count, resources = 0, 0
    for name, raw in members(SYNTHEA, 10):
        bundle = orjson.loads(raw)
        assert check("Bundle", bundle) == [], name
        count, resources = count + 1, resources + len(bundle["entry"])
        for entry in bundle["entry"][::7]:
            assert found_in(entry["resource"]) == [], (name, entry["fullUrl"])
    print(f"\nSynthea: {count} bundles of {resources} resources, no finding")
    assert count >= 60


def case(path: Path) -> dict[str, Any] | None:
    """The resource of a file; None where it holds none."""
    raw = path.read_bytes()
    if path.suffix == ".xml" and re.search(rb"<(\w)", raw)[1].islower():
        return None
    content = orjson.loads(raw if path.suffix == ".json" else xml.read(raw))
    return content if isinstance(content, dict) and "resourceType" in content else None


def test_the_test_cases():
    if not CASES.exists():
        pytest.skip("test data is not on this machine: fhir-test-cases/r4")
    table: dict[str, list[str]] = defaultdict(list)
    for path in sorted(each for each in CASES.rglob("*") if each.suffix in (".json", ".xml")):
        name = path.relative_to(CASES).as_posix()
        try:
            resource = case(path)
        except FhirProblem:
            assert name in UNREADABLE
            table["failed"].append(f"{name}: cannot be read: {UNREADABLE[name]}")
            continue
        if resource is None:
            table["not applicable"].append(f"{name}: no resource")
            continue
        found = found_in(resource)
        if not found:
            assert name not in BROKEN
            table["passed"].append(name)
            continue
        assert name in BROKEN, (name, found)
        codes, why = BROKEN[name]
        assert codes is None or {code_of(each) for each in found} == codes, (name, found)
        table["failed"].append(f"{name}: {why}")
    for verdict, names in table.items():
        print(f"\n{verdict}: {len(names)}", *(names if verdict == "failed" else ()), sep="\n  ")
    assert len(table["passed"]) >= 90
    assert len(table["failed"]) == len(BROKEN) + len(UNREADABLE)


def test_the_rules_answer_as_the_oracle_does_on_the_examples():
    asked: Counter[str] = Counter()
    unsaid: set[str] = set()
    for name, resource in examples(25):
        if len(orjson.dumps(resource)) > 30_000:
            continue
        kind = resource["resourceType"]
        said, silent = oracle.broken(kind, resource)
        unsaid |= {key for key, _ in silent}
        asked.update(key for key in {rule.key for rule, *_ in oracle.asked(kind, resource)})
        ours = {(rule_key(each), each.expression) for each in invariants(kind, resource) if each.code == "invariant"}
        left = {pair for pair in ours if pair[0] not in BY_HAND and not inside(pair[1])}
        assert left - silent == {pair for pair in said if pair[0] not in BY_HAND}, name
    print(f"\n{len(asked)} rules asked; the oracle cannot say: {sorted(unsaid)}")
    assert len(asked) > 100
    assert unsaid <= oracle.LACKS


def rule_key(found: Finding) -> str:
    """The key of a broken rule."""
    return found.en.split()[1]


def inside(place: str) -> bool:
    """Whether a place is in a resource within the resource, where the oracle's walk does not go."""
    return "contained[" in place or ".resource" in place or ".outcome" in place
