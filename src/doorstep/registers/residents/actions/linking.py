"""Batch linkage of the whole register: what no newcomer shows (bounded look-ups, races, a new rule) is put right.

Everything is compared outside of PostgreSQL, then put into effect in one transaction: a run that is killed leaves the
old residents, and one that is run again changes nothing. What happened to a record meanwhile outweighs the batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import OperationalError, connection, transaction

from doorstep.kernel import clock
from doorstep.kernel.act import about, action
from doorstep.kernel.call import Call
from doorstep.kernel.decision import demand
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.actions import doubts, joining, merging, moving, regrouping
from doorstep.registers.residents.reads import known, pairing, workspace
from doorstep.registers.residents.reads.pairing import Regrouping
from doorstep.registers.residents.reads.rule import current
from doorstep.registers.residents.rules.placing import Question
from doorstep.registers.residents.rules.runs import Fresh, Linked, Progress

MOST_DOUBTS: Final = 2_000
"""Doubtful pairs that one batch puts into the queue, the likeliest; the next batch brings the others."""
TRIES: Final = 3
_HOW: Final = "batch"
_STANDING: Final = """
SELECT r.id, r.resident_id, r.version, f.record_id IS NOT NULL FROM residents_residentrecord r
LEFT JOIN residents_residentfacts f ON f.record_id = r.id WHERE r.resident_id = ANY(%s)
"""
_JUDGED: Final = """
SELECT left_id FROM residents_doubt WHERE settled_at >= %(since)s AND state IN ('same', 'different')
UNION SELECT right_id FROM residents_doubt WHERE settled_at >= %(since)s AND state IN ('same', 'different')
"""
_GONE: Final = "SELECT id FROM residents_resident WHERE id = ANY(%s) AND merged_into_id IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a batch would do: records grouped anew, doubtful pairs, how many of those there are, and when it was
    read."""

    regroupings: Sequence[Regrouping]
    doubts: Sequence[tuple[UUID, Question]]
    found: int
    read_at: datetime


@dataclass(slots=True)
class _Moves:
    """Residents that go whole into another, and records that go alone."""

    into: dict[UUID, UUID] = field(default_factory=dict)
    alone: dict[UUID, tuple[UUID, UUID]] = field(default_factory=dict)


def link_all(call: Call, *, fresh: Fresh | None = None) -> Iterator[Progress]:
    """Link all records, or those that ``fresh`` names with all; tells how far it is, and last what it did."""
    demand(call.may(Permission.MODELS))
    rule, read_at = current(clock.today()), clock.now()
    if fresh is not None and not pairing.any_fresh(fresh):
        yield Progress("done", outcome={"records": 0, "pairs": 0, **asdict(Linked(0, 0, 0, 0, 0, 0))})
        return
    yield Progress("read")
    with workspace.workspace() as db:
        total = workspace.load(db)
        yield Progress("compare", 0, total)
        pairs = pairing.compare(db, rule, fresh) if total else 0
        yield Progress("group", total, total)
        regroupings = list(pairing.grouped(db, rule)) if total else []
        asked, found = pairing.doubtful(db, rule, MOST_DOUBTS) if total else ([], 0)
    yield Progress("move", 0, len(regroupings))
    done = _settled(call, Plan(regroupings, asked, found, read_at))
    yield Progress("done", total, total, {"records": total, "pairs": pairs, **asdict(done)})


def _settled(call: Call, plan: Plan) -> Linked:
    """Put it into effect; a deadlock with those who bring records costs another try, and nothing is half done."""
    for _ in range(TRIES - 1):
        try:
            with transaction.atomic():
                return settle(call, plan=plan)
        except OperationalError:
            if connection.connection is None or connection.connection.closed:
                raise
    return settle(call, plan=plan)


@action(Permission.MODELS, audits="residents.link")
def settle(call: Call, *, plan: Plan) -> Linked:
    """Bring records to the residents of their groups, all or none. Records that came to those residents since are
    grouped with them; groups of which a record moved, changed or was judged since are left for the next batch."""
    residents = {home for each in plan.regroupings for home in each.homes}
    known.lock([record for each in plan.regroupings for record in each.ids])
    moving.hold(residents)
    standing, newcomers = _standing(plan, residents)
    valid = [each for each in plan.regroupings if standing.issuperset(each.ids)]
    moves = _Moves()
    for each in valid:
        whole, alone = regrouping.going(each.groups, each.homes, each.ids)
        moves.into |= whole
        moves.alone |= alone
    refused = joining.contradicted(moves.into)
    into = {gone: kept for gone, kept in moves.into.items() if kept not in refused}
    joining.join_all(call, into, _HOW)
    merging.shift(moves.alone, _HOW, call.actor)
    regrouping.regroup(call, newcomers)
    raised = doubts.raise_(plan.doubts)
    done = Linked(
        merged=len(into),
        moved=len(moves.alone),
        skipped=len(plan.regroupings) - len(valid),
        refused=len(moves.into) - len(into),
        doubts=raised,
        left=plan.found - len(plan.doubts),
    )
    about("Register", "all", **asdict(done))
    return done


def _standing(plan: Plan, residents: set[UUID]) -> tuple[set[UUID], list[UUID]]:
    """The records that are as they were when the batch read them, and those that have come to its residents since."""
    read = {
        record: (home, version)
        for each in plan.regroupings
        for record, home, version in zip(each.ids, each.homes, each.versions, strict=True)
    }
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [sorted(residents)])
        rows = cursor.fetchall()
        cursor.execute(_JUDGED, {"since": plan.read_at})
        judged = {row[0] for row in cursor.fetchall()}
        cursor.execute(_GONE, [sorted(residents)])
        gone = {row[0] for row in cursor.fetchall()}
    standing = {
        record for record, home, version, _ in rows
        if read.get(record) == (home, version) and record not in judged and home not in gone
    }  # fmt: skip
    return standing, sorted(record for record, _, _, compared in rows if record not in read and compared)
