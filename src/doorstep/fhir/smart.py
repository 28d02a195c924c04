"""Clinical scopes of SMART App Launch 2.2: `patient/Observation.rs?category=laboratory`; read, printed, narrowed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode

LEVELS: Final = ("patient", "user", "system")
LETTERS: Final = "cruds"
ANY: Final = "*"
_V1: Final = {"read": "rs", "write": "cud", "*": LETTERS}
"""The words of SMART 1, and what they mean in version 2 (SMART 2.2, scopes: v1 scopes)."""
_SHAPE: Final = re.compile(r"(patient|user|system)/(\*|[A-Z][A-Za-z]{1,40})\.([a-z]+|\*)(?:\?(\S{1,300}))?")


@dataclass(frozen=True, slots=True, order=True)
class Clinical:
    """What may be done: at which level, with which type (or any), by which letters, where a search must fit."""

    level: str
    type: str
    letters: str
    query: str = ""

    def __str__(self) -> str:
        """Return the scope as it is written in version 2."""
        tail = f"?{self.query}" if self.query else ""
        return f"{self.level}/{self.type}.{self.letters}{tail}"


def parse(text: str) -> Clinical | None:
    """Read one scope of version 2 or 1; None for what is no clinical scope, or not well-formed.

    Letters stand in the order of `cruds`; a search is of one type.
    """
    match = _SHAPE.fullmatch(text)
    if match is None:
        return None
    level, kind, said, query = match.groups()
    letters = _V1.get(said, said)
    if not _ordered(letters) or (query is not None and (kind == ANY or said in _V1)):
        return None
    if query is None:
        return Clinical(level, kind, letters)
    pairs = parse_qsl(query, keep_blank_values=True)
    if not pairs or any(not name or not value for name, value in pairs):
        return None
    return Clinical(level, kind, letters, _written(pairs))


def _ordered(letters: str) -> bool:
    return bool(letters) and letters == _letters(letters)


def _letters(some: Iterable[str]) -> str:
    found = set(some)
    return "".join(letter for letter in LETTERS if letter in found)


def _written(pairs: Iterable[tuple[str, str]]) -> str:
    return urlencode(sorted(set(pairs)), safe=":/|,")


def narrowed(asked: Iterable[Clinical], allowed: Sequence[Clinical]) -> tuple[Clinical, ...]:
    """Return what is both asked and allowed, in the order asked; where both name a search, both must fit."""
    found: dict[Clinical, None] = {}
    for wish in asked:
        for limit in allowed:
            both = _both(wish, limit)
            if both is not None:
                found[both] = None
    return tuple(each for each in found if not any(each != other and _within(each, other) for other in found))


def _both(one: Clinical, other: Clinical) -> Clinical | None:
    letters = _letters(set(one.letters) & set(other.letters))
    if one.level != other.level or not letters or (one.type != other.type and ANY not in (one.type, other.type)):
        return None
    kind = other.type if one.type == ANY else one.type
    return Clinical(one.level, kind, letters, _written([*parse_qsl(one.query), *parse_qsl(other.query)]))


def _within(one: Clinical, other: Clinical) -> bool:
    """Say whether all that one scope opens, another opens too."""
    return (
        one.level == other.level
        and other.type in (ANY, one.type)
        and set(one.letters) <= set(other.letters)
        and set(parse_qsl(other.query)) <= set(parse_qsl(one.query))
    )


@dataclass(frozen=True, slots=True)
class Opened:
    """What scopes of a level open for some letters: whole types (None: all), and types as far as a search fits."""

    types: frozenset[str] | None
    parts: tuple[tuple[str, str], ...] = ()

    def whole(self, kind: str) -> bool:
        """Say whether all resources of a type are opened ("": of every type)."""
        return self.types is None or kind in self.types

    def holds(self, kind: str) -> bool:
        """Say whether anything of a type is opened ("": anything at all)."""
        if not kind:
            return self.types is None or bool(self.types or self.parts)
        return self.whole(kind) or any(kind == part for part, _ in self.parts)


def opened(scopes: Iterable[Clinical], level: str, letters: str) -> Opened:
    """Return what the scopes of a level open for an interaction that needs all of these letters."""
    mine, need = [each for each in scopes if each.level == level], set(letters)
    plain: dict[str, set[str]] = {}
    for each in mine:
        if not each.query:
            plain.setdefault(each.type, set()).update(each.letters)
    everywhere = plain.pop(ANY, set())
    if need <= everywhere:
        return Opened(None)
    whole = frozenset(kind for kind, own in plain.items() if need <= own | everywhere)
    parts = {
        (each.type, each.query): None
        for each in mine
        if each.query and each.type not in whole and need <= {*each.letters, *plain.get(each.type, ()), *everywhere}
    }
    return Opened(whole, tuple(parts))
