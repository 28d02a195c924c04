"""What is told of a document: why it cannot be read, and what of it went nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong or left out: a reason code, the place (``过敏史 (48765-2) entry[2]/act``), the line of the text,
    and what the words need. Never a value of the patient's."""

    code: str
    place: str = ""
    line: int | None = None
    column: int | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


class Unreadable(Exception):
    """Bytes that are no CDA document, or one that cannot be used as a whole: ``problem`` says why and where."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.code} at {problem.place or problem.line}")
        self.problem = problem
