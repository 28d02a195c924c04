"""Where the sources of the tables lead in one document, and what of it was looked at.

Each search from an element outwards (``..``, ``section/``, ``/``) is remembered, so that a thousand siblings that ask
the same do not each look at all the others: the work stays in proportion to the text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from doorstep.adapters.cda.mapping.grammar import Source, Step, Test
from doorstep.adapters.cda.shapes import Problem, Unreadable
from doorstep.adapters.cda.tree import Node

TOUCHED: Final = 1
WHOLE: Final = 2
FACTOR: Final = 20
LEAST: Final = 4 << 20
LOOKED_AT: Final = 300
"""Letters of a text that a regular expression is asked about."""
SAYS_NOTHING: Final = frozenset({"nullFlavor", "xsi:type", "classCode", "typeCode", "moodCode", "determinerCode"})


@dataclass(frozen=True, slots=True)
class Value:
    """What a source leads to: an element, or the text of one of its attributes (``attribute`` is its name)."""

    node: Node
    attribute: str = ""


class Finder:
    """Follows sources in one document; ``steps`` counts the elements that were looked at, ``letters`` those of texts.

    Many entries may refer to one long text: a document whose texts are read ``FACTOR`` times over is refused
    (``cda-too-costly``).
    """

    def __init__(self, root: Node, size: int) -> None:
        self.root, self.steps, self.letters = root, 0, 0
        self._most = max(LEAST, FACTOR * size)
        self._texts: dict[int, str] = {}
        self._known: dict[tuple[int, tuple[Step, ...]], list[Value]] = {}
        self._named: dict[str, Node] | None = None

    def values(self, source: Source, node: Node, section: Node | None) -> list[Value]:
        """All that a path leads to and that says something."""
        if source.start:
            start = self.root if source.start == "/" else section
            return self._remembered(start, source.steps) if start is not None else []
        steps, start, outwards = source.steps, node, 0
        while outwards < len(steps) and steps[outwards].name == "..":
            if start.parent is None:
                return []
            start, outwards = start.parent, outwards + 1
        return self._remembered(start, steps[outwards:]) if outwards else self._follow(start, steps)

    def holds(self, tests: tuple[Test, ...], node: Node, section: Node | None) -> bool:
        """Whether all tests of paths hold at an element."""
        return all(self.holds_one(test, node, section) for test in tests)

    def holds_one(self, test: Test, node: Node, section: Node | None) -> bool:
        """Whether one test of a path holds; of several values one is enough."""
        found = self.values(test.source, node, section)
        if test.values is not None:
            met = any(self.text(each) in test.values for each in found) if found else "" in test.values
        elif test.pattern is not None:
            met = any(test.pattern.match(self.text(each)[:LOOKED_AT]) for each in found)
        else:
            met = bool(found)
        return met != test.negated

    def text(self, value: Value) -> str:
        """The text of a value; an element that refers to the narrative (``reference``) has the text there. Raises
        ``Unreadable`` where too much was read already."""
        said = value.node.get(value.attribute) if value.attribute else self._text(value.node)
        self.letters += len(said)
        if self.letters > self._most:
            raise Unreadable(Problem("cda-too-costly", "", value.node.line, 1))
        return said

    def _text(self, node: Node) -> str:
        said = self._texts.get(id(node))
        if said is None:
            said = node.text
            reference = node.first("reference") if not said else None
            target = reference.get("value") if reference is not None else ""
            there = self._by_id().get(target[1:]) if target.startswith("#") else None
            said = self._texts[id(node)] = there.text if there is not None else said
        return said

    def _by_id(self) -> dict[str, Node]:
        if self._named is None:
            self._named = {node.get("ID"): node for node in reversed(list(self.root.walk())) if node.get("ID")}
        return self._named

    def _remembered(self, node: Node, steps: tuple[Step, ...]) -> list[Value]:
        key = (id(node), steps)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._follow(node, steps)
        return found

    def _follow(self, node: Node, steps: tuple[Step, ...]) -> list[Value]:
        here = [node]
        for step in steps:
            if step.name.startswith("@"):
                name = step.name[1:]
                return [Value(each, name) for each in here if each.get(name)]
            here = [child for each in here for child in self._children(each, step.name)]
            self.steps += len(here) + 1
            if step.tests:
                here = [each for each in here if self.holds(step.tests, each, None)]
        return [Value(each) for each in here if says(each)]

    def _children(self, node: Node, name: str) -> list[Node]:
        if name == ".":
            return [node]
        if name == "..":
            return [node.parent] if node.parent is not None else []
        return node.children if name == "*" else node.all(name)


def says(node: Node) -> bool:
    """Whether something stands in an element: an attribute that says something, text, an element."""
    if any(value.strip() for name, value in node.attributes.items() if name not in SAYS_NOTHING):
        return True
    return bool(node.children) or any(isinstance(each, str) and not each.isspace() for each in node.content)


def take(value: Value) -> None:
    """Mark what was used: an element with all in it, or the element that carries an attribute; and those around, as
    touched."""
    node = value.node
    if value.attribute:
        node.taken = max(node.taken, TOUCHED)
    else:
        stack = [node]
        while stack:
            one = stack.pop()
            if one.taken < WHOLE:
                one.taken = WHOLE
                stack += one.children
    around = node.parent
    while around is not None and not around.taken:
        around.taken = TOUCHED
        around = around.parent
