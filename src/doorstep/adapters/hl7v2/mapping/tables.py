"""The tables as files of text: read, checked, put together. A set is a mapping of file names to texts, so that it may
come from a folder or from a database; ``standard()`` is the one that comes with Doorstep."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from typing import Final, TypeVar

from doorstep.adapters.hl7v2.mapping import grammar
from doorstep.adapters.hl7v2.mapping.grammar import Source, Step, Test, Wrong
from doorstep.adapters.hl7v2.mapping.transforms import TRANSFORMS

ROW: Final = ("field", "when", "to", "path", "as", "values", "note")
PART: Final = ("part", "when", "path", "as", "values", "note")
RESOURCE: Final = ("segment", "when", "name", "type", "write", "key", "within", "needs", "note")
KIND: Final = ("message", "trigger", "table", "segments", "note")
VALUE: Final = ("from", "to", "note")
WRITES: Final = ("update", "create", "put", "each")
NOWHERE: Final = "-"
T = TypeVar("T")


class TablesWrong(Exception):
    """Tables that cannot be used: each fault with its file and line."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a segment's or datatype's table; in a datatype's ``to`` is empty; ``-``: nothing is made of it."""

    source: Source
    when: tuple[Test, ...]
    to: str
    path: tuple[Step, ...]
    shown: str
    transform: str
    values: str
    rule: str


