"""The endpoints themselves: for people within their scope, and for the listener all that are on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.paging import Page, Paged, cut, key_of
from doorstep.record.endpoints import models
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.flow import Sending
from doorstep.record.endpoints.rules.facts import MLLP, Ordering, networks
from doorstep.record.endpoints.rules.outward import ALSO, Carry, Direction
from doorstep.record.endpoints.shapes import Door, Endpoint, Facts, Order, Outward

WAITING: Final = """
SELECT e.id, w.count FROM unnest(%s::uuid[], %s::int[]) AS e(id, depth), LATERAL (
  SELECT count(*) FROM (SELECT 1 FROM endpoints_inbound i WHERE i.endpoint_id = e.id AND i.state = 'kept'
    ORDER BY i.slot, i.id LIMIT e.depth + 1) c) w
"""


def shown(row: models.Endpoint) -> Endpoint:
    """An endpoint as it leaves the room."""
    facts = Facts(
        row.name, row.organisation_id, row.port, row.application, row.facility, tuple(row.addresses), row.certificate,
        row.key, row.clients, row.charset, row.mapping, row.authorities, Ordering(row.ordering), row.most_bytes,
        row.most_connections, row.depth, row.keep_days, row.owner, row.protocol,
        _outward(row) if row.direction == Direction.OUT else None, row.receiver_id, tuple(row.speaks_for),
    )  # fmt: skip
    return Endpoint(row.pk, row.version, facts, row.is_on, row.paused)


def _outward(row: models.Endpoint) -> Outward:
    return Outward(
        row.host, row.secured, row.authority, row.to_application, row.to_facility, row.standard,
        frozenset(map(Carry, row.carries)), row.rate, row.opens, row.closes, row.patience, row.most_tries, row.holds,
        row.credential,
    )  # fmt: skip


def listed(call: Call, *, page: Page) -> Paged[Endpoint]:
    """The endpoints within the scope, by their names."""
    demand(call.may(Permission.READ))
    rows = models.Endpoint.objects.within(call.scope).order_by("name", "id")
    if page.after:
        name, key = page.after[0], key_of(page.after[1])
        rows = rows.filter(Q(name__gt=name) | Q(name=name, id__gt=key))
    found = list(rows[: page.limit + 1])
    last = found[page.limit - 1] if len(found) > page.limit else None
    return cut([shown(row) for row in found], page, (last.name, str(last.pk)) if last else None)


def one(call: Call, endpoint: UUID) -> Endpoint:
    """One endpoint; ``Refused`` ("not_found") where it is none within the scope."""
    demand(call.may(Permission.READ))
    row = models.Endpoint.objects.within(call.scope).filter(pk=endpoint).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Endpoint"))
    return shown(row)


def orders(call: Call, endpoint: UUID) -> tuple[Order, ...]:
    """The orders to replay that are under way."""
    rows = models.Replay.objects.within(call.scope).filter(endpoint_id=endpoint, ended_at__isnull=True).order_by("id")
    return tuple(Order(row.pk, row.reason, row.count, row.created_at) for row in rows[:20])


def is_replaying() -> bool:
    """Whether any order to replay is under way."""
    return bool(models.Replay.objects.unscoped("all orders").filter(ended_at__isnull=True).exists())


def sendable() -> tuple[Endpoint, ...]:
    """The endpoints to which something is to be sent: for the house's own sender."""
    why = "the sender's own"
    waits = models.Outbound.objects.unscoped(why).filter(endpoint=OuterRef("pk"), state=Sending.WAITING)
    rows = models.Endpoint.objects.unscoped(why).filter(Exists(waits), direction=Direction.OUT, is_on=True)
    return tuple(shown(row) for row in rows.filter(paused=False).order_by("id"))


def carrying(carry: Carry, organisations: Iterable[UUID] | None = None) -> tuple[Endpoint, ...]:
    """The endpoints that are on and to which such messages go by themselves, of these institutions or of all."""
    rows = models.Endpoint.objects.unscoped("a rule of the house").filter(
        direction=Direction.OUT,
        is_on=True,
        protocol=MLLP,
        carries__overlap=[each.value for each in ALSO.get(carry, (carry,))],
    )
    if organisations is not None:
        rows = rows.filter(organisation__in=list(organisations))
    return tuple(shown(row) for row in rows.order_by("id"))


def doors() -> tuple[Door, ...]:
    """All endpoints that are on, and how much waits at each: for the listener."""
    rows = list(
        models.Endpoint.objects.unscoped("the listener's own")
        .filter(is_on=True, direction=Direction.IN, protocol=MLLP)
        .order_by("port", "id")
    )
    waiting = _waiting((row.pk, row.depth) for row in rows)
    return tuple(
        Door(
            row.pk, row.organisation_id, row.port, row.application, row.facility, networks(row.addresses),
            row.certificate, row.key, row.clients, row.charset, Ordering(row.ordering), row.most_bytes,
            row.most_connections, row.depth, waiting.get(row.pk, 0),
        )
        for row in rows
    )  # fmt: skip


def _waiting(depths: Iterable[tuple[UUID, int]]) -> Mapping[UUID, int]:
    """How many messages wait at each endpoint, counted no further than one beyond its depth."""
    keys, most = zip(*depths, strict=True) if (depths := list(depths)) else ((), ())
    with connection.cursor() as cursor:
        cursor.execute(WAITING, [list(keys), list(most)])
        return dict(cursor.fetchall())
