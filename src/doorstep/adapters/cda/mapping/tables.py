"""The tables as files of text: read, checked, put together. A set is a mapping of file names to texts; ``standard()``
is the one that comes with Doorstep."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from importlib import resources
from typing import Final, TypeVar

from doorstep.adapters.cda.mapping import grammar
from doorstep.adapters.cda.mapping.rows import Left, Link, Made, Row, Tables
from doorstep.adapters.cda.mapping.transforms import TRANSFORMS
from doorstep.adapters.hl7v2.mapping.grammar import Wrong, path_of
from doorstep.adapters.hl7v2.mapping.tables import TablesWrong

ROW: Final = ("source", "when", "path", "as", "values", "note")
RESOURCE: Final = ("at", "when", "name", "type", "write", "key", "needs", "note")
SECTION: Final = ("code", "name", "note")
LINK: Final = ("inner", "outer", "path", "note")
IGNORED: Final = ("name", "when", "note")
VALUE: Final = ("from", "to", "note")
WRITES: Final = ("create", "put")
__all__ = ["TablesWrong", "standard", "standard_files", "tables_of"]
T = TypeVar("T")


class _Reader:
    def __init__(self, files: Mapping[str, str]) -> None:
        self._files, self.faults = files, list[str]()

    def table(self, name: str, columns: tuple[str, ...], made: Callable[[str, dict[str, str]], T]) -> list[T]:
        """The lines of a file; what is wrong with one is a fault with its place."""
        return list(self._lines(name, columns, made)) if name in self._files else []

    def folder(
        self, folder: str, columns: tuple[str, ...], made: Callable[[str, dict[str, str]], T]
    ) -> dict[str, list[T]]:
        """The tables of a folder by their names."""
        names = sorted(n for n in self._files if n.startswith(f"{folder}/") and n.endswith(".csv"))
        return {n.removeprefix(f"{folder}/").removesuffix(".csv"): self.table(n, columns, made) for n in names}

    def _lines(self, name: str, columns: tuple[str, ...], made: Callable[[str, dict[str, str]], T]) -> Iterator[T]:
        reader = csv.DictReader(io.StringIO(self._files[name]))
        if tuple(reader.fieldnames or ()) != columns:
            self.faults.append(f"{name}:1: the columns must be {','.join(columns)}")
            return
        for cells in reader:
            place = f"{name}:{reader.line_num}"
            if None in cells or None in cells.values():
                self.faults.append(f"{place}: there must be {len(columns)} cells")
            elif any(cells.values()):
                try:
                    yield made(place, {column: cells[column].strip() for column in columns})
                except Wrong as error:
                    self.faults.append(f"{place}: {error}")


def tables_of(files: Mapping[str, str]) -> Tables:
    """Read and check a set. Raises ``TablesWrong`` with all faults."""
    reader = _Reader(files)
    made: dict[str, list[Made]] = {}
    for each in reader.table("resources.csv", RESOURCE, _made):
        made.setdefault(each.at, []).append(each)
    ignored: dict[str, list[Left]] = {}
    for left in reader.table("ignored.csv", IGNORED, _left):
        ignored.setdefault(left.name, []).append(left)
    found = Tables(
        version=_version(files, reader.faults),
        sections=dict(reader.table("sections.csv", SECTION, lambda _, c: (c["code"], c["name"]))),
        made={name: tuple(each) for name, each in made.items()},
        rows={name: tuple(each) for name, each in reader.folder("resources", ROW, _row).items()},
        datatypes={name: tuple(each) for name, each in reader.folder("datatypes", ROW, _row).items()},
        links=tuple(reader.table("links.csv", LINK, _link)),
        ignored={name: tuple(each) for name, each in ignored.items()},
        values={name: dict(each) for name, each in reader.folder("values", VALUE, _pair).items()},
    )
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


def _version(files: Mapping[str, str], faults: list[str]) -> str:
    try:
        said = tomllib.loads(files.get("tables.toml", ""))
        return f"{said['name']} {said['version']}"
    except (tomllib.TOMLDecodeError, KeyError) as error:
        faults.append(f"tables.toml: name and version: {error}")
        return ""


def _pair(_: str, cells: dict[str, str]) -> tuple[str, str]:
    return cells["from"], cells["to"]


def _made(_: str, cells: dict[str, str]) -> Made:
    if cells["write"] not in WRITES:
        raise Wrong(f"write is one of {', '.join(WRITES)}")
    return Made(
        cells["at"], grammar.condition_of(cells["when"]), cells["name"], cells["type"], cells["write"],
        grammar.key_of(cells["key"]), tuple(cells["needs"].split()),
    )  # fmt: skip


def _row(rule: str, cells: dict[str, str]) -> Row:
    path = path_of(cells["path"].removesuffix("!"))
    return Row(
        grammar.source_of(cells["source"]), grammar.condition_of(cells["when"]), path, cells["path"].rstrip("!"),
        cells["as"] or "string", cells["values"], rule, any(step.index == "" for step in path),
        cells["path"].endswith("!"),
    )  # fmt: skip


def _link(_: str, cells: dict[str, str]) -> Link:
    return Link(cells["inner"], cells["outer"], path_of(cells["path"]))


def _left(_: str, cells: dict[str, str]) -> Left:
    return Left(cells["name"], grammar.condition_of(cells["when"]))


def _dangling(tables: Tables) -> Iterator[str]:
    """What a table names and no table has."""
    names = {made.name for each in tables.made.values() for made in each}
    for name in names - tables.rows.keys():
        yield f"resources.csv: there is no resources/{name}.csv"
    for name in tables.rows.keys() - names:
        yield f"resources/{name}.csv: no line of resources.csv makes a {name}"
    for link in tables.links:
        yield from (f"links.csv: nothing makes a {each}" for each in (link.inner, link.outer) if each not in names)
    for folder in (tables.rows, tables.datatypes):
        for row in (row for table in folder.values() for row in table):
            yield from _unknown(row, tables, names)


def _unknown(row: Row, tables: Tables, names: set[str]) -> Iterator[str]:
    if row.transform not in TRANSFORMS and row.transform not in tables.datatypes:
        yield f"{row.rule}: no conversion or datatype {row.transform}"
    if row.values and row.values not in tables.values:
        yield f"{row.rule}: no value map {row.values}"
    if row.source.kind == "resource" and row.source.text not in names:
        yield f"{row.rule}: nothing makes a {row.source.text}"
