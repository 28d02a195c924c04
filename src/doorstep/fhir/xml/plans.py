"""What XML needs to know of each type: its attributes, and its elements by JSON key and by qualified name."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from typing import Final

from doorstep.fhir.structure import fields, is_primitive, kind, kind_names

FHIR: Final = "http://hl7.org/fhir"
XHTML: Final = "http://www.w3.org/1999/xhtml"
_INTEGERS: Final = frozenset({"integer", "positiveInt", "unsignedInt"})


class Form(Enum):
    """How an element is written: four sorts of bare values, then what has children."""

    TEXT = 0
    BOOLEAN = 1
    INTEGER = 2
    DECIMAL = 3
    COMPLEX = 4
    RESOURCE = 5
    NARRATIVE = 6


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """One element: JSON `key` (also its name in XML), its `place` in the order, `extra` the key of its extensions.

    A `primitive` has a value, a `plain` one text.
    """

    key: str
    extra: str
    place: int
    many: bool
    form: Form
    primitive: bool
    plain: bool
    type: str
    start: str
    end: str


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """One type: names of its attributes (of those in `required`, none may lack), elements by key and by tag.

    `known` holds every JSON key that an object may have: None for what is written as an attribute or as the tag
    itself, and under `_key` the plan of `key`. `orders` remembers the order in which to write objects with such keys.
    """

    attributes: frozenset[str]
    required: frozenset[str]
    tags: dict[str, Plan] = field(default_factory=dict)
    known: dict[str, Plan | None] = field(default_factory=dict)
    orders: dict[tuple[str, ...], list[tuple[Plan, str]]] = field(default_factory=dict)


@cache
def shape(name: str) -> Shape:
    """Return the shape of a type, or of a backbone element by its path; KeyError for anything else."""
    attributes = {key: found.element for key, found in fields(name).items() if found.element.attribute}
    made = Shape(frozenset(attributes), frozenset(key for key, element in attributes.items() if element.min))
    made.known.update(dict.fromkeys(attributes))
    if kind(name).kind == "resource":
        made.known["resourceType"] = None
    for place, (key, found) in enumerate(fields(name).items()):
        if key not in attributes and found.element.max != 0:
            _add(made, place, key, found.type.code, found.element.max)
    return made


def _add(made: Shape, place: int, key: str, type_name: str, most: int | None) -> None:
    form = _form(type_name)
    primitive = is_primitive(type_name) and form is not Form.NARRATIVE
    plain = form is Form.TEXT
    plan = Plan(key, f"_{key}", place, most != 1, form, primitive, plain, type_name, f"<{key}", f"</{key}>")

    made.tags[f"{{{XHTML if form is Form.NARRATIVE else FHIR}}}{key}"] = plan
    made.known[key] = plan
    if primitive:
        made.known[plan.extra] = plan


def _form(type_name: str) -> Form:
    if type_name in _INTEGERS:
        return Form.INTEGER
    if type_name == "xhtml":
        return Form.NARRATIVE
    if is_primitive(type_name):
        return {"boolean": Form.BOOLEAN, "decimal": Form.DECIMAL}.get(type_name, Form.TEXT)
    return Form.RESOURCE if kind(type_name).kind == "resource" else Form.COMPLEX


@cache
def resource_types() -> frozenset[str]:
    """Return the names of all types that a document, a contained resource or an entry may be."""
    return frozenset(n for n in kind_names() if "." not in n and kind(n).kind == "resource" and not kind(n).abstract)
