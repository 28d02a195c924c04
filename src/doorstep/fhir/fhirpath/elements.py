"""Elements of a resource that know their FHIR types: what expressions work on that ask for types."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any, Final

from doorstep.fhir import structure
from doorstep.fhir.fhirpath import amounts
from doorstep.fhir.fhirpath.moments import moment

_MOMENTS: Final = {"date": "date", "dateTime": "dateTime", "instant": "dateTime", "time": "time"}


class Element:
    """An element: its JSON `value` (None where only `extra` is there, what stands under `_key`) and its type.

    `loose`: found by a walk over all children, where not every name need be known.
    """

    __slots__ = ("extra", "kind", "loose", "value")

    def __init__(self, value: Any, kind: str, extra: dict[str, Any] | None = None, loose: bool = False) -> None:
        self.value = value
        self.kind = kind
        self.extra = extra
        self.loose = loose

    def type_name(self) -> str:
        """Return the name of its type; all backbone elements have one."""
        return "BackboneElement" if "." in self.kind else self.kind

    def system(self) -> Any:
        """Return FHIRPath's own value of a primitive or a Quantity, None where it has none; else the JSON object."""
        if type(self.value) is dict:
            quantity = amounts.from_fhir(self.value, exact) if is_a(self.kind, "Quantity") else None
            return self.value if quantity is None else quantity
        if self.kind in _MOMENTS and type(self.value) is str:
            return moment(self.value, _MOMENTS[self.kind])
        return exact(self.value)

    def knows(self, name: str) -> bool:
        """Say whether its type has an element of this name; anything may stand in what was come upon by a walk."""
        return self.loose or has_element(self._inside(), name)

    def below(self, name: str) -> list[Any]:
        """Return what an element of this name holds."""
        return list(self._held(_places(self._inside()).get(name, ())))

    def children(self) -> Iterator[Any]:
        """Yield all that stands directly below."""
        for places in _places(self._inside()).values():
            for child in self._held(places):
                child.loose = True
                yield child

    def _inside(self) -> str:
        return self.kind if type(self.value) is dict else "Element"

    def _held(self, places: tuple[tuple[str, str], ...]) -> Iterator[Element]:
        holder = self.value if type(self.value) is dict else self.extra or {}
        for key, kind in places:
            values, extras = _list(holder.get(key)), _list(holder.get(f"_{key}"))
            for index in range(max(len(values), len(extras))):
                value = values[index] if index < len(values) else None
                extra = extras[index] if index < len(extras) else None
                if value is not None or extra is not None:
                    yield Element(value, _kind(value, kind), extra, self.loose)


def has_element(kind: str, name: str) -> bool:
    """Say whether a FHIR type has an element of this name."""
    return name in _places(kind)


def _list(held: Any) -> list[Any]:
    return held if type(held) is list else [] if held is None else [held]


def _kind(value: Any, kind: str) -> str:
    if kind != "Resource" or type(value) is not dict:
        return kind
    name = value.get("resourceType")
    return name if type(name) is str and name in structure.kind_names() else kind


@cache
def _places(kind: str) -> dict[str, tuple[tuple[str, str], ...]]:
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    whole = "." not in kind and structure.kind(kind).kind == "resource"
    for key, field in structure.fields(kind).items():
        # R4's definitions say "string" of Resource.id, its pages and the test cases "id"
        code = "id" if whole and key == "id" else field.type.code
        found[field.element.name] = (*found.get(field.element.name, ()), (key, code))
    return found


@cache
def is_a(kind: str, name: str) -> bool:
    """Say whether a FHIR type is another, or is derived from it."""
    if "." in kind:
        return name in ("BackboneElement", "Element")
    if kind == name:
        return True
    above = structure.kind(kind).base if kind in structure.kind_names() else ""
    return bool(above) and above != kind and is_a(above, name)


def exact(value: Any) -> Any:
    """Return a number that came as binary fraction as the decimal that was written."""
    return Decimal(repr(value)) if type(value) is float else value
