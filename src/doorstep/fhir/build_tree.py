"""The tree of JSON keys of a resource type: what each search parameter takes, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from doorstep.fhir.build_definitions import Elements, Step
from doorstep.fhir.build_expressions import Uncompilable, Verb, parse_component, parse_union

_NUMBERS: Final = ("integer", "decimal", "positiveInt", "unsignedInt", "Range")
_QUANTITIES: Final = ("Quantity", "Age", "Count", "Distance", "Duration", "Money", "Range", "SampledData")
_DATES: Final = ("date", "dateTime", "instant", "Period", "Timing")
_LEAVES: Final[Mapping[str, Sequence[str]]] = {
    "token": ("CodeableConcept", "Coding", "Identifier", "ContactPoint", "code", "string", "id", "uri", "boolean"),
    "reference": ("Reference", "canonical", "uri", "url", "oid", "Resource"),
    "date": _DATES,
    "rank": _DATES,
    "truth": ("boolean", "dateTime"),
    "string": ("string", "markdown", "HumanName", "Address"),
    "uri": ("uri", "canonical", "url", "oid"),
    "number": _NUMBERS,
    "quantity": _QUANTITIES,
    "special": ("BackboneElement",),
}

Node = dict[str, Any]
Place = tuple[Node, Step]
Component = tuple[str, str, str]
"""Code and type of the parameter that a component names, and the component's expression."""


class Spot(NamedTuple):
    """Where a parameter leads: the keys, whether there is at most one, the only target type (of references)."""

    path: str
    single: bool
    only: str | None


class TypeTree:
    """The tree of JSON keys of one resource type, with what is to be taken at each."""

    def __init__(self, name: str, elements: Elements) -> None:
        self.name = name
        self.elements = elements
        self.tree: Node = {}
        self.uncompiled: list[str] = []
        self._root = Step("", False, name, name)

    def add(self, expression: str, kind: str, param: str, targets: Sequence[str] = ()) -> bool:
        """Add all parts of an expression that concern this type; return whether anything was added.

        `targets`: the types a reference may lead to; needed where a whole resource stands in its place (Bundle).
        """
        added = False
        for part in expression.split(" | "):
            try:
                verbs = parse_union(part, self.name)
                if verbs is not None:
                    self._mark(self._grow(verbs, self.tree, self._root), verbs, kind, param, targets)
                    added = True
            except Uncompilable:
                self.uncompiled.append(f"{param}: {part}")
        return added

    def add_composite(self, expression: str, param: str, components: Sequence[Component]) -> bool:
        """Add a composite: at each of its elements a tree of its own for each component."""
        added = False
        for part in expression.split(" | "):
            try:
                verbs = parse_union(part, self.name)
                for node, step in self._grow(verbs, self.tree, self._root) if verbs is not None else ():
                    entry = [param, [self._component(each, step) for each in components]]
                    node.setdefault("leaf", {}).setdefault("composite", []).append(entry)
                    added = True
            except Uncompilable:
                self.uncompiled.append(f"{param}: {part}")
        return added

    def _component(self, component: Component, step: Step) -> Node:
        code, kind, expression = component
        found: Node = {}
        for part in expression.split(" | "):
            from_resource, verbs = parse_component(part)
            start = self._root if from_resource else step._replace(many=False)
            below = found.setdefault("resource" if from_resource else "element", {"type": start.type})
            self._mark(self._grow(verbs, below, start), verbs, kind, code)
        return found

    def _grow(self, verbs: Sequence[Verb], node: Node, step: Step) -> list[Place]:
        places = [(node, step)]
        for verb in verbs:
            places = [place for node, step in places for place in self._follow(verb, node, step)]
        return places

    def _mark(
        self, places: Sequence[Place], verbs: Sequence[Verb], kind: str, param: str, targets: Sequence[str] = ()
    ) -> None:
        kind = "truth" if verbs[-1].name == "truth" else kind
        only = next((verb.argument for verb in verbs if verb.name == "target"), None)
        fitting = [(node, step) for node, step in places if step.type in _LEAVES[kind]]
        for node, step in fitting:
            leaf = node.setdefault("leaf", {}).setdefault(kind, [])
            wanted = targets[0] if step.type == "Resource" else only
            entry = [param, wanted] if kind == "reference" else param
            if entry not in leaf:
                leaf.append(entry)
        if not fitting:
            raise Uncompilable(param)

    def _follow(self, verb: Verb, node: Node, step: Step) -> list[Place]:
        if verb.name == "child":
            return self._children(node, step, verb.argument)
        if verb.name == "as":
            return [(node, step)] if step.type == verb.argument else []
        if verb.name == "where":
            return [(_when(node, verb.argument, verb.value), step)]
        if verb.name == "first":
            return [(node.setdefault("first", {"many": False, "type": node["type"]}), step)]
        return [(node, step)]

    def _children(self, node: Node, step: Step, name: str) -> list[Place]:
        found = []
        for child in self.elements.children(step, name):
            below = node.setdefault("children", {}).setdefault(child.key, {})
            below["many"], below["type"] = child.many, child.type
            found.append((below, child))
        if not found:
            raise Uncompilable(name)
        return found


def _when(node: Node, field: str, value: str) -> Node:
    for branch in node.setdefault("when", []):
        if branch["field"] == field and branch["value"] == value:
            known: Node = branch["node"]
            return known
    below: Node = {"many": False, "type": node["type"]}
    node["when"].append({"field": field, "value": value, "node": below})
    return below


def spots(tree: Node, kind: str, param: str) -> list[Spot]:
    """Return all places to which a parameter leads as a leaf of this kind."""
    return list(_spots(tree, kind, param, "", True))


def _spots(node: Node, kind: str, param: str, path: str, single: bool) -> Iterator[Spot]:
    single = single and not node.get("many")
    for entry in node.get("leaf", {}).get(kind, ()):
        code, only = entry if isinstance(entry, list) else (entry, None)
        if code == param:
            yield Spot(path, single, only)
    for key, child in node.get("children", {}).items():
        yield from _spots(child, kind, param, f"{path}.{key}", single)
    for branch in node.get("when", ()):
        where = f"{path}[{branch['field']}={branch['value']}]"
        yield from _spots(branch["node"], kind, param, where, False)
    if "first" in node:
        yield from _spots(node["first"], kind, param, f"{path}[0]", False)
