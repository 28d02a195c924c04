"""What a path of FHIRPath Patch is made of, once it is read: steps, and the tests of `where`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Literal: TypeAlias = "str | bool | tuple[str, str]"
"""A string, a boolean, or a number as `nodes.plain` writes it."""


@dataclass(frozen=True, slots=True)
class Child:
    """The children of this name; at the start of a path also the type of the resource."""

    name: str


@dataclass(frozen=True, slots=True)
class At:
    """The one at this index; -1 is the last."""

    index: int


@dataclass(frozen=True, slots=True)
class Where:
    """Those for which a test is true."""

    test: Test


@dataclass(frozen=True, slots=True)
class OfType:
    """Those of this type."""

    type: str


Step: TypeAlias = Child | At | Where | OfType
Path: TypeAlias = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """Whether what the path leads to equals a literal; `equal` False asks for the opposite."""

    path: Path
    equal: bool
    literal: Literal


@dataclass(frozen=True, slots=True)
class Exists:
    """Whether the path leads to anything (`wanted`), or to nothing."""

    path: Path
    wanted: bool


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; unknown stays unknown."""

    test: Test


@dataclass(frozen=True, slots=True)
class Both:
    """Two tests, joined by `and` or `or`."""

    word: str
    left: Test
    right: Test


Test: TypeAlias = Compare | Exists | Not | Both
