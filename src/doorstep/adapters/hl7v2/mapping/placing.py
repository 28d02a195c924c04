"""Putting values into a resource by a path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from doorstep.adapters.hl7v2.mapping.grammar import LINES, Step

FEW: Final = 32
"""In a list of so few the same thing is not said twice; a longer one is not searched."""
LONGEST: Final = 50_000
"""A text of more characters takes no further line: adding to it would take ever longer."""
Labels = dict[tuple[int, str], int]


def put(root: dict[str, Any], path: Sequence[Step], value: Any, labels: Labels) -> bool:
    """Put a value at a path; False where something else is there already.

    ``labels`` remembers which elements the shared words of one segment mean.
    """
    node = root
    for step in path[:-1]:
        node = _descend(node, step, labels)
    last = path[-1]
    if last.index == LINES:
        return _add_line(node, last.name, str(value))
    if last.index is None:
        return _fill(node, last.name, value)
    holder = node.setdefault(last.name, [])
    if last.index == "":
        if len(holder) < FEW and value in holder:
            return True
        holder.append(value)
        return True
    at = _at(holder, last.index, labels)
    if at == len(holder):
        holder.append(value)
        return True
    return isinstance(holder[at], dict) and isinstance(value, dict) and _merge(holder[at], value)


def _descend(node: dict[str, Any], step: Step, labels: Labels) -> dict[str, Any]:
    if step.index is None:
        found: dict[str, Any] = node.setdefault(step.name, {})
        return found
    holder = node.setdefault(step.name, [])
    at = len(holder) if step.index == "" else _at(holder, step.index, labels)
    if at == len(holder):
        holder.append({})
    inner: dict[str, Any] = holder[at]
    return inner


def _at(holder: list[Any], index: str, labels: Labels) -> int:
    """The place of an element: never beyond the next."""
    if index.isdigit():
        return min(int(index), len(holder))
    return labels.setdefault((id(holder), index), len(holder))


def _add_line(node: dict[str, Any], name: str, line: str) -> bool:
    there = node.get(name, "")
    if len(there) > LONGEST:
        return False
    node[name] = f"{there}\n{line}" if there else line
    return True


def _fill(node: dict[str, Any], name: str, value: Any) -> bool:
    there = node.get(name)
    if there == value:
        return True
    if there is None:
        node[name] = value
        return True
    return isinstance(there, dict) and isinstance(value, dict) and _merge(there, value)


def _merge(there: dict[str, Any], value: dict[str, Any]) -> bool:
    new = {name: each for name, each in value.items() if name not in there}
    there.update(new)
    return bool(new)


def without(node: Any, urls: frozenset[str]) -> Any:
    """A resource without its references to what was left out, and without what is empty for it."""
    if isinstance(node, dict):
        if node.get("reference") in urls:
            return None
        kept = {name: found for name, each in node.items() if (found := without(each, urls)) not in (None, [], {})}
        return kept or None
    if isinstance(node, list):
        return [found for each in node if (found := without(each, urls)) not in (None, [], {})]
    return node
