"""One transaction: messages kept, residents found, versions written, trail and event; all of it or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from doorstep.events.exchange import RecordsArrived
from doorstep.fhir.bundle import Item
from doorstep.fhir.indexing import Index, index
from doorstep.fhir.problems import FhirProblem
from doorstep.kernel import clock, ledger, outbox, trail
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import demand
from doorstep.record.exchange.access import Permission, may_send_for
from doorstep.record.exchange.actions import conditions, links
from doorstep.record.exchange.actions.keep import keep
from doorstep.record.exchange.actions.prepare import Keys, Prepared, problem_of, settle
from doorstep.record.exchange.shapes import EntryAnswer, Problem, Receipt
from doorstep.registers.residents import api as residents

CLASHES = 3
NOTHING = Index(None, None, None, [], [], [], [])
Outcomes = dict[int, dict[int, ledger.Written]]  # by message, by entry


@action(Permission.SEND, audits="exchange.take")
def apply(
    call: Call,
    *,
    source: UUID,
    batch: Sequence[Prepared],
    channel: str,
    claimed: Keys = frozenset(),
    again: int | None = None,
) -> list[Receipt]:
    """Use a batch of pieces of one source, each whole or (where its kind allows) its sound entries.

    ``again`` is the number of the message that is tried again (its only piece). Raises ``ledger.Claimed`` and
    ``IntegrityError`` for the caller to try again; then nothing was changed.
    """
    demand(may_send_for(call, source))
    for prepared in batch:
        if not prepared.settled:
            conditions.check_methods(prepared, source)
            settle(prepared, source, claimed, partial(conditions.known, prepared, source))
            conditions.resolve_references(prepared, source)
    rows, patients = _register(call, source, batch)
    numbers = _numbers(len(batch)) if again is None else [again]
    outcomes = _write(source, batch, rows, numbers)
    receipts = [_receipt(p, n, outcomes[n]) for p, n in zip(batch, numbers, strict=True)]
    keep(source, channel, batch, receipts, again=again is not None)
    _tell(call, source, batch, receipts, patients)
    return receipts


def _numbers(count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('exchange_message', 'id')) FROM generate_series(1, %s)", [count]
        )
        return [row[0] for row in cursor.fetchall()]


def _register(
    call: Call, source: UUID, batch: Sequence[Prepared]
) -> tuple[dict[int, list[tuple[Item, Index]]], dict[str, UUID]]:
    """Index what can be used and find whose it is; an item at fault is set aside and the rest tried again."""
    while True:
        while links.check(batch, source):
            pass
        rows, faults = _index(batch)
        if faults:
            continue
        savepoint = transaction.savepoint()
        found = _residents(call, source, batch)
        if found is not None:
            transaction.savepoint_commit(savepoint)
            return rows, found
        transaction.savepoint_rollback(savepoint)


def _index(batch: Sequence[Prepared]) -> tuple[dict[int, list[tuple[Item, Index]]], bool]:
    rows: dict[int, list[tuple[Item, Index]]] = {}
    faults = False
    for place, prepared in enumerate(batch):
        rows[place] = []
        for item in prepared.sound():
            if item.index in prepared.existing and item.method == "POST":
                continue
            try:
                rows[place].append((item, index(item.type, item.resource, clock.CHINA)))
            except FhirProblem as found:
                prepared.aside[item.index] = problem_of(found.at(item.expression), item.index)
                faults = True
    return rows, faults


def _residents(call: Call, source: UUID, batch: Sequence[Prepared]) -> dict[str, UUID] | None:
    """The residents of all Patient records of the batch; None where one was refused (and is now set aside)."""
    whose = [(p, i) for p in batch for i in p.sound() if i.type == "Patient" and i.index not in p.existing]
    if not whose:
        return {}
    verdicts = _take_in(call, [residents.incoming(item.resource, source) for _, item in whose])
    refused = False
    for (prepared, item), verdict in zip(whose, verdicts, strict=True):
        if (fault := verdict.problem) is not None:
            path = f"{item.expression}{fault.path.removeprefix('Patient')}"
            prepared.aside[item.index] = Problem(fault.code, path, params=dict(fault.params), entry=item.index)
            refused = True
    return None if refused else {v.patient_id: v.resident for v in verdicts if v.resident is not None}


def _take_in(call: Call, people: Sequence[residents.Incoming]) -> Sequence[residents.Verdict]:
    """Place people; where another transaction placed one of them meanwhile, once more: then that is seen.

    Only this is done again, and not the batch; who clashes ever again is left to the caller.
    """
    for _ in range(CLASHES):
        with suppress(IntegrityError), transaction.atomic():
            return residents.take_in(call, people)
    return residents.take_in(call, people)


def _write(
    source: UUID, batch: Sequence[Prepared], rows: dict[int, list[tuple[Item, Index]]], numbers: Sequence[int]
) -> Outcomes:
    fresh: list[ledger.Fresh] = []
    where: list[tuple[int, int]] = []
    for place, prepared in enumerate(batch):
        number = numbers[place]
        for item in _deletes(prepared):
            fresh.append(ledger.Fresh(item.type, item.id or "", b"{}", source, number, NOTHING, deleted=True))
            where.append((number, item.index))
        for item, entry in rows[place]:
            fresh.append(ledger.Fresh(item.type, item.id or "", item.body, source, number, entry))
            where.append((number, item.index))
    outcomes: Outcomes = {number: {} for number in numbers}
    for (number, entry_index), written in zip(where, ledger.write(fresh, clock.now()), strict=True):
        outcomes[number][entry_index] = written
    return outcomes


def _deletes(prepared: Prepared) -> list[Item]:
    if prepared.failed():
        return []
    return [i for i in prepared.plan.items if i.method == "DELETE" and i.index not in prepared.aside]


def _receipt(prepared: Prepared, number: int, outcomes: dict[int, ledger.Written]) -> Receipt:
    problems = prepared.told()
    by_item = {p.entry: p for p in problems}
    entries = () if prepared.problem or (prepared.atomic and problems) else prepared.plan.items
    answers = tuple(_answer(by_item.get(item.index), item, outcomes.get(item.index)) for item in entries)
    if prepared.failed():
        return Receipt(
            number, "set_aside", received=_received(prepared), problems=problems, set_aside=len(prepared.aside),
            answers=answers, bundle_type=prepared.plan.type,
        )  # fmt: skip
    tally = Counter(w.outcome for w in outcomes.values())
    return Receipt(
        number,
        "applied",
        received=_received(prepared),
        created=tally["created"],
        updated=tally["updated"],
        unchanged=tally["unchanged"],
        problems=problems,
        set_aside=len(prepared.aside),
        answers=answers,
        bundle_type=prepared.plan.type,
    )


def _received(prepared: Prepared) -> dict[str, int]:
    return dict(Counter(item.type for item in prepared.plan.items if item.type))


def _answer(problem: Problem | None, item: Item, written: ledger.Written | None) -> EntryAnswer:
    if problem is not None:
        return EntryAnswer(422, problem=problem)
    if item.method == "DELETE":
        return EntryAnswer(204)
    location = f"{item.type}/{item.id}"
    if written is None:
        return EntryAnswer(200, location, 1)
    return EntryAnswer(201 if written.outcome == "created" else 200, location, written.version)


def _tell(
    call: Call, source: UUID, batch: Sequence[Prepared], receipts: Sequence[Receipt], patients: dict[str, UUID]
) -> None:
    """The trail gets a line a message (whose it was, what became of it), the outbox one event a batch."""
    lines: list[dict[str, Any]] = []
    for prepared, receipt in zip(batch, receipts, strict=True):
        whose = [patients[i.id] for i in prepared.sound() if i.type == "Patient" and i.id in patients]
        detail: dict[str, object] = {
            "created": receipt.created,
            "updated": receipt.updated,
            "unchanged": receipt.unchanged,
        }
        if len(whose) > 1:
            detail |= {"residents": [str(r) for r in whose[:500]]}
        lines.append(
            {
                "outcome": receipt.state,
                "subject": ("Message", str(receipt.message)),
                "resident": whose[0] if len(whose) == 1 else None,
                "detail": detail,
            }
        )
    trail.write_many(call, "exchange.message", lines)
    used = tuple(r.message for r in receipts if r.state == "applied")
    if used:
        outbox.emit(RecordsArrived(source, used, tuple(patients)))
    about("Source", source, messages=len(receipts), applied=len(used))
