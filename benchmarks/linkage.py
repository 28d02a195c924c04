"""How right and how costly the linkage of whole institutions is, beside Splink's own on the same records.

Made-up residents (`benchmarks/parts/people`, rates there) or other people's labelled sets (`--set`) are brought into
their one form and linked with the same comparisons: by our model (trained without labels), weights and clusters; and by
Splink as its documentation has it (EM, threshold, connected components), by blocking rules that suit it and then over
our pairs. Nothing knows the truth but what counts the faults.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.parts import (  # noqa: E402  see the line above
    linkage_bound,
    linkage_rivals,
    linkage_sets,
    linkage_spark,
    linkage_tables,
    people,
)
from benchmarks.parts.linkage_data import Data, made, standardise  # noqa: E402  as above
from doorstep.linkage import batch, training  # noqa: E402  as above
from doorstep.linkage.clustering import cluster  # noqa: E402  as above
from doorstep.linkage.model import BRIDGE, JOIN, Model  # noqa: E402  as above


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What it gives, and its CPU seconds (this process with its threads)."""
    before = time.process_time()
    return work(), time.process_time() - before


def peak() -> float:
    """The most memory that this process has had so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def ours(data: Data) -> Model:
    """Our model, weights and clusters."""
    model: Model
    model, training_s = timed(lambda: training.train(data.db, "facts"))
    taught = peak()
    count, linking_s = timed(lambda: batch.link(data.db, "facts", model, "edges"))
    linked = peak()
    edges = data.edges("edges")
    labels, clustering_s = timed(
        lambda: cluster(len(data.truth), *edges, trusted=data.trusted, ranks=data.ranks, threshold=JOIN, bridge=BRIDGE)
    )
    print(f"  train {training_s:.1f} s, pairs {linking_s:.1f} s ({count:,}), clusters {clustering_s:.1f} s")
    print(f"  peak memory: {taught:,.0f} MB when trained, {linked:,.0f} when compared, {peak():,.0f} when clustered")
    linkage_tables.line("ours", data, edges, labels, JOIN, training_s + linking_s + clustering_s)
    linkage_tables.strata(data, edges, labels, JOIN)
    linkage_tables.points(data, edges)
    return model


def splinks(data: Data) -> None:
    """Splink's own with the same comparisons: EM, a few thresholds, connected components."""
    nobody = np.full(len(data.truth), -1, dtype=np.int64)
    for who, table, spent in linkage_rivals.splink(data):
        edges = data.edges(table)
        for threshold in linkage_rivals.THRESHOLDS:
            before = time.process_time()
            labels = cluster(len(data.truth), *edges, trusted=nobody, threshold=threshold, bridge=threshold)
            linkage_tables.line(who, data, edges, labels, threshold, spent + time.process_time() - before)


def in_form(options: argparse.Namespace, folder: Path) -> tuple[Path, float]:
    """The file of records in their one form: made, or found where it was kept; and the CPU seconds of that."""
    name = f"people-{options.persons}-{options.seed}" if options.set == "people" else options.set
    facts, spent = Path(options.keep or folder) / f"{name}.parquet", 0.0
    if not facts.exists():
        if options.set == "people":
            people.make(options.persons, options.seed, folder / "said.parquet")
        records = made(folder / "said.parquet") if options.set == "people" else linkage_sets.read(options.set)
        _, spent = timed(lambda: standardise(records, folder / "facts.parquet"))
        facts.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(folder / "facts.parquet", facts)
    return facts, spent


def main() -> None:
    """Make or read records, link them by both, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", default="people", choices=["people", *linkage_sets.SETS])
    parser.add_argument("--persons", type=int, default=20_000, help="made-up residents")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where to work")
    parser.add_argument("--keep", type=Path, help="a folder for records in their one form: made once, found again")
    parser.add_argument("--memory", default="2GB", help="of DuckDB, which spills the rest to disk")
    parser.add_argument("--alone", action="store_true", help="without Splink's own")
    parser.add_argument("--bound", action="store_true", help="and how right pairs could be scored at all")
    parser.add_argument("--spark", action="store_true", help="and on Spark, to compare")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="doorstep-linkage-", dir=options.folder) as name:
        folder = Path(name)
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as intake:  # not of the batch
            facts, spent = intake.submit(in_form, options, folder).result()
        data = Data(facts, folder, options.memory)
        count, persons = len(data.truth), len(np.unique(data.truth))
        print(f"{options.set}: {count:,} records of {persons:,}; {1e6 * spent / count:.0f} µs to bring each into form")
        linkage_tables.head()
        model = ours(data)
        print(f"peak memory {peak():,.0f} MB")
        if options.bound:
            linkage_bound.told(data, facts)
        if not options.alone:
            splinks(data)
        if options.spark:
            linkage_spark.beside(data, facts, model, folder)


if __name__ == "__main__":
    main()
