"""Alerts and the rules by which they open: for people within their scope, for the menu, and for the watch itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.paging import Page, Paged, cut, key_of
from doorstep.record.endpoints import models
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.rules.watching import OF_ENDPOINT, OF_HOUSE, Kind, Watch, watches
from doorstep.record.endpoints.shapes import Alert

WAITS: Final = 99
"""Beyond which the menu does not count."""


def alerts(call: Call, *, page: Page, endpoint: UUID | None = None, past: bool = False) -> Paged[Alert]:
    """Alerts within the scope, newest first: those that are open, or with ``past`` all that ever were."""
    demand(call.may(Permission.READ))
    rows = models.Alert.objects.within(call.scope).select_related("endpoint", "organisation").order_by("-id")
    if endpoint is not None:
        rows = rows.filter(endpoint_id=endpoint)
    if not past:
        rows = rows.filter(closed_at__isnull=True)
    if page.after:
        rows = rows.filter(id__lt=key_of(page.after[0]))
    found = list(rows[: page.limit + 1])
    key = (str(found[page.limit - 1].pk),) if len(found) > page.limit else None
    return cut([_shown(row) for row in found], page, key)


def alert(call: Call, key: UUID) -> Alert:
    """One alert; ``Refused`` ("not_found") where it is none within the scope."""
    demand(call.may(Permission.READ))
    rows = models.Alert.objects.within(call.scope).select_related("endpoint", "organisation")
    row: models.Alert | None = rows.filter(pk=key).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Alert"))
    return _shown(row)


def waiting(call: Call) -> int:
    """How many open alerts nobody has noted yet; asked on every page."""
    rows = models.Alert.objects.within(call.scope).filter(closed_at__isnull=True, noted_at__isnull=True)
    return int(rows[:WAITS].count())


def open_at(endpoints: Collection[UUID]) -> Mapping[UUID, list[Kind]]:
    """The open alerts of these endpoints, by endpoint; the caller has asked for them within their scope."""
    rows = models.Alert.objects.unscoped("of the caller's endpoints")
    found: dict[UUID, list[Kind]] = {}
    for key, kind in (
        rows.filter(endpoint__in=endpoints, closed_at__isnull=True).order_by("id").values_list("endpoint_id", "kind")
    ):
        found.setdefault(key, []).append(Kind(kind))
    return found


def rules(call: Call, endpoint: UUID | None) -> tuple[tuple[Watch, ...], int]:
    """The rules of an endpoint, or of the house (None), and their version for whoever changes them."""
    demand(call.may(Permission.READ))
    rows = list(models.Watch.objects.within(call.scope).filter(endpoint_id=endpoint))
    said = [_watch(row) for row in rows]
    return watches(said, OF_HOUSE if endpoint is None else OF_ENDPOINT), sum(row.version for row in rows)


def all_rules() -> Mapping[UUID | None, list[Watch]]:
    """What was said of all endpoints and of the house (None)."""
    found: dict[UUID | None, list[Watch]] = {}
    for row in models.Watch.objects.unscoped("the house watches itself"):
        found.setdefault(row.endpoint_id, []).append(_watch(row))
    return found


def _watch(row: models.Watch) -> Watch:
    return Watch(Kind(row.kind), row.limit, row.minutes, row.working, row.is_on)


def _shown(row: models.Alert) -> Alert:
    return Alert(
        row.pk, row.version, Kind(row.kind), row.endpoint_id, row.endpoint.name if row.endpoint else "",
        row.organisation.name if row.organisation else "", row.value, row.limit, row.minutes, row.created_at,
        row.closed_at, row.noted_at, row.noted_by, row.note,
    )  # fmt: skip
