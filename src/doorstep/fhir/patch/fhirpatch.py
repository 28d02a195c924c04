"""FHIRPath Patch of R4 (http://hl7.org/fhir/R4/fhirpatch.html) on the text of a resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
import orjson

from doorstep.fhir import structure
from doorstep.fhir.patch.elements import ROOT, Element, Object, children, named, pairs_at, put_pairs, rename, root_of
from doorstep.fhir.patch.evaluate import find
from doorstep.fhir.patch.given import Given, given, key_for, made, name_of, objects, parts_of
from doorstep.fhir.patch.identity import placed
from doorstep.fhir.patch.jsonpatch import MOST_OPERATIONS
from doorstep.fhir.patch.nodes import Budget, finished, member, opened, plain
from doorstep.fhir.patch.path import read_path
from doorstep.fhir.patch.steps import Child
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import LIMITS, Limits, minify, parse, text_of
from doorstep.fhir.structure import Field

_MOST_STEPS: Final = 1_000_000
_NAMES: Final = frozenset(["type", "path", "name", "value", "index", "source", "destination"])


def fhirpath_patch(
    body: bytes, type_name: str, parameters: bytes | Mapping[str, Any], limits: Limits = LIMITS
) -> bytes:
    """Return the minified resource of this type with all operations of a Parameters done, or none and a FhirProblem.

    Give `parameters` as the text that was received: in a parsed one decimals are no longer as they were written.
    400 where the patch is malformed, 413 where it asks for too much, 422 where it does not fit the resource.
    """
    text = parameters if isinstance(parameters, bytes) else orjson.dumps(parameters)
    root = root_of(msgspec.Raw(body), type_name)
    patch = _Patch(root)
    for number, operation in enumerate(_read(text, limits)):
        patch.apply(operation, number)
    return finished(root.holder[ROOT], limits)


def _read(text: bytes, limits: Limits) -> list[Object]:
    if len(text) > limits.resource_bytes:
        raise FhirProblem("too-large", limit=limits.resource_bytes)
    original = text_of(text)
    minified = minify(original)
    # the value of an operation stands five levels down in its Parameters
    if parse(minified, limits.depth + 5, original).get("resourceType") != "Parameters":
        raise FhirProblem("patch-not-parameters")
    resource = opened(msgspec.Raw(minified))
    if not isinstance(resource, dict) or "parameter" not in resource:
        return []
    found = member(resource, "parameter")
    if isinstance(found, list) and len(found) > MOST_OPERATIONS:
        raise FhirProblem("patch-too-many", count=len(found), limit=MOST_OPERATIONS)
    return objects(found, "parameter")


class _Operation:
    """The parts of one operation, by their names."""

    def __init__(self, parameter: Object) -> None:
        if name_of(parameter) != "operation":
            raise FhirProblem("patch-unknown-operation", operation=name_of(parameter))
        self._parts: dict[str, Object] = {}
        for part in parts_of(parameter):
            name = name_of(part)
            if name in self._parts or name not in _NAMES:
                raise FhirProblem("patch-odd-part", part=name)
            self._parts[name] = part

    def value(self) -> Given:
        if "value" not in self._parts:
            raise FhirProblem("patch-member-missing", member="value")
        return given(self._parts["value"])

    def text(self, name: str) -> str:
        found = self._plain(name)
        if not isinstance(found, str):
            raise FhirProblem("patch-member-text", member=name)
        return found

    def index(self, name: str) -> int:
        found = self._plain(name)
        literal = found[1].partition("e") if isinstance(found, tuple) else ("", "", "")
        # one spelling of numbers: 120 is 12e1, 0 is 0; a fraction or a sign is no index
        power = literal[2] or "0"
        if not literal[0].isdecimal() or not power.isdecimal() or len(literal[0]) + int(power) > 10:
            raise FhirProblem("patch-member-number", member=name)
        return int(literal[0]) * int(10 ** int(power))

    def _plain(self, name: str) -> Any:
        if name not in self._parts:
            raise FhirProblem("patch-member-missing", member=name)
        value = given(self._parts[name]).pair.value
        return None if value is None else plain(value)


class _Patch:
    """The resource, and the work that its patch has made so far."""

    def __init__(self, root: Element) -> None:
        self._root, self._budget = root, Budget(_MOST_STEPS)

    def apply(self, parameter: Object, number: int) -> None:
        path = ""
        try:
            operation = _Operation(parameter)
            kind = operation.text("type")
            if kind not in _ACTS:
                raise FhirProblem("patch-unknown-operation", operation=kind)
            path = operation.text("path")
            _ACTS[kind](self, operation, path)
        except FhirProblem as problem:
            raise placed(problem, number, path) from None

    def find(self, path: str) -> list[Element]:
        """Return the elements a path leads to, itself at the root where it is a type's name alone."""
        return find(self._root, read_path(path), self._budget)

    def one(self, path: str) -> Element:
        """Return the one element a path leads to; FhirProblem where there are none or several."""
        return _one(self.find(path))

    def list_at(self, path: str) -> tuple[Element, str]:
        """Return the element in which a list stands, and the list's name; the list may be empty still."""
        steps = read_path(path)
        if len(steps) < 2 or not isinstance(steps[-1], Child):
            raise FhirProblem("patch-no-list")
        return _one(find(self._root, steps[:-1], self._budget)), steps[-1].name

    def count(self, length: int) -> None:
        self._budget.spend(length)


