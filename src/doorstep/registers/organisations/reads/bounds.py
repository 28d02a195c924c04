"""Who belongs to whom: what scopes, other rooms and the ways in ask about institutions, before there is a scope."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import F, Q, QuerySet

from doorstep.kernel.call import Call
from doorstep.kernel.decision import Decision
from doorstep.registers.organisations.access import Sides, may_manage
from doorstep.registers.organisations.models import CountedFact, Department, Membership, Organisation
from doorstep.registers.organisations.rules import MANAGING_KINDS, Count, Role, Status

NAMES = "names, types and places of institutions are public to every room and every member of staff"
BOUNDS = "scopes are made from memberships, so they cannot be bounded by a scope"


def current(rows: QuerySet[Membership], day: date) -> QuerySet[Membership]:
    """Memberships that hold on the day, of consortia that exist on the day."""
    open_end, still = Q(until__isnull=True) | Q(until__gte=day), Q(consortium__until__isnull=True)
    return rows.filter(open_end, still | Q(consortium__until__gte=day), since__lte=day, consortium__since__lte=day)


def reach(organisation: UUID, day: date) -> frozenset[UUID]:
    """The institution itself and all that share a close-knit consortium with it on the day; one query.

    Alliances and tele-medicine networks only work together case by case: being in one opens no one's records.
    """
    rows = current(Membership.objects.unscoped(BOUNDS), day).filter(consortium__kind__in=sorted(MANAGING_KINDS))
    shared = rows.filter(organisation=organisation).values("consortium")
    return frozenset(rows.filter(consortium__in=shared).values_list("organisation", flat=True)) | {organisation}


def leaders(organisations: Collection[UUID], day: date) -> Mapping[UUID, frozenset[UUID]]:
    """For each institution the leads of the close-knit consortia that it is in on the day; one query."""
    rows = current(Membership.objects.unscoped(BOUNDS), day).filter(consortium__kind__in=sorted(MANAGING_KINDS))
    mine = rows.filter(organisation__in=organisations).values_list("organisation", "consortium")
    leads = dict(
        rows.filter(
            role=Role.LEAD, consortium__in=rows.filter(organisation__in=organisations).values("consortium")
        ).values_list("consortium", "organisation")
    )
    found: dict[UUID, set[UUID]] = {key: set() for key in organisations}
    for organisation, consortium in mine:
        if consortium in leads:
            found[organisation].add(leads[consortium])
    return {key: frozenset(value) for key, value in found.items()}


def may_manage_one(call: Call, organisation: UUID, day: date) -> Decision:
    """Whether the caller may change what belongs to the institution (facts, people, keys)."""
    return may_manage(call, Sides(organisation, leaders((organisation,), day)[organisation]))


def managed(call: Call, organisations: Collection[UUID], day: date) -> frozenset[UUID]:
    """Those of the institutions that the caller may manage; at most two queries."""
    leads = leaders(organisations, day)
    return frozenset(o for o in organisations if may_manage(call, Sides(o, leads[o])).allowed)


def manageable(call: Call, day: date) -> tuple[tuple[UUID, str], ...]:
    """All institutions that the caller may manage, by the pinyin of their names: what a choice offers."""
    rows = Organisation.objects.unscoped(NAMES).exclude(status=Status.CLOSED)
    if not call.scope.everywhere:
        shared = current(Membership.objects.unscoped(BOUNDS), day).filter(consortium__kind__in=sorted(MANAGING_KINDS))
        led = shared.filter(role=Role.LEAD, organisation=call.organisation).values("consortium")
        inside = shared.filter(consortium__in=led).values("organisation")
        rows = rows.filter(Q(id=call.organisation) | Q(id__in=inside))
    return tuple(rows.order_by("pinyin", "id").values_list("id", "name"))


def names(keys: Collection[UUID]) -> Mapping[UUID, str]:
    """The names of institutions by id; unknown ids are left out."""
    return dict(Organisation.objects.unscoped(NAMES).filter(id__in=keys).values_list("id", "name"))


def places(keys: Collection[UUID]) -> Mapping[UUID, tuple[Decimal, Decimal]]:
    """Longitude and latitude of institutions by id; left out is whose place is not known."""
    rows = Organisation.objects.unscoped(NAMES).filter(id__in=keys, longitude__isnull=False, latitude__isnull=False)
    return {
        key: (x, y) for key, x, y in rows.values_list("id", "longitude", "latitude") if x is not None and y is not None
    }


def by_uscc(codes: Collection[str]) -> Mapping[str, UUID]:
    """Institutions by credit code; unknown codes are left out."""
    rows = Organisation.objects.unscoped(NAMES).filter(uscc__in=codes)
    return {code: key for code, key in rows.values_list("uscc", "id") if code}


def usccs(keys: Collection[UUID]) -> Mapping[UUID, str]:
    """The credit codes of institutions by id; those that have none are left out."""
    rows = Organisation.objects.unscoped(NAMES).filter(id__in=keys, uscc__isnull=False)
    return {key: code for key, code in rows.values_list("id", "uscc") if code}


def source(key: str) -> UUID | None:
    """The institution that a credit code, an id or a short code names; None where none or more than one fits."""
    fits = Q(uscc=key) | Q(short_code=key)
    with suppress(ValueError):
        fits |= Q(id=UUID(key))
    found = list(Organisation.objects.unscoped(NAMES).filter(fits).values_list("id", flat=True)[:2])
    return found[0] if len(found) == 1 else None


def credit_code(organisation: UUID) -> str:
    """The credit code of an institution; empty where it has none."""
    rows = Organisation.objects.unscoped(NAMES).filter(id=organisation)
    return rows.values_list("uscc", flat=True).first() or ""


def versions(keys: Collection[UUID]) -> Mapping[UUID, int]:
    """In which version institutions stand now; those that are gone are left out."""
    return dict(Organisation.objects.unscoped(NAMES).filter(id__in=keys).values_list("id", "version"))


def department_versions(keys: Collection[UUID]) -> Mapping[UUID, int]:
    """In which version departments stand now; those that are gone are left out."""
    return dict(Department.objects.unscoped(NAMES).filter(id__in=keys).values_list("id", "version"))


def counted(days: Collection[tuple[UUID, date]]) -> Mapping[tuple[UUID, date], Mapping[Count, int]]:
    """What was counted at institutions on days, of each pair; pairs without a count are left out; one query."""
    places, dates = {place for place, _ in days}, {day for _, day in days}
    rows = CountedFact.objects.unscoped(NAMES).filter(organisation__in=places, counted_on__in=dates)
    found: dict[tuple[UUID, date], dict[Count, int]] = {}
    for place, day, kind, number in rows.values_list("organisation", "counted_on", "kind", "number"):
        if (place, day) in days:
            found.setdefault((place, day), {})[Count(kind)] = number
    return found


def members(consortium: UUID, day: date) -> frozenset[UUID]:
    """The institutions that are in the consortium on the day."""
    rows = current(Membership.objects.unscoped(BOUNDS), day).filter(consortium=consortium)
    return frozenset(rows.values_list("organisation", flat=True))


def lead_of(consortium: UUID, day: date) -> UUID | None:
    """The institution that leads the consortium on the day, if any."""
    rows = current(Membership.objects.unscoped(BOUNDS), day).filter(consortium=consortium, role=Role.LEAD)
    return rows.values_list("organisation", flat=True).first()


def consortia_of(organisation: UUID, day: date) -> Mapping[UUID, str]:
    """The consortia that the institution is in on the day, by id with their names."""
    rows = current(Membership.objects.unscoped(BOUNDS), day).filter(organisation=organisation)
    return dict(rows.values_list("consortium", F("consortium__name")))
