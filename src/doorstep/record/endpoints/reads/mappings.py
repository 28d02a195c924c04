"""Mapping tables: the standard ones, an institution's own in their versions, and which are in use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final
from uuid import UUID

from doorstep.adapters.hl7v2 import mapping
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.paging import Page, Paged, cut, key_of
from doorstep.record.endpoints import models
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.rules import tables as rules
from doorstep.record.endpoints.rules.facts import OWN
from doorstep.record.endpoints.shapes import MappingDetail, MappingLine

WORKER: Final = "the worker's own"


def tables_for(organisation: UUID, name: str) -> Callable[[], mapping.Tables]:
    """The tables of an endpoint, to be called for: the institution's own that are in use, else the standard ones."""
    if name != OWN:
        return mapping.standard
    used = models.MappingUse.objects.unscoped(WORKER).filter(organisation_id=organisation, until__isnull=True)
    key: UUID | None = used.values_list("mapping_id", flat=True).first()
    return mapping.standard if key is None else lambda: _held(key)


@lru_cache(maxsize=64)
def _held(key: UUID) -> mapping.Tables:
    """A version that was in use once: it never changes again."""
    row = models.Mapping.objects.unscoped(WORKER).get(pk=key)
    return mapping.tables_of(rules.titled(row.files, row.number))


def mappings(call: Call, *, page: Page) -> Paged[MappingLine]:
    """The versions of the institutions within the scope, newest first."""
    demand(call.may(Permission.READ))
    rows = models.Mapping.objects.within(call.scope).select_related("organisation").defer("files").order_by("-id")
    if page.after:
        rows = rows.filter(id__lt=key_of(page.after[0]))
    found = list(rows[: page.limit + 1])
    uses = _uses([row.pk for row in found])
    key = (str(found[page.limit - 1].pk),) if len(found) > page.limit else None
    return cut([_line(row, uses.get(row.pk, [])) for row in found], page, key)


def mapping_of(call: Call, key: UUID) -> MappingDetail:
    """One version; ``Refused`` ("not_found") where it is none within the scope."""
    demand(call.may(Permission.READ))
    row = models.Mapping.objects.within(call.scope).select_related("organisation").filter(pk=key).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Mapping"))
    uses, proof = _uses([row.pk]).get(row.pk, []), row.proof or {}
    cases = {name: tuple(each) for name, each in sorted(proof.get("cases", {}).items())}
    told = tuple((use.since, use.until, use.by) for use in reversed(uses))
    return MappingDetail(_line(row, uses), row.files, tuple(proof.get("faults", ())), cases, row.proved_at, told)


def versions_of(call: Call, organisation: UUID) -> tuple[MappingLine, ...]:
    """The newest versions of an institution, to be compared with."""
    demand(call.may(Permission.READ))
    rows = list(
        models.Mapping.objects.within(call.scope).filter(organisation_id=organisation)
        .select_related("organisation").defer("files").order_by("-number")[:50]
    )  # fmt: skip
    uses = _uses([row.pk for row in rows])
    return tuple(_line(row, uses.get(row.pk, [])) for row in rows)


def _uses(keys: list[UUID]) -> Mapping[UUID, list[models.MappingUse]]:
    found: dict[UUID, list[models.MappingUse]] = {}
    for use in models.MappingUse.objects.unscoped("of the caller's versions").filter(mapping__in=keys).order_by("id"):
        found.setdefault(use.mapping_id, []).append(use)
    return found


def _line(row: models.Mapping, uses: list[models.MappingUse]) -> MappingLine:
    proved = None if row.proof is None else bool(row.proof.get("holds"))
    return MappingLine(
        row.pk, row.version, row.organisation_id, row.organisation.name, row.number, row.base, row.note, row.made_by,
        row.created_at, proved, any(use.until is None for use in uses), bool(uses),
    )  # fmt: skip
