"""All records of the register in a DuckDB of their own, in a folder that is removed afterwards: for what looks at all
of them at once. Memory does not grow with the register; what is read never reaches a person's screen."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import duckdb
from django.db import connection

from doorstep.kernel import postgres
from doorstep.linkage import blocking, engines, parting
from doorstep.linkage.facts import COLUMNS
from doorstep.linkage.keys import KEYS
from doorstep.linkage.model import RAREST, Model
from doorstep.linkage.specification import COMPARISONS
from doorstep.linkage.training import FREQUENT, frequency_sql
from doorstep.registers.residents.reads.near import ADDED
from doorstep.registers.residents.rules.modelling import tables, weighed_sql

MEMORY: Final = "2GB"
"""What DuckDB keeps in memory; the rest lies in its folder."""
DAY: Final = 86_400
_PREFIX: Final = "matching-"
_SAID: Final = COLUMNS[1:]
_KINDS: Final = {"rank": "INTEGER", "day": "INTEGER"}
_RECORDS: Final = f"""
SELECT coalesce(r.patient_id, r.id::text), {", ".join(f"coalesce(f.facts[{n}], '')" for n in range(1, len(_SAID) + 1))},
  r.id, r.resident_id, r.version, r.how, r.against
FROM residents_residentfacts f JOIN residents_residentrecord r ON r.id = f.record_id
WHERE cardinality(f.facts) BETWEEN {len(_SAID) - ADDED} AND {len(_SAID)}
"""
_HOMES: Final = {"record": "UUID", "resident": "UUID", "version": "INTEGER", "how": "VARCHAR", "against": "UUID"}


@contextmanager
def workspace() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty DuckDB in a folder for its owner alone; folders that a killed run left are removed after a day."""
    home = postgres.home()
    home = home if home.is_dir() else Path(tempfile.gettempdir())
    for left in home.glob(f"{_PREFIX}*"):
        if left.is_dir() and time.time() - left.stat().st_mtime > DAY:
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=home))
    try:
        with duckdb.connect(str(folder / "records.duckdb")) as db:
            db.execute(f"SET memory_limit = '{MEMORY}'")
            db.execute("SET preserve_insertion_order = false")
            yield db
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def load(db: duckdb.DuckDBPyConnection) -> int:
    """Make the tables ``records`` (as ``Facts`` has them) and ``homes`` (each record's number ``n`` in the order of
    keys, its id, resident, version, and by what it was placed), as of one moment. Answers how many there are."""
    kinds = {"key": "VARCHAR", **{c: _KINDS.get(c, "VARCHAR") for c in _SAID}, **_HOMES}
    copy(db, "loaded", _RECORDS, kinds)
    # by key: what compares in ranges of keys then reads these only
    db.execute(f"CREATE TABLE records AS SELECT {', '.join(COLUMNS)} FROM loaded ORDER BY key")
    db.execute(
        "CREATE TABLE homes AS SELECT row_number() OVER (ORDER BY key) - 1 AS n, key,"
        f" {', '.join(_HOMES)}, dense_rank() OVER (ORDER BY resident) - 1 AS home FROM loaded"
    )
    db.execute("DROP TABLE loaded")
    return int(one(db, "SELECT count(*) FROM records"))


def copy(db: duckdb.DuckDBPyConnection, table: str, query: str, kinds: dict[str, str]) -> None:
    """Make a table from what a query of the register finds, through a file, row by row and never all at once."""
    [[where]] = db.execute("SELECT path FROM duckdb_databases() WHERE path IS NOT NULL").fetchall()
    path = Path(where).with_name(f"{table}.csv")
    told = f"COPY ({query}) TO STDOUT (FORMAT csv, NULL '\\N')"
    with connection.cursor() as cursor, path.open("wb") as file, cursor.copy(told) as found:
        for block in found:
            file.write(block)
    columns = ", ".join(f"'{name}': '{kind}'" for name, kind in kinds.items())
    db.execute(
        f"CREATE TABLE {table} AS SELECT * FROM read_csv('{_quoted(path)}', header = false, auto_detect = false,"
        f" delim = ',', quote = '\"', escape = '\"', nullstr = '\\N', allow_quoted_nulls = false,"
        f" columns = {{{columns}}})"
    )
    path.unlink()


def read_frequencies(db: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Make the tables that ``rules.modelling.tables`` names: how frequent each value of the records is, as the register
    weighs it (``reads.rule.shares``); of a column that was never counted, what the model says of all its values."""
    kinds = {"name": "VARCHAR", "value": "VARCHAR", "share": "DOUBLE"}
    copy(db, "counted", 'SELECT "column", value, share FROM residents_residentfrequency', kinds)
    for column in FREQUENT:
        never = one(db, f"SELECT count(*) = 0 FROM counted WHERE name = '{column}'")
        rare = _u(model, column) if never else RAREST
        rest = f"coalesce((SELECT share FROM counted WHERE name = '{column}' AND value = ''), {rare!r})"
        db.execute(
            f"CREATE OR REPLACE TABLE {tables(column)} AS SELECT v.{column}, coalesce(c.share, {rest}) AS tf_{column}"
            f" FROM (SELECT DISTINCT {column} FROM records WHERE {column} <> '') v"
            f" LEFT JOIN counted c ON c.name = '{column}' AND c.value = v.{column}"
        )
    db.execute("DROP TABLE counted")


def _u(model: Model, column: str) -> float:
    return next(
        model.u[c.name][n] for c in COMPARISONS for n, level in enumerate(c.levels) if level.frequency == column
    )


def count_frequencies(db: duckdb.DuckDBPyConnection) -> None:
    """Make the same tables as the records alone tell it."""
    for column in FREQUENT:
        db.execute(f"CREATE OR REPLACE TABLE {tables(column)} AS {frequency_sql(column, 'records')}")


def link(db: duckdb.DuckDBPyConnection, table: str, model: Model, out: str, fresh: str = "") -> int:
    """Compare all records of a table that share a key of the register; ``out`` gets (key_l, key_r, bits), as the
    register weighs them. As ``linkage.batch.link``, but by the frequencies that were made before."""
    engine, pairs = engines.of(db), f"{out}_pairs"
    blocking.candidates(engine, table, KEYS, pairs, fresh)
    parting.compare(engine, table, pairs, out, partial(weighed_sql, model))
    engine.drop(pairs)
    return int(one(db, f"SELECT count(*) FROM {out}"))


def one(db: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """The one value of a query."""
    found = db.execute(sql).fetchone()
    return found[0] if found else None


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
