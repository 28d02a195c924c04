"""Every interaction of the FHIR door × every kind of key and token × every situation, as ``fhir.csv`` says."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.access import fhir
from tests.access.table import HOW

if TYPE_CHECKING:
    from tests.access.door import Doors

pytestmark = pytest.mark.django_db
PATH = Path(__file__).with_name("fhir.csv")
WRITE = os.environ.get("DOORSTEP_ACCESS") == "write"
NAMES = [each.name for each in fhir.interactions()]
Rows = dict[tuple[str, str], dict[str, str]]


@cache
def kept() -> Rows:
    """The rows of the repository."""
    if not PATH.exists():
        return {}
    with PATH.open(encoding="utf-8", newline="") as lines:
        return {(row.pop("interaction"), row.pop("situation")): row for row in csv.DictReader(lines)}


@pytest.fixture(scope="module")
def doors(django_db_setup: None, django_db_blocker: Any) -> Iterator[Doors]:
    """A door of three institutions; what was written is there until the last test of the module has run."""
    from django.core.management import call_command
    from django.test.utils import override_settings

    from doorstep.kernel.rates import Rate
    from tests.access import door
    from tests.door import running

    plenty = Rate.read("1000000/1000000")
    with django_db_blocker.unblock(), override_settings(RATE_KEY=plenty, RATE_ADDRESS=plenty):
        try:
            with running() as app:
                yield door.make(app)
        finally:
            call_command("flush", verbosity=0, interactive=False, reset_sequences=False, allow_cascade=False)


@pytest.fixture(scope="module")
def asked(doors: Doors) -> Rows:
    """What the door answers to all; in writing, the table of the repository from now on."""
    from tests.access import door

    every = list(fhir.interactions())
    found: Rows = {(each.name, s): {} for each in every for s in each.situations(door.SITUATIONS)}
    for situation in door.SITUATIONS:
        door.happen(doors, situation)
        keys = dict(doors.tokens)
        for each in (each for each in every if (each.name, situation) in found):
            row = dict.fromkeys(door.COLUMNS, "")
            for names in door.groups(each, situation):
                if names[0] not in keys:
                    keys[names[0]] = door.token(doors, names[0], doors.residents[door.SIDE.get(situation, "c")])
                row |= dict.fromkeys(names, door.ask(doors, each, situation, keys[names[0]]))
            found[each.name, situation] = row
    if WRITE:
        write(found, door.COLUMNS)
    return found


def write(rows: Rows, columns: tuple[str, ...]) -> None:
    """Write the table, in the order of the interactions and situations."""
    with PATH.open("w", encoding="utf-8", newline="") as lines:
        out = csv.writer(lines, lineterminator="\n")
        out.writerow(("interaction", "situation", *columns))
        for key, row in rows.items():
            out.writerow((*key, *(row[name] for name in columns)))
    kept.cache_clear()


def test_all_that_the_door_offers_is_asked(doors: Doors) -> None:
    """By its own CapabilityStatement and its own table of operations."""
    missing = fhir.missing(doors.door.get("metadata").json())
    assert not missing, f"the door offers {missing}: add an Interaction in tests/access/fhir.py. {HOW}"


@pytest.mark.parametrize("name", NAMES)
def test_who_may_what(asked: Rows, name: str) -> None:
    told = []
    for (interaction, situation), row in asked.items():
        if interaction != name:
            continue
        said = kept().get((name, situation))
        if said is None:
            told.append(f"{name} ({situation}) has no row. {HOW}")
            continue
        told += [
            f"{name} ({situation}): {column} gets {cell}, the table says {said.get(column, 'nothing')}. {HOW}"
            for column, cell in row.items()
            if said.get(column) != cell
        ]
    assert not told, "\n".join(told)
    assert {key[1] for key in kept() if key[0] == name} == {key[1] for key in asked if key[0] == name}


def test_no_row_is_left_over() -> None:
    assert {key[0] for key in kept()} == set(NAMES), HOW
