"""The district as a tree: divisions, in them the institutions, under each institution those that hang under it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from doorstep.kernel.call import Scope
from doorstep.registers.organisations import rules
from doorstep.registers.organisations.reads.directory import area_names, directory, line
from doorstep.registers.organisations.shapes import Branch, Line

Under = Mapping[UUID | None, Sequence[Line]]
MOST = 5000
ORDER = {str(tier): n for n, tier in enumerate(rules.Tier)}


def tree(scope: Scope, *, day: date) -> tuple[Branch, ...]:
    """Counties, in them townships, in these institutions; two queries, at most ``MOST`` institutions."""
    rows = list(directory(scope).order_by("pinyin", "id")[:MOST])
    lines = sorted((line(row, {}) for row in rows), key=lambda found: ORDER[found.tier])
    codes = {code for row in rows for code in (row.area, *rules.area_above(row.area))}
    names = {code: own for code, (own, _full) in area_names(codes, day).items()}
    return _divisions(lines, names)


def _divisions(lines: Sequence[Line], names: Mapping[str, str]) -> tuple[Branch, ...]:
    known = {found.id for found in lines}
    under: dict[UUID | None, list[Line]] = defaultdict(list)
    places: dict[str, dict[str, list[Line]]] = defaultdict(lambda: defaultdict(list))
    for found in lines:
        if found.parent in known:
            under[found.parent].append(found)
        else:
            places[found.area[:6]][found.area[:9]].append(found)
    return tuple(
        _area(county.ljust(12, "0"), names, tuple(_township(c, own, names, under) for c, own in sorted(inside.items())))
        for county, inside in sorted(places.items())
    )


def _township(code: str, lines: Sequence[Line], names: Mapping[str, str], under: Under) -> Branch:
    return _area(code.ljust(12, "0"), names, tuple(_institution(found, under) for found in lines))


def _area(code: str, names: Mapping[str, str], branches: tuple[Branch, ...]) -> Branch:
    return Branch(names.get(code, code), None, sum(b.count for b in branches), branches)


def _institution(found: Line, under: Under) -> Branch:
    branches = tuple(_institution(child, under) for child in under.get(found.id, ()))
    return Branch(found.name, found, 1 + sum(b.count for b in branches), branches)
