"""One transaction: messages kept, residents found, versions written, trail and event; all of it or nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from doorstep.events.exchange import RecordsArrived
from doorstep.fhir.bundle import Item
from doorstep.fhir.indexing import Index
from doorstep.fhir.problems import FhirProblem
from doorstep.kernel import clock, ledger, outbox, trail
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import demand
from doorstep.kernel.fhir_index import index_of
from doorstep.kernel.standing import Standing
from doorstep.record.exchange import rules
from doorstep.record.exchange.access import Permission, may_send_for
from doorstep.record.exchange.actions import carried, checks, conditions, documents, links, targets
from doorstep.record.exchange.actions.keep import keep
from doorstep.record.exchange.actions.prepare import Keys, Prepared, problem_of, read, settle
from doorstep.record.exchange.actions.searching import Apart, Sight
from doorstep.record.exchange.shapes import EntryAnswer, Problem, Receipt
from doorstep.registers.residents import api as residents

CLASHES = 3
READS = ("GET", "HEAD")
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

    ``again`` is the number of the message that is tried again (its only piece). Raises ``ledger.Claimed``,
    ``IntegrityError`` and ``Apart`` for the caller to try again; then nothing was changed.
    """
    demand(may_send_for(call, source))
    _demand_sound(batch)
    if not all(prepared.settled for prepared in batch):
        meet(batch, source, claimed, reads=channel == "fhir")
    return carry_out(call, source, batch, channel, again)


def meet(batch: Sequence[Prepared], source: UUID, claimed: Keys, *, reads: bool) -> None:
    """Resolve what pieces ask under a condition, and give their items the ids and bodies that will be written.

    Each sees what those before it will write. ``reads``: whether entries that only read are answered by whoever sent
    the pieces in.
    """
    conditions.lock([item for prepared in batch for item in prepared.plan.items])
    documents.lock(batch, source)
    sight = Sight(batch, source)
    for place, prepared in enumerate(batch):
        if not prepared.settled:
            if not reads:
                _refuse_reads(prepared)
            conditions.identify(prepared, place, sight)
            documents.relate(prepared, source)
            settle(prepared, source, claimed)
            documents.point(prepared)
            targets.refuse_overlap(prepared)
        sight.note(place, prepared)
    targets.look(batch, source, sight)
    for place, prepared in enumerate(batch):
        conditions.resolve_references(prepared, place, sight)
    targets.patch(batch, source)


def _demand_sound(batch: Sequence[Prepared]) -> None:
    """Raise ``Apart`` where pieces that build on one another stand beside one at fault: what they found may not be."""
    if len(batch) > 1 and any(prepared.careful and not prepared.direct for prepared in batch):
        faulty = [place for place, p in enumerate(batch) if p.problem is not None or p.aside]
        if faulty:
            raise Apart(faulty)


def _refuse_reads(prepared: Prepared) -> None:
    for item in prepared.plan.items:
        if item.method in READS:
            prepared.put_aside(item, Problem("method-not-supported", params={"method": item.method}))


def carry_out(
    call: Call, source: UUID, batch: Sequence[Prepared], channel: str, again: int | None = None
) -> list[Receipt]:
    """Write what is sound of pieces that were met, keep the messages, tell the trail and the outbox."""
    checks.refuse_invalid(batch, source)
    _demand_sound(batch)
    rows, patients = _register(call, source, batch)
    _demand_sound(batch)
    numbers = _numbers(len(batch)) if again is None else [again]
    at = clock.now()
    outcomes = _write(source, batch, rows, numbers, at)
    _follow(source, batch, numbers, outcomes, at)
    _demand_unchanged(batch, numbers, outcomes)
    for prepared, number in zip(batch, numbers, strict=True):
        _carry_along(call, source, prepared, number, outcomes[number], at)
    receipts = [_receipt(p, n, outcomes[n], at) for p, n in zip(batch, numbers, strict=True)]
    kept = [(p, r) for p, r in zip(batch, receipts, strict=True) if not (p.direct and p.failed())]
    keep(source, channel, [p for p, _ in kept], [r for _, r in kept], again=again is not None)
    told = _changed(rows, numbers, outcomes), _reports(rows, numbers, outcomes)
    _tell(call, source, batch, receipts, patients, *told)
    return receipts


def _changed(rows: dict[int, list[tuple[Item, Index]]], numbers: Sequence[int], outcomes: Outcomes) -> tuple[str, ...]:
    """The ids of the Patient records that were there and were changed."""
    items = [(numbers[place], item) for place, entries in rows.items() for item, _ in entries if item.type == "Patient"]
    return tuple(dict.fromkeys(item.id or "" for n, item in items if outcomes[n][item.index].outcome == "updated"))


