"""What the listener tells of itself: of each commit how many messages, how long it took, how they were answered.

And of each message a span, from the socket until it is kept, whose trace goes on with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from doorstep.kernel import metrics, tracing
from doorstep.record.endpoints.api import MLLP, Arrival, Kept

Told = Callable[[Kept | None], None]
"""Is called with where a message is kept, durably, or with None: it could not be kept."""
ANSWERS: Final = {"AA": "accepted", "CA": "accepted", "": "none"}


def count(batch: Sequence[tuple[Arrival, Any]], found: Sequence[Kept | None], seconds: float) -> None:
    """Count a commit: what came, and where it is kept (None: nowhere)."""
    metrics.COMMIT.labels("mllp").observe(len(batch))
    metrics.COMMIT_SECONDS.labels("mllp").observe(seconds)
    # a number in a shared file is not cheap to change: once a commit, not once a message
    answers: Counter[tuple[UUID, str, bool]] = Counter()
    for (arrival, _), kept in zip(batch, found, strict=True):
        answer = "lost" if kept is None else ANSWERS.get(kept.code, "refused")
        answers[arrival.endpoint, answer, kept is not None and kept.received_at != arrival.received_at] += 1
    for (endpoint, answer, repeated), times in answers.items():
        labels = (str(endpoint), MLLP)
        metrics.RECEIVED.labels(*labels).inc(times)
        metrics.ANSWERED.labels(*labels, answer).inc(times)
        if repeated:
            metrics.REPEATED.labels(*labels).inc(times)


def traced(arrival: Arrival, told: Told) -> tuple[Arrival, Told]:
    """The arrival with the trace that goes on with it; its first span ends when its sender is told."""
    if not tracing.is_on():
        return arrival, told
    facts: dict[str, tracing.Attribute] = {"kind": arrival.kind, "size": len(arrival.raw)}
    trace, end = tracing.opened("message.keep", endpoint=str(arrival.endpoint), **facts)

    def ended(kept: Kept | None) -> None:
        end()
        told(kept)

    return replace(arrival, trace=trace), ended
