"""Parts of a resource, cut from its stored bytes: `_summary`, `_elements`, `_pretty`. What stays is not touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import msgspec
import orjson

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.structure import Field, fields, is_primitive, kind, kind_names

MODES: Final = ("true", "text", "data", "count", "false")
SUBSETTED: Final = b'{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}'
_SUBSETTED: Final = ("http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "SUBSETTED")
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY: Final = msgspec.json.Decoder(list[msgspec.Raw])
_ALWAYS: Final = frozenset({"resourceType", "id", "meta"})

Tree = dict[str, Any]
"""Names of elements to what is wanted below each; nothing below means the whole element."""


def summary(body: bytes, type_name: str, mode: str) -> bytes:
    """Return the part of a minified resource that `_summary` asks for; FhirProblem for a mode that is not in MODES.

    `count` leaves out a bundle's entries; of one resource there is nothing to count, and it stays as it is.
    """
    if mode == "true":
        return _tagged(_summarised(body, type_name))
    if mode == "text":
        return _tagged(_kept(body, _mandatory(type_name) | {"text"}))
    if mode == "data":
        return _without(body, "text")
    if mode == "count":
        return _without(body, "entry") if type_name == "Bundle" else body
    if mode == "false":
        return body
    raise FhirProblem("summary-mode", value=mode)


def elements(body: bytes, type_name: str, names: Sequence[str]) -> bytes:
    """Return a minified resource with only these elements (`birthDate`, `name.family`, `value` for every `value[x]`).

    What the specification makes mandatory, id and meta stay. Names that the type does not have select nothing.
    """
    tree: Tree = {name: {} for name in _mandatory(type_name)}
    for name in names:
        steps = name.removeprefix(type_name + ".").split(".")
        branch, whole = tree, False
        for step in steps[:-1]:
            whole = whole or branch.get(step) == {}
            branch = branch.setdefault(step, {})
        if not whole:
            branch[steps[-1]] = {}
    return _tagged(_picked(body, type_name, tree))


def unknown_elements(type_name: str, names: Sequence[str]) -> list[str]:
    """Return those of the names of `_elements` that the type does not have, for who refuses or reports them."""
    return [name for name in names if not _has(type_name, name.removeprefix(type_name + ".").split("."))]


def pretty(body: bytes) -> bytes:
    """Return JSON with two spaces a level; number literals and the order of keys stay."""
    return msgspec.json.format(body, indent=2)


def _has(type_name: str, steps: Sequence[str]) -> bool:
    if type_name not in kind_names():
        return False
    below = [each.type.code for key, each in fields(type_name).items() if steps[0] in (key, each.element.name)]
    return bool(below) and (len(steps) == 1 or any(_has(code, steps[1:]) for code in below))


@cache
def _mandatory(type_name: str) -> frozenset[str]:
    required = {key for key, each in fields(type_name).items() if each.element.min}
    return frozenset(required | (_ALWAYS if kind(type_name).kind == "resource" else set()))


@cache
def _in_summary(type_name: str) -> frozenset[str]:
    return _mandatory(type_name) | {key for key, each in fields(type_name).items() if each.element.summary}


@cache
def _is_whole(type_name: str) -> bool:
    """Say whether a type is shown in a summary as it is: a bare value, or a type that marks nothing (extensions)."""
    return is_primitive(type_name) or not any(each.element.summary for each in fields(type_name).values())


def _summarised(body: bytes | msgspec.Raw, type_name: str) -> bytes:
    parts: list[bytes] = []
    known, wanted = fields(type_name), _in_summary(type_name)
    for key, raw in _OBJECT.decode(body).items():
        if key.removeprefix("_") not in wanted:
            continue
        part = bytes(raw)
        found = known.get(key)
        if found is not None and not _is_whole(found.type.code):
            part = _below(part, found)
            if part in (b"{}", b"[]"):
                continue
        parts.append(orjson.dumps(key) + b":" + part)
    return b"{" + b",".join(parts) + b"}"


def _below(part: bytes, found: Field) -> bytes:
    if part.startswith(b"{"):
        return _summarised(part, _actual(part, found.type.code))
    if part.startswith(b"["):
        shown = [_below(bytes(each), found) for each in _ARRAY.decode(part)]
        return b"[" + b",".join([each for each in shown if each != b"{}"]) + b"]"
    return part


def _actual(part: bytes | msgspec.Raw, type_name: str) -> str:
    return _type_of(part) if type_name == "Resource" else type_name


class _Typed(msgspec.Struct):
    resource_type: str = msgspec.field(name="resourceType", default="Resource")


_TYPED: Final = msgspec.json.Decoder(_Typed)


def _type_of(part: bytes | msgspec.Raw) -> str:
    name = _TYPED.decode(part).resource_type
    return name if name in kind_names() else "Resource"


def _kept(body: bytes, wanted: frozenset[str]) -> bytes:
    return _joined({key: raw for key, raw in _OBJECT.decode(body).items() if key.removeprefix("_") in wanted})


def _without(body: bytes, name: str) -> bytes:
    found = _OBJECT.decode(body)
    if name not in found:
        return body
    del found[name]
    return _tagged(_joined(found))


def _picked(body: bytes | msgspec.Raw, type_name: str, tree: Tree) -> bytes:
    parts: dict[str, bytes | msgspec.Raw] = {}
    known = fields(type_name)
    for key, raw in _OBJECT.decode(body).items():
        found = known.get(key.removeprefix("_"))
        branch = tree.get(key.removeprefix("_"))
        if branch is None and found is not None:
            branch = tree.get(found.element.name)
        if branch is None:
            continue
        if not branch or found is None or is_primitive(found.type.code):
            parts[key] = raw
            continue
        part = _branch(bytes(raw), found, branch)
        if part not in (b"{}", b"[]"):
            parts[key] = part
    return _joined(parts)


def _branch(part: bytes, found: Field, branch: Tree) -> bytes:
    if part.startswith(b"{"):
        name = _actual(part, found.type.code)
        return _picked(part, name, {**{key: {} for key in _mandatory(name)}, **branch})
    if part.startswith(b"["):
        shown = [_branch(bytes(each), found, branch) for each in _ARRAY.decode(part)]
        return b"[" + b",".join([each for each in shown if each != b"{}"]) + b"]"
    return part


def _tagged(body: bytes) -> bytes:
    found: dict[str, bytes | msgspec.Raw] = {**_OBJECT.decode(body)}
    meta: dict[str, bytes | msgspec.Raw] = {**_OBJECT.decode(found["meta"])} if "meta" in found else {}
    tags = _ARRAY.decode(meta["tag"]) if "tag" in meta else []
    if any(_is_subsetted(tag) for tag in tags):
        return body
    meta["tag"] = b"[" + b",".join([*map(bytes, tags), SUBSETTED]) + b"]"
    if "meta" not in found:
        # where it belongs: after the type and the id
        first = [(key, found.pop(key)) for key in ("resourceType", "id") if key in found]
        found = dict([*first, ("meta", b""), *found.items()])
    found["meta"] = _joined(meta)
    return _joined(found)


def _is_subsetted(tag: msgspec.Raw) -> bool:
    said = msgspec.json.decode(tag)
    return isinstance(said, dict) and (said.get("system"), said.get("code")) == _SUBSETTED


def _joined(found: Mapping[str, bytes | msgspec.Raw]) -> bytes:
    return b"{" + b",".join([orjson.dumps(key) + b":" + bytes(raw) for key, raw in found.items()]) + b"}"