def _reports(rows: dict[int, list[tuple[Item, Index]]], numbers: Sequence[int], outcomes: Outcomes) -> tuple[str, ...]:
    """The ids of the reports that were made or changed, themselves or by a result that stands beside them."""
    found: dict[str, None] = {}
    for place, entries in rows.items():
        written = outcomes[numbers[place]]
        changed = {f"{i.type}/{i.id}" for i, _ in entries if written[i.index].outcome != "unchanged"}
        for item, _ in entries:
            if item.type == "DiagnosticReport" and changed & {f"{item.type}/{item.id}", *_results(item)}:
                found[item.id or ""] = None
    return tuple(found)


def _results(item: Item) -> list[str]:
    said = item.resource.get("result")
    return [str(each.get("reference")) for each in said if isinstance(each, dict)] if isinstance(said, list) else []


def _follow(source: UUID, batch: Sequence[Prepared], numbers: Sequence[int], outcomes: Outcomes, at: datetime) -> None:
    """Have what a piece looked at stand as the pieces before it in the batch have left it."""
    left: dict[targets.Key, int] = {}
    for prepared, number in zip(batch, numbers, strict=True):
        written = outcomes[number]
        for item in prepared.plan.items if left and prepared.careful else ():
            if (version := left.get(targets.key_of(prepared, item))) is None:
                continue
            if item.index in prepared.there:
                prepared.there[item.index] = Standing(version, at, source, deleted=False, published=False)
            if item.index in prepared.expected:
                prepared.expected[item.index] = version
        for item in prepared.plan.items:
            if item.index in written:
                left[item.type, item.id or ""] = written[item.index].version


def _demand_unchanged(batch: Sequence[Prepared], numbers: Sequence[int], outcomes: Outcomes) -> None:
    """Raise ``IntegrityError`` where another transaction wrote, meanwhile, a version on which a write of this rests."""
    for prepared, number in zip(batch, numbers, strict=True):
        for place, version in prepared.expected.items():
            written = outcomes[number].get(place)
            if written is not None and written.version != version + (written.outcome != "unchanged"):
                raise IntegrityError("another transaction wrote a version meanwhile")


def _carry_along(
    call: Call, source: UUID, prepared: Prepared, number: int, written: dict[int, ledger.Written], at: datetime
) -> None:
    """Let documents go the way of what carries them, under the message that says so."""
    changed = [i for i in prepared.plan.items if i.type == documents.TYPE and i.index in written]
    versions = [(i, written[i.index].version) for i in changed if written[i.index].outcome == "updated"]
    for more in carried.following(versions, source):
        claimed: Keys = frozenset()
        while True:
            try:
                with transaction.atomic():
                    found = _write_also(call, source, more, number, claimed, at)
                break
            except ledger.Claimed as others:
                if more.kin is None or others.keys <= claimed:
                    raise
                claimed |= others.keys
                more = read(more.piece, source)
        if more.failed():
            prepared.notes.extend(more.told())
        written |= enumerate(found.values(), max(written) + 1)


def _write_also(
    call: Call, source: UUID, more: Prepared, number: int, claimed: Keys, at: datetime
) -> dict[int, ledger.Written]:
    meet([more], source, claimed, reads=False)
    checks.refuse_invalid([more], source)
    rows, _ = _register(call, source, [more])
    outcomes = _write(source, [more], rows, [number], at)
    _demand_unchanged([more], [number], outcomes)
    return outcomes[number]


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
        whose = [(p, i) for p in batch for i in p.sound() if i.type == "Patient"]
        if not whose:
            return rows, {}
        savepoint = transaction.savepoint()
        found = _residents(call, source, whose)
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
            try:
                body, known = prepared.indexed.get(item.index, (b"", None))
                rows[place].append((item, known if known and body is item.body else index_of(item.type, item.resource)))
            except FhirProblem as found:
                prepared.aside[item.index] = problem_of(found.at(item.expression), item.index)
                faults = True
    return rows, faults


