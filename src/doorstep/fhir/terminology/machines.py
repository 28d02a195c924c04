"""A machine that reads a text letter by letter, in all its states at once (Thompson, 1968)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from doorstep.fhir.problems import FhirProblem

Test = Callable[[str], bool]
# Steps taken for the first time, each as heavy as the nodes that it leaves: about a second's work.
_MOST_WORK: Final = 2_000_000


class Node:
    """A step: what it must read (None: nothing), and the nodes that may follow."""

    __slots__ = ("after", "reads")

    def __init__(self, reads: Test | None = None) -> None:
        self.reads = reads
        self.after: list[Node] = []


# A piece of the machine: its first node, and its last, which reads nothing and leads nowhere yet.
Piece = tuple[Node, Node]


class Machine:
    """A machine made of a piece; its deterministic states are made as texts reach them."""

    def __init__(self, piece: Piece, text: str) -> None:
        first, self._last = piece
        self._text = text
        self._work = 0
        self._start = _closure([first])
        self._steps: dict[tuple[frozenset[Node], str], frozenset[Node]] = {}

    def matches(self, text: str) -> bool:
        """Say whether the whole text fits; FhirProblem bad-pattern where that became too much work."""
        state = self._start
        for letter in text:
            state = self._step(state, letter)
            if not state:
                return False
        return self._last in state

    def _step(self, state: frozenset[Node], letter: str) -> frozenset[Node]:
        known = self._steps.get((state, letter))
        if known is None:
            self._work += len(state)
            if self._work > _MOST_WORK:
                raise FhirProblem("bad-pattern", pattern=self._text)
            known = _closure(after for node in state if node.reads and node.reads(letter) for after in node.after)
            self._steps[state, letter] = known
        return known


def _closure(nodes: Iterable[Node]) -> frozenset[Node]:
    found = set(nodes)
    todo = list(found)
    while todo:
        node = todo.pop()
        if node.reads is None:
            fresh = [after for after in node.after if after not in found]
            found.update(fresh)
            todo.extend(fresh)
    return frozenset(found)
