"""Sets of mapping tables as an institution keeps them: which files there may be, what changed between two sets, whether
a set meets its own cases, and its lines in words."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from re import _constants as sre  # type: ignore[attr-defined]  # the names of what re has read, untyped
from re import _parser  # type: ignore[attr-defined]  # as above
from typing import Any, Final

from doorstep.adapters.hl7v2 import mapping
from doorstep.kernel.decision import Decision, allow, refuse

NAME: Final = re.compile(
    r"kinds\.csv|(?:messages|segments|datatypes|values|outbound)/[A-Za-z0-9_-]{1,40}\.csv"
    r"|cases/[a-z0-9-]{1,60}\.(?:hl7|json)"
)
MOST_FILES: Final = 400
MOST_CHARACTERS: Final = 200_000
"""Of one file."""
MOST_REPEATS: Final = 3
"""Unbounded repeats in one pattern: matching then takes at most the cube of 300 characters' steps, not forever."""
PROVING: Final = mapping.Context("91430000000000000X", "urn:doorstep:endpoint:test", organisation_name="山口医院")
"""Under what the cases of a set are run; the standard cases expect its ids."""
FOLDERS: Final = ("kinds.csv", "messages", "segments", "datatypes", "values", "outbound", "cases")


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of checking a set: faults of its files, and of each case what is otherwise than expected."""

    faults: tuple[str, ...]
    cases: Mapping[str, tuple[str, ...]]

    @property
    def holds(self) -> bool:
        """Whether the set may be put in use: sound, with cases, and all of them met."""
        return not self.faults and bool(self.cases) and not any(self.cases.values())


def file(name: str, text: str) -> Decision:
    """Whether a file may stand in a set."""
    if not NAME.fullmatch(name):
        return refuse("mapping.name", name=name[:80])
    if len(text) > MOST_CHARACTERS or "\0" in text:
        return refuse("mapping.too_long", limit=MOST_CHARACTERS)
    return allow()


def titled(files: Mapping[str, str], number: int) -> dict[str, str]:
    """The files of a set with the name under which messages remember it."""
    return {**files, "tables.toml": f'name = "own"\nversion = "{number}"\n'}


def faults_of(files: Mapping[str, str]) -> tuple[str, ...]:
    """What is wrong with a set, each with its file and line; what cannot be matched in bounded time is wrong too."""
    try:
        tables = mapping.tables_of(files)
    except mapping.TablesWrong as wrong:
        return tuple(wrong.faults)
    known = set(_patterns(mapping.standard()))
    return tuple(f"{rule}: {text[:60]}: *, +" for text, rule in _ruled(tables) if text not in known and is_slow(text))


def prove(files: Mapping[str, str]) -> Proof:
    """Check a set and run its cases."""
    if faults := faults_of(files):
        return Proof(faults, {})
    tables = mapping.tables_of(files)
    return Proof((), {name: tuple(_proved(tables, *case)) for name, case in mapping.cases_of(files).items()})


def _proved(tables: mapping.Tables, message: str, expected: str) -> list[str]:
    try:
        return mapping.prove(tables, message, expected, PROVING)[:50]
    except Exception as error:  # noqa: BLE001  whatever the tables made of it, the mapper is told which case
        return [type(error).__name__]


def _ruled(tables: mapping.Tables) -> Iterator[tuple[str, str]]:
    for folder in (tables.segments, tables.datatypes):
        for row in (row for table in folder.values() for row in table):
            yield from ((test.pattern.pattern, row.rule) for test in row.when if test.pattern)
    for name, made in tables.messages.items():
        for each in made:
            yield from ((test.pattern.pattern, f"messages/{name}.csv") for test in each.when if test.pattern)


def _patterns(tables: mapping.Tables) -> Iterator[str]:
    return (text for text, _rule in _ruled(tables))


def is_slow(pattern: str) -> bool:
    """Whether a regular expression could take very long: a repeat of a repeat or of a choice, or too many repeats."""
    try:
        parsed = _parser.parse(pattern)
    except (re.error, RecursionError, OverflowError):
        return True
    repeats = list(_repeats(parsed))
    return len(repeats) > MOST_REPEATS or not all(repeats)


_PLAIN: Final = frozenset({sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN, sre.CATEGORY})


def _repeats(parsed: Any) -> Iterator[bool]:
    """Of each repeat that may be long whether it repeats one plain character; of what refers back, no."""
    for kind, value in parsed:
        if kind in (sre.MAX_REPEAT, sre.MIN_REPEAT) or kind is sre.POSSESSIVE_REPEAT:
            _low, high, inner = value
            if high > 1:
                yield len(inner) == 1 and inner[0][0] in _PLAIN
            else:
                yield from _repeats(inner)
        elif kind in (sre.GROUPREF, sre.GROUPREF_EXISTS):
            yield False
        else:
            yield from (each for inner in _inside(value) for each in _repeats(inner))


def _inside(value: Any) -> Iterator[Any]:
    if isinstance(value, _parser.SubPattern):
        yield value
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _inside(each)


Change = tuple[str, str]
"""A line of a comparison: "+", "-", "@" or " ", and its text."""


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[tuple[str, list[Change]]]:
    """What changed between two sets, a file each, as lines; names of sets are not compared."""
    names = sorted((before.keys() | after.keys()) - {"tables.toml"})
    return [
        (name, list(_lines(before.get(name, ""), after.get(name, ""))))
        for name in names
        if before.get(name) != after.get(name)
    ]


def _lines(before: str, after: str) -> Iterator[Change]:
    for line in list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2))[2:]:
        yield line[0], line[1:] if line[0] != "@" else line


def folders(files: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """The names of the files by their folders, in the order in which a mapper reads them."""
    return [
        (folder, found)
        for folder in FOLDERS
        if (found := sorted(name for name in files if name == folder or name.startswith(f"{folder}/")))
    ]


def rows(text: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """A table as its columns, and its rows each with the line at which faults and previews name it."""
    reader = csv.reader(io.StringIO(text))
    found = [(reader.line_num, row) for row in reader if any(row)]
    return (found[0][1], found[1:]) if found else ([], [])
