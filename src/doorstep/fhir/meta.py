"""Profiles, tags and security labels of stored resources, as sets: `$meta`, `$meta-add`, `$meta-delete` (R4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

import msgspec
import orjson

from doorstep.fhir.problems import FhirProblem

_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY: Final = msgspec.json.Decoder(list[msgspec.Raw])
_SETS: Final = ("profile", "security", "tag")
_BEFORE_META: Final[tuple[str, ...]] = ("resourceType", "id")

Key: TypeAlias = tuple[str, ...]
Members: TypeAlias = dict[Key, msgspec.Raw]
Fields: TypeAlias = dict[str, msgspec.Raw]


def meta_of(body: bytes) -> bytes:
    """Return the Meta of a minified resource as JSON text, `{}` where it has none."""
    return bytes(_OBJECT.decode(body).get("meta", b"{}"))


def meta_add(body: bytes, meta: Mapping[str, Any]) -> bytes:
    """Return the resource with these profiles, tags and labels too; what it has already stays as it is.

    Versions and sources in `meta` are not taken over (R4, resource-operation-meta-add). FhirProblem on a wrong shape.
    """
    return _changed(body, meta, lambda own, given: {**own, **given, **own})


def meta_delete(body: bytes, meta: Mapping[str, Any]) -> bytes:
    """Return the resource without these profiles, tags and labels; what it does not have is no fault."""
    return _changed(body, meta, lambda own, given: {key: raw for key, raw in own.items() if key not in given})


def meta_union(bodies: Iterable[bytes]) -> bytes:
    """Return a Meta of all profiles, tags and labels that any of the resources has, in the order of their coming."""
    union: dict[str, Members] = {name: {} for name in _SETS}
    for body in bodies:
        fields = _fields(_OBJECT.decode(body))
        for name in _SETS:
            union[name] = {**union[name], **_members(fields, name), **union[name]}
    return _object({name: _array(members.values()) for name, members in union.items() if members})


Join: TypeAlias = Callable[[Members, Members], Members]


def _changed(body: bytes, meta: Mapping[str, Any], join: Join) -> bytes:
    given = _given(meta)
    resource = _OBJECT.decode(body)
    own = _fields(resource)
    changed = dict(own)
    for name in _SETS:
        members = _members(own, name)
        joined = join(members, _members(given, name))
        if joined.keys() != members.keys():
            changed[name] = _array(joined.values())
    if changed == own:
        return body
    kept = {name: raw for name, raw in changed.items() if raw != msgspec.Raw(b"[]")}
    return _object(_with_meta(resource, msgspec.Raw(_object(kept))))


def _fields(resource: Fields) -> Fields:
    try:
        return _OBJECT.decode(resource["meta"]) if "meta" in resource else {}
    except msgspec.ValidationError:
        raise FhirProblem("wrong-shape", "meta", expected="Meta") from None


def _given(meta: object) -> Fields:
    """Return a Meta that came with a request as the fields of one that is stored; FhirProblem where it is no object."""
    if not isinstance(meta, Mapping):
        raise FhirProblem("wrong-shape", "meta", expected="Meta")
    try:
        return {name: msgspec.Raw(orjson.dumps(value)) for name, value in meta.items() if name in _SETS}
    except TypeError:
        raise FhirProblem("wrong-shape", "meta", expected="Meta") from None


def _with_meta(resource: Fields, meta: msgspec.Raw) -> Fields:
    if meta == msgspec.Raw(b"{}"):
        return {name: raw for name, raw in resource.items() if name != "meta"}
    if "meta" in resource:
        return {**resource, "meta": meta}
    before = {name: resource[name] for name in _BEFORE_META if name in resource}
    return {**before, "meta": meta, **resource}


def _members(fields: Fields, name: str) -> Members:
    """Return the members of a set by what makes them the same; of equal ones the first."""
    if name not in fields:
        return {}
    place = f"meta.{name}"
    try:
        found = _ARRAY.decode(fields[name])
    except msgspec.ValidationError:
        raise FhirProblem("wrong-shape", place, expected="array") from None
    key = _profile if name == "profile" else _coding
    members: Members = {}
    for number, raw in enumerate(found):
        members.setdefault(key(raw, f"{place}[{number}]"), raw)
    return members


def _profile(raw: msgspec.Raw, place: str) -> Key:
    value = orjson.loads(bytes(raw))
    if not isinstance(value, str):
        raise FhirProblem("wrong-shape", place, expected="canonical")
    return (value,)


def _coding(raw: msgspec.Raw, place: str) -> Key:
    """Return system and code; a coding with neither is the same only as one of the same text."""
    value = orjson.loads(bytes(raw))
    if not isinstance(value, dict):
        raise FhirProblem("wrong-shape", place, expected="Coding")
    system, code = value.get("system", ""), value.get("code", "")
    if not isinstance(system, str) or not isinstance(code, str):
        raise FhirProblem("wrong-shape", place, expected="Coding")
    return (system, code) if system or code else ("", "", bytes(raw).decode())


def _array(members: Iterable[msgspec.Raw]) -> msgspec.Raw:
    return msgspec.Raw(b"[" + b",".join(members) + b"]")


def _object(fields: Fields) -> bytes:
    return b"{" + b",".join([orjson.dumps(name) + b":" + bytes(raw) for name, raw in fields.items()]) + b"}"