@dataclass(frozen=True, slots=True)
class Made:
    """A resource that a segment begins: its name in the tables, its type, how it is written, its key, the resource
    within whose part of the message it lives, the elements without which it is left out or the message refused."""

    segment: str
    when: tuple[Test, ...]
    name: str
    type: str
    write: str
    key: tuple[tuple[str, ...], ...]
    within: str
    needs: tuple[str, ...]
    refuses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """What is made of a message: by which table (``-``: none; ``note`` says why), and which segments it must have."""

    table: str
    segments: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What concerns one table of messages: its resources, the rows of each segment that fill them, and the fields of
    each segment that any row looks at."""

    made: tuple[Made, ...]
    rows: Mapping[str, tuple[Row, ...]]
    covered: Mapping[str, frozenset[int]]


@dataclass(frozen=True, slots=True)
class Tables:
    """A set of tables, checked. ``version`` is its name and version, as it is kept beside what it made."""

    version: str
    kinds: Mapping[tuple[str, str], Kind]
    messages: Mapping[str, tuple[Made, ...]]
    segments: Mapping[str, tuple[Row, ...]]
    datatypes: Mapping[str, tuple[Row, ...]]
    values: Mapping[str, Mapping[str, str]]
    plans: Mapping[str, Plan]

    def kind(self, message: str, trigger: str) -> Kind | None:
        """What is made of a message of this type and trigger; None where the tables do not know its type."""
        return self.kinds.get((message, trigger)) or self.kinds.get((message, "*"))


@dataclass(slots=True)
class _Reader:
    files: Mapping[str, str]
    faults: list[str] = field(default_factory=list)

    def lines(self, name: str, columns: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
        reader = csv.DictReader(io.StringIO(self.files[name]))
        if tuple(reader.fieldnames or ()) != columns:
            self.faults.append(f"{name}:1: the columns must be {','.join(columns)}")
            return
        for cells in reader:
            if None in cells or None in cells.values():
                self.faults.append(f"{name}:{reader.line_num}: there must be {len(columns)} cells")
            elif any(cells.values()):
                yield f"{name}:{reader.line_num}", {column: cells[column].strip() for column in columns}

    def table(
        self, name: str, columns: tuple[str, ...], made: Callable[[str, dict[str, str]], T]
    ) -> Iterator[tuple[str, T]]:
        for rule, cells in self.lines(name, columns):
            try:
                yield rule, made(rule, cells)
            except Wrong as error:
                self.faults.append(f"{rule}: {error}")

    def folder(self, folder: str) -> Iterator[tuple[str, str]]:
        for name in sorted(self.files):
            if name.startswith(f"{folder}/") and name.endswith(".csv"):
                yield name.removeprefix(f"{folder}/").removesuffix(".csv"), name


def tables_of(files: Mapping[str, str]) -> Tables:
    """Read and check a set. Raises ``TablesWrong`` with all faults."""
    reader = _Reader(files)
    version = _version(reader)
    kinds = _kinds(reader) if "kinds.csv" in files else {}
    messages = {
        name: tuple(each for _, each in reader.table(file, RESOURCE, _made)) for name, file in reader.folder("messages")
    }
    segments = {
        name: tuple(each for _, each in reader.table(file, ROW, _row)) for name, file in reader.folder("segments")
    }
    datatypes = {
        name: tuple(each for _, each in reader.table(file, PART, _part)) for name, file in reader.folder("datatypes")
    }
    values = {
        name: {c["from"]: c["to"] for _, c in reader.lines(file, VALUE)} for name, file in reader.folder("values")
    }
    plans = {name: _plan(made, segments) for name, made in messages.items()}
    found = Tables(version, kinds, messages, segments, datatypes, values, plans)
    reader.faults += _dangling(found)
    if reader.faults:
        raise TablesWrong(reader.faults)
    return found


def standard_files() -> dict[str, str]:
    """The files of the set that comes with Doorstep, its cases included."""
    root = resources.files(__package__) / "standard"
    return {
        f"{folder.name}/{file.name}" if folder.is_dir() else folder.name: file.read_text("utf-8")
        for folder in root.iterdir()
        for file in (folder.iterdir() if folder.is_dir() else [folder])
    }


@lru_cache(maxsize=1)
def standard() -> Tables:
    """The set that comes with Doorstep."""
    return tables_of(standard_files())


def _plan(made: tuple[Made, ...], segments: Mapping[str, tuple[Row, ...]]) -> Plan:
    names = {each.name for each in made} | {NOWHERE}
    rows = {segment: tuple(row for row in table if row.to in names) for segment, table in segments.items()}
    covered: dict[str, set[int]] = {}
    for segment, table in rows.items():
        for row in table:
            for source in (row.source, *(test.source for test in row.when)):
                if source.numbers:
                    covered.setdefault(source.segment or segment, set()).add(source.numbers[0])
    return Plan(made, rows, {segment: frozenset(numbers) for segment, numbers in covered.items()})


def _version(reader: _Reader) -> str:
    try:
        said = tomllib.loads(reader.files.get("tables.toml", ""))
        return f"{said['name']} {said['version']}"
    except (tomllib.TOMLDecodeError, KeyError) as error:
        reader.faults.append(f"tables.toml: name and version: {error}")
        return ""


def _kinds(reader: _Reader) -> dict[tuple[str, str], Kind]:
    return {
        (cells["message"], trigger): Kind(cells["table"], tuple(cells["segments"].split()), cells["note"])
        for _, cells in reader.lines("kinds.csv", KIND)
        for trigger in cells["trigger"].split()
    }


def _made(rule: str, cells: dict[str, str]) -> Made:
    if cells["write"] not in WRITES:
        raise Wrong(f"write is one of {', '.join(WRITES)}")
    needs = cells["needs"].split()
    return Made(
        cells["segment"], grammar.condition_of(cells["when"]), cells["name"], cells["type"], cells["write"],
        grammar.key_of(cells["key"]), cells["within"], tuple(n.rstrip("!") for n in needs),
        tuple(n.rstrip("!") for n in needs if n.endswith("!")),
    )  # fmt: skip


def _row(rule: str, cells: dict[str, str]) -> Row:
    return _line(rule, cells, cells["field"], cells["to"])


def _part(rule: str, cells: dict[str, str]) -> Row:
    return _line(rule, cells, cells["part"], "")


def _line(rule: str, cells: dict[str, str], source: str, to: str) -> Row:
    path = () if to == NOWHERE else grammar.path_of(cells["path"])
    made = cells["as"] or "string"
    return Row(
        grammar.source_of(source), grammar.condition_of(cells["when"]), to, path, cells["path"], made, cells["values"],
        rule,
    )  # fmt: skip


def _dangling(tables: Tables) -> Iterator[str]:
    """What a table names and no table has."""
    names = {made.name for each in tables.messages.values() for made in each}
    rows = [row for folder in (tables.segments, tables.datatypes) for table in folder.values() for row in table]
    for row in rows:
        yield from _unknown(row, names, tables)
    for (message, trigger), kind in tables.kinds.items():
        if kind.table != NOWHERE and kind.table not in tables.messages:
            yield f"kinds.csv: {message}^{trigger}: no table messages/{kind.table}.csv"
    for name, each in tables.messages.items():
        mine = {made.name for made in each} | {""}
        yield from (f"messages/{name}.csv: no {made.within} is made here" for made in each if made.within not in mine)


def _unknown(row: Row, names: set[str], tables: Tables) -> Iterator[str]:
    if row.to not in names | {"", NOWHERE}:
        yield f"{row.rule}: no message makes a {row.to}"
    if row.transform not in TRANSFORMS and row.transform not in tables.datatypes:
        yield f"{row.rule}: no conversion or datatype {row.transform}"
    if row.values and row.values not in tables.values:
        yield f"{row.rule}: no value map {row.values}"
    if row.source.kind == "resource" and row.source.text not in names:
        yield f"{row.rule}: no message makes a {row.source.text}"
