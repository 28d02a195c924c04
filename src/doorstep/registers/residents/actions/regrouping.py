"""Grouping the records around a newcomer anew: where it shows that two residents are one, or that a record lies with
the wrong one, records move; so the outcome does not depend on who came first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.linkage.deciding import Pair, group
from doorstep.registers.residents.actions import doubts, merging, moving
from doorstep.registers.residents.models import Resident
from doorstep.registers.residents.reads.around import Around, around
from doorstep.registers.residents.reads.rule import current
from doorstep.registers.residents.rules.grouping import assign
from doorstep.registers.residents.rules.placing import Question


def leave(call: Call, records: Mapping[UUID, UUID]) -> None:
    """Take records out of the resident each lies with; each becomes somebody new, until grouped with others."""
    if not records:
        return
    moving.hold(records.values())
    moves = {record: (home, Resident.objects.create().pk) for record, home in records.items()}
    merging.shift(moves, "regrouped", call.actor)


def regroup(call: Call, records: Sequence[UUID]) -> None:
    """Group the records around each of these anew and move what lies elsewhere; each once."""
    rule, done = current(clock.today()), set[UUID]()
    for record in sorted(records):
        if record in done:
            continue
        found = around([record], rule)
        if found is None:
            continue
        moving.hold({each.resident for each in found.records})
        groups = group(found.fixed, found.pairs, found.apart, threshold=rule.link, bridge=rule.bridge)
        settle(call, found, groups)
        doubts.raise_([_question(found, pair) for pair in sorted(found.doubtful, key=lambda pair: -pair.bits)])
        done |= {each.record for each in found.records}


def _question(found: Around, pair: Pair) -> tuple[UUID, Question]:
    one, other = found.records[pair.left].record, found.records[pair.right].record
    return one, Question(other, "weight", "two_people", pair.bits, 2)


def settle(call: Call, found: Around, groups: Sequence[Sequence[int]]) -> None:
    """Bring records to the residents of their groups. Their residents are held."""
    homes, ids = [each.resident for each in found.records], [each.record for each in found.records]
    whole, alone = going(groups, homes, ids)
    for gone, kept in whole.items():
        merging.join(call, kept, gone, "regrouped")
    merging.shift(alone, "regrouped", call.actor)


def going(
    groups: Sequence[Sequence[int]], homes: Sequence[UUID], ids: Sequence[UUID]
) -> tuple[dict[UUID, UUID], dict[UUID, tuple[UUID, UUID]]]:
    """What goes elsewhere where records (``ids``, with their residents) are grouped so: residents all of whose records
    go to one other, who are merged with all else that hangs on them; and records that go alone, from whom to whom."""
    targets: dict[UUID, set[UUID]] = {}
    moves: dict[UUID, tuple[UUID, UUID]] = {}
    for members, owner in zip(groups, assign(groups, homes, ids), strict=True):
        target = owner or Resident.objects.create().pk
        for place in members:
            targets.setdefault(homes[place], set()).add(target)
            if homes[place] != target:
                moves[ids[place]] = (homes[place], target)
    whole = {home: next(iter(to)) for home, to in targets.items() if len(to) == 1 and home not in to}
    return whole, {record: pair for record, pair in moves.items() if pair[0] not in whole}
