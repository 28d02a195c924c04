"""What differs between two versions of a resource, path by path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from doorstep.record.charts.fhir.parts import clean, number, plain
from doorstep.record.charts.shapes import Change

_DEEP: Final = 30
_MOST: Final = 5000
_LISTED: Final = 300


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """The paths at which two versions differ, in the order of the newer one; at most 300."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    paths = [path for path in dict.fromkeys([*new, *old]) if old.get(path) != new.get(path)]
    return tuple(Change(clean(path, 200), old.get(path), new.get(path)) for path in paths[:_LISTED])


def _leaves(value: object) -> Iterator[tuple[str, str]]:
    todo: list[tuple[str, object, int]] = [("", value, 0)]
    for _ in range(_MOST):
        if not todo:
            return
        path, found, depth = todo.pop()
        children = _children(path, found) if depth < _DEEP else None
        if children is None:
            yield path, _leaf(found)
        else:
            todo += [(name, child, depth + 1) for name, child in reversed(children)]


def _children(path: str, value: object) -> list[tuple[str, object]] | None:
    if isinstance(value, dict):
        return [(f"{path}.{key}" if path else str(key), child) for key, child in value.items()]
    if isinstance(value, list):
        return [(f"{path}[{place}]", child) for place, child in enumerate(value)]
    return None


def _leaf(value: object) -> str:
    if isinstance(value, str):
        return clean(value, 500)
    if isinstance(value, bool):
        return "true" if value else "false"
    if (amount := number(value)) is not None:
        return plain(amount)
    return clean(repr(value), 100) if isinstance(value, int | float) else ("…" if value else "")
