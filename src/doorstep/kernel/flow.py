"""State machines as data: the states, the moves between them, who may make each move and what it makes due."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from doorstep.kernel.decision import Decision, allow, refuse

S = TypeVar("S", bound=StrEnum)
F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Move(Generic[S, F]):
    """One named step from any of the states in ``at`` to ``to``; ``due`` gives the deadline that it sets."""

    name: str
    at: frozenset[S]
    to: S
    permission: str
    needs: tuple[Callable[[F], Decision], ...] = ()
    due: Callable[[F], datetime | None] | None = None


@dataclass(frozen=True, slots=True)
class Flow(Generic[S, F]):
    """A whole workflow, checked once when its module is loaded.

    Raises ``ValueError`` when a state cannot be reached, has no way out, or a move leaves an end.
    """

    name: str
    states: type[S]
    start: S
    ends: frozenset[S]
    moves: tuple[Move[S, F], ...]
    _by_name: Mapping[str, Move[S, F]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_name = {m.name: m for m in self.moves}
        if len(by_name) != len(self.moves):
            raise ValueError(f"{self.name}: two moves share a name")
        if leaving := [m.name for m in self.moves if m.at & self.ends]:
            raise ValueError(f"{self.name}: moves leave an end state: {leaving}")
        if lost := set(self.states) - self._reachable():
            raise ValueError(f"{self.name}: unreachable states {sorted(lost)}")
        left = frozenset[S]().union(*(m.at for m in self.moves)) | self.ends
        if stuck := set(self.states) - left:
            raise ValueError(f"{self.name}: no way out of {sorted(stuck)}")
        object.__setattr__(self, "_by_name", by_name)

    def _reachable(self) -> set[S]:
        seen, todo = {self.start}, [self.start]
        while todo:
            here = todo.pop()
            fresh = {m.to for m in self.moves if here in m.at} - seen
            seen |= fresh
            todo.extend(fresh)
        return seen

    def move(self, name: str) -> Move[S, F]:
        """The move of that name; raises ``KeyError`` where there is none."""
        return self._by_name[name]

    def step(self, name: str, state: S, facts: F) -> tuple[Decision, S]:
        """The state that the move leads to, or a refusal and the state unchanged."""
        move = self._by_name[name]
        if state not in move.at:
            return refuse("wrong_state", move=name, state=state), state
        for need in move.needs:
            verdict = need(facts)
            if not verdict.allowed:
                return verdict, state
        return allow(), move.to

    def open_moves(self, state: S) -> tuple[Move[S, F], ...]:
        """The moves that can be tried from this state: the buttons of its page."""
        return tuple(m for m in self.moves if state in m.at)

    def mermaid(self) -> str:
        """The picture of the flow for the documentation."""
        lines = ["stateDiagram-v2", f"  [*] --> {self.start}"]
        lines += [f"  {s} --> {m.to}: {m.name}" for m in self.moves for s in sorted(m.at)]
        lines += [f"  {s} --> [*]" for s in sorted(self.ends)]
        return "\n".join(lines)
