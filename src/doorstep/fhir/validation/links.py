"""Checks of literal references: their form, and the types to which an element may refer."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from doorstep.fhir.structure import kind, kind_names
from doorstep.fhir.validation.faults import Fault, Faults, Taker
from doorstep.fhir.validation.primitives import string

_ID: Final = r"[A-Za-z0-9\-.]{1,64}"
# R4, references: "Type/id", with a version or without
_RELATIVE: Final = re.compile(rf"([A-Za-z]+)/{_ID}(?:/_history/{_ID})?")
_CONTAINED: Final = re.compile(rf"#(?:{_ID})?")
_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^\s/]\S*|urn:[A-Za-z0-9\-]+:\S+")
_CONDITIONAL: Final = re.compile(r"([A-Za-z]+)\?\S+")
_SHOWN: Final = 6
_LONG: Final = 100
_ID_LENGTH: Final = 64


@cache
def resource_types() -> frozenset[str]:
    """Return the names of all resource types that can be instances."""
    return frozenset(name for name in kind_names() if name[0].isupper() and _is_resource(name))


def _is_resource(name: str) -> bool:
    return "." not in name and kind(name).kind == "resource" and not kind(name).abstract


def allowed_types(targets: tuple[str, ...]) -> frozenset[str]:
    """Return the types that references with these targets may lead to; none or "Resource" stand for all."""
    return resource_types() if not targets or "Resource" in targets else frozenset(targets)


def link_taker(allowed: frozenset[str]) -> Taker:
    """Return the check of Reference.reference."""

    def take(value: Any) -> Faults | None:
        if type(value) is str and len(value) < _LONG and value.isascii():
            kind, _, key = value.partition("/")
            if kind in allowed and len(key) <= _ID_LENGTH and key.replace("-", "").isalnum():
                return None
            # as transactions have them
            if kind[:9] == "urn:uuid:" and value.isprintable() and " " not in value:
                return None
        return _link_fault(value, allowed)

    return take


def _link_fault(value: Any, allowed: frozenset[str]) -> Faults | None:
    faults = string(value)
    if faults is not None or _ABSOLUTE.fullmatch(value) or _CONTAINED.fullmatch(value):
        return faults
    found = _RELATIVE.fullmatch(value)
    if found:
        return _refused(found[1], allowed)
    found = _CONDITIONAL.fullmatch(value)
    if found:
        return _refused(found[1], allowed) or [Fault("conditional-reference", value=value)]
    return [Fault("bad-reference", value=value)]


def _refused(found: str, allowed: frozenset[str]) -> Faults | None:
    if found not in resource_types():
        return [Fault("unknown-resource", name=found)]
    if found in allowed:
        return None
    names = sorted(allowed)
    shown = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
    return [Fault("reference-target", found=found, targets=shown)]


def type_check(allowed: frozenset[str]) -> Callable[[dict[str, Any]], Faults | None]:
    """Return the check of a whole Reference whose `type` must be an allowed one, and that of its literal reference."""

    def also(value: dict[str, Any]) -> Faults | None:
        stated = value.get("type")
        if stated is None or type(stated) is not str or stated not in resource_types():
            return None
        link = value.get("reference")
        found = _RELATIVE.fullmatch(link) if type(link) is str else None
        if found and found[1] != stated:
            return [Fault("reference-type", "type", type=stated, value=link)]
        faults = None if found else _refused(stated, allowed)
        for fault in faults or ():
            fault.steps.append("type")
        return faults

    return also
