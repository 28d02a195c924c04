"""What the worker counts for Prometheus, once what it did is committed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from doorstep.kernel import metrics
from doorstep.record.endpoints.rules.facts import MLLP


def settled(endpoint: UUID, used: Sequence[datetime], rested: int, at: datetime) -> None:
    """So many messages were used, kept at these times, and so many rest."""

    def count() -> None:
        metrics.SETTLED.labels(str(endpoint), MLLP, "used").inc(len(used))
        metrics.SETTLED.labels(str(endpoint), MLLP, "rested").inc(rested)
        for since in used:
            metrics.LAG.labels(MLLP).observe(max(0.0, (at - since).total_seconds()))

    transaction.on_commit(count)