def _residents(call: Call, source: UUID, whose: Sequence[tuple[Prepared, Item]]) -> dict[str, UUID] | None:
    """The residents of all Patient records of the batch; None where one was refused (and is now set aside)."""
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

    Only this is done again, and not the batch; who clashes ever again is left to the caller. The register's action has
    a savepoint of its own, so nothing of a failed turn stays.
    """
    for _ in range(CLASHES):
        with suppress(IntegrityError):
            return residents.take_in(call, people)
    return residents.take_in(call, people)


def _write(
    source: UUID,
    batch: Sequence[Prepared],
    rows: dict[int, list[tuple[Item, Index]]],
    numbers: Sequence[int],
    at: datetime,
) -> Outcomes:
    fresh: list[ledger.Fresh] = []
    where: list[tuple[int, int]] = []
    for place, prepared in enumerate(batch):
        number = numbers[place]
        for item in prepared.deletes():
            fresh.append(ledger.Fresh(item.type, item.id or "", b"{}", source, number, NOTHING, deleted=True))
            where.append((number, item.index))
        for item, entry in rows[place]:
            fresh.append(ledger.Fresh(item.type, item.id or "", item.body, source, number, entry))
            where.append((number, item.index))
    outcomes: Outcomes = {number: {} for number in numbers}
    for (number, entry_index), written in zip(where, ledger.write(fresh, at), strict=True):
        outcomes[number][entry_index] = written
    return outcomes


def _receipt(prepared: Prepared, number: int, outcomes: dict[int, ledger.Written], at: datetime) -> Receipt:
    problems = prepared.told()
    by_item: dict[int | None, list[Problem]] = defaultdict(list)
    for problem in problems:
        by_item[problem.entry].append(problem)
    entries = () if prepared.problem or (prepared.atomic and problems) else prepared.plan.items
    answers = tuple(
        _answer(prepared, item, by_item.get(item.index, []), outcomes.get(item.index), at) for item in entries
    )
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
        problems=(*problems, *prepared.notes),
        set_aside=len(prepared.aside),
        answers=answers,
        bundle_type=prepared.plan.type,
    )


def _received(prepared: Prepared) -> dict[str, int]:
    return dict(Counter(item.type for item in prepared.plan.items if item.type and item.method not in READS))


def _refusal(told: list[Problem]) -> EntryAnswer:
    return EntryAnswer(rules.status_of([each.code for each in told]), problem=told[0], more=tuple(told[1:]))


def _answer(
    prepared: Prepared, item: Item, problems: list[Problem], written: ledger.Written | None, at: datetime
) -> EntryAnswer:
    if problems:
        return _refusal(problems[: rules.KEPT_PROBLEMS])
    if item.method in READS:
        return EntryAnswer.unread(item.url, item.asked)
    there = prepared.there.get(item.index)
    if item.method == "DELETE":
        return EntryAnswer(204, version=written.version if written else 0, updated=at if written else None)
    location = f"{item.type}/{item.id}"
    if written is None or written.outcome == "unchanged":
        version = written.version if written else there.version if there else 1
        return EntryAnswer(200, location, version, updated=there.updated if there else None)
    new = written.outcome == "created" or (there is not None and there.deleted)
    return EntryAnswer(201 if new else 200, location, written.version, updated=at)


def _tell(
    call: Call,
    source: UUID,
    batch: Sequence[Prepared],
    receipts: Sequence[Receipt],
    patients: dict[str, UUID],
    changed: tuple[str, ...],
    reports: tuple[str, ...],
) -> None:
    """The trail gets a line a message (whose it was, what became of it), the outbox one event a batch."""
    lines: list[trail.Line] = []
    for prepared, receipt in zip(batch, receipts, strict=True):
        whose = [patients[i.id] for i in prepared.sound() if i.type == "Patient" and i.id in patients]
        detail: dict[str, object] = {
            "created": receipt.created,
            "updated": receipt.updated,
            "unchanged": receipt.unchanged,
        }
        if len(whose) > 1:
            detail |= {"residents": [str(r) for r in whose[:500]]}
        asker = replace(call, request=prepared.request) if prepared.request else call
        resident = whose[0] if len(whose) == 1 else None
        subject = _subject(prepared, receipt)
        lines.append(trail.Line(asker, "exchange.message", receipt.state, subject, resident, detail))
    trail.write_lines(lines)
    used = tuple(r.message for r in receipts if r.state == "applied")
    if used:
        outbox.emit(RecordsArrived(source, used, tuple(patients), changed, reports))
    about("Source", source, messages=len(receipts), applied=len(used))


def _subject(prepared: Prepared, receipt: Receipt) -> tuple[str, str]:
    """The message; the resource, where a single write was refused and so no message was kept."""
    if prepared.direct and prepared.failed():
        return prepared.plan.items[0].type, prepared.plan.items[0].id or ""
    return "Message", str(receipt.message)
