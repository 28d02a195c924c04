"""The types of R4 and their elements, read once from the build and handed out type by type."""

from __future__ import annotations

from functools import cache
from typing import Final

import msgspec

from doorstep.fhir.build_paths import STRUCTURE


class Invariant(msgspec.Struct, frozen=True):
    """A rule of the specification: `key` as `pat-1`, `severity` error or warning, FHIRPath in `expression`."""

    key: str
    severity: str
    human: str
    expression: str


class TypeRef(msgspec.Struct, frozen=True):
    """What an element may be: a type's name, or a backbone's path; for references the types they may lead to."""

    code: str
    targets: list[str] = []


class Element(msgspec.Struct, frozen=True):
    """An element in the order of the specification; `max` None is any number, `name` is without `[x]`.

    `binding`: the value set that is required. `attribute`: an attribute in XML. `summary`: part of `_summary=true`.
    """

    name: str
    min: int
    max: int | None
    choice: bool
    summary: bool
    attribute: bool
    types: list[TypeRef]
    invariants: list[Invariant] = []
    binding: str | None = None


class Kind(msgspec.Struct, frozen=True):
    """A type: `kind` is resource, complex, backbone or primitive; `pattern` is a primitive's regular expression."""

    kind: str
    abstract: bool
    base: str
    elements: list[Element]
    invariants: list[Invariant]
    pattern: str | None = None


class Field(msgspec.Struct, frozen=True):
    """What stands under one JSON key."""

    element: Element
    type: TypeRef


_FILE: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_KIND: Final = msgspec.json.Decoder(Kind)


@cache
def _file() -> dict[str, msgspec.Raw]:
    try:
        data = STRUCTURE.read_bytes()
    except FileNotFoundError:
        raise RuntimeError("the FHIR tables are not built: run `make setup` (python -m doorstep.fhir.build)") from None
    return _FILE.decode(data)


@cache
def kind_names() -> frozenset[str]:
    """Return the names of all types, and the paths of all backbone elements."""
    return frozenset(_file())


@cache
def kind(name: str) -> Kind:
    """Return a type by its name, or a backbone element by its path; KeyError for anything else."""
    return _KIND.decode(_file()[name])


@cache
def fields(name: str) -> dict[str, Field]:
    """Return the JSON keys of a type (without `resourceType` and the `_key` of primitives), in order."""
    found: dict[str, Field] = {}
    for element in kind(name).elements:
        for type_ in element.types:
            found[_key(element, type_)] = Field(element, type_)
    return found


def _key(element: Element, type_: TypeRef) -> str:
    return element.name + type_.code[0].upper() + type_.code[1:] if element.choice else element.name


@cache
def is_primitive(name: str) -> bool:
    """Say whether a type is written in JSON as a bare value."""
    return name in PRIMITIVES


PRIMITIVES: Final = frozenset(
    (
        "base64Binary", "boolean", "canonical", "code", "date", "dateTime", "decimal", "id", "instant", "integer",
        "markdown", "oid", "positiveInt", "string", "time", "unsignedInt", "uri", "url", "uuid", "xhtml",
    )
)  # fmt: skip
