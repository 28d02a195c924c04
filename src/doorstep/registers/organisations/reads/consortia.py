"""Consortia on a day: members by tier, totals by one aggregate query, agreements."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum

from doorstep.kernel.call import Call, Scope
from doorstep.kernel.decision import Refused, refuse
from doorstep.registers.organisations import rules
from doorstep.registers.organisations.access import may_arrange
from doorstep.registers.organisations.models import Agreement, Consortium, Membership
from doorstep.registers.organisations.reads.bounds import current, lead_of
from doorstep.registers.organisations.reads.directory import PUBLIC, area_names, membership_line, newest_count
from doorstep.registers.organisations.shapes import (
    AgreementLine,
    ConsortiumDetail,
    ConsortiumLine,
    MembershipLine,
    Total,
)

MOST_AGREEMENTS = 200


def _public(scope: Scope) -> QuerySet[Consortium]:
    rows: QuerySet[Consortium] = Consortium.objects.unscoped(PUBLIC)
    return rows if scope.everywhere or scope.organisations else rows.none()


def _lines(scope: Scope, day: date) -> QuerySet[Consortium]:
    inside = current(Membership.objects.unscoped(PUBLIC), day).filter(consortium=OuterRef("id"))
    lead = inside.filter(role=rules.Role.LEAD)
    number = inside.order_by().values("consortium").annotate(number=Count("id")).values("number")
    return _public(scope).annotate(
        lead=Subquery(lead.values("organisation")[:1]),
        lead_name=Subquery(lead.values("organisation__name")[:1]),
        institutions=Subquery(number),
    )


def _line(row: Consortium) -> ConsortiumLine:
    found = {name: getattr(row, name) for name in ("lead", "lead_name", "institutions")}
    return ConsortiumLine(
        id=row.id, key=row.key, name=row.name, kind=row.kind, area=row.area, since=row.since, until=row.until,
        lead=found["lead"], lead_name=found["lead_name"] or "", institutions=found["institutions"] or 0,
    )  # fmt: skip


def consortia(scope: Scope, *, day: date) -> tuple[ConsortiumLine, ...]:
    """All consortia of the directory, those that still run first; one query."""
    rows = _lines(scope, day).order_by(F("until").desc(nulls_first=True), "kind", "name", "id")
    return tuple(_line(row) for row in rows)


def choices(scope: Scope) -> tuple[tuple[UUID, str], ...]:
    """Consortia by name, for a choice."""
    return tuple(_public(scope).order_by("kind", "name").values_list("id", "name"))


def totals(consortium: UUID, day: date) -> tuple[Total, ...]:
    """Institutions, beds and staff by tier on the day, in one aggregate query; no count at all gives None."""
    rows = current(Membership.objects.unscoped(PUBLIC), day).filter(consortium=consortium)
    sums = rows.values("tier").annotate(
        institutions=Count("id"),
        beds=Sum(newest_count(rules.Count.BEDS, day, "organisation")),
        staff=Sum(newest_count(rules.Count.STAFF, day, "organisation")),
    )
    found = {row["tier"]: Total(**row) for row in sums}
    return tuple(found[tier] for tier in rules.Tier if tier in found)


def total_of(parts: Iterable[Total]) -> Total:
    """The sum over all tiers; None stays None only where no part was counted."""
    listed = list(parts)
    beds = [t.beds for t in listed if t.beds is not None]
    staff = [t.staff for t in listed if t.staff is not None]
    return Total(
        "", sum(t.institutions for t in listed), sum(beds) if beds else None, sum(staff) if staff else None
    )  # fmt: skip


def detail(scope: Scope, consortium: UUID, *, day: date) -> ConsortiumDetail:
    """One consortium on the day with its members by tier; raises ``Refused`` where it is not there. Six queries."""
    row = _lines(scope, day).filter(id=consortium).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Consortium"))
    sums, members = totals(consortium, day), _members(consortium, day)
    return ConsortiumDetail(
        line=_line(row), version=row.version, day=day, area_name=area_names({row.area}, day).get(row.area, ("", ""))[1],
        tiers=tuple((total, tuple(m for m in members if m.tier == total.tier)) for total in sums),
        total=total_of(sums), agreements=agreements(scope, consortium=consortium, day=day),
        former=_others(consortium, day),
    )  # fmt: skip


def _members(consortium: UUID, day: date) -> tuple[MembershipLine, ...]:
    rows = current(Membership.objects.unscoped(PUBLIC), day).filter(consortium=consortium)
    rows = rows.select_related("consortium", "organisation").annotate(
        beds=newest_count(rules.Count.BEDS, day, "organisation"),
        staff=newest_count(rules.Count.STAFF, day, "organisation"),
    )
    order = list(rules.Role)
    found = [membership_line(row) for row in rows.order_by("organisation__pinyin", "id")]
    return tuple(sorted(found, key=lambda m: order.index(rules.Role(m.role))))


def _others(consortium: UUID, day: date) -> tuple[MembershipLine, ...]:
    """Memberships that have ended or have not begun."""
    rows = Membership.objects.unscoped(PUBLIC).filter(Q(until__lt=day) | Q(since__gt=day), consortium=consortium)
    rows = rows.select_related("consortium", "organisation").order_by("-since", "id")[:MOST_AGREEMENTS]
    return tuple(membership_line(row) for row in rows)


def agreements(
    scope: Scope, *, day: date, consortium: UUID | None = None, organisation: UUID | None = None
) -> tuple[AgreementLine, ...]:
    """The agreements of a consortium or an institution in which the scope holds a party; two queries."""
    rows = Agreement.objects.within(scope)
    if consortium:
        rows = rows.filter(consortium=consortium)
    if organisation:
        joined = Agreement.parties.through.objects.filter(organisation=organisation)
        rows = rows.filter(id__in=joined.values("agreement"))
    found = list(rows.order_by(F("until").asc(nulls_first=True), "title", "id")[:MOST_AGREEMENTS])
    named = _parties(found)
    return tuple(_agreement_line(row, named[row.id], day) for row in found)


def _parties(found: list[Agreement]) -> dict[UUID, list[tuple[UUID, str]]]:
    links = Agreement.parties.through.objects.filter(agreement__in=found).order_by("organisation__pinyin")
    named: dict[UUID, list[tuple[UUID, str]]] = {row.id: [] for row in found}
    for agreement, key, name in links.values_list("agreement", "organisation", "organisation__name"):
        named[agreement].append((key, name))
    return named


def _agreement_line(row: Agreement, parties: list[tuple[UUID, str]], day: date) -> AgreementLine:
    return AgreementLine(
        id=row.id, version=row.version, title=row.title, matter=row.matter, consortium=row.consortium_id,
        since=row.since, until=row.until, parties=tuple(parties), text=row.text,
        expired=row.until is not None and row.until < day,
    )  # fmt: skip


def membership(scope: Scope, key: UUID) -> MembershipLine:
    """One membership of an institution within the scope; raises ``Refused``."""
    row = Membership.objects.within(scope).select_related("consortium", "organisation").filter(id=key).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Membership"))
    return membership_line(row)


def agreement(scope: Scope, key: UUID, *, day: date) -> AgreementLine:
    """One agreement in which the scope holds a party; raises ``Refused``."""
    row = Agreement.objects.within(scope).filter(id=key).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Agreement"))
    return _agreement_line(row, _parties([row])[row.id], day)


def is_arranger(call: Call, consortium: UUID, day: date) -> bool:
    """Whether the caller may change the members and agreements of the consortium."""
    return may_arrange(call, lead_of(consortium, day)).allowed
