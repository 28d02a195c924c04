"""What the listener tells of itself: of each commit how many messages, how long it took, how they were answered.

And of each message a span, from the socket until it is kept, whose trace goes on with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from doorstep.kernel import metrics, tracing
from doorstep.record.endpoints.api import MLLP, Arrival, Kept

ANSWERS: Final = {"AA": "accepted", "CA": "accepted", "": "none"}


def count(batch: Sequence[tuple[Arrival, Any]], found: Sequence[Kept | None], seconds: float) -> None:
    """Count a commit: what came, and where it is kept (None: nowhere)."""
    metrics.COMMIT.labels("mllp").observe(len(batch))
    metrics.COMMIT_SECONDS.labels("mllp").observe(seconds)
    for (arrival, _), kept in zip(batch, found, strict=True):
        _count(arrival, kept)


def _count(arrival: Arrival, kept: Kept | None) -> None:
    labels = (str(arrival.endpoint), MLLP)
    metrics.RECEIVED.labels(*labels).inc()
    answer = "lost" if kept is None else ANSWERS.get(kept.code, "refused")
    metrics.ANSWERED.labels(*labels, answer).inc()
    if kept is not None and kept.received_at != arrival.received_at:
        metrics.REPEATED.labels(*labels).inc()


def traced(arrival: Arrival, kept: asyncio.Future[Kept | None]) -> Arrival:
    """The arrival with the trace that goes on with it; its first span ends when it is kept."""
    if not tracing.is_on():
        return arrival
    told: dict[str, tracing.Attribute] = {"kind": arrival.kind, "size": len(arrival.raw)}
    trace, end = tracing.opened("message.keep", endpoint=str(arrival.endpoint), **told)
    kept.add_done_callback(lambda _: end())
    return replace(arrival, trace=trace)
