"""A few hundred people with records in several institutions, made by seed, and whose each record is."""

from __future__ import annotations

from dataclasses import astuple, replace
from random import Random

import duckdb

from doorstep.linkage.facts import COLUMNS, Facts, Said, standard
from doorstep.linkage.numbers import check_digit

_FAMILY, _GIVEN = "王李张刘陈杨黄赵吴周", "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂"


def person(dice: Random, number: int) -> Said:
    """Somebody, with an ID of nowhere (division 4399)."""
    born = f"{dice.randrange(1935, 2015)}-{dice.randrange(1, 13):02}-{dice.randrange(1, 29):02}"
    body = f"439921{born.replace('-', '')}{number % 1000:03}"
    name = dice.choice(_FAMILY) + "".join(dice.choices(_GIVEN, k=dice.choice((1, 2, 2))))
    return Said(
        "", name, ("female", "male")[number % 2], born, body + check_digit(body), f"161{dice.randrange(10**8):08}",
        f"43{number:011}", f"石桥区石桥镇锦绣花园{dice.randrange(40)}-{dice.randrange(4)}-{dice.randrange(30)}",
    )  # fmt: skip


def typed(dice: Random, said: Said) -> Said:
    """What a clerk makes of it."""
    if dice.random() < 0.05:
        said = replace(said, name=said.name[:-1] + dice.choice(_GIVEN))
    if dice.random() < 0.05:
        said = replace(said, birth_date=said.birth_date[:-1] + dice.choice("123"))
    if dice.random() < 0.2:
        said = replace(said, phone=f"163{dice.randrange(10**8):08}")
    return replace(
        said, **dict.fromkeys([f for f in ("resident_id", "insurance", "address") if dice.random() < 0.2], "")
    )


def records(persons: int, seed: int = 1) -> tuple[list[Facts], list[int]]:
    """Two or three records of each, and the number of the person of each."""
    dice, made, whose = Random(seed), [], []
    for number in range(persons):
        who = person(dice, number)
        for _ in range(dice.choice((2, 3))):
            made.append(standard(replace(typed(dice, who), key=f"{len(made):06}")))
            whose.append(number)
    return made, whose


def table(made: list[Facts], name: str = "facts") -> duckdb.DuckDBPyConnection:
    """The records in a DuckDB of their own."""
    db = duckdb.connect()
    kinds = (f"{column} {'INTEGER' if column in ('day', 'rank') else 'VARCHAR'}" for column in COLUMNS)
    db.execute(f"CREATE TABLE {name} ({', '.join(kinds)})")
    if made:
        marks = ", ".join(["?"] * len(COLUMNS))
        db.executemany(f"INSERT INTO {name} VALUES ({marks})", [list(astuple(each)) for each in made])
    return db
