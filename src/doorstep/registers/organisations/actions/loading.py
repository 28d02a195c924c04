"""Loading a whole directory: areas, institutions, consortia, agreements; a second load changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from doorstep.events.organisations import DirectoryLoaded
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, allow, demand, refuse
from doorstep.kernel.loading import Synced, sync
from doorstep.kernel.outbox import emit
from doorstep.registers.organisations import rules
from doorstep.registers.organisations.access import Permission, Sides, may_manage
from doorstep.registers.organisations.actions.institutions import columns, demand_sound
from doorstep.registers.organisations.actions.publishing import publish_consortia, publish_institutions
from doorstep.registers.organisations.models import (
    Agreement,
    Area,
    Consortium,
    CountedFact,
    Department,
    Membership,
    Organisation,
)
from doorstep.registers.organisations.shapes import AreaIn, DirectoryIn, Loaded, OrganisationIn

ALL = "a load is for the whole district, which the caller was asked for"
SOME_DAY = date(1949, 10, 1)


@action(Permission.EDIT, audits="organisations.load")
def load(call: Call, *, directory: DirectoryIn) -> Loaded:
    """Bring the directory to what is given, by natural keys; rows that are not given stay. Only for the whole district.

    Raises ``Refused`` with the credit code or key in its detail, and then nothing was loaded.
    """
    demand(may_manage(call, Sides(None)))
    done: dict[str, Synced[Any]] = {"areas": _areas(directory.areas)}
    done |= {"organisations": (organisations := _organisations(directory.organisations))}
    ids = _all_ids()
    _parents(directory.organisations, organisations, ids)
    done |= {"departments": _departments(directory.organisations, ids), "counts": _counts(directory.organisations, ids)}
    done |= _consortia(directory, ids)
    publish_institutions([row.id for row in organisations.rows.values()])
    publish_consortia([row.id for row in done["consortia"].rows.values()])
    loaded = Loaded({k: v.made for k, v in done.items()}, {k: v.changed for k, v in done.items()})
    about("Directory", "all", made=sum(loaded.made.values()), changed=sum(loaded.changed.values()))
    emit(DirectoryLoaded(sum(loaded.made.values()), sum(loaded.changed.values())))
    return loaded


def _every(model: Any) -> QuerySet[Any]:
    rows: QuerySet[Any] = model.objects.unscoped(ALL)
    return rows


def _all_ids() -> Mapping[str, UUID]:
    return {code: key for code, key in _every(Organisation).values_list("uscc", "id") if code}


def _id(ids: Mapping[str, UUID], uscc: str) -> UUID:
    if uscc not in ids:
        raise Refused(refuse("uscc.unknown", uscc=uscc))
    return ids[uscc]


def _areas(areas: Iterable[AreaIn]) -> Synced[Any]:
    plain = ("code", "name", "full_name", "parent", "urban", "population", "longitude", "latitude", "since", "until")
    wanted = [{n: getattr(a, n) for n in plain} | {"level": str(rules.area_level(a.code))} for a in areas]
    return sync(Area.objects.filter(code__in=[w["code"] for w in wanted]), ("code", "since"), wanted)


def _organisations(given: Iterable[OrganisationIn]) -> Synced[Any]:
    wanted = []
    for one in given:
        try:
            demand_sound(one.facts)
            demand(rules.credit_code(one.facts.uscc))
        except Refused as refused:
            told = {**refused.decision.detail, "uscc": one.facts.uscc}
            raise Refused(refuse(refused.decision.reason, **told)) from refused
        wanted.append({k: v for k, v in columns(one.facts).items() if k != "parent_id"})
    return sync(_every(Organisation).filter(uscc__in=[w["uscc"] for w in wanted]), ("uscc",), wanted)


def _parents(given: Iterable[OrganisationIn], made: Synced[Any], ids: Mapping[str, UUID]) -> None:
    above = {one.facts.uscc: one.parent for one in given}
    changed = []
    for uscc, parent in above.items():
        demand(rules.hangs_under(above, uscc, parent) if parent else allow())
        row, key = made.rows[(uscc,)], _id(ids, parent) if parent else None
        if row.parent_id != key:
            row.parent_id = key
            changed.append(row)
    _every(Organisation).bulk_update(changed, ("parent",))


def _departments(given: Iterable[OrganisationIn], ids: Mapping[str, UUID]) -> Synced[Any]:
    wanted = [
        {
            "organisation_id": ids[one.facts.uscc],
            "code": d.code,
            "name": d.name,
            "since": d.since or one.facts.opened_on or SOME_DAY,
            "until": d.until,
        }
        for one in given
        for d in one.departments
    ]
    existing = _every(Department).filter(organisation__in={w["organisation_id"] for w in wanted})
    return sync(existing, ("organisation_id", "code", "since"), wanted)


def _counts(given: Iterable[OrganisationIn], ids: Mapping[str, UUID]) -> Synced[Any]:
    wanted = [
        {"organisation_id": ids[one.facts.uscc], "kind": kind, "number": number, "counted_on": day}
        for one in given
        for kind, number, day in one.counts
    ]
    existing = _every(CountedFact).filter(organisation__in={w["organisation_id"] for w in wanted})
    return sync(existing, ("organisation_id", "kind", "counted_on"), wanted)


def _consortia(directory: DirectoryIn, ids: Mapping[str, UUID]) -> dict[str, Synced[Any]]:
    plain = ("key", "name", "kind", "area", "since", "until")
    wanted = [{n: getattr(c, n) for n in plain} for c in directory.consortia]
    consortia = sync(_every(Consortium).filter(key__in=[w["key"] for w in wanted]), ("key",), wanted)
    tiers = dict(_every(Organisation).values_list("id", "tier"))
    members = [
        {
            "consortium_id": consortia.rows[(c.key,)].id,
            "organisation_id": (key := _id(ids, m.uscc)),
            "role": m.role,
            "tier": m.tier or tiers[key],
            "since": m.since,
            "until": m.until,
        }
        for c in directory.consortia
        for m in c.members
    ]
    existing = _every(Membership).filter(consortium__in={m["consortium_id"] for m in members})
    joined = sync(existing, ("consortium_id", "organisation_id", "since"), members)
    return {"consortia": consortia, "memberships": joined, "agreements": _agreements(directory, ids)}


def _agreements(directory: DirectoryIn, ids: Mapping[str, UUID]) -> Synced[Any]:
    keys = dict(_every(Consortium).values_list("key", "id"))
    wanted = [
        {
            "consortium_id": keys[a.consortium] if a.consortium else None,
            "title": a.title,
            "matter": a.matter,
            "text": a.text,
            "since": a.since,
            "until": a.until,
        }
        for a in directory.agreements
    ]
    existing = _every(Agreement).filter(title__in={w["title"] for w in wanted})
    made = sync(existing, ("consortium_id", "title", "since"), wanted)
    links = Agreement.parties.through
    links.objects.bulk_create(
        (
            links(agreement=made.rows[(w["consortium_id"], w["title"], w["since"])], organisation_id=_id(ids, uscc))
            for w, a in zip(wanted, directory.agreements, strict=True)
            for uscc in a.parties
        ),
        ignore_conflicts=True,
    )
    return made
