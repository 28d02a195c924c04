"""A JSON document that is opened only where it is touched: all else stays the bytes that it was, literals and all."""

from __future__ import annotations

import json
import re
from typing import Any, Final, TypeAlias

import msgspec
import orjson

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import LIMITS, Limits, parse

Node: TypeAlias = "msgspec.Raw | dict[str, Node] | list[Node]"
"""Bytes not yet opened, an object, or an array; an open one holds nodes. A scalar is always bytes."""

_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY: Final = msgspec.json.Decoder(list[msgspec.Raw])
_NUMBER: Final = re.compile(r"(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,18}))?", re.ASCII)
_BRACE, _BRACKET, _QUOTE = b'{["'
_MOST_MEMBERS: Final = 500_000
NULL: Final = msgspec.Raw(b"null")


class Budget:
    """How much work one patch may make: bytes copied or compared, elements walked over; both counted as units."""

    def __init__(self, units: int) -> None:
        self._left, self._limit = units, units

    def spend(self, units: int) -> None:
        """Count work; raise FhirProblem when it is more than one patch may ask for."""
        self._left -= units
        if self._left < 0:
            raise FhirProblem("patch-too-costly", limit=self._limit)


def opened(node: Node) -> Node:
    """Return an object or array with its members as nodes; a scalar as it is. RecursionError where far too deep."""
    if not isinstance(node, msgspec.Raw):
        return node
    first = memoryview(node)[0]
    _refuse_crowd(node)
    try:
        if first == _BRACE:
            # a Raw of msgspec is a slice: nothing is copied here
            return dict(_OBJECT.decode(node).items())
        return list(_ARRAY.decode(node)) if first == _BRACKET else node
    except RecursionError:
        raise FhirProblem("too-deep", limit=LIMITS.depth) from None


def _refuse_crowd(node: msgspec.Raw) -> None:
    """Raise FhirProblem before an array or object is opened whose members, as nodes, would fill the memory."""
    if memoryview(node).nbytes < _MOST_MEMBERS or not _may_crowd(text := bytes(node)):
        return
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise FhirProblem("too-deep", limit=LIMITS.depth) from None
    if isinstance(found, list | dict) and len(found) > _MOST_MEMBERS:
        raise FhirProblem("patch-too-costly", limit=_MOST_MEMBERS)


def _may_crowd(text: bytes) -> bool:
    return text.count(b",") > _MOST_MEMBERS


def member(holder: dict[str, Node], key: str) -> Node:
    """Return the member of an object opened, and keep it so; KeyError where there is none."""
    node = opened(holder[key])
    holder[key] = node
    return node


def item(holder: list[Node], index: int) -> Node:
    """Return the item of an array opened, and keep it so; IndexError where there is none."""
    node = opened(holder[index])
    holder[index] = node
    return node


def written(node: Node) -> bytes:
    """Return the JSON text of a node."""
    if isinstance(node, dict):
        return b"{" + b",".join([orjson.dumps(key) + b":" + written(below) for key, below in node.items()]) + b"}"
    if isinstance(node, list):
        return b"[" + b",".join([written(below) for below in node]) + b"]"
    return bytes(node)


def finished(root: Node, limits: Limits = LIMITS) -> bytes:
    """Return the text of a patched resource; FhirProblem where it is no object, too large or too deep."""
    body = written(root)
    if len(body) > limits.resource_bytes:
        raise FhirProblem("patch-result-too-large", limit=limits.resource_bytes)
    parse(body, limits.depth)
    return body


def plain(node: Node) -> Any:
    """Return a node as Python values; each number as a pair of the word and its value in one spelling."""
    text = written(node)
    return orjson.loads(text) if text[0] == _QUOTE else _DECODER.decode(text.decode())


def _number(literal: str) -> tuple[str, str]:
    return ("number", number(literal))


_DECODER: Final = json.JSONDecoder(parse_int=_number, parse_float=_number)


def equal(one: Node, other: Node) -> bool:
    """Say whether two nodes are equal as RFC 6902 (4.6) has it: numbers by value, objects whatever their order."""
    left, right = written(one), written(other)
    if left == right:
        return True
    if _may_crowd(left) or _may_crowd(right):
        raise FhirProblem("patch-too-costly", limit=_MOST_MEMBERS)
    return bool(plain(one) == plain(other))


def number(literal: str) -> str:
    """Spell a JSON number so that equal values are equal texts: `7250e-2` for 72.50 is `725e-1`; exact at any length.

    An exponent of more than 18 digits is no number of this world, and stays as written.
    """
    match = _NUMBER.fullmatch(literal)
    if match is None:
        return literal
    sign, whole, fraction, exponent = match.groups("")
    digits = (whole + fraction).lstrip("0")
    kept = digits.rstrip("0")
    if not kept:
        return "0"
    power = int(exponent or 0) - len(fraction) + len(digits) - len(kept)
    return f"{sign}{kept}e{power}"
