"""Take in patient records by the batch: match, link or register, keep what they say. The way in of every ingest.

Set-based: a dozen queries and one COPY a table, whatever the size of the batch. A record goes where its numbers and its
likeness to those that share a key surely put it (``rules.placing``); what is doubtful is left to a person, and where it
leads to several residents the records around it are grouped anew (``regrouping``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import msgspec

from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.ids import new_id
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.actions import doubts, regrouping
from doorstep.registers.residents.actions import rows as tables
from doorstep.registers.residents.actions.keeping import Kept, Work, keep, tell
from doorstep.registers.residents.reads import known, near
from doorstep.registers.residents.reads.known import Held
from doorstep.registers.residents.reads.rule import current
from doorstep.registers.residents.rules import matching, placing
from doorstep.registers.residents.rules.facts import consistent
from doorstep.registers.residents.rules.sayings import Saying, saying
from doorstep.registers.residents.shapes import Incoming, Verdict

_encode: Callable[[object], bytes] = msgspec.msgpack.Encoder().encode


@action(Permission.INTAKE, audits="residents.take_in")
def take_in(call: Call, *, incoming: Sequence[Incoming]) -> tuple[Verdict, ...]:
    """Place each record (at most some thousands) and answer in the same order.

    The same record again changes nothing; a changed one replaces what its earlier version said. Raises
    ``IntegrityError`` where another transaction took the same number or record first: run the batch again.
    """
    verdicts = place(call, incoming)
    new = sum(v.created for v in verdicts)
    aside = sum(v.problem is not None for v in verdicts)
    about("Batch", call.organisation or call.actor, records=len(verdicts), created=new, set_aside=aside)
    return verdicts


def place(call: Call, incoming: Sequence[Incoming]) -> tuple[Verdict, ...]:
    """The body of ``take_in``, for actions of this room, inside their transaction."""
    verdicts: dict[int, Verdict] = {}
    for part in _rounds(incoming):
        answers = _place(call, [incoming[at] for at in part])
        verdicts |= zip(part, answers, strict=True)
    return tuple(verdicts[at] for at in range(len(incoming)))


def _rounds(incoming: Sequence[Incoming]) -> list[list[int]]:
    """Positions, in their order, divided so that no round holds two versions of one record; nearly always one round."""
    rounds: list[list[int]] = []
    seen: set[str] = set()
    for at, record in enumerate(incoming):
        if not rounds or record.patient_id in seen:
            rounds.append([])
            seen = set()
        rounds[-1].append(at)
        if record.patient_id:
            seen.add(record.patient_id)
    return rounds


def _place(call: Call, incoming: Sequence[Incoming]) -> tuple[Verdict, ...]:
    state, marks = known.earlier(incoming), [digest(record) for record in incoming]
    fresh = [at for at, record in enumerate(incoming) if _is_fresh(state, record, marks[at])]
    if changed := [link.record for at in fresh if (link := state.links.get(incoming[at].patient_id))]:
        known.lock(changed)
    said = {at: saying(incoming[at]) for at in fresh}
    work = _read(state, [incoming[at] for at in fresh], list(said.values()))
    numbers = {at: number for number, at in enumerate(fresh)}
    verdicts = tuple(
        _one(numbers[at], record, said[at], marks[at], work) if at in said else _again(record, work)
        for at, record in enumerate(incoming)
    )
    _write(call, work, verdicts)
    return verdicts


def _is_fresh(state: Held, record: Incoming, mark: bytes) -> bool:
    link = state.links.get(record.patient_id)
    return link is None or link.digest != mark


def _write(call: Call, work: Work, verdicts: Sequence[Verdict]) -> None:
    made = {row[0] for row in work.rows.new["resident"]}
    known.demand_standing({at for v in verdicts if (at := v.resident) is not None} - made)
    tables.sort(work.rows)
    tables.write(work.rows)
    doubts.raise_(work.questions)
    tell(work)
    regrouping.leave(call, work.parted)
    if work.regroup:
        regrouping.regroup(call, work.regroup)


def _read(state: Held, fresh: Sequence[Incoming], said: Sequence[Saying]) -> Work:
    """All that placing these records needs."""
    facts = [each.facts(record.patient_id) for record, each in zip(fresh, said, strict=True)]
    rule = current(clock.today())
    around = near.around(facts, rule)
    if fresh:
        known.add_claims(state, fresh)
        linked = [link.resident for record in fresh if (link := state.links.get(record.patient_id))]
        known.add_people(state, {*linked, *state.index.claims.values(), *around.residents}, fresh)
    return Work(state, around, tables.Rows(clock.now()), clock.today())


def digest(record: Incoming) -> bytes:
    """A fingerprint of all that a record says (BLAKE2b, 16 bytes)."""
    return hashlib.blake2b(_encode(record), digest_size=16).digest()


def _again(record: Incoming, work: Work) -> Verdict:
    """A record that says what it said before."""
    link = work.state.links[record.patient_id]
    if link.seen != work.rows.at.date():
        work.rows.seen.append(link.record)
    return Verdict(record.patient_id, link.resident)


def _one(number: int, record: Incoming, said: Saying, mark: bytes, work: Work) -> Verdict:
    link, index = work.state.links.get(record.patient_id), work.state.index
    findings = tuple(consistent(record, work.today))
    error = next((f for f in findings if f.error), None)
    if error:
        return Verdict(record.patient_id, None, problem=error)
    linked = link.resident if link else None
    names = [n.text for n in record.names]
    outcome = matching.resolve(record.identifiers, names, said, record.source, index, linked)
    if outcome.problem:
        return Verdict(record.patient_id, None, problem=outcome.problem, warnings=findings)
    weighed = work.near.weighed(number, link.record if link else None)
    place = placing.place(work.near.facts[number], outcome, weighed, index.people, work.near.rule)
    kept = Kept(
        number, record, place.resident or new_id(), place.resident is None, outcome.trusted, link, mark, said, place
    )
    keep(kept, work)
    findings += tuple(matching.told(clash) for clash in outcome.clashes)
    return Verdict(record.patient_id, kept.resident, kept.created, warnings=findings)
