"""A check of resources against the differentials of StructureDefinitions, for the Chinese guides alone.

Checked, whatever the profile says: how often an element is there (min, max), fixed and pattern values, the profiles of
data types (recursively), extensions by their URL (how often, the type and fixed values of their own profile), and
required bindings: the system, and the code where the value set lists codes.

Not checked: slices that the guides themselves tell apart by nothing (``Identifier`` by a type or system to which they
give no value), bindings that are not required, value sets that are not among the files, and what R4 asks of the base
type, which our validator does (``doorstep.fhir.validation``).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.tests.samples import ROOT
from doorstep.fhir.xml import read

Json = dict[str, Any]
GUIDES = ROOT / "cn-fhir"
EMPTY = re.compile(rb"<exclude>.*?</exclude>", re.DOTALL)
"""What 61 of the value sets hold, against R4: an exclude of nothing."""


@cache
def definitions() -> dict[str, Json]:
    """The StructureDefinitions and ValueSets of the guides by URL; the referral guide's own come last and stay."""
    if not GUIDES.exists():
        pytest.skip("test data is not on this machine: cn-fhir")
    found: dict[str, Json] = {}
    for path in sorted(GUIDES.rglob("resources/*.xml")):
        try:
            resource = json.loads(read(EMPTY.sub(b"", path.read_bytes())))
        except FhirProblem:
            continue
        found[resource.get("url", path.name)] = resource
    return found


class Checker:
    """Checks one resource; ``done`` counts what was compared, so that a check of nothing can be told."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.done: Counter[str] = Counter()

    def check(self, node: Json, url: str, place: str) -> None:
        """Compare a resource or a data type with a profile."""
        profile = definitions().get(url)
        if profile is None:
            return
        self.done["profile"] += 1
        for element in profile["differential"]["element"]:
            steps = element["path"].split(".")[1:]
            if steps and (":" not in element["id"] or (element["id"].count(":") == 1 and "sliceName" in element)):
                for parent, at in _parents(node, steps[:-1], place):
                    self._element(parent, steps[-1], element, at)

    def _element(self, parent: Json, name: str, element: Json, at: str) -> None:
        profiles = [p for each in element.get("type", ()) for p in each.get("profile", ())]
        values = _values(parent, name)
        if "sliceName" in element:
            if name != "extension" or not profiles:
                return
            values = [each for each in values if each.get("url") == profiles[0]]
        self._often(values, element, f"{at}.{name}")
        for number, value in enumerate(values):
            self._value(value, element, profiles, f"{at}.{name}[{number}]")

    def _often(self, values: list[Any], element: Json, at: str) -> None:
        least, most = element.get("min", 0), element.get("max", "*")
        self.done["cardinality"] += "min" in element or "max" in element
        if len(values) < least or (most != "*" and len(values) > int(most)):
            self.faults.append(f"{at}: {len(values)} of {least}..{most}")

    def _value(self, value: Any, element: Json, profiles: list[str], at: str) -> None:
        for key, wanted in element.items():
            if key.startswith(("fixed", "pattern")):
                self.done["fixed"] += 1
                if not _fits(value, wanted):
                    self.faults.append(f"{at}: {value!r} is not {wanted!r}")
        if element.get("binding", {}).get("strength") == "required":
            self._bound(value, element["binding"].get("valueSet", ""), at)
        if isinstance(value, dict):
            for url in profiles:
                self.check(value, url, at)

    def _bound(self, value: Any, url: str, at: str) -> None:
        known = definitions().get(url)
        if known is None:
            return
        for code, system in _codes(value):
            self.done["binding"] += 1
            includes = known.get("compose", {}).get("include", ())
            systems = {each.get("system") for each in includes}
            if system is not None and systems and system.strip() not in systems:
                self.faults.append(f"{at}: system {system} is not of {url}")
            listed = {each["code"] for one in includes for each in one.get("concept", ())}
            listed |= {each["code"] for each in known.get("expansion", {}).get("contains", ())}
            if listed and code.lstrip("0") not in {each.lstrip("0") for each in listed}:
                self.faults.append(f"{at}: {code} is not of {url}")


def _parents(node: Any, steps: list[str], place: str) -> Iterator[tuple[Json, str]]:
    if not steps:
        yield node, place
        return
    found = _values(node, steps[0])
    extra = node.get("_" + steps[0])
    for number, each in enumerate(found):
        inner = each if isinstance(each, dict) else extra
        if isinstance(inner, dict):
            yield from _parents(inner, steps[1:], f"{place}.{steps[0]}[{number}]")


def _values(parent: Json, name: str) -> list[Any]:
    if name.endswith("[x]"):
        return [value for key, value in parent.items() if key.startswith(name[:-3]) and key != name[:-3]]
    found = parent.get(name, parent.get("_" + name))
    return found if isinstance(found, list) else [] if found is None else [found]


def _fits(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(_fits(value.get(key), each) for key, each in wanted.items())
    if isinstance(wanted, list):
        return isinstance(value, list) and all(any(_fits(one, each) for one in value) for each in wanted)
    return bool(value == wanted)


def _codes(value: Any) -> Iterator[tuple[str, str | None]]:
    if isinstance(value, str):
        yield value, None
    elif isinstance(value, dict):
        if "code" in value and isinstance(value["code"], str):
            yield value["code"], value.get("system")
        for key, each in value.items():
            if key in ("coding", "valueCoding", "valueCodeableConcept"):
                for one in each if isinstance(each, list) else [each]:
                    yield from _codes(one)


def check_claims(resource: Json) -> Checker:
    """Compare a resource with every profile that it claims."""
    checker = Checker()
    for url in resource.get("meta", {}).get("profile", ()):
        checker.check(resource, url, resource["resourceType"])
    return checker
