"""Turns an extraction table into closures, one a JSON key, so that only keys which are there cost anything."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

Taker = Callable[[Any, Any], None]
"""Takes what is wanted of a value into what is found so far."""
Makers = Mapping[str, Callable[[str, Any], Taker | None]]
"""Kind of leaf → what makes the taker from the FHIR type and the leaf's entries; None where nothing is to be taken."""

# So few keys are looked for; else those that are there are looked up.
_FEW: Final = 4
_ABSENT: Final = object()
_TARGET: Final = re.compile(r"(?:(?:https?|urn):\S*/)?([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/.*)?")


class Broken(Exception):
    """A value has not the shape that R4 says."""


def walker(tree: Mapping[str, Any], makers: Makers) -> Taker:
    """Return the taker of a whole table."""
    one = _branch(tree, makers)
    return one or _nothing


def _nothing(value: Any, found: Any) -> None:
    pass


def _branch(node: Mapping[str, Any], makers: Makers) -> Taker | None:
    one = _joined(_takers(node, makers))
    if node.get("many") and one is not None:
        one = _each(one)
    if "first" in node:
        first = _branch(node["first"], makers)
        one = _joined([taker for taker in (one, _first(first) if first else None) if taker])
    return one


def _takers(node: Mapping[str, Any], makers: Makers) -> list[Taker]:
    takers = list(_leaves(node, makers))
    children = {key: _branch(child, makers) for key, child in node.get("children", {}).items()}
    wanted = {key: taker for key, taker in children.items() if taker is not None}
    if wanted:
        takers.append(_object(wanted))
    for branch in node.get("when", ()):
        one = _branch(branch["node"], makers)
        if one is not None:
            takers.append(_where(branch["field"], branch["value"], one))
    return takers


def _leaves(node: Mapping[str, Any], makers: Makers) -> Iterator[Taker]:
    leaf = node.get("leaf", {})
    for kind, entries in leaf.items():
        # the main date is taken by the taker of dates, where there is one
        if kind == "rank" and "date" in leaf:
            continue
        given = (entries, leaf.get("rank")) if kind == "date" else entries
        taker = makers[kind](node.get("type", ""), given) if kind in makers else None
        if taker is not None:
            yield taker


def _joined(takers: list[Taker]) -> Taker | None:
    if len(takers) < 2:
        return takers[0] if takers else None

    def take(value: Any, found: Any) -> None:
        for taker in takers:
            taker(value, found)

    return take


def _each(one: Taker) -> Taker:
    def take(value: Any, found: Any) -> None:
        if type(value) is not list:
            raise Broken
        for element in value:
            if element is not None:
                one(element, found)

    return take


def _first(one: Taker) -> Taker:
    def take(value: Any, found: Any) -> None:
        if type(value) is not list:
            raise Broken
        if value and value[0] is not None:
            one(value[0], found)

    return take


def _object(takers: Mapping[str, Taker]) -> Taker:
    if len(takers) <= _FEW:
        return _by_wish(tuple(takers.items()))

    def take(value: Any, found: Any) -> None:
        for key, below in value.items():
            taker = takers.get(key)
            if taker is not None:
                taker(below, found)

    return take


def _by_wish(takers: tuple[tuple[str, Taker], ...]) -> Taker:
    def take(value: Any, found: Any) -> None:
        get = value.get
        for key, taker in takers:
            below = get(key, _ABSENT)
            if below is not _ABSENT:
                taker(below, found)

    return take


def _where(field: str, wanted: str, one: Taker) -> Taker:
    def take(value: Any, found: Any) -> None:
        if value.get(field) == wanted:
            one(value, found)

    return take


def type_of(target: str, reference: Any) -> str | None:
    """Return the resource type to which a reference leads, by its target or else by its own `type`."""
    match = _TARGET.fullmatch(target)
    kind = match[1] if match else reference.get("type") if type(reference) is dict else None
    return kind if isinstance(kind, str) else None
