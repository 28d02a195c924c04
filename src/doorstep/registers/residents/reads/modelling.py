"""What pages show of matching models and of the runs that make them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from doorstep.kernel import clock, ruleset
from doorstep.kernel.decision import Refused, refuse
from doorstep.linkage.model import Model, Untrained
from doorstep.registers.residents.models import MatchModel, MatchRun
from doorstep.registers.residents.reads.rule import CODE
from doorstep.registers.residents.rules import modelling
from doorstep.registers.residents.rules.runs import MatchModelPage, Run

LONGEST: Final = timedelta(hours=6)
"""A run that has not ended by then has failed."""
MOST: Final = 100
RUNS: Final = 10


def models() -> Sequence[MatchModelPage]:
    """The models, the newest first, without their weights."""
    held, since = _in_use()
    return [_page(row, held, since) for row in MatchModel.objects.order_by("-pk")[:MOST]]


def model(number: int) -> MatchModelPage:
    """One model with its weights; none where what is compared has changed since. Raises ``Refused``: ``not_found``."""
    row = MatchModel.objects.filter(pk=number).first()
    if row is None:
        raise Refused(refuse("not_found", kind="MatchModel"))
    held, since = _in_use()
    try:
        weights = modelling.weights(Model.from_dict(row.model))
    except Untrained:
        weights = []
    return _page(row, held, since, tuple(weights))


def _in_use() -> tuple[int | None, datetime | None]:
    made = ruleset.parameters(CODE, clock.today(), {}).get("made")
    row = MatchModel.objects.filter(pk=made).first() if made is not None else None
    return (row.pk, row.used_from) if row else (None, None)


def _page(
    row: MatchModel, held: int | None, since: datetime | None, weights: tuple[modelling.Weight, ...] = ()
) -> MatchModelPage:
    figures: dict[str, Any] = row.figures
    silver = figures.get("silver", {})
    return MatchModelPage(
        row.pk, row.made_at, row.made_by, figures, row.shadow,
        modelling.share(silver.get("right"), silver.get("linked")),
        modelling.share(silver.get("right"), silver.get("true")),
        row.used_from, row.used_by, row.pk == held, since if row.pk == held else None, weights,
    )  # fmt: skip


def runs() -> Sequence[Run]:
    """The last runs, the newest first."""
    return [_run(row) for row in MatchRun.objects.order_by("-pk")[:RUNS]]


def under_way() -> Run | None:
    """The run that is at work or waits for the worker."""
    row = MatchRun.objects.filter(ended_at__isnull=True, asked_at__gte=clock.now() - LONGEST).order_by("pk").first()
    return _run(row) if row else None


def _run(row: MatchRun) -> Run:
    late = row.ended_at is None and row.asked_at < clock.now() - LONGEST
    percent = 100 if row.ended_at else round(100 * row.done / row.total) if row.total else 0
    return Run(
        row.pk, row.kind, row.model_id, row.asked_at, row.asked_name or row.asked_by, row.stage, percent, row.ended_at,
        row.outcome, row.error, late,
    )  # fmt: skip
