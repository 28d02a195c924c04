"""Publishes institutions and consortia as they stand: read under lock, projected, handed to the running action.

Whoever changes a row publishes what hangs on it: an institution with its place and departments, a consortium with its
memberships. The lock keeps two publishers apart, so that the older state never comes last.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from doorstep.kernel import clock, publishing
from doorstep.kernel.act import about, action, publish, withdraw
from doorstep.kernel.call import Call
from doorstep.kernel.decision import demand
from doorstep.registers.organisations import fhir
from doorstep.registers.organisations.access import Permission, Sides, may_manage
from doorstep.registers.organisations.models import Consortium, Department, Membership, Organisation
from doorstep.registers.organisations.shapes import Alliance, DepartmentLine, Facts, Member

SHOWN = "what is published is public; the action has asked whether its caller may change it"
PAGE: Final = 500
PLAIN = (
    *("name", "type_code", "tier", "area", "short_name", "registration", "licence", "economic_type"),
    *("management_class", "status", "address", "phone", "longitude", "latitude", "opened_on", "closed_on"),
)


def facts_of(row: Organisation) -> Facts:
    """A row of the table as the facts that were written down."""
    return Facts(
        uscc=row.uscc or "", short_code=row.short_code or "", grade=row.grade_code, parent=row.parent_id,
        **{name: getattr(row, name) for name in PLAIN},
    )  # fmt: skip


def publish_institutions(keys: Collection[UUID]) -> None:
    """Publish institutions with their places and departments, as they stand; two queries for all of them."""
    rows = list(_locked(Organisation).filter(id__in=keys))
    wards: dict[UUID, list[Any]] = defaultdict(list)
    for line in Department.objects.unscoped(SHOWN).filter(organisation__in=keys).order_by("id"):
        wards[line.organisation_id].append(line)
    today = clock.today()
    for row in rows:
        facts = facts_of(row)
        publish(fhir.institution(row.id, facts, today), source=row.id)
        found = fhir.place(row.id, facts)
        if found is None:
            withdraw("Location", str(row.id), source=row.id)
        else:
            publish(found, source=row.id)
        for ward in wards[row.id]:
            line = DepartmentLine(ward.id, ward.code, ward.name, ward.since, ward.until)
            publish(fhir.department(row.id, line, today), source=row.id)


def publish_consortia(keys: Collection[UUID]) -> None:
    """Publish consortia with their memberships, as they stand; two queries. A consortium answers for itself: who
    leads it changes."""
    rows = list(_locked(Consortium).filter(id__in=keys))
    members: dict[UUID, list[Member]] = defaultdict(list)
    for m in Membership.objects.unscoped(SHOWN).filter(consortium__in=keys).order_by("id"):
        members[m.consortium_id].append(Member(m.id, m.organisation_id, m.role, m.tier, m.since, m.until))
    today = clock.today()
    for row in rows:
        found = Alliance(row.id, row.key, row.name, row.kind, row.area, row.since, row.until)
        publish(fhir.consortium(found, today), source=row.id)
        for member in members[row.id]:
            publish(fhir.membership(found, member, today), source=row.id)


def _locked(model: Any) -> QuerySet[Any]:
    rows: QuerySet[Any] = model.objects.unscoped(SHOWN)
    return rows.select_for_update(of=("self",), no_key=True).order_by("id")


STEPS: Final[tuple[tuple[str, Any, Callable[[Collection[UUID]], None]], ...]] = (
    ("institutions", Organisation, publish_institutions),
    ("consortia", Consortium, publish_consortia),
)


@action(Permission.EDIT, audits="organisations.publish")
def republish(call: Call, *, after: str = "") -> str:
    """Publish a page of what is there, in the order of ids; returns where the next begins, "" at the end. Only for
    the whole district. What has not changed is not written again."""
    demand(may_manage(call, Sides(None)))
    step, _, last = after.partition(":")
    names = [name for name, _model, _publish in STEPS]
    at = names.index(step) if step else 0
    name, model, publish_them = STEPS[at]
    rows = model.objects.unscoped(SHOWN).order_by("id")
    keys = list((rows.filter(id__gt=last) if last else rows).values_list("id", flat=True)[:PAGE])
    publish_them(keys)
    about("Directory", name, published=len(keys), after=last)
    if len(keys) == PAGE:
        return f"{name}:{keys[-1]}"
    return f"{names[at + 1]}:" if at + 1 < len(STEPS) else ""


def publish_all(call: Call) -> int:
    """Publish all that is there; by the clock, since what ends on a day ends without anybody's doing."""
    return publishing.everything(call, republish)
