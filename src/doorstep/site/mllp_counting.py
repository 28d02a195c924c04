"""What the listener counts of each commit: how many messages, how long it took, how their senders were answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from doorstep.kernel import metrics
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
