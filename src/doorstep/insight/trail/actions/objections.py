"""Residents see who looked, and object; whoever keeps the trail answers. Every step is a line of the trail itself."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.db import IntegrityError, transaction

from doorstep.insight.trail import flow
from doorstep.insight.trail.access import Permission
from doorstep.insight.trail.flow import OBJECTION, Facts, State
from doorstep.insight.trail.models import Objection
from doorstep.insight.trail.reads import looks as look_reads
from doorstep.insight.trail.reads import objections as reads
from doorstep.insight.trail.rules import objections as rules
from doorstep.insight.trail.shapes import Case, Look, Said
from doorstep.kernel import clock
from doorstep.kernel.act import about, action, ask
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand, refuse
from doorstep.kernel.paging import Page, Paged
from doorstep.kernel.store import lock
from doorstep.registers.residents import api as residents

TRIES: Final = 5
PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class Word:
    """What is said with a move: to the other side, and, by who answers, what was done and whether it was right."""

    words: str = ""
    measures: str = ""
    upheld: bool | None = None


def _own(call: Call) -> UUID:
    if call.resident is None:
        raise Refused(refuse("permission"))
    return call.resident


@ask(Permission.OWN, audits="trail.looks")
def looks(call: Call, *, since: date | None, until: date | None, page: Page) -> Paged[Look]:
    """Who looked at the record of the one whom the call is about."""
    about("Trail", "", resident=_own(call))
    return look_reads.looks(_own(call), since, until, page)


@ask(Permission.OWN, audits="trail.looks_chosen")
def chosen(call: Call, *, lines: tuple[int, ...]) -> list[Look]:
    """Those of some lines that are about the one whom the call is about."""
    about("Trail", "", resident=_own(call))
    return look_reads.told(look_reads.chosen(_own(call), lines))


@action(Permission.OWN, audits="trail.object")
def raise_(call: Call, *, said: Said) -> UUID:
    """Object to looks. ``Refused``: ``objection.*``; lines that are about others are as if they were not there."""
    resident, today = _own(call), clock.today()
    about("Objection", "", resident=resident)
    lines = look_reads.chosen(resident, said.lines) if said.lines else []
    open_ = Objection.objects.filter(resident__in=residents.selves(resident)).exclude(state=State.CLOSED.value).count()
    kept = [row["id"] for row in lines]
    demand(rules.objection(text=said.text, lines=kept, since=said.since, until=said.until, today=today, waiting=open_))
    row = _numbered(
        Objection(
            resident_id=resident, raised_by=call.actor, raised_name=call.name, text=said.text.strip(),
            since=said.since, until=said.until, lines=[[row["id"], row["at"].isoformat()] for row in lines],
            due=rules.due(today, reads.terms(today)),
        ),
        today,
    )  # fmt: skip
    about("Objection", row.pk, resident=resident, number=row.number, lines=kept)
    return row.pk


def _numbered(row: Objection, day: date) -> Objection:
    """The row with a number that can be told by telephone; the constraint decides where two fall together."""
    for _try in range(TRIES):
        row.number = f"{day:%Y%m%d}{secrets.randbelow(10**5):05d}"
        try:
            with transaction.atomic():
                row.save(force_insert=True)
                return row
        except IntegrityError:
            continue
    raise Refused(refuse("stale"))


@ask(Permission.OWN, audits="trail.objections_own")
def own(call: Call, *, page: Page) -> Paged[Case]:
    """The objections of the one whom the call is about."""
    about("Objection", "", resident=_own(call))
    return reads.own(_own(call), page)


@ask(Permission.OWN, audits="trail.objection_own")
def own_case(call: Call, *, objection: UUID) -> tuple[Case, list[Look]]:
    """One of them, with the lines that it names. ``Refused`` (not_found) where it is another's."""
    resident = _own(call)
    row = Objection.objects.filter(pk=objection, resident__in=residents.selves(resident)).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Objection"))
    about("Objection", objection, resident=resident)
    return reads.case(row, {}), look_reads.told(look_reads.chosen(resident, _lines(row)))


