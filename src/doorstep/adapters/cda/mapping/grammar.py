"""The small languages of the tables: where a value is taken from, conditions, keys. Paths in a resource are those of
the HL7 v2 tables.

A source is a path of elements from the one that a table is about: ``effectiveTime/low/@value`` (an attribute),
``consumable/manufacturedProduct/*/code`` (any element), ``..`` (the element around), ``.`` (itself),
``/componentOf/...`` (from the document's root), ``section/code`` (of the section around). A step may be narrowed:
``entryRelationship[@typeCode=MFST]``, ``observation[code/@code=SEV]``; several in a row must all hold.
Others: ``=text`` (a constant), ``&patient`` (a reference to that resource), ``$institution``, ``$section`` (the name
that ``sections.csv`` gives the section around), ``$document`` (a reference to the document).

A condition: tests joined by `` and ``: ``statusCode/@code=active|new``, ``@negationInd!=true``, ``value~regular
expression`` (found at the beginning), ``!~``, ``effectiveTime/high`` (it is there and says something), ``!...``,
``&encounter`` (there is such a resource). An element that carries ``nullFlavor`` says nothing, unless something else
stands in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from doorstep.adapters.hl7v2.mapping.grammar import Wrong

CONTEXT: Final = frozenset({"institution", "section", "document"})
_STEP: Final = re.compile(r"(\.\.|\.|\*|@?[A-Za-z][A-Za-z0-9:]*)((?:\[[^\[\]]+\])*)")
_PREDICATE: Final = re.compile(r"\[([^\[\]]+)\]")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a source: the name of an element (``*``, ``.``, ``..``) or attribute (``@code``), and its tests."""

    name: str
    tests: tuple[Test, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """``kind`` is ``path``, ``constant``, ``resource`` or ``context``; ``start`` of a path is "", ``/`` (the root) or
    ``section``."""

    kind: str
    text: str
    start: str = ""
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Test:
    """One test of a condition."""

    source: Source
    negated: bool
    values: frozenset[str] | None = None
    pattern: re.Pattern[str] | None = None


@lru_cache(maxsize=4096)
def source_of(text: str) -> Source:
    """Raises ``Wrong``."""
    if text.startswith("="):
        return Source("constant", text[1:])
    if text.startswith("&"):
        return Source("resource", text[1:])
    if text.startswith("$"):
        if text[1:] not in CONTEXT:
            raise Wrong(f"the context knows no {text}")
        return Source("context", text[1:])
    start = "/" if text.startswith("/") else "section" if text.startswith("section/") else ""
    parts = _split(text.removeprefix("/").removeprefix("section/" if start == "section" else ""), "/")
    return Source("path", text, start, tuple(_step(part, text) for part in parts))


def _step(part: str, text: str) -> Step:
    match = _STEP.fullmatch(part)
    if match is None:
        raise Wrong(f"no source: {text}")
    return Step(match[1], tuple(test_of(each) for each in _PREDICATE.findall(match[2])))


@lru_cache(maxsize=4096)
def condition_of(text: str) -> tuple[Test, ...]:
    """Raises ``Wrong``."""
    return tuple(test_of(each) for each in text.split(" and ")) if text else ()


@lru_cache(maxsize=4096)
def test_of(text: str) -> Test:
    """Raises ``Wrong``."""
    place, relation, wanted, negated = _parted(text.strip())
    source = source_of(place)
    turned = negated ^ relation.startswith("!")
    if not relation:
        return Test(source, turned)
    if relation.endswith("="):
        return Test(source, turned, frozenset(wanted.split("|")))
    try:
        return Test(source, turned, None, re.compile(wanted))
    except re.error as error:
        raise Wrong(f"no regular expression: {wanted} ({error})") from None


def _parted(text: str) -> tuple[str, str, str, bool]:
    """A test's source, relation, what is wanted, whether it is turned; brackets in the source are passed over."""
    negated, text = text.startswith("!"), text.removeprefix("!")
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter == "[") - (letter == "]")
        if depth == 0 and letter in "=~":
            turned = at > 0 and text[at - 1] == "!"
            return text[: at - turned], text[at - turned : at + 1], text[at + 1 :], negated
    return text, "", "", negated


def _split(text: str, mark: str) -> list[str]:
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "[") - (letter == "]")
        if letter == mark and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


@lru_cache(maxsize=1024)
def key_of(text: str) -> tuple[str, ...]:
    """A key: second choices after `` or ``: ``identifier`` (the first one that the resource has got), ``id`` (the
    statement's first id), ``place`` (the document's set or own number, the section, the kind and code of the
    statement, counted). Raises ``Wrong``."""
    found = tuple(choice.strip() for choice in text.split(" or "))
    if set(found) - {"identifier", "id", "place"}:
        raise Wrong(f"no key: {text}")
    return found
