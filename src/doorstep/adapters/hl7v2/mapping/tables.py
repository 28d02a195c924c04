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
from doorstep.adapters.hl7v2.mapping.grammar import Wrong
from doorstep.adapters.hl7v2.mapping.rows import NOWHERE, Kind, Made, Row, Tables, Written, plan_of
from doorstep.adapters.hl7v2.mapping.transforms import TRANSFORMS
from doorstep.adapters.hl7v2.mapping.writers import WRITERS

ROW: Final = ("field", "when", "to", "path", "as", "values", "note")
PART: Final = ("part", "when", "path", "as", "values", "note")
RESOURCE: Final = ("segment", "when", "name", "type", "write", "key", "within", "needs", "note")
KIND: Final = ("message", "trigger", "table", "segments", "note")
VALUE: Final = ("from", "to", "note")
OUTWARD: Final = ("segment", "each", "field", "path", "as", "values", "note")
WRITES: Final = ("update", "create", "put", "each")
T = TypeVar("T")


class TablesWrong(Exception):
    """Tables that cannot be used: each fault with its file and line."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


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

    def folder(
        self, folder: str, columns: tuple[str, ...], made: Callable[[str, dict[str, str]], T]
    ) -> dict[str, tuple[T, ...]]:
        """The tables of a folder by their names."""
        return {
            name.removeprefix(f"{folder}/").removesuffix(".csv"): tuple(self._table(name, columns, made))
            for name in sorted(self.files)
            if name.startswith(f"{folder}/") and name.endswith(".csv")
        }

    def _table(self, name: str, columns: tuple[str, ...], made: Callable[[str, dict[str, str]], T]) -> Iterator[T]:
        for rule, cells in self.lines(name, columns):
            try:
                yield made(rule, cells)
            except Wrong as error:
                self.faults.append(f"{rule}: {error}")


def tables_of(files: Mapping[str, str]) -> Tables:
    """Read and check a set. Raises ``TablesWrong`` with all faults."""
    reader = _Reader(files)
    version = _version(reader)
    kinds = _kinds(reader) if "kinds.csv" in files else {}
    messages = reader.folder("messages", RESOURCE, _made)
    segments = reader.folder("segments", ROW, _row)
    datatypes = reader.folder("datatypes", PART, _part)
    values = {name: dict(each) for name, each in reader.folder("values", VALUE, _pair).items()}
    outward = reader.folder("outbound", OUTWARD, _written)
    plans = {name: plan_of(made, segments) for name, made in messages.items()}
    names = {uri: name for name, uri in reversed(list(values.get("code-systems", {}).items()))}
    found = Tables(version, kinds, messages, segments, datatypes, values, plans, outward, names)
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


def _pair(rule: str, cells: dict[str, str]) -> tuple[str, str]:
    return cells["from"], cells["to"]


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
    taken = grammar.source_of(source)
    shown = NOWHERE if to == NOWHERE and source == "." else cells["path"]
    return Row(
        taken, grammar.condition_of(cells["when"]), to, path, shown, made, cells["values"],
        rule, any(step.index == "" for step in path),
        taken.numbers[0] if taken.numbers and not taken.segment else 0,
    )  # fmt: skip


def _written(rule: str, cells: dict[str, str]) -> Written:
    place = grammar.source_of(cells["field"])
    if not place.numbers or place.segment or (cells["as"] or "text") not in WRITERS:
        raise Wrong(f"no field or conversion: {cells['field']} {cells['as']}")
    constant = cells["path"][1:] if cells["path"].startswith("=") else ""
    path = () if constant or cells["path"] == "." else grammar.path_of(cells["path"])
    number, component = (*place.numbers, 0)[:2]
    made = cells["as"] or "text"
    return Written(cells["segment"], cells["each"], number, component, path, constant, made, cells["values"])


def _dangling(tables: Tables) -> Iterator[str]:
    """What a table names and no table has."""
    names = {made.name for each in tables.messages.values() for made in each}
    rows = [row for folder in (tables.segments, tables.datatypes) for table in folder.values() for row in table]
    for row in rows:
        yield from _unknown(row, names, tables)
    for (message, trigger), kind in tables.kinds.items():
        if kind.table != NOWHERE and kind.table not in tables.messages:
            yield f"kinds.csv: {message}^{trigger}: no table messages/{kind.table}.csv"
    yield from _unknown_names(tables)


def _unknown_names(tables: Tables) -> Iterator[str]:
    for name, lines in tables.outward.items():
        maps = {line.values for line in lines if line.values} - tables.values.keys()
        yield from (f"outbound/{name}.csv: no value map {each}" for each in sorted(maps))
    for name, table in tables.messages.items():
        mine = {made.name for made in table} | {""}
        yield from (f"messages/{name}.csv: no {made.within} is made here" for made in table if made.within not in mine)


def _unknown(row: Row, names: set[str], tables: Tables) -> Iterator[str]:
    if row.to not in names | {"", NOWHERE}:
        yield f"{row.rule}: no message makes a {row.to}"
    if row.transform not in TRANSFORMS and row.transform not in tables.datatypes:
        yield f"{row.rule}: no conversion or datatype {row.transform}"
    if row.values and row.values not in tables.values:
        yield f"{row.rule}: no value map {row.values}"
    if row.source.kind == "resource" and row.source.text not in names:
        yield f"{row.rule}: no message makes a {row.source.text}"
