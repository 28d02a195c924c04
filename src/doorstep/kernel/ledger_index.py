"""The narrow tables beside the ledger: hot codes, strings, dates and numbers of what holds now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from psycopg import Cursor, sql

from doorstep.fhir.hashes import param_key
from doorstep.fhir.indexing import Index
from doorstep.fhir.parameters import parameters

HOT = frozenset({"Observation", "Condition", "MedicationRequest"})
DERIVED = ("name:pinyin", "near:latitude", "near:longitude")
TABLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "fhir_string": ("param, value, raw, id", ("int8", "text", "text", "text")),
    "fhir_date": ("param, lo, hi, id", ("int8", "timestamptz", "timestamptz", "text")),
    "fhir_number": ("param, lo, hi, id", ("int8", "float8", "float8", "text")),
}
Entry = tuple[str, str, UUID, Index]  # type, id, source, what is indexed of it


@cache
def keys_of(kind: str) -> list[int]:
    """Every key under which the narrow tables may hold values of a type."""
    return [param_key(kind, code) for code in (*parameters(kind), *DERIVED)]


def add(cursor: Cursor[Any], entries: Sequence[Entry]) -> None:
    """Add the rows of resources that have none yet."""
    for name, rows in (
        ("fhir_string", [(*row, key) for _, key, _, index in entries for row in index.strings]),
        ("fhir_date", [(*row, key) for _, key, _, index in entries for row in index.dates]),
        ("fhir_number", [(*row, key) for _, key, _, index in entries for row in index.numbers]),
    ):
        columns, kinds = TABLES[name]
        _copy(cursor, name, columns, kinds, rows)
    for kind in sorted(HOT & {entry[0] for entry in entries}):
        _copy(
            cursor, f"fhir_{kind.lower()}_code", "code, patient, at, id, source, sensitive",
            ("int8", "text", "timestamptz", "text", "uuid", "int4"),
            [
                (code, i.patient, i.at, key, whose, i.sensitive)
                for own, key, whose, i in entries if own == kind for code in i.codes
            ],
        )  # fmt: skip


def _copy(cursor: Cursor[Any], name: str, columns: str, kinds: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    rows = list(rows)
    if not rows:
        return
    with cursor.copy(f"COPY {name} ({columns}) FROM STDIN (FORMAT binary)") as out:
        out.set_types(kinds)
        for row in rows:
            out.write_row(row)


_REMOVE = "WITH {} SELECT".format(
    ", ".join(f"of_{n} AS (DELETE FROM {n} WHERE id = ANY(%(ids)s) AND param = ANY(%(params)s))" for n in TABLES)  # noqa: S608  # our own names
)


def remove(cursor: Cursor[Any], kind: str, ids: Sequence[str], patients: Sequence[str | None]) -> None:
    """Remove the rows of resources of one type, given with the patients that they had."""
    cursor.execute(_REMOVE, {"ids": list(ids), "params": keys_of(kind)})
    if kind in HOT:
        narrow = sql.Identifier(f"fhir_{kind.lower()}_code")
        of_patients = [(patient, key) for patient, key in zip(patients, ids, strict=True) if patient is not None]
        of_nobody = [key for patient, key in zip(patients, ids, strict=True) if patient is None]
        if of_patients:
            query = sql.SQL("DELETE FROM {} WHERE patient = %s AND id = %s").format(narrow)
            cursor.executemany(query, of_patients)
        if of_nobody:
            query = sql.SQL("DELETE FROM {} WHERE patient IS NULL AND id = ANY(%s)").format(narrow)
            cursor.execute(query, [of_nobody])
