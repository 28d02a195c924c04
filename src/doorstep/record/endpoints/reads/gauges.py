"""What stands at all endpoints now, for those that watch them: Prometheus and the alerts."""

from __future__ import annotations

from typing import Final

from doorstep.record.endpoints.models import Endpoint
from doorstep.record.endpoints.reads.standing import Present, present
from doorstep.record.endpoints.rules.outward import Direction
from doorstep.record.endpoints.shapes import Gauge

MOST: Final = 10_000
"""Beyond which nothing is counted: asked each minute, it must stay cheap however much waits."""


def gauges() -> tuple[Gauge, ...]:
    """All endpoints, in two queries."""
    rows = list(Endpoint.objects.unscoped("the house watches itself").order_by("port", "id"))
    found = present([row.pk for row in rows], MOST)
    return tuple(_gauge(row, found[row.pk]) for row in rows)


def _gauge(row: Endpoint, now: Present) -> Gauge:
    return Gauge(
        row.pk, row.organisation_id, row.protocol, row.port, row.is_on, row.paused, row.created_at,
        now.waiting, now.oldest, now.rests, now.last, row.certificate, Direction(row.direction),
    )  # fmt: skip
