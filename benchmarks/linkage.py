"""How right and how costly the linkage of whole institutions is, beside Splink's own on the same records.

Residents are made (`benchmarks/parts/people`, rates there), brought into their one form, and linked twice with the same
comparisons and the same keys: by our model (trained by shared IDs), weights and clusters; and by Splink as its
documentation has it (EM, threshold, connected components). Nothing knows the truth but what counts the faults.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.parts import people  # noqa: E402  the folder above must be on the path
from doorstep.linkage import batch, training  # noqa: E402  as above
from doorstep.linkage.clustering import cluster  # noqa: E402  as above
from doorstep.linkage.evaluation import b_cubed, b_cubed_by_stratum, cluster_pairs, pairwise  # noqa: E402  as above
from doorstep.linkage.facts import COLUMNS, Said, standard  # noqa: E402  as above

SAID = ("name", "sex", "birth_date", "resident_id", "phone", "insurance", "address", "guardian", "guardian_id", "rank")
THRESHOLD, BRIDGE = 4.0, 8.0
SPLINK_THRESHOLD = 6.0
ROW = "{:<34}{:>9}{:>9}{:>9}{:>11}{:>9}{:>9}{:>9}{:>9}"
HEAD = ("who", "P", "R", "F1", "1 - F1", "blocking", "cluster", "B3", "CPU s")


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What it gives, and its CPU seconds (this process with its threads)."""
    before = time.process_time()
    return work(), time.process_time() - before


def standardise(path: Path, out: Path) -> int:
    """Bring records into their one form: an institution's intake does this once a record."""
    writer, count = None, 0
    for part in pq.ParquetFile(path).iter_batches(100_000):
        said = part.to_pydict()
        rows = [
            astuple(standard(Said(f"{key:09d}", *each)))
            for key, *each in zip(said["record_id"], *(said[name] for name in SAID), strict=True)
        ]
        columns = {
            name: pa.array([row[at] for row in rows], pa.int32() if name in ("day", "rank") else pa.string())
            for at, name in enumerate(COLUMNS)
        }
        columns |= {"person": part["person_id"], "stratum": part["stratum"]}
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(out, table.schema)
        writer.write_table(table)
        count += len(rows)
    if writer is not None:
        writer.close()
    return count


class Data:
    """The records of a run in a DuckDB of its own, numbered from 0, and the truth beside them."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.db = duckdb.connect(str(folder / "linkage.duckdb"), config={"threads": 2, "memory_limit": "2GB"})
        self.db.execute(f"CREATE TABLE facts AS SELECT {', '.join(COLUMNS)} FROM '{path}' ORDER BY key")
        self.db.execute("CREATE TABLE number AS SELECT key, row_number() OVER (ORDER BY key) - 1 AS n FROM facts")
        truth = self.db.execute(f"SELECT person, stratum FROM '{path}' ORDER BY key").fetchnumpy()
        self.truth = np.unique(truth["person"], return_inverse=True)[1].astype(np.int64)
        self.names, self.strata = np.unique(truth["stratum"].astype(str), return_inverse=True)
        known = self.db.execute("SELECT number, rank FROM facts ORDER BY key").fetchnumpy()
        ids = np.asarray(known["number"]).astype(str)
        self.trusted = np.where(ids == "", -1, np.unique(ids, return_inverse=True)[1]).astype(np.int64)
        self.ranks = np.asarray(known["rank"]).astype(np.int64)

    def edges(self, table: str) -> tuple[Any, Any, Any]:
        """Pairs as numbers of records, and their bits."""
        found = self.db.execute(
            f"SELECT a.n AS l, b.n AS r, bits FROM {table}"
            " JOIN number a ON a.key = key_l JOIN number b ON b.key = key_r"
        ).fetchnumpy()
        return found["l"].astype(np.int64), found["r"].astype(np.int64), found["bits"].astype(np.float64)


def ours(data: Data) -> None:
    """Our model, weights and clusters."""
    model, spent = timed(lambda: training.train(data.db, "facts"))
    count, linking = timed(lambda: batch.link(data.db, "facts", model, "edges"))
    left, right, bits = data.edges("edges")
    labels, clustering = timed(
        lambda: cluster(
            len(data.truth),
            left,
            right,
            bits,
            trusted=data.trusted,
            ranks=data.ranks,
            threshold=THRESHOLD,
            bridge=BRIDGE,
        )
    )
    print(f"  train {spent:.1f} s, pairs {linking:.1f} s ({count:,}), clusters {clustering:.1f} s")
    report(f"ours, at {THRESHOLD:g} bits", data, (left, right, bits), labels, THRESHOLD, spent + linking + clustering)
    for code, score in b_cubed_by_stratum(labels, data.truth, data.strata).items():
        p, r = score.precision.value, score.recall.value
        print(f"  {data.names[code]:<12} B3 precision {p or 0:.4f}  recall {r or 0:.4f}")


def splinks(data: Data) -> None:
    """Splink's own, with the same comparisons and keys: EM, a threshold, connected components."""
    from splink import DuckDBAPI, Linker, block_on

    def train_and_predict() -> str:
        linker = Linker(DuckDBAPI(connection=data.db).register("facts"), batch.settings(None), log_level=None)
        linker.training.estimate_probability_two_random_records_match([block_on("number")], recall=0.7)
        linker.training.estimate_u_using_random_sampling(max_pairs=4e6, seed=7)
        for key in (("reading", "birth"), ("phone",)):
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(*key))
        predicted = linker.inference.predict()
        data.db.execute(
            "CREATE OR REPLACE TABLE splinks AS"
            f" SELECT key_l, key_r, match_weight AS bits FROM {predicted.physical_name}"
        )
        return predicted.physical_name

    _, spent = timed(train_and_predict)
    left, right, bits = data.edges("splinks")
    nobody = np.full(len(data.truth), -1, dtype=np.int64)
    labels, clustering = timed(
        lambda: cluster(
            len(data.truth), left, right, bits, trusted=nobody, threshold=SPLINK_THRESHOLD, bridge=SPLINK_THRESHOLD
        )
    )
    report(
        f"Splink, at {SPLINK_THRESHOLD:g} bits", data, (left, right, bits), labels, SPLINK_THRESHOLD, spent + clustering
    )


def report(who: str, data: Data, edges: tuple[Any, Any, Any], labels: Any, threshold: float, spent: float) -> None:
    """One line of the table."""
    pairs = pairwise(*edges, data.truth, threshold=threshold)
    scores = cluster_pairs(labels, data.truth), b_cubed(labels, data.truth)
    clusters = [f"{score.f1.value or 0:.4f}" for score in scores]
    told = [pairs.precision.value, pairs.recall.value, pairs.f1.value]
    print(
        ROW.format(
            who, *(f"{value or 0:.4f}" for value in told), f"{1 - (pairs.f1.value or 0):.4f}",
            f"{pairs.blocking.value or 0:.4f}", *clusters, f"{spent:.1f}",
        ),
        flush=True,
    )  # fmt: skip


def main() -> None:
    """Make residents, link them by both, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where to work")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="doorstep-linkage-", dir=options.folder) as name:
        folder = Path(name)
        people.make(options.persons, options.seed, folder / "said.parquet")
        count, spent = timed(lambda: standardise(folder / "said.parquet", folder / "facts.parquet"))
        data = Data(folder / "facts.parquet", folder)
        print(f"{count:,} records of {options.persons:,} persons; {1e6 * spent / count:.0f} µs to bring each into form")
        print(ROW.format(*HEAD))
        ours(data)
        splinks(data)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"peak memory {peak:,.0f} MB")


if __name__ == "__main__":
    main()
