"""Elements of a resource as places that can be changed: value and `_value` of primitives together, arrays or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple, TypeAlias

import msgspec

from doorstep.fhir import structure
from doorstep.fhir.patch.nodes import NULL, Node, item, member, plain
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.structure import Field

Object: TypeAlias = "dict[str, Node]"
ROOT: Final = ""


class Pair(NamedTuple):
    """An element in JSON: what stands under its key, and for a primitive what stands under `_key`."""

    value: Node | None
    shadow: Node | None = None


@dataclass(slots=True, eq=False)
class Element:
    """One element: the object it stands in, under which key, at which index of it; `up` is the element around it."""

    up: Element | None
    holder: Object
    key: str
    index: int
    type: str
    pair: Pair
    repeats: bool

    def content(self) -> Object | None:
        """Return the object that holds the children; None for a primitive that has none."""
        node = self.pair.shadow if structure.is_primitive(self.type) else self.pair.value
        return node if isinstance(node, dict) else None

    def made_content(self) -> Object:
        """Return the object that holds the children, made where a primitive had none."""
        found = self.content()
        if found is None:
            found = {}
            self.become(Pair(self.pair.value, found))
        return found

    def become(self, pair: Pair) -> None:
        """Put another value in the place of this one."""
        pairs = pairs_at(self.holder, self.key)
        pairs[self.index] = self.pair = pair
        put_pairs(self.holder, self.key, pairs, self.repeats)

    def vanish(self) -> None:
        """Take the element out, and those around it that hold nothing then: FHIR knows no empty element."""
        pairs = pairs_at(self.holder, self.key)
        del pairs[self.index]
        put_pairs(self.holder, self.key, pairs, self.repeats)
        owner = self.up
        if self.holder or owner is None or owner.up is None:
            return
        if structure.is_primitive(owner.type) and owner.pair.value is not None:
            owner.become(Pair(owner.pair.value))
        else:
            owner.vanish()


def root_of(node: Node, type_name: str) -> Element:
    """Return a whole resource as an element of nothing."""
    box: Object = {ROOT: node}
    return Element(None, box, ROOT, 0, type_name, Pair(member(box, ROOT)), False)


def children(parent: Element, name: str) -> Iterator[Element]:
    """Yield the children of this name; FhirProblem where the type has no such element."""
    choices = named(parent.type, name)
    content = parent.content()
    for key, field in choices.items() if content is not None else ():
        repeats = field.element.max is None
        for index, pair in enumerate(pairs_at(content or {}, key)):
            yield Element(parent, content or {}, key, index, actual(field, pair), pair, repeats)


@cache
def named(type_name: str, name: str) -> dict[str, Field]:
    """Return the JSON keys under which an element may stand; FhirProblem where the type has none of this name."""
    found = {key: field for key, field in structure.fields(type_name).items() if field.element.name == name}
    if not found:
        raise FhirProblem("patch-no-element", type=type_name, element=name)
    return found


@cache
def has(type_name: str, name: str) -> bool:
    """Say whether a type has an element of this name."""
    return any(field.element.name == name for field in structure.fields(type_name).values())


def actual(field: Field, pair: Pair) -> str:
    """Return the type of an element: for a resource inside another the one that it says it is."""
    if field.type.code != "Resource" or not isinstance(pair.value, dict) or "resourceType" not in pair.value:
        return field.type.code
    said = plain(pair.value["resourceType"])
    return said if isinstance(said, str) and said in structure.kind_names() else field.type.code


def pairs_at(holder: Object, key: str) -> list[Pair]:
    """Return the elements under a key of an object, in order."""
    values, shadows = _nodes(holder, key), _nodes(holder, "_" + key)
    if not shadows:
        return [Pair(value) for value in values]
    length = max(len(values), len(shadows))
    values += [None] * (length - len(values))
    shadows += [None] * (length - len(shadows))
    return [Pair(value, shadow) for value, shadow in zip(values, shadows, strict=True)]


def _nodes(holder: Object, key: str) -> list[Node | None]:
    if key not in holder:
        return []
    node = member(holder, key)
    if not isinstance(node, list):
        return [node]
    return [None if _is_null(found := item(node, index)) else found for index in range(len(node))]


def _is_null(node: Node) -> bool:
    return isinstance(node, msgspec.Raw) and node == NULL


def put_pairs(holder: Object, key: str, pairs: list[Pair], repeats: bool) -> None:
    """Write the elements under a key: an array where they may repeat, no key at all where there is nothing."""
    _put(holder, key, [pair.value for pair in pairs], repeats)
    _put(holder, "_" + key, [pair.shadow for pair in pairs], repeats)


def _put(holder: Object, key: str, nodes: list[Node | None], repeats: bool) -> None:
    kept = [NULL if node is None else node for node in nodes]
    if all(node is None for node in nodes):
        holder.pop(key, None)
    else:
        holder[key] = kept if repeats else kept[0]


def rename(holder: Object, old: str, new: str) -> None:
    """Give a member another key, in the same place of its object."""
    members = [(new if key == old else key, node) for key, node in holder.items()]
    holder.clear()
    holder.update(members)
