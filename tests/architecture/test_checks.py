"""The system check refuses, at start-up, what imports cannot show: keys, doors, bounds."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps

from doorstep.kernel.store import ScopedRow, UnscopedQuery
from tests.architecture.copies import copy_house, plant, run

HEAD = "from django.db import models as planted\nfrom doorstep.kernel.store import Row, ScopedRow\n"
KEY = "planted.ForeignKey({!r}, planted.CASCADE, related_name='+')"


def table(name: str, base: str = "planted.Model", *lines: str) -> str:
    """A model to be planted."""
    body = [f"    {line}" for line in (*lines, "text = planted.TextField()")]
    return "\n".join([HEAD, f"class {name}({base}):", *body, ""])


PLANTS = {
    "record/charts/models.py": table(
        "PlantedHigh",
        "planted.Model",
        f"fair = {KEY.format('residents.Resident')}",
        f"inside = {KEY.format('staff.PlantedUnbounded')}",
    ),
    "registers/organisations/models.py": table(
        "PlantedUp", "planted.Model", f"up = {KEY.format('charts.PlantedHigh')}"
    ),
    "registers/staff/models/__init__.py": table("PlantedUnbounded", "ScopedRow")
    + table(
        "PlantedOpen", "ScopedRow", "objects = planted.Manager()", "scope_filter = classmethod(lambda cls, scope: None)"
    )
    + table("PlantedMany", "planted.Model", "up = planted.ManyToManyField('charts.PlantedHigh', related_name='+')"),
    "site/urls.py": "urlpatterns.append(path('planted/door', lambda request: None))",
}


def system_check(house: Path) -> str:
    """What Django's system check says of a copy of the house."""
    return run(house, sys.executable, "-m", "django", "check", "--settings", "doorstep.site.settings")


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the check says of a copy with every fault planted."""
    house = copy_house(tmp_path_factory.mktemp("house"))
    plant(house, PLANTS)
    return system_check(house)


@pytest.mark.parametrize(
    "evidence",
    [
        "(doorstep.E001) organisations.PlantedUp.up points up, from registers.organisations to record.charts.",
        "(doorstep.E001) staff.PlantedMany.up points up, from registers.staff to record.charts.",
        "(doorstep.E001) charts.PlantedHigh.inside points into registers.staff, but not to what that room publishes.",
        "(doorstep.E002) /planted/door has no access rule.",
        "(doorstep.E003) staff.PlantedUnbounded has no scope_filter.",
        "(doorstep.E004) staff.PlantedOpen can be asked without a scope.",
    ],
)
def test_a_planted_fault_stops_the_start(said: str, evidence: str) -> None:
    assert evidence in said, said


def test_a_key_to_a_published_table_below_is_not_refused(said: str) -> None:
    assert "PlantedHigh.fair" not in said


def test_the_house_itself_has_no_fault(tmp_path: Path) -> None:
    assert "System check identified no issues" in system_check(copy_house(tmp_path))


SCOPED = [model for model in apps.get_models() if issubclass(model, ScopedRow)]
QUESTIONS: dict[str, Callable[[Any], object]] = {
    "list": list,
    "slice": lambda rows: rows[:1][0],
    "len": len,
    "bool": bool,
    "get": lambda rows: rows.get(pk=None),
    "first": lambda rows: rows.first(),
    "filter": lambda rows: list(rows.filter(version=1)),
    "exclude": lambda rows: list(rows.exclude(version=1)),
    "values": lambda rows: list(rows.values("pk")),
    "values_list": lambda rows: list(rows.values_list("pk", flat=True)),
    "iterator": lambda rows: list(rows.iterator()),
    "in_bulk": lambda rows: rows.in_bulk(),
    "count": lambda rows: rows.count(),
    "exists": lambda rows: rows.exists(),
    "aggregate": lambda rows: rows.aggregate(),
    "update": lambda rows: rows.update(version=2),
    "delete": lambda rows: rows.delete(),
    "union": lambda rows: list(rows.union(rows)),
    "lock": lambda rows: list(rows.select_for_update()),
}


def test_there_are_scoped_tables() -> None:
    assert SCOPED


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
@pytest.mark.parametrize("model", SCOPED, ids=lambda model: model._meta.label)
def test_an_unscoped_query_raises(model: type[ScopedRow], question: Callable[[Any], object]) -> None:
    with pytest.raises(UnscopedQuery):
        question(model.objects.all())


def test_a_reason_must_be_given_to_go_without_bounds() -> None:
    with pytest.raises(UnscopedQuery):
        SCOPED[0].objects.unscoped("")
