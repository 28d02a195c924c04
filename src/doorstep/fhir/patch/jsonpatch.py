"""JSON Patch (RFC 6902) on the text of a resource.

Written here: the packages for it work on parsed values, where 72.50 is 72.5 already, and bound neither
copying nor depth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from doorstep.fhir.patch.identity import placed
from doorstep.fhir.patch.nodes import Budget, Node, equal, finished, member, opened, written
from doorstep.fhir.patch.pointer import Pointer, index_of, read_pointer, spelt, walk
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import LIMITS, Limits, minify, parse, text_of

MOST_OPERATIONS: Final = 1_000
_OPERATIONS: Final = msgspec.json.Decoder(list[msgspec.Raw])
_STRING: Final = msgspec.json.Decoder(str)
_TOP: Final = "document"


class _Document:
    """The document of one patch; its root stands in a list, so that it can be replaced like any other place."""

    def __init__(self, body: bytes, limits: Limits) -> None:
        self.box: dict[str, Node] = {_TOP: msgspec.Raw(body)}
        self.budget = Budget(limits.resource_bytes)

    def node(self, pointer: Pointer) -> Node:
        return walk(member(self.box, _TOP), pointer)

    def holder(self, pointer: Pointer) -> tuple[dict[str, Node] | list[Node], str]:
        """Return the object or array in which the place stands, and its last step; FhirProblem at a scalar."""
        if not pointer:
            return self.box, _TOP
        holder = self.node(pointer[:-1])
        if isinstance(holder, msgspec.Raw):
            raise FhirProblem("patch-no-target", place=spelt(pointer))
        return holder, pointer[-1]

    def text(self, pointer: Pointer) -> msgspec.Raw:
        """Return what stands at a place as bytes of its own, so that no node is ever in two places."""
        body = written(self.node(pointer))
        self.budget.spend(len(body))
        return msgspec.Raw(body)


Operation = Mapping[str, Node]
Act = Callable[[_Document, Operation, Pointer], None]


def json_patch(body: bytes, patch: bytes, limits: Limits = LIMITS) -> bytes:
    """Return the minified resource with all operations of a JSON Patch done, or raise FhirProblem and none is done.

    400 where the patch is malformed, 413 where it asks for too much, 422 where a target is missing or a test fails.
    """
    document = _Document(body, limits)
    for number, raw in enumerate(_read(patch, limits)):
        _apply(document, raw, number)
    return finished(document.box[_TOP], limits)


def _read(patch: bytes, limits: Limits) -> list[msgspec.Raw]:
    if len(patch) > limits.resource_bytes:
        raise FhirProblem("too-large", limit=limits.resource_bytes)
    text = text_of(patch)
    minified = minify(text)
    if minified[:1] != b"[":
        raise FhirProblem("patch-not-array")
    # as the member of an object it passes the checks that every resource passes, and faults name their operation
    parse(b'{"patch":' + minified + b"}", limits.depth + 3, text)
    operations = _OPERATIONS.decode(minified)
    if len(operations) > MOST_OPERATIONS:
        raise FhirProblem("patch-too-many", count=len(operations), limit=MOST_OPERATIONS)
    return operations


def _apply(document: _Document, raw: msgspec.Raw, number: int) -> None:
    pointer = ""
    try:
        operation = opened(raw)
        if not isinstance(operation, dict):
            raise FhirProblem("patch-not-object")
        name = _text(operation, "op")
        if name not in _ACTS:
            raise FhirProblem("patch-unknown-operation", operation=name)
        pointer = _text(operation, "path")
        _ACTS[name](document, operation, read_pointer(pointer))
    except FhirProblem as problem:
        raise placed(problem, number, pointer) from None


def _text(operation: Operation, name: str) -> str:
    try:
        return _STRING.decode(written(operation[name]))
    except KeyError:
        raise FhirProblem("patch-member-missing", member=name) from None
    except msgspec.ValidationError:
        raise FhirProblem("patch-member-text", member=name) from None


def _value(operation: Operation) -> Node:
    try:
        return operation["value"]
    except KeyError:
        raise FhirProblem("patch-member-missing", member="value") from None


def _add(document: _Document, operation: Operation, pointer: Pointer) -> None:
    _put(document, pointer, _value(operation))


def _put(document: _Document, pointer: Pointer, value: Node) -> None:
    holder, step = document.holder(pointer)
    if isinstance(holder, dict):
        holder[step] = value
        return
    index = len(holder) if step == "-" else index_of(step)
    if index > len(holder):
        raise FhirProblem("patch-no-target", place=spelt(pointer))
    holder.insert(index, value)


def _remove(document: _Document, operation: Operation, pointer: Pointer) -> None:
    if not pointer:
        raise FhirProblem("patch-whole")
    _take(document, pointer)


def _take(document: _Document, pointer: Pointer) -> None:
    document.node(pointer)
    holder, step = document.holder(pointer)
    if isinstance(holder, dict):
        del holder[step]
    else:
        del holder[index_of(step)]


def _replace(document: _Document, operation: Operation, pointer: Pointer) -> None:
    value = _value(operation)
    document.node(pointer)
    holder, step = document.holder(pointer)
    if isinstance(holder, dict):
        holder[step] = value
    else:
        holder[index_of(step)] = value


def _move(document: _Document, operation: Operation, pointer: Pointer) -> None:
    source = _source(operation)
    if len(source) < len(pointer) and pointer[: len(source)] == source:
        raise FhirProblem("patch-into-itself")
    value = document.text(source)
    if source != pointer:
        _take(document, source)
        _put(document, pointer, value)


def _copy(document: _Document, operation: Operation, pointer: Pointer) -> None:
    _put(document, pointer, document.text(_source(operation)))


def _source(operation: Operation) -> Pointer:
    return read_pointer(_text(operation, "from"))


def _test(document: _Document, operation: Operation, pointer: Pointer) -> None:
    if not equal(document.text(pointer), _value(operation)):
        raise FhirProblem("patch-test-failed")


_ACTS: Final[Mapping[str, Act]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}
