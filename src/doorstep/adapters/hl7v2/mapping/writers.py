"""The conversions of tables that go out: what FHIR says as the parts of an HL7 v2 value, plain text not yet escaped.

A value is a list of components; a component is a text, or a list of subcomponents.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote

from doorstep.adapters.hl7v2.mapping.transforms import LOCAL

Parts = list[str | list[str]]
Map = Mapping[str, str]
_LOCAL: Final = re.compile(re.escape(LOCAL) + r":[^:]*:id(?::([^:]*))?(?::([^:]*))?")
_MOMENT: Final = re.compile(r"([0-9T:-]+?)(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?")
TYPES: Final = {
    "valueQuantity": "NM", "valueInteger": "NM", "valueCodeableConcept": "CWE", "valueString": "TX",
    "valueDateTime": "TS", "valueTime": "TM", "valueBoolean": "ST", "valueRatio": "SN", "valueRange": "SN",
}  # fmt: skip


def _text(value: Any, values: Map, systems: Map) -> Parts:
    said = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return [values.get(said, values.get("*", said))]


def moment(value: Any, values: Map, systems: Map) -> Parts:
    """A date, dateTime or instant: as exact as it is."""
    match = _MOMENT.fullmatch(str(value))
    if match is None:
        return []
    zone = "+0000" if match[3] == "Z" else (match[3] or "").replace(":", "")
    day, _, time = match[1].partition("T")
    return [day.replace("-", "") + time.replace(":", "") + (match[2] or "") + zone]


def identifier(value: Any, values: Map, systems: Map) -> Parts:
    """An Identifier as CX: value, authority, type."""
    system, kind = str(value.get("system", "")), _code(value.get("type", {}))
    local = _LOCAL.fullmatch(system)
    authority: str | list[str] = ""
    if local:
        known, kind = unquote(local[1] or ""), kind or unquote(local[2] or "")
        authority = "" if known == kind else known
    elif system.startswith("urn:oid:"):
        authority = ["", system.removeprefix("urn:oid:"), "ISO"]
    elif system:
        authority = ["", system, "URI"]
    return [str(value.get("value", "")), "", "", authority, kind]


def entity(value: Any, values: Map, systems: Map) -> Parts:
    """An Identifier as EI."""
    number, _, _, authority, _ = identifier(value, values, systems)
    return [number, *(authority if isinstance(authority, list) else [authority])]


def person(value: Any, values: Map, systems: Map) -> Parts:
    """A HumanName as XPN; one that has text alone stands whole in the first component."""
    given = [str(each) for each in value.get("given", [])]
    family = value.get("family") or ("" if given else value.get("text", ""))
    use = {"official": "L", "maiden": "M", "nickname": "N", "usual": "D"}.get(str(value.get("use", "")), "")
    return [str(family), " ".join(given[:1]), " ".join(given[1:]), "", "", "", use]


def address(value: Any, values: Map, systems: Map) -> Parts:
    """An Address as XAD."""
    lines = [str(line) for line in value.get("line", [])] or [str(value.get("text", ""))]
    parts = [str(value.get(name, "")) for name in ("city", "state", "postalCode", "country")]
    use = {"home": "H", "work": "B", "temp": "C", "old": "BA"}.get(str(value.get("use", "")), "")
    return [lines[0], " ".join(lines[1:]), *parts, use]


def telecom(value: Any, values: Map, systems: Map) -> Parts:
    """A ContactPoint as XTN."""
    use = {"home": "PRN", "work": "WPN", "mobile": "PRS"}.get(str(value.get("use", "")), "")
    kind = {"phone": "PH", "fax": "FX", "email": "Internet", "pager": "BP"}.get(str(value.get("system", "")), "")
    kind = "CP" if value.get("use") == "mobile" else kind
    mail = str(value.get("value", "")) if kind == "Internet" else ""
    return ["" if mail else str(value.get("value", "")), "NET" if mail else use, kind, mail]


def concept(value: Any, values: Map, systems: Map) -> Parts:
    """A CodeableConcept or Coding as CWE: at most two codings, then the text."""
    codings = value.get("coding", [] if "text" in value else [value])[:2]
    parts: Parts = []
    for coding in codings:
        parts += [
            str(coding.get("code", "")),
            str(coding.get("display", value.get("text", ""))),
            _name(coding, systems),
        ]
    if not codings:
        return ["", str(value.get("text", ""))]
    return [*parts, *[""] * (8 - len(parts)), str(value.get("text", ""))]


def staff(value: Any, values: Map, systems: Map) -> Parts:
    """A Reference to a person as XCN: number, name in one, authority of the number."""
    number, _, _, authority, _ = identifier(value.get("identifier", {}), values, systems)
    return [number, str(value.get("display", "")), *[""] * 6, authority]


def display(value: Any, values: Map, systems: Map) -> Parts:
    """A Reference as its words."""
    return [str(value.get("display", ""))]


def value_type(value: Any, values: Map, systems: Map) -> Parts:
    """OBX-2 of an Observation."""
    name = next((name for name in TYPES if name in value), "")
    quantity = value.get(name, {}) if name == "valueQuantity" else {}
    return ["SN" if quantity.get("comparator") else TYPES.get(name, "")]


def value_of(value: Any, values: Map, systems: Map) -> Parts:
    """OBX-5 of an Observation."""
    name = next((name for name in TYPES if name in value), "")
    said = value.get(name, "")
    if name == "valueQuantity":
        number = str(said.get("value", ""))
        return [str(said["comparator"]), number] if said.get("comparator") else [number]
    if name == "valueCodeableConcept":
        return concept(said, values, systems)
    if name in ("valueDateTime", "valueTime"):
        return moment(said, values, systems)
    if name == "valueRatio":
        return ["", _number(said, "numerator"), ":", _number(said, "denominator")]
    if name == "valueRange":
        return ["", _number(said, "low"), "-", _number(said, "high")]
    return _text(said, {}, systems) if name else []


def unit(value: Any, values: Map, systems: Map) -> Parts:
    """OBX-6 of a Quantity: its UCUM code where it has one, else its words."""
    if value.get("system") == "http://unitsofmeasure.org" and value.get("code"):
        return [str(value["code"]), str(value.get("unit", "")), "UCUM"]
    return [str(value.get("unit", ""))]


def _number(value: Any, name: str) -> str:
    return str(value.get(name, {}).get("value", ""))


def _code(value: Any) -> str:
    return str(next((coding.get("code", "") for coding in value.get("coding", [])), ""))


def _name(coding: Any, systems: Map) -> str:
    system = str(coding.get("system", ""))
    if system.startswith(f"{LOCAL}:"):
        return unquote(system.rpartition(":")[2])
    if table := re.fullmatch(r"http://terminology\.hl7\.org/CodeSystem/v2-([0-9]{4})", system):
        return f"HL7{table[1]}"
    return systems.get(system, system.removeprefix("urn:oid:"))


Writer = Callable[[Any, Map, Map], Parts]
WRITERS: Final[Mapping[str, Writer]] = {
    "text": _text, "moment": moment, "identifier": identifier, "entity": entity, "person": person, "address": address,
    "telecom": telecom, "concept": concept, "staff": staff, "display": display, "value-type": value_type,
    "value": value_of, "unit": unit,
}  # fmt: skip
