"""What a made-up set of resident records looks like: missing values, strata, valid IDs, equal names."""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.parts import people_numbers
from benchmarks.parts.people_numbers import SLICES
from benchmarks.parts.people_persons import persons
from benchmarks.parts.people_records import SCHEMA

Make = Callable[[int, int, Path, int], int]
SMALL = 55_000


def _same_bytes(make: Make, seed: int, folder: Path) -> None:
    """The same seed gives the same file with one process and with two, and another seed another."""
    found = []
    for name, this_seed, workers in (("one", seed, 1), ("two", seed, 2), ("other", seed + 1, 2)):
        path = folder / name
        make(SMALL, this_seed, path, workers)
        found.append(hashlib.sha256(path.read_bytes()).hexdigest())
    assert found[0] == found[1], "the same seed must give the same bytes"
    assert found[0] != found[2], "another seed must give other records"
    print(f"same seed, same bytes ({SMALL:,} persons, one process and two): {found[0][:16]}")


def _counts(values: pa.ChunkedArray) -> list[tuple[object, int]]:
    """How often each value is there, in order of the values."""
    pairs = values.value_counts().to_pylist()
    return sorted(((p["values"], p["counts"]) for p in pairs), key=lambda p: str(p[0]).zfill(4))


def _pairs(values: pa.ChunkedArray) -> float:
    """The share of pairs of rows that have one value."""
    count = len(values)
    return sum(n * (n - 1) for _, n in _counts(values)) / (count * (count - 1))


def _shares(table: pa.Table) -> None:
    """Prints missing values, strata, sources and records a person."""
    count = len(table)
    print("\nmissing")
    for field in SCHEMA:
        if field.type == pa.string():
            empty = pc.sum(pc.equal(table[field.name], "")).as_py()
            print(f"  {field.name:<14}{empty / count:>8.3%}")
    for column in ("stratum", "rank"):
        print(f"{column}")
        for value, n in _counts(table[column]):
            print(f"  {value!s:<14}{n:>10,}{n / count:>9.3%}")
    times = pc.value_counts(table["person_id"]).field("counts")
    print(f"records a person: {count / len(times):.3f}, of {len(times):,} persons")
    print("  " + ", ".join(f"{value}: {n / len(times):.2%}" for value, n in _counts(pa.chunked_array([times]))))
    print("sources: " + " ".join(f"{n / count:.1%}" for _, n in _counts(table["source"])))


def _unique(seed: int) -> None:
    """No two persons, of one part or of two, have a number in common, but for households' phones and passports."""
    made = [persons(np.random.default_rng((seed, n)), Random(f"{seed} {n}"), n) for n in (0, 1, SLICES - 1)]
    for column in ("number", "resident_id", "insurance", "certificate"):
        values = np.concatenate([getattr(p, column) for p in made])
        values = values[values != ""] if column == "certificate" else values  # who was born before them has none
        assert len(np.unique(values)) == len(values), f"{column} must be unique"
    same = total = 0
    for p in made:
        one = np.flatnonzero(p.members.twin >= 0)
        day = p.resident_id.astype("<U14")
        same, total = same + int((day[one] == day[p.members.twin[one]]).sum()), total + len(one)
    print(f"twins whose IDs begin alike: {same / total:.2%}")


def measure(path: Path) -> None:
    """Prints what the file holds, and asserts what must be so."""
    table = pq.read_table(path)
    assert table.schema.equals(SCHEMA)
    _shares(table)
    given = table["resident_id"].filter(pc.not_equal(table["resident_id"], ""))
    right = people_numbers.valid(given.to_pylist())
    print(f"IDs that are valid (18 characters, check digit): {right / len(given):.3%} of {len(given):,} given")
    usual = table.filter(pc.is_in(table["stratum"], pa.array(["adult", "elder", "child"])))
    first = usual.group_by("person_id", use_threads=False).aggregate([("name", "first"), ("birth_date", "first")])
    both = pc.binary_join_element_wise(first["name_first"], first["birth_date_first"], " ")
    shared = sum(n for _, n in _counts(both) if n > 1) / len(first)
    print(f"pairs of persons with equal names: {_pairs(first['name_first']):.2e}; first characters (surnames): "
          f"{_pairs(pc.utf8_slice_codeunits(first['name_first'], 0, 1)):.4f}")  # fmt: skip
    print(f"persons who share name and birth date with another: {shared:.3%} of {len(first):,}")
    sound = table.filter(pc.match_substring_regex(table["resident_id"], r"^\d{17}[\dX]$"))
    owners = sound.group_by("resident_id").aggregate([("person_id", "count_distinct")])["person_id_count_distinct"]
    print(f"IDs of one form borne by more than one person: {pc.sum(pc.greater(owners, 1)).as_py() / len(owners):.3%}")


def check(make: Make, persons: int, seed: int, out: Path | None) -> None:
    """Asserts that a seed decides every byte, then measures the file, or a set made for the purpose."""
    with tempfile.TemporaryDirectory() as folder:
        _same_bytes(make, seed, Path(folder))
        _unique(seed)
        path = out or Path(folder) / "set.parquet"
        if out is None:
            print(f"{make(persons, seed, path, 0):,} records of {persons:,} persons")
        measure(path)
