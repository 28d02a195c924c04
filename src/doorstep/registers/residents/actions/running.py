"""Runs over all records that somebody asks for on a page: done by the worker, their progress told while they go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from django.db import OperationalError, connection

from doorstep.events.residents import MatchRunAsked
from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.outbox import emit
from doorstep.kernel.web.words import sentence
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.actions import filling, modelling
from doorstep.registers.residents.models import MatchModel, MatchRun
from doorstep.registers.residents.reads.modelling import LONGEST
from doorstep.registers.residents.rules.runs import Fresh, Progress

DAY: Final = timedelta(days=1)
_TURN: Final = 0x6D6174636872756E
_TELL: Final = """
UPDATE residents_matchrun SET stage = %s, done = %s, total = %s WHERE id = %s
"""


@action(Permission.MODELS, audits="residents.run")
def ask(call: Call, *, kind: str, model: int | None = None) -> int:
    """Have the worker train, compare (``shadow``, of a model) or link all; answers the run. Raises ``Refused``:
    ``run.under_way`` while another is, ``not_found``."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_TURN])  # two who press at once
    if MatchRun.objects.filter(ended_at__isnull=True, asked_at__gte=clock.now() - LONGEST).exists():
        raise Refused(refuse("run.under_way"))
    if model is not None and not MatchModel.objects.filter(pk=model).exists():
        raise Refused(refuse("not_found", kind="MatchModel"))
    row = MatchRun.objects.create(
        kind=kind, model_id=model, asked_at=clock.now(), asked_by=call.actor, asked_name=call.name
    )
    emit(MatchRunAsked(row.pk))
    about("MatchRun", row.pk, does=kind, model=model)
    run: int = row.pk
    return run


def perform(call: Call, run: int) -> None:
    """Do what was asked for; what refuses it is kept with the run, a fault of the program is tried again."""
    row = MatchRun.objects.filter(pk=run, ended_at__isnull=True).first()
    if row is None:
        return
    try:
        last = _followed(row.pk, _steps(call, row))
    except Refused as refused:
        row.error = sentence(refused.decision)[:500]
    else:
        row.stage, row.done, row.total, row.outcome = last.stage, last.done, last.total, dict(last.outcome)
        made = last.outcome.get("model")
        row.model_id = made if isinstance(made, int) else row.model_id
    row.ended_at = clock.now()
    row.save()


def _steps(call: Call, row: MatchRun) -> Iterator[Progress]:
    if row.kind == "train":
        return modelling.train(call)
    if row.kind == "shadow":
        return modelling.shadow(call, row.model_id or 0)
    return link_all(call)


def link_all(call: Call, *, fresh: Fresh | None = None) -> Iterator[Progress]:
    """``linking.link_all``; Splink and DuckDB are loaded where they are needed, not in every process."""
    from doorstep.registers.residents.actions import linking

    return linking.link_all(call, fresh=fresh)


def _followed(run: int, steps: Iterator[Progress]) -> Progress:
    """The last step; each is told through a connection of its own, for the worker's transaction shows nothing yet."""
    telling: Any = connection.copy()
    last = Progress("read")
    try:
        for last in steps:
            with suppress(OperationalError), telling.cursor() as cursor:  # a courtesy: the run does not wait for it
                cursor.execute("SET lock_timeout = '1s'")
                cursor.execute(_TELL, [last.stage, last.done, last.total, run])
    finally:
        telling.close()
    return last


def relink(call: Call) -> Progress:
    """By the clock: what came or changed on the last day is compared with all again, where anything did."""
    return [*link_all(call, fresh=Fresh(since=clock.now() - DAY - timedelta(hours=1)))][-1]


def fill(call: Call) -> Progress:
    """By the clock: some of the records from before they were compared."""
    return [*filling.fill_facts(call, filling.A_JOB)][-1]
