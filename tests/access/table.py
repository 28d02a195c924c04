"""The tables as files that a person reads: one a room, a row an address, method and situation, a column a role."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from tests.access.situations import COLUMNS

PLACE = Path(__file__).parent / "pages"
HEAD = ("address", "method", "situation", "rule")
ALLOWED = frozenset({"yes", "own", "still"})
LEGEND: Mapping[str, str] = {
    "yes": "allowed: shown, or done",
    "own": "a chart opens, but only what the caller's own institution sent",
    "still": "allowed, but the form changed nothing (shown again, or not the right moment)",
    "form": "the form offers no such choice, so nothing was done",
    "holds": "the role has the permission already: nothing to grant",
    "login": "sent to the sign-in",
    "403 404 405 409 422": "refused: no permission or reason; not within sight; no such method; not now",
}
HOW = (
    "Run `.venv/bin/python tools/access_matrix.py write`, read every line of `git diff tests/access` as who is let in "
    "where, and commit it with the change."
)

Key = tuple[str, str, str]
Rows = dict[Key, dict[str, str]]


def room_of(address: str) -> str:
    """The file that an address stands in."""
    return address.partition(":")[0] if ":" in address else "site"


@cache
def read() -> Rows:
    """All rows, by address, method and situation; each with its ``rule`` and a cell a role."""
    found: Rows = {}
    for path in sorted(PLACE.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                found[row["address"], row["method"], row["situation"]] = row
    return found


def write(rows: Rows, order: Mapping[str, int]) -> None:
    """Write all files anew, sorted by address and method, situations in their order."""
    PLACE.mkdir(exist_ok=True)
    for path in PLACE.glob("*.csv"):
        path.unlink()
    for room in sorted({room_of(key[0]) for key in rows}):
        with (PLACE / f"{room}.csv").open("w", encoding="utf-8", newline="") as lines:
            out = csv.writer(lines, lineterminator="\n")
            out.writerow((*HEAD, *COLUMNS))
            mine = (key for key in rows if room_of(key[0]) == room)
            for key in sorted(mine, key=lambda k: (k[0], k[1], order[k[2]])):
                out.writerow((*key, rows[key]["rule"], *(rows[key][role] for role in COLUMNS)))


def differences(address: str, asked: Rows, kept: Rows) -> list[str]:
    """What the house answers otherwise than the table says of an address, a line each."""
    told = []
    for key in sorted(asked.keys() | {key for key in kept if key[0] == address}):
        name, method, situation = key
        if key not in kept:
            told.append(f"{method} {name} ({situation}) has no row. {HOW}")
        elif key not in asked:
            told.append(f"{method} {name} ({situation}) has a row and is not there any more. {HOW}")
        else:
            told += [f"{method} {name} ({situation}): {each}" for each in _cells(asked[key], kept[key])]
    return told


def _cells(asked: Mapping[str, str], kept: Mapping[str, str]) -> Iterable[str]:
    for column in ("rule", *COLUMNS):
        if column not in kept:
            yield f"the role {column} has no column. {HOW}"
        elif asked[column] != kept[column]:
            yield f"{column} gets {asked[column]}, the table says {kept[column]}"
