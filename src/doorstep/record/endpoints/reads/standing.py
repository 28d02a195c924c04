"""How endpoints do: what waits, what rests, what came of late; a few queries for a whole page of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Sum

from doorstep.kernel import clock
from doorstep.record.endpoints.models import Minute
from doorstep.record.endpoints.reads.walking import LAST
from doorstep.record.endpoints.rules.facts import SLOTS, alarms
from doorstep.record.endpoints.shapes import COUNTED, Endpoint, Standing

# each is ordered as its own index is: so that no other is walked, whatever is thought of how well messages are mixed
NOW: Final = """
SELECT e.id, w.count, o.received_at, r.count, l.received_at
FROM unnest(%(keys)s::uuid[]) AS e(id)
CROSS JOIN LATERAL (SELECT count(*) FROM (SELECT 1 FROM endpoints_inbound WHERE endpoint_id = e.id
  AND state = 'kept' ORDER BY slot, id LIMIT %(most)s) c) w
CROSS JOIN LATERAL (SELECT count(*) FROM (SELECT 1 FROM endpoints_inbound WHERE endpoint_id = e.id
  AND state = 'resting' ORDER BY reason, id LIMIT %(most)s) c) r
LEFT JOIN LATERAL (SELECT min(f.received_at) AS received_at FROM generate_series(0, %(slots)s - 1) s,
  LATERAL (SELECT received_at FROM endpoints_inbound WHERE endpoint_id = e.id AND slot = s AND state = 'kept'
    ORDER BY id LIMIT 1) f) o ON true
LEFT JOIN LATERAL (SELECT received_at FROM endpoints_inbound WHERE (endpoint_id, id) > (e.id, 0)
  AND (endpoint_id, id) < (e.id, %(last)s) ORDER BY endpoint_id DESC, id DESC LIMIT 1) l ON true
"""


def standing(endpoints: Collection[Endpoint]) -> Mapping[UUID, Standing]:
    """How each of these endpoints does; the caller has asked for them within their scope."""
    now = clock.now()
    keys = [each.id for each in endpoints]
    with connection.cursor() as cursor:
        cursor.execute(NOW, {"keys": keys, "most": COUNTED, "slots": SLOTS, "last": LAST})
        states = {row[0]: row[1:] for row in cursor.fetchall()}
    day, hour = _sums(keys, now - timedelta(days=1)), _sums(keys, now - timedelta(hours=1))
    return {each.id: _one(each, now, states[each.id], day, hour) for each in endpoints}


Sums = Mapping[UUID, Mapping[str, int]]


def _one(
    each: Endpoint,
    now: datetime,
    state: tuple[int, datetime | None, int, datetime | None],
    day: Sums,
    hour: Sums,
) -> Standing:
    waiting, oldest, rests, last = state
    today, lately = day.get(each.id, {}), hour.get(each.id, {})
    applied = lately.get("applied", 0)
    told = alarms(
        now, on=each.is_on, silence=each.facts.silence, last=last, oldest=None if each.paused else oldest, rests=rests
    )
    return Standing(
        waiting, oldest, rests, last, lately.get("received", 0), today.get("received", 0), today.get("rested", 0),
        lately.get("lag_ms", 0) // applied if applied else 0, told,
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
