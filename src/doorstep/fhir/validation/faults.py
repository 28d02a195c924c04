"""A fault found on a walk: its place grows from the inside outwards, so that a clean walk builds no paths."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

# More are not looked for: a body of millions of faults would otherwise be answered by as many issues.
LIMIT: Final = 100
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_NAME: Final = 40


class Fault:
    """What is wrong: a code of `findings.WORDS`, the steps to its place (innermost first), what the words need."""

    __slots__ = ("code", "params", "steps")

    def __init__(self, code: str, *steps: str | int, **params: object) -> None:
        self.code = code
        self.steps: list[str | int] = list(steps)
        self.params = params

    def expression(self, root: str) -> str:
        """Return the FHIRPath of the place; names that are none are put between backticks."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{_name(step)}" for step in reversed(self.steps))
        return root + "".join(steps)


Faults = list[Fault]
Taker = Callable[[Any], Faults | None]


def _name(step: str) -> str:
    if len(step) <= _NAME and _PLAIN.fullmatch(step):
        return step
    cut = step if len(step) <= _NAME else step[: _NAME - 1] + "…"
    return "`" + "".join(c if c.isprintable() and c not in "`\\" else "_" for c in cut) + "`"


def within(step: str | int, inner: Faults, faults: Faults | None) -> Faults:
    """Move faults found below one step outwards and add them to those found before."""
    for fault in inner:
        fault.steps.append(step)
    if faults is None:
        return inner
    faults.extend(inner)
    return faults
