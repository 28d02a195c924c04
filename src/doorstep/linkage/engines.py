"""The two engines that a batch runs on, DuckDB and Spark, as far as they differ: tables, and two words of their SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import duckdb
import numpy as np


class Engine(Protocol):
    """What a batch needs of an engine: `number` numbers rows in any order, `hash` is 64 bits of some columns.

    `most` is how many whole records are joined at once: more would leave memory, for disk.
    """

    number: str
    hash: str
    most: int

    def make(self, name: str, sql: str) -> None:
        """Keep what a SELECT gives as a table, in place of one of that name."""

    def add(self, name: str, sql: str) -> None:
        """Keep what a SELECT gives in a table, beside what is there."""

    def put(self, name: str, columns: Sequence[str], rows: Sequence[tuple[int | float, ...]]) -> None:
        """Keep rows as a table: a whole number, then numbers."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a SELECT gives."""

    def drop(self, name: str) -> None:
        """Forget a table."""


class Duck:
    """DuckDB, through a connection."""

    number = "row_number() OVER ()"
    hash = "hash"
    most = 1_500_000

    def __init__(self, db: duckdb.DuckDBPyConnection) -> None:
        self.db = db

    def make(self, name: str, sql: str) -> None:
        """See `Engine`."""
        self.db.execute(f"CREATE OR REPLACE TABLE {name} AS {sql}")

    def add(self, name: str, sql: str) -> None:
        """See `Engine`."""
        self.db.execute(f"INSERT INTO {name} {sql}")

    def put(self, name: str, columns: Sequence[str], rows: Sequence[tuple[int | float, ...]]) -> None:
        """See `Engine`."""
        kinds = ["BIGINT", *["DOUBLE"] * (len(columns) - 1)]
        told = ", ".join(f"{column} {kind}" for column, kind in zip(columns, kinds, strict=True))
        self.db.execute(f"CREATE OR REPLACE TABLE {name} ({told})")
        if rows:  # as arrays: a list of 40,000 costs DuckDB seconds
            given = {column: np.array(values) for column, values in zip(columns, zip(*rows, strict=True), strict=True)}
            self.db.register(f"{name}_given", given)
            self.db.execute(f"INSERT INTO {name} SELECT * FROM {name}_given")
            self.db.unregister(f"{name}_given")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """See `Engine`."""
        return self.db.execute(sql).fetchall()

    def drop(self, name: str) -> None:
        """See `Engine`."""
        self.db.execute(f"DROP TABLE IF EXISTS {name}")


class Spark:
    """Spark, through a session; tables are views of kept data frames."""

    number = "monotonically_increasing_id()"
    hash = "xxhash64"
    most = 1 << 62  # it parts its joins itself

    def __init__(self, session: Any) -> None:
        self.session = session

    def make(self, name: str, sql: str) -> None:
        """See `Engine`."""
        self.session.sql(sql).localCheckpoint().createOrReplaceTempView(name)

    def add(self, name: str, sql: str) -> None:
        """See `Engine`."""
        self.make(name, f"SELECT * FROM {name} UNION ALL {sql}")

    def put(self, name: str, columns: Sequence[str], rows: Sequence[tuple[int | float, ...]]) -> None:
        """See `Engine`."""
        kinds = ["BIGINT", *["DOUBLE"] * (len(columns) - 1)]
        told = ", ".join(f"{column} {kind}" for column, kind in zip(columns, kinds, strict=True))
        self.session.createDataFrame(list(rows), told).createOrReplaceTempView(name)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """See `Engine`."""
        return [tuple(row) for row in self.session.sql(sql).collect()]

    def drop(self, name: str) -> None:
        """See `Engine`."""
        self.session.catalog.dropTempView(name)


def of(connection: Any) -> Engine:
    """The engine of a DuckDB connection or a Spark session."""
    return Duck(connection) if isinstance(connection, duckdb.DuckDBPyConnection) else Spark(connection)
