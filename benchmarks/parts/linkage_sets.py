"""Other people's labelled sets: which of their columns is which of ours, and whose each record is. No more is told.

FEBRL (Christen and Pudjijono, ANU) and OpenCR's (IntraHealth, after FEBRL) have the truth in `rec-17-dup-0`, Splink's
own in `cluster`.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from doorstep.linkage.facts import Said

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "linkage"
Row = dict[str, str]


def _name(row: Row, given: str = "given_name") -> str:
    return f"{row[given]} {row['surname']}".strip()


def _febrl(row: Row, key: str) -> Said:
    house = f"{row['street_number']} {row['address_1']}".strip()
    places = (row[column] for column in ("address_2", "suburb", "postcode", "state"))
    return Said(
        key, name=_name(row), family=row["surname"], birth_date=row["date_of_birth"], insurance=row["soc_sec_id"],
        address=", ".join([house, *places]),
    )  # fmt: skip


def _opencr(row: Row, key: str) -> Said:
    return Said(
        key, name=_name(row), family=row["surname"], sex=row["sex"], birth_date=row["date_of_birth"],
        phone=row["phone_number"], insurance=row["uganda_nin"],
    )  # fmt: skip


def _opencr_bare(row: Row, key: str) -> Said:
    return Said(
        key, name=_name(row), family=row["surname"], sex=row["sex"], birth_date=row["date_of_birth"],
        phone=row["phone_number"],
    )  # fmt: skip


def _splink(row: Row, key: str) -> Said:
    return Said(
        key, name=_name(row, "first_name"), family=row["surname"], birth_date=row["dob"], insurance=row["email"],
        address=row["city"],
    )  # fmt: skip


def _rec(row: Row) -> str:
    return row["rec_id"].split("-")[1]


def _cluster(row: Row) -> str:
    return row["cluster"]


SETS: dict[str, tuple[tuple[str, ...], Callable[[Row, str], Said], Callable[[Row], str]]] = {
    "febrl1": (("febrl/dataset1.csv",), _febrl, _rec),
    "febrl2": (("febrl/dataset2.csv",), _febrl, _rec),
    "febrl3": (("febrl/dataset3.csv",), _febrl, _rec),
    "febrl4": (("febrl/dataset4a.csv", "febrl/dataset4b.csv"), _febrl, _rec),
    "opencr": (("openCR/uganda_data_v21_20201501.csv",), _opencr, _rec),
    "opencr-bare": (("openCR/uganda_data_v21_20201501.csv",), _opencr_bare, _rec),
    "splink1000": (("splink/fake_1000.csv",), _splink, _cluster),
}


def read(name: str) -> list[tuple[Said, str, str]]:
    """The records of a set, whose each is, and its stratum (there is one)."""
    files, adapt, whose = SETS[name]
    rows = []
    for file in files:
        with (FOLDER / file).open(encoding="utf-8", newline="") as opened:
            rows += [{k: v.strip() for k, v in row.items()} for row in csv.DictReader(opened, skipinitialspace=True)]
    return [(adapt(row, f"{at:09d}"), whose(row), "all") for at, row in enumerate(rows)]
