"""Rules set by people, alerts opened and ended by the clock, and noted by people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.clash import clashes
from doorstep.kernel.decision import Refused, Stale, demand, refuse
from doorstep.kernel.store import lock
from doorstep.record.endpoints import models
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.reads import measures
from doorstep.record.endpoints.reads.alerts import all_rules
from doorstep.record.endpoints.rules.watching import OF_ENDPOINT, OF_HOUSE, Kind, Step, Watch, sound, step, watches
from doorstep.record.endpoints.shapes import Gauge


@action(Permission.EDIT, audits="endpoints.set_watch")
def set_watches(call: Call, *, endpoint: UUID | None, expect: int, rules: Sequence[Watch]) -> None:
    """Set the rules of an endpoint, or (None) of the house, which the district alone may. ``expect``: the version that
    ``reads.rules`` told. Raises ``Refused`` where a limit is out of range, ``Stale`` where they have changed."""
    about("Endpoint" if endpoint else "House", endpoint or "", rules=[_said(each) for each in rules])
    _demand_whose(call, endpoint)
    for each in rules:
        demand(sound(each))
        if each.kind not in (OF_HOUSE if endpoint is None else OF_ENDPOINT):
            raise Refused(refuse("not_found", kind="Watch"))
    rows = models.Watch.objects.within(call.scope).filter(endpoint_id=endpoint).select_for_update(of=("self",))
    known = {Kind(row.kind): row for row in rows}
    if (now := sum(row.version for row in known.values())) != expect:
        raise Stale(expect, now)
    with clashes(watch_once="stale"):
        for each in rules:
            _set(known.get(each.kind) or models.Watch(endpoint_id=endpoint, kind=each.kind, version=0), each)


def _said(each: Watch) -> str:
    return f"{each.kind} {each.limit} {each.minutes}" + " working" * each.working + " off" * (not each.on)


def _demand_whose(call: Call, endpoint: UUID | None) -> None:
    if endpoint is None and not call.scope.everywhere:
        raise Refused(refuse("elsewhere"))
    if endpoint and not models.Endpoint.objects.within(call.scope).filter(pk=endpoint).exists():
        raise Refused(refuse("not_found", kind="Endpoint"))


def _set(row: models.Watch, each: Watch) -> None:
    row.limit, row.minutes, row.working, row.is_on = each.limit, each.minutes, each.working, each.on
    row.version += 1
    row.save()


@action(Permission.EDIT, audits="endpoints.note_alert")
def note(call: Call, *, alert: UUID, expect: int, text: str) -> None:
    """Note that somebody sees to an alert, with a word on what; it stays open until what it tells of is over."""
    row = lock(models.Alert, alert, scope=call.scope, expect=expect)
    about("Alert", alert, what=row.kind)
    if row.closed_at is not None:
        raise Refused(refuse("alert.closed"))
    row.noted_at, row.noted_by, row.note = clock.now(), call.name[:100] or call.actor, text.strip()[:500]
    row.version += 1
    row.save(update_fields=("noted_at", "noted_by", "note", "version"))


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing to be done: an alert of an endpoint (None: of the house), and the value that asks for it."""

    step: Step
    rule: Watch
    endpoint: Gauge | None
    value: float | None


Open = Mapping[tuple[UUID | None, Kind], models.Alert]


def watch(call: Call) -> int:
    """Measure all, and open and end alerts as the rules say; how many were opened or ended. Run each minute."""
    now, rules = clock.now(), all_rules()
    rows = models.Alert.objects.unscoped("the house watches itself").filter(closed_at__isnull=True)
    known: Open = {(row.endpoint_id, Kind(row.kind)): row for row in rows}
    values = [(None, measures.house()), *measures.endpoints(rules).items()]
    turns = [turn for each, said in values for turn in _turns(each, said, rules, known, now)]
    return turn_over(call, turns=turns) if turns else 0


def _turns(
    place: Gauge | None,
    values: measures.Values,
    rules: Mapping[UUID | None, list[Watch]],
    known: Open,
    now: datetime,
) -> Iterator[Turn]:
    key = place.endpoint if place else None
    for rule in watches(rules.get(key, []), OF_ENDPOINT if place else OF_HOUSE):
        if rule.kind not in values:
            continue
        row, value = known.get((key, rule.kind)), values[rule.kind]
        next_step = step(
            rule, value, opened=row is not None, well_since=row.well_since if row is not None else None, now=now
        )
        if next_step is not Step.NOTHING:
            yield Turn(next_step, rule, place, value)


@action(Permission.EDIT, audits="endpoints.watch")
def turn_over(call: Call, *, turns: Sequence[Turn]) -> int:
    """Do what ``watch`` has found; what was opened or ended meanwhile by another worker is left as it is."""
    told = [f"{t.step} {t.rule.kind} {t.endpoint.endpoint if t.endpoint else ''}".strip() for t in turns]
    about("Alert", "", turns=told[:200], count=len(turns))
    now = clock.now()
    models.Alert.objects.bulk_create(
        [_opened(t) for t in turns if t.step is Step.OPEN], ignore_conflicts=True
    )  # a constraint says that only one is open
    for turn in turns:
        _change(turn, now)
    return sum(turn.step in (Step.OPEN, Step.CLOSE) for turn in turns)


def _opened(turn: Turn) -> models.Alert:
    place, rule = turn.endpoint, turn.rule
    assert turn.value is not None
    return models.Alert(
        endpoint_id=place.endpoint if place else None, organisation_id=place.organisation if place else None,
        kind=rule.kind, value=turn.value, limit=rule.limit, minutes=rule.minutes,
    )  # fmt: skip


def _change(turn: Turn, now: datetime) -> None:
    changes: dict[Step, dict[str, datetime | None]] = {
        Step.CALM: {"well_since": now},
        Step.STIR: {"well_since": None},
        Step.CLOSE: {"closed_at": now},
    }
    if turn.step in changes:
        rows = models.Alert.objects.unscoped("the house watches itself").filter(closed_at__isnull=True)
        key = turn.endpoint.endpoint if turn.endpoint else None
        rows.filter(endpoint_id=key, kind=turn.rule.kind).update(**changes[turn.step])
