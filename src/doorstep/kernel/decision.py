"""A yes or a no that can say why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to "may this be done?"; ``reason`` is a stable word, ``detail`` what a person needs to mend it."""

    allowed: bool
    reason: str = ""
    detail: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


class Refused(Exception):
    """Raised where a decision was no and nothing was done; ``trailed`` once the trail tells of it."""

    trailed = False

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.reason)
        self.decision = decision


class Stale(Refused):
    """Raised where the thing has changed since the person saw it."""

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(refuse("stale", expected=expected, found=found))


def allow() -> Decision:
    """A yes."""
    return Decision(True)


def refuse(reason: str, **detail: object) -> Decision:
    """A no with its reason and what it rests on."""
    return Decision(False, reason, MappingProxyType(detail))


def demand(decision: Decision) -> None:
    """Raise ``Refused`` unless the decision is a yes."""
    if not decision.allowed:
        raise Refused(decision)
