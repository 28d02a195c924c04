"""Training a matching model from the register, trying it in the shadow of the rule that holds, and putting it to use.

Each model is a row with what it was tried on; the one in use is named by the dated rule ``residents.matching``, whose
earlier rows stay, so that it can be told by which model a pair was weighed on any day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from doorstep.kernel import clock, ruleset
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.models import RuleSet
from doorstep.linkage.model import BRIDGE, LINK, REVIEW, Model, Untrained
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.actions import counting
from doorstep.registers.residents.models import MatchModel
from doorstep.registers.residents.reads.rule import CODE, current, read
from doorstep.registers.residents.rules import modelling
from doorstep.registers.residents.rules.placing import Rule
from doorstep.registers.residents.rules.runs import Progress

FEWEST: Final = 20
"""Records from which on something can be learnt."""
TRIED: Final = 200_000
"""Pairs at random from which the model learns that is tried on what was held out: enough to judge it by."""
_CHINA: Final = "CN"


def train(call: Call) -> Iterator[Progress]:
    """Learn a model from all records and from what people answered, and try it on what it did not see; tells how far
    it is, and last which model it is. Raises ``Refused``: ``model.too_few`` records."""
    from doorstep.linkage import training
    from doorstep.registers.residents.reads import trial, workspace  # Splink and DuckDB, for the few who need them

    demand(call.may(Permission.MODELS))
    yield Progress("read")
    with workspace.workspace() as db:
        total = workspace.load(db)
        if total < FEWEST:
            raise Refused(refuse("model.too_few", records=total))
        judged = trial.answers()
        workspace.count_frequencies(db)
        yield Progress("learn", 0, total)
        learnt = training.train(db, "records", judged=judged)
        held = trial.hold_out(db)
        yield Progress("try", total // 2, total)
        tried = _ruled(learnt)
        if held and total - held > 1:
            tried = _ruled(training.train(db, "lessons", pairs=TRIED, judged=judged))
        figures = {
            "records": total,
            "held": held,
            "silver": trial.evaluate(db, tried),
            "answers": trial.answered(db, _ruled(learnt), judged),
            "changed": modelling.changes(learnt, current(clock.today()).model),
            "link": LINK,
            "review": REVIEW,
            "bridge": BRIDGE,
        }
    made = keep(call, model=learnt, figures=figures)
    yield Progress("done", total, total, {"model": made})


def _ruled(model: Model) -> Rule:
    return Rule(model, LINK, REVIEW, BRIDGE)


@action(Permission.MODELS, audits="residents.model.train")
def keep(call: Call, *, model: Model, figures: dict[str, Any]) -> int:
    """Keep a model that was trained; answers its number."""
    row = MatchModel.objects.create(
        made_at=clock.now(), made_by=call.name or call.actor, model=model.as_dict(), figures=figures
    )
    about("MatchModel", row.pk, records=figures["records"])
    made: int = row.pk
    return made


def shadow(call: Call, model: int) -> Iterator[Progress]:
    """Compare a model with the rule that holds, on the pairs of the last records. Raises ``Refused``: ``not_found``,
    ``model.outdated``."""
    from doorstep.registers.residents.reads import trial, workspace  # Splink and DuckDB, for the few who need them

    demand(call.may(Permission.MODELS))
    rule = read(parameters(_found(model)))
    yield Progress("read")
    with workspace.workspace() as db:
        total = workspace.load(db)
        yield Progress("compare", 0, total)
        workspace.count_frequencies(db)
        compared = trial.beside(db, current(clock.today()), rule)
    keep_shadow(call, model=model, compared=compared)
    yield Progress("done", total, total, {"model": model})


@action(Permission.MODELS, audits="residents.model.shadow")
def keep_shadow(call: Call, *, model: int, compared: dict[str, Any]) -> None:
    """Keep what a comparison found, with the model."""
    row = _found(model)
    row.shadow = compared | {"at": clock.now().isoformat(), "by": call.name or call.actor, "beside": in_use()}
    row.save(update_fields=["shadow"])
    about("MatchModel", model, pairs=compared["pairs"])


@action(Permission.MODELS, audits="residents.model.use")
def use(call: Call, *, model: int) -> None:
    """Match by a model from today on; an older one again, where a newer one disappoints.

    Raises ``Refused``: ``not_found``; ``model.no_shadow`` where it was never compared; ``model.outdated`` where what is
    compared has changed since it was trained; ``model.in_use``.
    """
    row = MatchModel.objects.select_for_update().filter(pk=model).first()
    if row is None:
        raise Refused(refuse("not_found", kind="MatchModel"))
    if not row.shadow:
        raise Refused(refuse("model.no_shadow"))
    if in_use() == model:
        raise Refused(refuse("model.in_use"))
    today, told = clock.today(), parameters(row)
    rules = RuleSet.objects.select_for_update().filter(code=CODE, jurisdiction=_CHINA)
    rules.filter(effective_from__lt=today, effective_to__isnull=True).update(effective_to=today - timedelta(days=1))
    RuleSet.objects.update_or_create(
        code=CODE,
        jurisdiction=_CHINA,
        effective_from=today,
        defaults={
            "revision": str(model),
            "issuer": (call.name or call.actor)[:120],
            "effective_to": None,
            "parameters": told,
            "source": f"MatchModel {model}",
        },
    )
    row.used_from, row.used_by = clock.now(), (call.name or call.actor)[:100]
    row.save(update_fields=["used_from", "used_by"])
    counting.count()
    about("MatchModel", model)


def in_use() -> int | None:
    """The number of the model that matches today; None where none does yet."""
    made = ruleset.parameters(CODE, clock.today(), {}).get("made")
    return int(made) if made is not None else None


def parameters(row: MatchModel) -> dict[str, Any]:
    """What the dated rule says of a model. Raises ``Refused`` (``model.outdated``) where it lacks a level of today's
    comparisons."""
    thresholds = {name: float(row.figures.get(name, least)) for name, least in _THRESHOLDS}
    told = {"model": row.model, "made": row.pk, **thresholds}
    try:
        read(told)
    except Untrained as untrained:
        raise Refused(refuse("model.outdated")) from untrained
    return told


_THRESHOLDS: Final = (("link", LINK), ("review", REVIEW), ("bridge", BRIDGE))


def _found(model: int) -> MatchModel:
    row = MatchModel.objects.filter(pk=model).first()
    if row is None:
        raise Refused(refuse("not_found", kind="MatchModel"))
    return row
