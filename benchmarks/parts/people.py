"""Labelled records of made-up Chinese residents, to measure record linkage on: the truth is in `person_id`.

    python -m benchmarks.parts.people --persons 1000000 --seed 7 --out FILE.parquet

Parts of 50,000 persons are made side by side, each from the seed and its number, and written one after another: memory
does not grow with size, and the same seed gives the same bytes however many processes there are. `--rates` prints how
often what goes wrong and which of it is assumed, `--check` measures a file that was made.

Persons and names are made up, but IDs have real division codes and right check digits, so that some will be the number
of a living person by chance: files are for measuring, and not for publishing. Guardians of children who live with their
grandparents are the grandparents. Records are mixed within a part only, so that `record_id` says which part it is of.
"""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.parts import people_check, people_rates
from benchmarks.parts.people_homes import SIZE
from benchmarks.parts.people_numbers import SLICES
from benchmarks.parts.people_records import SCHEMA, part


def _parts(persons: int, seed: int, workers: int) -> Iterator[pa.Table]:
    """The parts in order; only a few are ready before they are asked for."""
    wanted = [(seed, number, min(SIZE, persons - number * SIZE)) for number in range(-(-persons // SIZE))]
    if workers == 1 or len(wanted) == 1:
        yield from (part(*w) for w in wanted)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        waiting: deque[Future[pa.Table]] = deque()
        for one in wanted:
            waiting.append(pool.submit(part, *one))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def make(persons: int, seed: int, out: Path, workers: int = 0) -> int:
    """Write the records of so many persons as Parquet, and return how many records there are."""
    if not 0 < persons <= SIZE * SLICES:
        raise ValueError(f"persons must be 1 to {SIZE * SLICES:,}, as many as unique IDs are dealt for")
    written = 0
    with pq.ParquetWriter(out, SCHEMA, compression="zstd") as writer:
        for table in _parts(persons, seed, workers or min(2, os.cpu_count() or 1)):
            numbers = pa.array(range(written + 1, written + 1 + len(table)), pa.int64())
            writer.write_table(table.set_column(0, SCHEMA.field(0), numbers))
            written += len(table)
    return written


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--persons", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--workers", type=int, default=0, help="processes; two where there are two cores")
    parser.add_argument("--rates", action="store_true", help="print all rates and their sources")
    parser.add_argument("--check", action="store_true", help="measure what was made (--out, or a small set)")
    asked = parser.parse_args()
    if asked.rates:
        print(people_rates.table())
        return 0
    if asked.out and not (asked.check and asked.out.exists()):
        start = time.monotonic()
        count = make(asked.persons, asked.seed, asked.out, asked.workers)
        print(f"{count:,} records of {asked.persons:,} persons in {time.monotonic() - start:.1f} s: {asked.out}")
    if asked.check:
        people_check.check(make, asked.persons, asked.seed, asked.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
