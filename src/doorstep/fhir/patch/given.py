"""What the parameters of a FHIRPath Patch give: values, simple, complex, in parts, or whole resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from doorstep.fhir import structure
from doorstep.fhir.patch.elements import Object, Pair, named, pairs_at, put_pairs
from doorstep.fhir.patch.nodes import Node, member, opened, plain, written
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.structure import Field

_QUANTITIES: Final = frozenset(["Quantity", "Age", "Count", "Distance", "Duration", "SimpleQuantity", "MoneyQuantity"])
_NUMBERS: Final = frozenset(["decimal", "integer", "positiveInt", "unsignedInt"])
_STARTS: Final[Mapping[str, bytes]] = {"boolean": b"tf", "number": b"-0123456789", "text": b'"'}
_PARAMETER: Final = "Parameters.parameter"


@dataclass(frozen=True, slots=True)
class Given:
    """One value: of a FHIR type, or `parts` of an element that has no type of its own; `type` is "" then."""

    type: str
    pair: Pair
    parts: list[Object]


def parts_of(parameter: Object) -> list[Object]:
    """Return the parts of a parameter; FhirProblem where they are no list of objects."""
    return objects(member(parameter, "part"), "part") if "part" in parameter else []


def objects(node: Node, name: str) -> list[Object]:
    """Return an array of objects; FhirProblem where it is none."""
    node = opened(node)
    found = [opened(each) for each in node] if isinstance(node, list) else [node]
    kept = [each for each in found if isinstance(each, dict)]
    if not isinstance(node, list) or len(kept) != len(found):
        raise FhirProblem("wrong-shape", name, expected="objects")
    return kept


def name_of(parameter: Object) -> str:
    """Return the name of a parameter; FhirProblem where it has none."""
    name = plain(parameter["name"]) if "name" in parameter else None
    if not isinstance(name, str):
        raise FhirProblem("patch-member-missing", member="name")
    return name


def given(parameter: Object) -> Given:
    """Read the value of a parameter: `value[x]`, `resource` or parts; FhirProblem where it has not one of them."""
    fields = structure.fields(_PARAMETER)
    keys = {key.removeprefix("_") for key in parameter if key.removeprefix("_").startswith("value")}
    unknown = sorted(keys - fields.keys())
    if unknown:
        raise FhirProblem("unknown-value-type", key=unknown[0])
    values = [Given(fields[key].type.code, pairs_at(parameter, key)[0], []) for key in sorted(keys)]
    if "resource" in parameter:
        values.append(_resource(member(parameter, "resource")))
    parts = parts_of(parameter)
    if parts:
        values.append(Given("", Pair({}), parts))
    if len(values) != 1:
        raise FhirProblem("patch-member-missing", member=f"{name_of(parameter)}.value[x]")
    return values[0]


def _resource(node: Node) -> Given:
    kind = plain(node["resourceType"]) if isinstance(node, dict) and "resourceType" in node else None
    if not isinstance(kind, str) or not _is_resource(kind):
        raise FhirProblem("no-resource-type")
    return Given(kind, Pair(node), [])


def _is_resource(name: str) -> bool:
    return name in structure.kind_names() and structure.kind(name).kind == "resource"


def key_for(type_name: str, name: str, value: Given) -> tuple[str, Field]:
    """Return the JSON key under which a value stands in a type: `value` given a Quantity is `valueQuantity`.

    A name may be written `value[x]`, or as the key itself. FhirProblem where the element is unknown or of another type.
    """
    fields = structure.fields(type_name)
    choices = {name: fields[name]} if name in fields else named(type_name, name.removesuffix("[x]"))
    fitting = [(key, field) for key, field in choices.items() if _fits(field.type.code, value, len(choices) > 1)]
    if not fitting:
        raise FhirProblem("patch-wrong-type", element=f"{type_name}.{name}", given=value.type or "part")
    return fitting[0]


def _fits(wanted: str, value: Given, choice: bool) -> bool:
    if choice or wanted == value.type:
        return wanted == value.type
    if not value.type:
        return not structure.is_primitive(wanted) and wanted != "Resource"
    if structure.is_primitive(wanted):
        return structure.is_primitive(value.type) and _sort(wanted) == _sort(value.type)
    both = {wanted, value.type}
    return both <= _QUANTITIES or (wanted == "Resource" and _is_resource(value.type))


def _sort(primitive: str) -> str:
    """Return how a primitive is written in JSON: as boolean, number or text."""
    if primitive == "boolean":
        return primitive
    return "number" if primitive in _NUMBERS else "text"


def made(type_name: str, value: Given) -> Pair:
    """Return the JSON of a value for an element of this type; parts become an object of it."""
    if value.type:
        _check_form(value)
        return value.pair
    built: Object = {}
    for name, parts in _grouped(value.parts):
        _fill(built, type_name, name, parts)
    return Pair(built)


def _grouped(parts: Iterable[Object]) -> Iterable[tuple[str, list[Object]]]:
    found: dict[str, list[Object]] = {}
    for part in parts:
        found.setdefault(name_of(part), []).append(part)
    return found.items()


def _fill(built: Object, type_name: str, name: str, parts: list[Object]) -> None:
    values = [given(part) for part in parts]
    key, field = key_for(type_name, name, values[0])
    if field.element.max is not None and len(values) > 1:
        raise FhirProblem("patch-already-there", element=f"{type_name}.{name}")
    if any(key_for(type_name, name, value)[0] != key for value in values):
        raise FhirProblem("patch-wrong-type", element=f"{type_name}.{name}", given=values[-1].type or "part")
    pairs = [made(field.type.code, value) for value in values]
    put_pairs(built, key, pairs, field.element.max is None)


def _check_form(value: Given) -> None:
    node = value.pair.value
    if not structure.is_primitive(value.type):
        right = isinstance(node, dict)
    elif node is None:
        right = isinstance(value.pair.shadow, dict)
    else:
        right = isinstance(node, msgspec.Raw) and written(node)[:1] in _STARTS[_sort(value.type)]
    if not right:
        raise FhirProblem("patch-wrong-form", type=value.type)
