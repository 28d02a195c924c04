"""Checks of objects and arrays, made from tables of takers by key. A clean value costs a look-up and a call a key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from doorstep.fhir.validation.faults import LIMIT, Fault, Faults, Taker, within
from doorstep.fhir.validation.primitives import type_fault

Also = Callable[[dict[str, Any]], Faults | None]


@dataclass(slots=True)
class Shape:
    """What an object may hold: takers by key, those of `_key` apart; `choices` names the element of a choice's keys.

    `required`: for each element that must be there its name and the keys under which it may stand; `always` are the
    names. Filled after its taker is made, since types hold one another.
    """

    plain: dict[str, Taker] = field(default_factory=dict)
    beside: dict[str, Taker] = field(default_factory=dict)
    elements: dict[str, str] = field(default_factory=dict)
    choices: dict[str, str] = field(default_factory=dict)
    required: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    always: list[str] = field(default_factory=list)
    also: Also | None = None


def object_taker(shape: Shape, few: int) -> Taker:
    """Return the check of one object; with fewer keys than `few` (but one) it needs not be looked at as a whole."""
    plain, always = shape.plain, shape.always

    def take(value: Any) -> Faults | None:
        if type(value) is not dict:
            return type_fault(value, "object")
        faults: Faults | None = None
        key: str
        for key, below in value.items():
            try:
                taker = plain[key]
            except KeyError:
                taker = _rare(shape, value, key)
            inner = taker(below)
            if inner is not None and len(faults := within(shape.elements.get(key, key), inner, faults)) > LIMIT:
                return faults
        for name in always:
            if name not in value:
                faults = _missing(shape, value, faults)
                break
        return _whole(shape, value, faults) if faults is not None or not 0 < len(value) < few else None

    return take


def _whole(shape: Shape, value: dict[str, Any], faults: Faults | None) -> Faults | None:
    if not value:
        return [Fault("empty-object")]
    if shape.choices:
        faults = _two_choices(shape, value, faults)
    if shape.also is not None and (more := shape.also(value)) is not None:
        faults = [*(faults or ()), *more]
    return None if faults is None else _pardon(shape, value, faults)


def array_taker(one: Taker) -> Taker:
    """Return the check of an array by that of its elements."""

    def take(value: Any) -> Faults | None:
        if type(value) is not list:
            return [Fault("null" if value is None else "not-array")]
        if not value:
            return [Fault("empty-array")]
        faults: Faults | None = None
        for index, below in enumerate(value):
            inner = one(below)
            if inner is not None:
                faults = within(index, inner, faults)
                if len(faults) > LIMIT:
                    return faults
        return faults

    return take


def or_null(one: Taker) -> Taker:
    """Return the check of an element of a `_key` array, where null says that there is nothing beside the value."""
    return lambda value: None if value is None else one(value)


def _rare(shape: Shape, value: dict[str, Any], key: str) -> Taker:
    taker = shape.beside.get(key)
    if taker is None:
        return lambda _: [Fault("unknown-element", name=key)]
    return lambda below: taker(below) or _uneven(key[1:], value)


def _two_choices(shape: Shape, value: dict[str, Any], faults: Faults | None) -> Faults | None:
    keys = [key for key in value if key in shape.choices]
    if len(keys) < 2:
        return faults
    chosen: dict[str, set[str]] = {}
    for key in keys:
        chosen.setdefault(shape.choices[key], set()).add(key.removeprefix("_"))
    for name, found in chosen.items():
        if len(found) > 1:
            faults = [*(faults or ()), Fault("two-choices", name, names=", ".join(sorted(found)))]
    return faults


def _missing(shape: Shape, value: dict[str, Any], faults: Faults | None) -> Faults | None:
    absent = [name for name, keys in shape.required if not any(key in value for key in keys)]
    return [*(faults or ()), *(Fault("missing", name, name=name) for name in absent)] or None


def _uneven(bare: str, value: dict[str, Any]) -> Faults | None:
    beside, values = value[f"_{bare}"], value.get(bare)
    if type(beside) is not list:
        return None
    if values is None:
        return [Fault("null", index) for index, each in enumerate(beside[:LIMIT]) if each is None] or None
    # that nulls at its end are left out says the same, and the reference implementation reads it
    if type(values) is list and len(values) < len(beside):
        return [Fault("uneven-arrays", name=bare)]
    return None


def _pardon(shape: Shape, value: dict[str, Any], faults: Faults) -> Faults | None:
    # null among primitives is right where the array beside has something at the same place (R4, JSON, primitives)
    left = [fault for fault in faults if not (fault.code == "null" and _filled(shape, value, fault.steps))]
    return left or None


def _filled(shape: Shape, value: dict[str, Any], steps: list[str | int]) -> bool:
    if len(steps) != 2 or not isinstance(steps[0], int) or f"_{steps[1]}" not in shape.beside:
        return False
    beside = value.get(f"_{steps[1]}")
    return type(beside) is list and len(beside) > steps[0] and beside[steps[0]] is not None