@action(Permission.OWN, audits="trail.objection_move")
def move_own(call: Call, *, objection: UUID, expect: int, move: str, words: str = "") -> State:
    """Withdraw, accept or, once, open again. ``Refused``: ``not_found`` where it is another's, ``wrong_state``,
    ``objection.*``."""
    resident = _own(call)
    row = lock(Objection, objection, scope=call.scope, expect=expect)
    if row.resident_id not in residents.selves(resident) or move not in ("withdraw", "accept", "reopen"):
        raise Refused(refuse("not_found", kind="Objection"))
    about("Objection", objection, resident=resident, move=move)
    facts = Facts(said=len(words.strip()) >= rules.FEWEST, reopened=row.reopened)
    return _moved(call, row, move, facts, Word(words))


@ask(Permission.ANSWER, audits="trail.objections")
def waiting(call: Call, *, state: State, page: Page) -> Paged[Case]:
    """The worklist of those who answer."""
    about("Objection", "", state=state.value)
    return reads.waiting(call.scope, state.value, page)


@ask(Permission.ANSWER, audits="trail.objection")
def case(call: Call, *, objection: UUID) -> tuple[Case, list[dict[str, Any]], bool]:
    """One objection with the lines of the trail that it names, and whether the caller is among those objected to."""
    row = Objection.objects.filter(pk=objection).first()
    if row is None:
        raise Refused(refuse("not_found", kind="Objection"))
    about("Objection", objection, resident=row.resident_id)
    names = residents.names(call.scope, {row.resident_id})
    found = look_reads.chosen(residents.current(row.resident_id), _lines(row))
    told = zip(found, look_reads.told(found), strict=True)
    lines = [{"look": look, "actor": line["actor"]} for line, look in told]
    return reads.case(row, names), lines, any(line["actor"] == call.actor for line in found)


@action(Permission.ANSWER, audits="trail.answer")
def move(call: Call, *, objection: UUID, expect: int, move: str, word: Word | None = None) -> State:
    """Take up or answer. ``Refused``: ``not_found``, ``wrong_state``, ``objection.concerned`` for one who is objected
    to, ``objection.words`` for an answer without words."""
    said = word or Word()
    row = lock(Objection, objection, scope=call.scope, expect=expect)
    about("Objection", objection, resident=row.resident_id)
    if move not in ("take", "answer"):
        raise Refused(refuse("not_found", kind="Move"))
    about("Objection", objection, resident=row.resident_id, move=move)
    found = look_reads.chosen(residents.current(row.resident_id), _lines(row))
    told = len(said.words.strip()) >= rules.FEWEST and said.upheld is not None
    return _moved(call, row, move, Facts(any(line["actor"] == call.actor for line in found), told), said)


def lapse(call: Call) -> int:
    """Close what was answered and to which the resident has been silent; by the clock."""
    within = reads.terms(clock.today())
    rows = Objection.objects.filter(state=State.ANSWERED.value).order_by("answered_at")[:PAGE]
    due = [row for row in rows if row.answered_at and rules.is_quiet(row.answered_at, clock.now(), within)]
    for row in due:
        lapse_one(call, objection=row.pk)
    return len(due)


@action(Permission.ANSWER, audits="trail.objection_lapse")
def lapse_one(call: Call, *, objection: UUID) -> State:
    """Close one. ``Refused``: ``objection.waits`` where the resident still has time."""
    row = lock(Objection, objection, scope=call.scope)
    about("Objection", objection, resident=row.resident_id)
    quiet = row.answered_at is not None and rules.is_quiet(row.answered_at, call.at, reads.terms(clock.today()))
    return _moved(call, row, "lapse", Facts(quiet=quiet), Word())


def _lines(row: Objection) -> list[int]:
    return [number for number, _at in row.lines]


def _moved(call: Call, row: Objection, name: str, facts: Facts, said: Word) -> State:
    verdict, after = OBJECTION.step(name, flow.State(row.state), facts)
    demand(verdict)
    who = "resident" if call.resident is not None else call.role
    row.steps = [
        *row.steps,
        {"move": name, "at": call.at.isoformat(), "who": who, "words": said.words.strip(),
         "measures": said.measures.strip(), "upheld": said.upheld},
    ]  # fmt: skip
    row.state, row.version = after.value, row.version + 1
    if name == "answer":
        row.upheld, row.answered_at = said.upheld, call.at
    if name == "reopen":
        row.reopened, row.due = True, rules.due(clock.today(), reads.terms(clock.today()))
    row.save()
    return after
