"""How endpoints do: what waits, what rests, what came of late; a few queries for a whole page of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Sum

from doorstep.kernel import clock
from doorstep.record.endpoints.models import Minute
from doorstep.record.endpoints.reads.alerts import open_at
from doorstep.record.endpoints.reads.walking import LAST
from doorstep.record.endpoints.rules.facts import SLOTS
from doorstep.record.endpoints.rules.watching import Kind
from doorstep.record.endpoints.shapes import COUNTED, Endpoint, Standing

# each is ordered as its own index is: so that no other is walked, whatever is thought of how well messages are mixed
NOW: Final = """
SELECT e.id, w.count, o.received_at, r.count, l.received_at
FROM endpoints_endpoint e
CROSS JOIN LATERAL (SELECT count(*) FROM (SELECT 1 FROM endpoints_inbound WHERE endpoint_id = e.id
  AND state = 'kept' ORDER BY slot, id LIMIT %(most)s) c) w
CROSS JOIN LATERAL (SELECT count(*) FROM (SELECT 1 FROM endpoints_inbound WHERE endpoint_id = e.id
  AND state = 'resting' ORDER BY reason, id LIMIT %(most)s) c) r
LEFT JOIN LATERAL (SELECT min(f.received_at) AS received_at FROM generate_series(0, %(slots)s - 1) s,
  LATERAL (SELECT received_at FROM endpoints_inbound WHERE endpoint_id = e.id AND slot = s AND state = 'kept'
    ORDER BY id LIMIT 1) f) o ON true
LEFT JOIN LATERAL (SELECT received_at FROM endpoints_inbound WHERE (endpoint_id, id) > (e.id, 0)
  AND (endpoint_id, id) < (e.id, %(last)s) ORDER BY endpoint_id DESC, id DESC LIMIT 1) l ON true
WHERE e.id = ANY(%(keys)s) AND e.direction = 'in'
"""
OUT: Final = """
SELECT e.id, w.count, o.made_at, r.count, l.made_at, f.reason, f.params::text
FROM endpoints_endpoint e
CROSS JOIN LATERAL (SELECT count(*) FROM (SELECT 1 FROM endpoints_outbound WHERE endpoint_id = e.id
  AND state = 'waiting' LIMIT %(most)s) c) w
CROSS JOIN LATERAL (SELECT count(*) FROM (SELECT 1 FROM endpoints_outbound WHERE endpoint_id = e.id
  AND state = 'resting' LIMIT %(most)s) c) r
LEFT JOIN LATERAL (SELECT made_at FROM endpoints_outbound WHERE endpoint_id = e.id AND state = 'waiting'
  ORDER BY id LIMIT 1) o ON true
LEFT JOIN LATERAL (SELECT made_at FROM endpoints_outbound WHERE endpoint_id = e.id ORDER BY id DESC LIMIT 1) l
  ON true
LEFT JOIN LATERAL (SELECT reason, params FROM (
  SELECT reason, params, tried_at FROM endpoints_outbound WHERE endpoint_id = e.id AND state = 'waiting'
    ORDER BY id LIMIT 100) h WHERE reason <> '' ORDER BY tried_at DESC LIMIT 1) f ON true
WHERE e.id = ANY(%(keys)s) AND e.direction = 'out'
"""


def standing(endpoints: Collection[Endpoint]) -> Mapping[UUID, Standing]:
    """How each of these endpoints does; the caller has asked for them within their scope."""
    now = clock.now()
    keys = [each.id for each in endpoints]
    states, told = present(keys, COUNTED), open_at(keys)
    day, hour = _sums(keys, now - timedelta(days=1)), _sums(keys, now - timedelta(hours=1))
    return {each.id: _one(each, states[each.id], tuple(told.get(each.id, ())), day, hour) for each in endpoints}


@dataclass(frozen=True, slots=True)
class Present:
    """What waits and since when, what rests, when the last came; why the last that was to be sent could not be."""

    waiting: int
    oldest: datetime | None
    rests: int
    last: datetime | None
    fault: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


def present(keys: Collection[UUID], most: int) -> Mapping[UUID, Present]:
    """How it stands at each endpoint; counted up to ``most``."""
    asked: dict[str, Any] = {"keys": list(keys), "most": most, "slots": SLOTS, "last": LAST}
    with connection.cursor() as cursor:
        cursor.execute(NOW, asked)
        found = {row[0]: Present(*row[1:]) for row in cursor.fetchall()}
        cursor.execute(OUT, asked)
        for *row, fault, params in cursor.fetchall():
            waiting, oldest, rests, last = row[1:]
            found[row[0]] = Present(waiting, oldest, rests, last, fault or "", json.loads(params or "{}"))
    return found


Sums = Mapping[UUID, Mapping[str, int]]


def _one(
    each: Endpoint,
    state: Present,
    alerts: tuple[Kind, ...],
    day: Sums,
    hour: Sums,
) -> Standing:
    today, lately = day.get(each.id, {}), hour.get(each.id, {})
    applied = lately.get("applied", 0)
    return Standing(
        state.waiting, state.oldest, state.rests, state.last, lately.get("received", 0),
        today.get("received", 0), today.get("rested", 0),
        lately.get("lag_ms", 0) // applied if applied else 0, alerts, state.fault, state.params,
    )  # fmt: skip


def _sums(keys: Iterable[UUID], since: datetime) -> Sums:
    rows = Minute.objects.filter(endpoint__in=list(keys), at__gte=since).values("endpoint_id")
    told = rows.annotate(
        sum_received=Sum("received"), sum_rested=Sum("rested"), sum_applied=Sum("applied"), sum_lag=Sum("lag_ms")
    ).values_list("endpoint_id", "sum_received", "sum_rested", "sum_applied", "sum_lag")
    return {
        key: {"received": received, "rested": rested, "applied": applied, "lag_ms": lag}
        for key, received, rested, applied, lag in told
    }
