"""Who looked, as the resident may know it (个人信息保护法 art. 44, 45): when, from where, in which role, for what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet

from doorstep.insight.trail.rules import objections as rules
from doorstep.insight.trail.shapes import Look
from doorstep.kernel import trail_search
from doorstep.kernel.letters import whole
from doorstep.kernel.models import TrailLine
from doorstep.kernel.paging import Page, Paged, cut
from doorstep.registers.organisations import api as organisations
from doorstep.registers.residents import api as residents
from doorstep.registers.staff import api as staff

FIELDS: Final = ("id", "at", "actor", "post", "organisation", "purpose", "action", "outcome", "detail")


def looks(resident: UUID, since: date | None, until: date | None, page: Page) -> Paged[Look]:
    """A page of the lines about a resident, whatever ids they had; without the machine's own and what the resident did
    themselves. The page's key is the line's time and number."""
    rows = _about(resident).exclude(actor=f"resident:{resident}").order_by("-at", "-pk")
    rows = trail_search.within_days(rows, since, until)
    if page.after:
        at, number = trail_search.moment(page.after[0]), whole(page.after[1])
        rows = rows.filter(Q(at__lt=at) | Q(at=at, pk__lt=number), at__lte=at)
    found = list(rows.values(*FIELDS)[: page.limit + 1])
    last = found[page.limit - 1] if len(found) > page.limit else None
    key = (last["at"].isoformat(), str(last["id"])) if last else None
    return cut(told(found), page, key)


def _about(resident: UUID) -> QuerySet[TrailLine]:
    return TrailLine.objects.filter(resident__in=residents.selves(resident)).exclude(actor__startswith="system:")


def chosen(resident: UUID, lines: Iterable[int]) -> list[Mapping[str, Any]]:
    """Those of the lines that are about the resident, as the trail has them."""
    rows = _about(resident).filter(pk__in=list(lines)[: rules.MOST_LINES])
    return list(rows.order_by("at", "pk").values(*FIELDS))


def told(found: Sequence[Mapping[str, Any]]) -> list[Look]:
    """Lines in plain words; two queries."""
    places = organisations.names({row["organisation"] for row in found if row["organisation"]} | _sources(found))
    titles = staff.titles({row["post"] for row in found if row["post"]})
    return [_look(row, places, titles) for row in found]


def _sources(found: Sequence[Mapping[str, Any]]) -> set[UUID]:
    keys = (row["actor"].partition(":") for row in found)
    return {UUID(key) for kind, _colon, key in keys if kind == "source" and len(key) == 36}


def _look(row: Mapping[str, Any], places: Mapping[UUID, str], titles: Mapping[UUID, str]) -> Look:
    kind, _colon, key = row["actor"].partition(":")
    place = row["organisation"] or (UUID(key) if kind == "source" and len(key) == 36 else None)
    basis = str(row["detail"].get("basis", "")) if isinstance(row["detail"], dict) else ""
    return Look(
        id=row["id"],
        at=row["at"],
        organisation=places.get(place, "") if place else "",
        role=titles.get(row["post"], "") if row["post"] else "",
        purpose=rules.PURPOSES.get(row["purpose"], ""),
        did=rules.did(row["action"]),
        basis=rules.BASES.get(basis, ""),
        glass=basis == "break_glass" or row["action"] == "consents.break_glass",
        refused=row["outcome"] != "done",
        who=kind,
    )