def _one(found: list[Element]) -> Element:
    if len(found) != 1:
        raise FhirProblem("patch-not-one", count=len(found))
    return found[0]


def _add(patch: _Patch, operation: _Operation, path: str) -> None:
    parent, name, value = patch.one(path), operation.text("name"), operation.value()
    key, field = key_for(parent.type, name, value)
    pair = made(field.type.code, value)
    if field.element.max is not None and any(children(parent, field.element.name)):
        raise FhirProblem("patch-already-there", element=f"{parent.type}.{name}")
    holder = parent.made_content()
    pairs = pairs_at(holder, key)
    patch.count(len(pairs))
    put_pairs(holder, key, [*pairs, pair], field.element.max is None)


def _insert(patch: _Patch, operation: _Operation, path: str) -> None:
    parent, name = patch.list_at(path)
    value, index = operation.value(), operation.index("index")
    key, field = key_for(parent.type, name, value)
    _require_list(field)
    holder = parent.made_content()
    pairs = pairs_at(holder, key)
    patch.count(len(pairs))
    if index > len(pairs):
        raise FhirProblem("patch-index-outside", member="index", length=len(pairs))
    pairs.insert(index, made(field.type.code, value))
    put_pairs(holder, key, pairs, True)


def _require_list(field: Field) -> None:
    if field.element.max is not None:
        raise FhirProblem("patch-no-list")


def _delete(patch: _Patch, operation: _Operation, path: str) -> None:
    found = patch.find(path)
    if found:
        _not_root(_one(found)).vanish()


def _replace(patch: _Patch, operation: _Operation, path: str) -> None:
    element, value = _not_root(patch.one(path)), operation.value()
    name = structure.fields(element.up.type)[element.key].element.name if element.up else element.key
    key, field = key_for(element.up.type if element.up else element.type, name, value)
    pair = made(field.type.code, value)
    if key != element.key:
        rename(element.holder, element.key, key)
        rename(element.holder, "_" + element.key, "_" + key)
        element.key = key
    element.become(pair)


def _not_root(element: Element) -> Element:
    if element.up is None:
        raise FhirProblem("patch-whole")
    return element


def _move(patch: _Patch, operation: _Operation, path: str) -> None:
    parent, name = patch.list_at(path)
    source, destination = operation.index("source"), operation.index("destination")
    (key, field), *_ = named(parent.type, name).items()
    _require_list(field)
    holder = parent.content() or {}
    pairs = pairs_at(holder, key)
    patch.count(len(pairs))
    for name, index in (("source", source), ("destination", destination)):
        if index >= len(pairs):
            raise FhirProblem("patch-index-outside", member=name, length=len(pairs))
    pairs.insert(destination, pairs.pop(source))
    put_pairs(holder, key, pairs, True)


_ACTS: Final[Mapping[str, Callable[[_Patch, _Operation, str], None]]] = {
    "add": _add,
    "insert": _insert,
    "delete": _delete,
    "replace": _replace,
    "move": _move,
}
