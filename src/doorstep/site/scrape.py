"""What Prometheus is told: what the processes counted, and what the database says now, by questions that stay cheap.

Every count of rows is bounded (``MOST``) and goes by a partial index; the lines of the trail are the last seal's place.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from django.db import DatabaseError, InterfaceError, connection, transaction
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from doorstep.kernel import clock, fence, metrics
from doorstep.kernel.models import JobRun
from doorstep.kernel.secret_files import secret
from doorstep.record.endpoints import api as endpoints

TOKEN: Final = "DOORSTEP_METRICS_TOKEN"  # noqa: S105  the name of a variable
MOST: Final = 10_000
FORWARDED: Final = ("x-forwarded-for", "forwarded", "via")
PATIENCE: Final = "SET LOCAL statement_timeout = '3s'"
_HOUSE: Final = f"""
SELECT (SELECT count(*) FROM (SELECT FROM kernel_delivery WHERE state = 'waiting' LIMIT {MOST}) w),
  (SELECT e.at FROM kernel_delivery d JOIN kernel_outboxevent e ON e.id = d.event_id WHERE d.state = 'waiting'
    ORDER BY d.due_at LIMIT 1),
  (SELECT count(*) FROM (SELECT FROM kernel_delivery WHERE state = 'dead' LIMIT {MOST}) w),
  (SELECT coalesce(max(position), 0) FROM kernel_trailseal),
  current_setting('max_connections')::int
"""  # noqa: S608  # our own number
_CONNECTIONS: Final = """
SELECT coalesce(state, 'other'), count(*) FROM pg_stat_activity WHERE datname = current_database() GROUP BY 1
"""


def may_ask(address: str, headers: Mapping[str, str]) -> bool:
    """Whoever has the token; where none is set, this machine alone, and nobody whom a proxy brings."""
    known = secret(TOKEN)
    if known:
        return hmac.compare_digest(headers.get("authorization", "").encode(), f"Bearer {known}".encode())
    if any(name in headers for name in FORWARDED):
        return False
    with suppress(ValueError):
        return ipaddress.ip_address(address).is_loopback
    return False


def told() -> bytes:
    """Everything, in Prometheus's text format."""
    return metrics.text([Database()])


class Database(metrics.Collector):
    """What the database says; where it is away, that alone."""

    def collect(self) -> Iterable[Metric]:
        """Of all endpoints and of the house itself."""
        try:
            with transaction.atomic(), fence.lifted("counts that tell of nobody"):
                with connection.cursor() as cursor:
                    cursor.execute(PATIENCE)
                found = [*_endpoints(), *_house(), *_jobs(), *_connections()]
        except (DatabaseError, InterfaceError):
            found = []
        yield _gauge("doorstep_database_up", "Whether the database answers.", float(bool(found)))
        yield from found


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, value=value)


def _endpoints() -> Iterator[Metric]:
    now = clock.now()
    on = GaugeMetricFamily(
        "doorstep_endpoint_on", "Whether it is on, and not paused.", labels=("endpoint", "protocol", "port")
    )
    said = {
        name: GaugeMetricFamily(f"doorstep_endpoint_{name}", words, labels=("endpoint",))
        for name, words in (
            ("waiting", f"Messages kept and not yet worked on, up to {MOST}."),
            ("oldest_seconds", "How long the oldest of them has waited."),
            ("resting", f"Messages that rest until a person mends them, up to {MOST}."),
            ("last_seconds", "How long ago the last message came."),
        )
    }
    for each in endpoints.gauges():
        key = str(each.endpoint)
        on.add_metric((key, each.protocol, str(each.port)), float(each.is_on and not each.paused))
        said["waiting"].add_metric((key,), each.waiting)
        said["resting"].add_metric((key,), each.rests)
        for name, since in (("oldest_seconds", each.oldest), ("last_seconds", each.last)):
            if since is not None:
                said[name].add_metric((key,), max(0.0, (now - since).total_seconds()))
    yield on
    yield from said.values()


def _house() -> Iterator[Metric]:
    with connection.cursor() as cursor:
        cursor.execute(_HOUSE)
        waiting, oldest, dead, lines, most = cursor.fetchone()
    since = max(0.0, (clock.now() - oldest).total_seconds()) if oldest else 0.0
    yield _gauge("doorstep_outbox_waiting", f"Deliveries that wait, up to {MOST}.", waiting)
    yield _gauge("doorstep_outbox_oldest_seconds", "Since when the event waits that is due first.", since)
    yield _gauge("doorstep_outbox_dead", f"Dead letters, up to {MOST}.", dead)
    yield CounterMetricFamily("doorstep_trail_lines", "Lines of the trail that are sealed.", value=lines)
    yield _gauge("doorstep_database_connections_most", "Connections that the database allows.", most)


def _jobs() -> Iterator[Metric]:
    now = clock.now()
    since = GaugeMetricFamily("doorstep_job_since_seconds", "How long ago a job last ran.", labels=("job",))
    failed = GaugeMetricFamily("doorstep_job_failed", "Whether its last run failed.", labels=("job",))
    for row in JobRun.objects.order_by("name"):
        since.add_metric((row.name,), max(0.0, (now - row.at).total_seconds()))
        failed.add_metric((row.name,), float(bool(row.error)))
    yield since
    yield failed


def _connections() -> Iterator[Metric]:
    found = GaugeMetricFamily("doorstep_database_connections", "Connections to the database, by what they do.",
                              labels=("state",))  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_CONNECTIONS)
        rows: list[Any] = cursor.fetchall()
    for state, count in rows:
        found.add_metric((state,), count)
    yield found
