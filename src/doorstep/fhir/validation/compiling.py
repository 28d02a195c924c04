"""Makes the check of a type from its structure: one taker a type, element types shared, bindings built in."""

from __future__ import annotations

import sys
from functools import lru_cache
from threading import Lock
from typing import Any, Final

from doorstep.fhir.structure import Element, TypeRef, is_primitive, kind
from doorstep.fhir.validation.bindings import Bindings, Member
from doorstep.fhir.validation.faults import LIMIT, Fault, Faults, Taker
from doorstep.fhir.validation.links import allowed_types, link_taker, resource_types, type_check
from doorstep.fhir.validation.objects import Shape, array_taker, object_taker, or_null
from doorstep.fhir.validation.primitives import PRIMITIVE, string, type_fault

_RESOURCE: Final = "Resource"
_REFERENCE: Final = "Reference"
_NEVER: Final = sys.maxsize


class Compiler:
    """The checks under one set of bindings, made when they are first asked for."""

    def __init__(self, bindings: Bindings) -> None:
        self._bindings = bindings
        self._takers: dict[str, Taker] = {}
        self._making = Lock()
        self._made: dict[str, Taker] = {}
        self._references: dict[tuple[str, ...], Taker] = {}

    def of(self, name: str) -> Taker:
        """Return the check of a type by its name, or of a backbone element by its path."""
        taker = self._takers.get(name)
        if taker is None:
            with self._making:
                taker = self._make(name)
                # other threads see it only now, when all that it holds is filled
                self._takers = dict(self._made)
        return taker

    def _make(self, name: str) -> Taker:
        taker = self._made.get(name)
        if taker is None:
            shape = Shape()
            # known before it is filled: types hold one another
            taker = self._made[name] = object_taker(shape, _few(name))
            self._fill(shape, name)
        return taker

    def resource(self, value: Any) -> Faults | None:
        """Check a resource of any type, by its resourceType."""
        if type(value) is not dict:
            return type_fault(value, "object")
        name = value.get("resourceType")
        if name is None:
            return [Fault("no-resource-type")]
        if type(name) is not str or name not in resource_types():
            return [Fault("unknown-resource", name=name)]
        return self.of(name)(value)

    def _fill(self, shape: Shape, name: str) -> None:
        for element in kind(name).elements:
            if element.max == 0:
                continue
            keys: list[str] = []
            for type_ in element.types:
                keys += self._add(shape, element, type_)
            if element.min:
                shape.required.append((element.name, tuple(keys)))
                # what may stand under one of several keys is looked for in any case
                shape.always.append(element.name)
        if kind(name).kind == "resource":
            shape.plain |= {"id": PRIMITIVE["id"], "resourceType": string}

    def _add(self, shape: Shape, element: Element, type_: TypeRef) -> list[str]:
        code, many = type_.code, element.max != 1
        one = self._one(element, type_)
        taker = array_taker(one) if many else one
        key = element.name + code[0].upper() + code[1:] if element.choice else element.name
        shape.plain[key] = _contained(taker) if key == "contained" and code == _RESOURCE else taker
        if element.choice:
            shape.elements[key] = shape.choices[key] = element.name
        if not is_primitive(code):
            return [key]
        extra = self._make(code)
        if element.choice:
            shape.choices[f"_{key}"] = element.name
        shape.beside[f"_{key}"] = array_taker(or_null(extra)) if many else extra
        shape.elements[f"_{key}"] = element.name
        return [key, f"_{key}"]

    def _one(self, element: Element, type_: TypeRef) -> Taker:
        code, required = type_.code, element.binding
        if code == _RESOURCE:
            return self.resource
        if code == _REFERENCE:
            return self._reference(tuple(type_.targets))
        if is_primitive(code):
            member = self._bindings.codes(required) if required else None
            return _coded(PRIMITIVE[code], member, required or "") if member else PRIMITIVE[code]
        systems = self._bindings.systems(required) if required else None
        one = self._make(code)
        if systems is None or code not in _CODINGS:
            return one
        return _conceptual(one, systems, required or "", code)

    def _reference(self, targets: tuple[str, ...]) -> Taker:
        taker = self._references.get(targets)
        if taker is None:
            allowed = allowed_types(targets)
            shape = Shape(also=type_check(allowed))
            taker = self._references[targets] = object_taker(shape, 0)
            self._fill(shape, _REFERENCE)
            shape.plain["reference"] = link_taker(allowed)
        return taker


def _few(name: str) -> int:
    """Return how many keys an object must have for two of one choice to be among them."""
    elements = kind(name).elements
    if not any(element.choice for element in elements):
        return _NEVER
    needed = sum(1 for element in elements if element.min and not element.choice)
    return needed + 2


def _coded(plain: Taker, member: Member, required: str) -> Taker:
    def take(value: Any) -> Faults | None:
        if type(value) is str and member(value):
            return None
        return plain(value) or [Fault("bad-code", value=value, set=required)]

    return take


_CODINGS: Final = ("CodeableConcept", "Coding", "Quantity")


def _conceptual(one: Taker, systems: dict[str, Member], required: str, code: str) -> Taker:
    """Check a concept of which one coding at least must be from the value set (R4, terminologies, required)."""

    def take(value: Any) -> Faults | None:
        faults = one(value)
        if faults is not None:
            return faults
        codings = value.get("coding", ()) if code == "CodeableConcept" else (value,)
        for coding in codings:
            member = systems.get(coding.get("system"))
            if member is not None and "code" in coding and member(coding["code"]):
                return None
        if "extension" in value and not codings:
            return None
        return [Fault("no-code", set=required)]

    return take


def _contained(taker: Taker) -> Taker:
    def take(value: Any) -> Faults | None:
        faults = taker(value) or []
        if type(value) is list:
            faults += _contained_faults(value)
        return faults or None

    return take


def _contained_faults(values: list[Any]) -> Faults:
    faults: Faults = []
    seen: set[str] = set()
    for index, each in enumerate(values):
        if type(each) is not dict or len(faults) > LIMIT:
            continue
        key = each.get("id")
        if key is None:
            faults.append(Fault("contained-no-id", index))
        elif type(key) is str and key in seen:
            faults.append(Fault("contained-same-id", "id", index, id=key))
        elif type(key) is str:
            seen.add(key)
        if "contained" in each:
            faults.append(Fault("nested-contained", "contained", index))
    return faults


@lru_cache(maxsize=16)
def compiler(bindings: Bindings) -> Compiler:
    """Return the checks under these bindings, made once."""
    return Compiler(bindings)
