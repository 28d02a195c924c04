"""Compile the StructureDefinitions of R4 into one table of types and their elements, which `structure` reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

Definition = Mapping[str, Any]

_INLINE: Final = ("BackboneElement", "Element")
_SYSTEM: Final = "http://hl7.org/fhirpath/System."
_REGEX: Final = "http://hl7.org/fhir/StructureDefinition/regex"
_TYPE: Final = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
_PROFILE: Final = "http://hl7.org/fhir/StructureDefinition/"
_KINDS: Final = {"resource": "resource", "complex-type": "complex", "primitive-type": "primitive"}


def compile_structure(definitions: Iterable[Definition]) -> dict[str, Any]:
    """Return every type of R4 by its name, and every backbone element by its path (`Patient.contact`)."""
    types: dict[str, Any] = {}
    for definition in definitions:
        if not _is_base(definition):
            continue
        snapshot = definition["snapshot"]["element"]
        for element in snapshot:
            if element["path"] == definition["name"] or _inline(element):
                types[element["path"]] = _kind(definition, element, snapshot)
    return types


def _is_base(definition: Definition) -> bool:
    return (
        definition["resourceType"] == "StructureDefinition"
        and definition.get("derivation") != "constraint"
        and definition["kind"] in _KINDS
        and definition.get("fhirVersion") == "4.0.1"
    )


def _inline(element: Definition) -> bool:
    return any(kind["code"] in _INLINE for kind in element.get("type", ())) and "." in element["path"]


def _kind(definition: Definition, root: Definition, snapshot: Iterable[Definition]) -> dict[str, Any]:
    path = root["path"]
    below = [e for e in snapshot if e["path"].rpartition(".")[0] == path]
    table: dict[str, Any] = {
        "kind": _KINDS[definition["kind"]] if path == definition["name"] else "backbone",
        "abstract": path == definition["name"] and definition["abstract"],
        "base": definition.get("baseDefinition", "").removeprefix(_PROFILE),
        "elements": [_element(e) for e in below],
        "invariants": _invariants(root),
    }
    if definition["kind"] == "primitive-type":
        value = next(e for e in below if e["path"].endswith(".value"))
        table["pattern"] = _extension(value["type"][0], _REGEX)
        table["elements"] = [e for e in table["elements"] if e["name"] != "value"]
    return table


def _element(element: Definition) -> dict[str, Any]:
    name = element["path"].rpartition(".")[2]
    table: dict[str, Any] = {
        "name": name.removesuffix("[x]"),
        "min": element["min"],
        "max": None if element["max"] == "*" else int(element["max"]),
        "choice": name.endswith("[x]"),
        "summary": element.get("isSummary", False),
        "attribute": "xmlAttr" in element.get("representation", ()),
        "types": _types(element),
        "invariants": _invariants(element),
    }
    binding = element.get("binding", {})
    if binding.get("strength") == "required":
        table["binding"] = binding["valueSet"].partition("|")[0]
    return table


def _types(element: Definition) -> list[dict[str, Any]]:
    if "contentReference" in element:
        return [{"code": element["contentReference"].partition("#")[2]}]
    return [_type(element["path"], kind) for kind in element["type"]]


def _type(path: str, kind: Definition) -> dict[str, Any]:
    code = kind["code"]
    if code in _INLINE:
        return {"code": path}
    if code.startswith(_SYSTEM):
        # what an id, an extension's url or a narrative's div is, stands beside FHIRPath's own type
        return {"code": _extension(kind, _TYPE) or "string"}
    targets = [url.removeprefix(_PROFILE) for url in kind.get("targetProfile", ())]
    return {"code": code, "targets": targets} if targets else {"code": code}


def _invariants(element: Definition) -> list[dict[str, str]]:
    return [
        {"key": c["key"], "severity": c["severity"], "human": c["human"], "expression": c["expression"]}
        for c in element.get("constraint", ())
        if "expression" in c
    ]


def _extension(holder: Definition, url: str) -> str | None:
    for extension in holder.get("extension", ()):
        if extension["url"] == url:
            return next(str(value) for key, value in extension.items() if key.startswith("value"))
    return None
