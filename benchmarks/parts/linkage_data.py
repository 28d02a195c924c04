"""The records of a linkage run in a DuckDB of its own, in their one form, and the truth beside them."""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import astuple
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from doorstep.linkage.ambiguity import EITHER
from doorstep.linkage.facts import COLUMNS, Said, standard

SAID = (
    "name", "sex", "birth_date", "resident_id", "phone", "insurance", "address", "guardian", "guardian_id", "rank",
    "certificate", "mother", "father",
)  # fmt: skip
NUMBERS = ("day", "rank")
_SCHEMA = pa.schema(
    [(name, pa.int32() if name in NUMBERS else pa.string()) for name in COLUMNS]
    + [("person", pa.string()), ("stratum", pa.string())]
)
Record = tuple[Said, str, str]


def made(path: Path) -> Iterator[Record]:
    """The records of made-up residents (`people.make`), whose each is, and its stratum."""
    for part in pq.ParquetFile(path).iter_batches(100_000):
        said = part.to_pydict()
        people, strata = said["person_id"], said["stratum"]
        for at, key in enumerate(said["record_id"]):
            yield Said(f"{key:09d}", **{name: said[name][at] for name in SAID}), str(people[at]), strata[at]


def standardise(records: Iterable[Record], out: Path) -> int:
    """Bring records into their one form: an institution's intake does this once a record."""
    count = 0
    with pq.ParquetWriter(out, _SCHEMA) as writer:
        left = iter(records)
        while rows := [(*astuple(standard(said)), *known) for said, *known in islice(left, 100_000)]:
            columns = zip(*rows, strict=True)
            fields = zip(_SCHEMA, columns, strict=True)
            writer.write_table(pa.table([pa.array(values, field.type) for field, values in fields], _SCHEMA))
            count += len(rows)
    return count


class Data:
    """The records of a run, numbered from 0 by their key, and the truth."""

    def __init__(self, path: Path, folder: Path, memory: str = "2GB") -> None:
        self.db = duckdb.connect(
            str(folder / "linkage.duckdb"),
            config={
                "threads": 2, "memory_limit": memory, "temp_directory": str(folder / "spill"),
                "preserve_insertion_order": False,
            },
        )  # fmt: skip
        self.db.execute(f"CREATE TABLE facts AS SELECT {', '.join(COLUMNS)} FROM '{path}' ORDER BY key")
        self.db.execute(
            "CREATE TABLE number AS SELECT key, (row_number() OVER (ORDER BY key) - 1)::INT AS n FROM facts"
        )
        self.truth = self._codes(f"'{path}'", "person")
        strata = self.db.execute(f"SELECT DISTINCT stratum FROM '{path}' ORDER BY 1").fetchall()
        self.names = [name for (name,) in strata]
        self.strata = self._codes(f"'{path}'", "stratum")
        number = self._codes("facts", "number")
        known = self.db.execute(
            f"SELECT rank, number = '' AS none, {EITHER.format(table='facts')} AS either FROM facts ORDER BY key"
        ).fetchnumpy()
        self.either = np.asarray(known["either"]).astype(np.bool_)
        self.trusted = np.where(known["none"], -1, number)
        self.ranks = np.asarray(known["rank"]).astype(np.int64)

    def _codes(self, table: str, column: str) -> Any:
        """Each value of a column as a number, in the order of values."""
        found = self.db.execute(
            f"SELECT code FROM (SELECT key, (dense_rank() OVER (ORDER BY {column}) - 1)::INT AS code FROM {table})"
            " ORDER BY key"
        ).fetchnumpy()
        return np.asarray(found["code"]).astype(np.int64)

    def edges(self, table: str) -> tuple[Any, Any, Any]:
        """Pairs as numbers of records, and their bits."""
        found = self.db.execute(
            f"SELECT a.n AS l, b.n AS r, bits FROM {table}"
            " JOIN number a ON a.key = key_l JOIN number b ON b.key = key_r"
        ).fetchnumpy()
        return found["l"].astype(np.int64), found["r"].astype(np.int64), found["bits"].astype(np.float64)
