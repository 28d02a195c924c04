"""Take in patient records by the batch: match, link or register, keep what they say. The way in of every ingest.

Set-based: a few queries and one COPY a table, whatever the size of the batch. Deterministic matching only; the seam
for the probabilistic index is the parameter ``candidates`` (see ``shapes.Candidates``).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec

from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.ids import new_id
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.actions import rows as tables
from doorstep.registers.residents.actions.keeping import Kept, Work, keep, tell
from doorstep.registers.residents.reads.known import Held, add_claims, add_people, earlier, lock
from doorstep.registers.residents.rules import matching
from doorstep.registers.residents.rules.facts import consistent
from doorstep.registers.residents.shapes import Candidates, Incoming, Verdict

_encode: Callable[[object], bytes] = msgspec.msgpack.Encoder().encode


@action(Permission.INTAKE, audits="residents.take_in")
def take_in(call: Call, *, incoming: Sequence[Incoming], candidates: Candidates | None = None) -> tuple[Verdict, ...]:
    """Place each record (at most some thousands) and answer in the same order.

    The same record again changes nothing; a changed one replaces what its earlier version said. Raises
    ``IntegrityError`` where another transaction took the same number or record first: run the batch again.
    """
    verdicts = place(incoming, candidates)
    new = sum(v.created for v in verdicts)
    aside = sum(v.problem is not None for v in verdicts)
    about("Batch", call.organisation or call.actor, records=len(verdicts), created=new, set_aside=aside)
    return verdicts


def place(incoming: Sequence[Incoming], candidates: Candidates | None = None) -> tuple[Verdict, ...]:
    """The body of ``take_in``, for actions of this room, inside their transaction."""
    verdicts: dict[int, Verdict] = {}
    for part in _rounds(incoming):
        answers = _place([incoming[at] for at in part], candidates)
        verdicts |= zip(part, answers, strict=True)
    return tuple(verdicts[at] for at in range(len(incoming)))


def _rounds(incoming: Sequence[Incoming]) -> list[list[int]]:
    """Positions, divided so that no round holds two versions of one record; nearly always one round."""
    rounds: list[list[int]] = []
    times: Counter[str] = Counter()
    for at, record in enumerate(incoming):
        turn = times[record.patient_id] if record.patient_id else 0
        times[record.patient_id] += 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(at)
    return rounds


def _place(incoming: Sequence[Incoming], candidates: Candidates | None) -> tuple[Verdict, ...]:
    state, marks = earlier(incoming), [digest(record) for record in incoming]
    links = [state.links.get(record.patient_id) for record in incoming]
    fresh = [r for r, link, mark in zip(incoming, links, marks, strict=True) if link is None or link.digest != mark]
    if changed := [link.record for r in fresh if (link := state.links.get(r.patient_id))]:
        lock(changed)
    if fresh:
        add_claims(state, fresh)
    placed = _ask(fresh, state, candidates) if candidates else {}
    work = Work(state, tables.Rows(clock.now()), clock.today(), placed)
    verdicts = tuple(_one(record, mark, work) for record, mark in zip(incoming, marks, strict=True))
    tables.sort(work.rows)
    tables.write(work.rows)
    tell(work)
    return verdicts


def digest(record: Incoming) -> bytes:
    """A fingerprint of all that a record says (BLAKE2b, 16 bytes)."""
    return hashlib.blake2b(_encode(record), digest_size=16).digest()


def _ask(incoming: Sequence[Incoming], state: Held, candidates: Candidates) -> dict[str, UUID]:
    unplaced = []
    for record in incoming:
        outcome = matching.resolve(record.identifiers, _facts(record), record.source, state.index)
        if record.patient_id not in state.links and outcome.resident is None and outcome.problem is None:
            unplaced.append(record)
    placed = dict(candidates(unplaced)) if unplaced else {}
    add_people(state, placed.values())
    return placed


def _facts(record: Incoming) -> tuple[Sequence[str], str, str]:
    return [n.text for n in record.names], record.sex, record.birth_date[:10]


def _one(record: Incoming, mark: bytes, work: Work) -> Verdict:
    link = work.state.links.get(record.patient_id)
    if link and link.digest == mark:
        if link.seen != work.rows.at.date():
            work.rows.seen.append(link.record)
        return Verdict(record.patient_id, link.resident)
    findings = tuple(consistent(record, work.today))
    error = next((f for f in findings if f.error), None)
    if error:
        return Verdict(record.patient_id, None, problem=error)
    linked = link.resident if link else None
    outcome = matching.resolve(record.identifiers, _facts(record), record.source, work.state.index, linked)
    if outcome.problem:
        return Verdict(record.patient_id, None, problem=outcome.problem, warnings=findings)
    resident = outcome.resident or work.placed.get(record.patient_id)
    kept = Kept(record, resident or new_id(), resident is None, outcome.trusted, link, mark)
    keep(kept, work)
    return Verdict(record.patient_id, kept.resident, kept.created, warnings=findings)
