"""The directory: names, types, places and counts of institutions, open to every member of staff; and one institution.

A scope bounds what belongs to institutions. What an institution is to the public (name, type, address, departments,
beds, memberships: all of it stands on its licence or at its door) is read by everyone who holds a post, whatever its
bounds; one who holds none (an empty scope) reads nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from doorstep.kernel import ruleset
from doorstep.kernel.call import Scope
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.paging import Page, Paged, cut, key_of
from doorstep.kernel.pinyin import typed
from doorstep.kernel.prepared import ask
from doorstep.registers.organisations import rules
from doorstep.registers.organisations.models import Area, CountedFact, Department, Membership, Organisation
from doorstep.registers.organisations.reads.bounds import current
from doorstep.registers.organisations.shapes import (
    Counted,
    DepartmentLine,
    Detail,
    Filters,
    Line,
    MembershipLine,
)

PUBLIC = "the directory: what an institution is to the public is read by everyone who holds a post"


def directory(scope: Scope) -> QuerySet[Organisation]:
    """All institutions for a caller who holds a post; none for one who holds none."""
    rows: QuerySet[Organisation] = Organisation.objects.unscoped(PUBLIC)
    return rows if scope.everywhere or scope.organisations else rows.none()


def area_names(codes: Collection[str], day: date) -> Mapping[str, tuple[str, str]]:
    """Name and full name of divisions by their 12-digit codes on the day; unknown ones are left out."""
    rows = Area.objects.filter(Q(until__isnull=True) | Q(until__gte=day), code__in=set(codes), since__lte=day)
    return {code: (name, full or name) for code, name, full in rows.values_list("code", "name", "full_name")}


def area_choices(day: date) -> tuple[tuple[str, str], ...]:
    """Counties and townships on the day by code, for a choice; townships are set in."""
    rows = Area.objects.filter(Q(until__isnull=True) | Q(until__gte=day), since__lte=day)
    rows = rows.filter(level__in=(rules.Level.COUNTY, rules.Level.TOWNSHIP)).order_by("code")
    found = rows.values_list("code", "level", "name")
    return tuple((code, ("　" if level == rules.Level.TOWNSHIP else "") + name) for code, level, name in found)


def primary_parameters(day: date, jurisdiction: str = "CN") -> Mapping[str, Any]:
    """The class codes that count as primary care on the day: the dated rule, or the parameters of ``rules``."""
    return ruleset.parameters(rules.PRIMARY_RULE, day, rules.PRIMARY, jurisdiction)


def line(row: Organisation, areas: Mapping[str, tuple[str, str]]) -> Line:
    """A row of the directory as it leaves the room."""
    return Line(
        id=row.id, name=row.name, short_name=row.short_name, type_code=row.type_code, grade=row.grade_display,
        tier=row.tier, status=row.status, area=row.area, area_name=areas.get(row.area, ("", ""))[1],
        parent=row.parent_id,
    )  # fmt: skip


def listed(scope: Scope, *, filters: Filters, page: Page, day: date) -> Paged[Line]:
    """Institutions by the pinyin of their names, narrowed by the filters; two or three queries."""
    rows = _after(_narrowed(directory(scope), filters, day), page).order_by("pinyin", "id")
    found = list(rows[: page.limit + 1])
    areas = area_names({row.area for row in found}, day)
    last = found[page.limit - 1] if len(found) > page.limit else None
    return cut([line(row, areas) for row in found], page, (last.pinyin, str(last.id)) if last else None)


def _after(rows: QuerySet[Organisation], page: Page) -> QuerySet[Organisation]:
    if not page.after:
        return rows
    pinyin, key = page.after
    last = key_of(key)
    return rows.filter(Q(pinyin__gt=pinyin) | Q(pinyin=pinyin, id__gt=last))


def _narrowed(rows: QuerySet[Organisation], filters: Filters, day: date) -> QuerySet[Organisation]:
    plain = {"type_code": filters.type_code, "level": filters.level, "tier": filters.tier}
    rows = rows.filter(**{k: v for k, v in plain.items() if v not in ("", None)})
    if filters.area:
        rows = rows.filter(area__startswith=rules.area_prefix(filters.area))
    if filters.consortium:
        inside = current(Membership.objects.unscoped(PUBLIC), day).filter(consortium=filters.consortium)
        rows = rows.filter(id__in=inside.values("organisation"))
    if filters.primary is not None:
        rows = rows.filter(_primary(day)) if filters.primary else rows.exclude(_primary(day))
    return rows.filter(_matching(filters.text)) if filters.text else rows


def _primary(day: date) -> Q:
    parameters = primary_parameters(day)
    fits = Q(type_code__in=parameters["codes"])
    for start in parameters["prefixes"]:
        fits |= Q(type_code__startswith=start)
    return fits


def _matching(text: str) -> Q:
    fits = Q(name__contains=text) | Q(short_name__contains=text) | Q(uscc=text.upper()) | Q(short_code=text)
    if letters := typed(text):
        fits |= Q(pinyin__contains=letters) | Q(initials__contains=letters)
    return fits


def newest_count(kind: rules.Count, day: date, of: str) -> Subquery:
    """The newest number counted by the day, for the institution in the outer column ``of``."""
    rows = CountedFact.objects.unscoped(PUBLIC).filter(organisation=OuterRef(of), kind=kind, counted_on__lte=day)
    return Subquery(rows.order_by("-counted_on").values("number")[:1])


def membership_line(row: Membership) -> MembershipLine:
    """A membership with its institution's and consortium's names; the two must be selected with it."""
    return MembershipLine(
        id=row.id, version=row.version, consortium=row.consortium_id, consortium_name=row.consortium.name,
        kind=row.consortium.kind, organisation=row.organisation_id, organisation_name=row.organisation.name,
        type_code=row.organisation.type_code, role=row.role, tier=row.tier, since=row.since, until=row.until,
        beds=getattr(row, "beds", None), staff=getattr(row, "staff", None),
    )  # fmt: skip


def detail(scope: Scope, organisation: UUID, *, day: date) -> Detail:
    """One institution with departments, counts and consortia; raises ``Refused`` where it is not there."""
    row = directory(scope).select_related("parent").filter(id=organisation).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Organisation"))
    areas = area_names({row.area}, day)
    parameters = primary_parameters(day, row.area[:6])
    return Detail(
        line=line(row, areas), version=row.version, uscc=row.uscc or "", short_code=row.short_code or "",
        registration=row.registration, licence=row.licence, level=row.level, grade_code=row.grade_code,
        economic_type=row.economic_type, management_class=row.management_class, address=row.address, phone=row.phone,
        longitude=row.longitude, latitude=row.latitude, opened_on=row.opened_on, closed_on=row.closed_on,
        parent_name=row.parent.name if row.parent else "", full_area=areas.get(row.area, ("", ""))[1],
        primary=rules.is_primary(row.type_code, parameters), departments=departments(organisation, day=day),
        counts=_counts(organisation, day), memberships=_memberships(organisation, day),
        children=directory(scope).filter(parent=organisation).count(),
    )  # fmt: skip


def departments(organisation: UUID, *, day: date) -> tuple[DepartmentLine, ...]:
    """The departments of an institution on the day, by code."""
    rows = Department.objects.unscoped(PUBLIC).filter(
        Q(until__isnull=True) | Q(until__gte=day), organisation=organisation, since__lte=day
    )
    return tuple(
        DepartmentLine(*values) for values in rows.order_by("code").values_list("id", "code", "name", "since", "until")
    )


def departments_of(organisations: Collection[UUID], day: date) -> Mapping[UUID, tuple[DepartmentLine, ...]]:
    """The departments of several institutions on the day, by code; one query."""
    rows = Department.objects.unscoped(PUBLIC).filter(
        Q(until__isnull=True) | Q(until__gte=day), organisation__in=organisations, since__lte=day
    )
    found: dict[UUID, list[DepartmentLine]] = {key: [] for key in organisations}
    for organisation, *values in rows.order_by("code").values_list(
        "organisation", "id", "code", "name", "since", "until"
    ):
        found[organisation].append(DepartmentLine(*values))
    return {key: tuple(lines) for key, lines in found.items()}


_NAMES = f"""
SELECT d.organisation_id, d.code, d.name FROM unnest(%s::uuid[], %s::text[]) AS wanted(organisation, code)
JOIN {Department._meta.db_table} d ON d.organisation_id = wanted.organisation AND d.code = wanted.code ORDER BY d.since
"""  # noqa: S608  # our own name


def department_names(keys: Iterable[tuple[UUID, str]]) -> Mapping[tuple[UUID, str], str]:
    """The names of departments by institution and code, the newest name of each; one query."""
    wanted = sorted(set(keys))
    [found] = ask((_NAMES, [[o for o, _code in wanted], [code for _org, code in wanted]]))
    return {(organisation, code): name for organisation, code, name in found}


def _counts(organisation: UUID, day: date) -> tuple[Counted, ...]:
    rows = CountedFact.objects.unscoped(PUBLIC).filter(organisation=organisation, counted_on__lte=day)
    newest = rows.order_by("kind", "-counted_on").distinct("kind").values_list("kind", "number", "counted_on")
    order = list(rules.Count)
    return tuple(sorted((Counted(*v) for v in newest), key=lambda c: order.index(rules.Count(c.kind))))


def _memberships(organisation: UUID, day: date) -> tuple[MembershipLine, ...]:
    rows = Membership.objects.unscoped(PUBLIC).filter(organisation=organisation)
    rows = rows.select_related("consortium", "organisation").order_by(F("until").desc(nulls_first=True), "since")
    return tuple(membership_line(row) for row in rows)


def choices(scope: Scope) -> tuple[tuple[UUID, str], ...]:
    """Institutions that are not closed, by the pinyin of their names, for a choice."""
    rows = directory(scope).exclude(status=rules.Status.CLOSED).order_by("pinyin", "id")
    return tuple(rows.values_list("id", "name"))
