"""The elements of the R4 types, as their StructureDefinitions say: JSON keys, cardinality, types, choices expanded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

_INLINE: Final = ("BackboneElement", "Element")
_SYSTEM: Final = "http://hl7.org/fhirpath/System."


class Step(NamedTuple):
    """One JSON key under another: `path` is where the definitions list what stands below it."""

    key: str
    many: bool
    type: str
    path: str


class Elements:
    """All elements of all types, found by the path of their parent."""

    def __init__(self, resources: Iterable[Mapping[str, Any]]) -> None:
        self._elements: dict[str, Mapping[str, Any]] = {}
        self.resource_types: list[str] = []
        for definition in resources:
            if definition["resourceType"] != "StructureDefinition" or definition.get("derivation") == "constraint":
                continue
            # the package also carries resources of later releases
            if definition["kind"] == "resource" and not definition["abstract"] and definition["fhirVersion"] == "4.0.1":
                self.resource_types.append(definition["name"])
            for element in definition["snapshot"]["element"]:
                self._elements[element["path"]] = element

    def children(self, step: Step, name: str) -> list[Step]:
        """Return the keys that an element of this name has in JSON: one, or one for each type of a choice."""
        path = f"{step.path}.{name}"
        element = self._elements.get(path)
        if element is not None:
            return [self._step(name, element, path)]
        choice = self._elements.get(f"{path}[x]")
        if choice is None:
            return []
        codes = [kind["code"] for kind in choice["type"]]
        return [Step(name + code[0].upper() + code[1:], choice["max"] != "1", code, code) for code in codes]

    def _step(self, name: str, element: Mapping[str, Any], path: str) -> Step:
        many = element["max"] != "1"
        if "contentReference" in element:
            return Step(name, many, "BackboneElement", element["contentReference"].split("#")[1])
        code = element["type"][0]["code"]
        if code.startswith(_SYSTEM):
            return Step(name, many, "id" if name == "id" else "string", code)
        return Step(name, many, code, path if code in _INLINE else code)
