"""The small languages of the tables: sources, conditions, paths in a resource, keys.

A source: ``3`` or ``3.1`` or ``3.4.2`` (a field, component, subcomponent; in a datatype's table a component and
subcomponent), ``PV1-19.1`` (of the nearest segment of that name before), ``.`` (the whole value), ``=text`` (a
constant), ``@patient`` (a reference to that resource), ``$institution`` (what the context says).

A condition: tests joined by `` and ``: ``2=NM|SN``, ``2!=NM``, ``5~regular expression`` (found at the beginning),
``5!~...``, ``8`` (there is something), ``!8`` (there is nothing), ``!5[2]`` (no second repetition), ``@order`` (there
is such a resource), ``@after=OBX|RXA`` (the segment before, notes apart).

A path: ``name[].family``; ``[]`` one more element for each value, ``[0]`` that element, ``[x]`` the element that the
rows of one segment share by that word; ``comment+`` adds a line to the text. A place that is filled is not filled
again: the first row that gives something wins, so that what stands lower is the second choice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_SOURCE: Final = re.compile(
    r"(?:([A-Z][A-Z0-9]{2})-)?([0-9]{1,3})(?:\[([1-9])\])?(?:\.([0-9]{1,2}))?(?:\.([0-9]{1,2}))?"
)
_STEP: Final = re.compile(r"([a-z][A-Za-z]*)(?:\[([a-z0-9]*)\]|(\+))?")
_TEST: Final = re.compile(r"(!?)(@?[A-Za-z0-9.\[\]-]+?)(?:(!?[=~])(.*))?", re.DOTALL)
LINES: Final = "+"
CONTEXT: Final = frozenset({"institution"})


class Wrong(Exception):
    """A cell of a table that cannot be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value is taken from: ``kind`` is ``value``, ``constant``, ``resource`` or ``context``."""

    kind: str
    text: str
    segment: str = ""
    numbers: tuple[int, ...] = ()
    repetition: int = 1


@dataclass(frozen=True, slots=True)
class Test:
    """One test of a condition."""

    source: Source
    negated: bool
    values: frozenset[str] | None = None
    pattern: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: ``index`` is None for a plain element, "" for one more, else a number or a shared word."""

    name: str
    index: str | None


@lru_cache(maxsize=4096)
def source_of(text: str) -> Source:
    """Raises ``Wrong``."""
    if text.startswith("="):
        return Source("constant", text[1:])
    if text.startswith("@"):
        return Source("resource", text[1:])
    if text.startswith("$"):
        if text[1:] not in CONTEXT:
            raise Wrong(f"the context knows no {text}")
        return Source("context", text[1:])
    if text == ".":
        return Source("value", text)
    match = _SOURCE.fullmatch(text)
    if match is None:
        raise Wrong(f"no source: {text}")
    segment, field, repetition, *parts = match.groups()
    numbers = tuple(int(n) for n in (field, *parts) if n)
    return Source("value", text, segment or "", numbers, int(repetition or 1))


@lru_cache(maxsize=4096)
def condition_of(text: str) -> tuple[Test, ...]:
    """Raises ``Wrong``."""
    return tuple(_test(each) for each in text.split(" and ")) if text else ()


@lru_cache(maxsize=4096)
def _test(text: str) -> Test:
    match = _TEST.fullmatch(text.strip())
    if match is None:
        raise Wrong(f"no condition: {text}")
    negated, place, relation, wanted = match.groups()
    source, turned = source_of(place), bool(negated) ^ bool(relation and relation[0] == "!")
    if not relation:
        return Test(source, turned)
    if relation[-1] == "=":
        return Test(source, turned, frozenset(wanted.split("|")))
    try:
        return Test(source, turned, None, re.compile(wanted))
    except re.error as error:
        raise Wrong(f"no regular expression: {wanted} ({error})") from None


def path_of(text: str) -> tuple[Step, ...]:
    """Raises ``Wrong``."""
    steps = []
    for part in text.split("."):
        match = _STEP.fullmatch(part)
        if match is None:
            raise Wrong(f"no path: {text}")
        steps.append(Step(match[1], match[2] if match[3] is None else LINES))
    return tuple(steps)


def key_of(text: str) -> tuple[tuple[str, ...], ...]:
    """A key: second choices after `` or ``, parts joined by ``+``: sources, ``identifier`` (the resource's first one;
    ``identifier:MR`` the first of that type), ``#`` (the segment's number in the message), ``*`` (the control id);
    one with ``?`` may be missing. Raises ``Wrong``."""
    found = tuple(tuple(part.strip() for part in choice.split("+")) for choice in text.split(" or "))
    for choice in found:
        for part in choice:
            if part not in ("#", "*") and not part.startswith("identifier"):
                source_of(part.rstrip("?"))
    return found
