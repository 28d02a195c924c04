"""What R4 says of a resource, asked of everything that a source sends; what breaks it is set aside and told why."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from doorstep.fhir.bundle import Item
from doorstep.fhir.validation.checking import check
from doorstep.fhir.validation.findings import Finding
from doorstep.fhir.validation.invariants import invariants
from doorstep.record.exchange import reads, rules
from doorstep.record.exchange.actions.prepare import WRITES, Prepared
from doorstep.record.exchange.shapes import Checks, Level, Problem

# The room resolves a reference by search wherever it stands, not in transactions alone as R4 has it.
RESOLVED = "conditional-reference"


def refuse_invalid(batch: Sequence[Prepared], source: UUID) -> None:
    """Set aside each item that is not valid R4 at the level at which its source is checked."""
    level = reads.checks_of(source)
    for prepared in batch:
        if level.strict_bundles or prepared.direct:
            _refuse(prepared, level)


def _refuse(prepared: Prepared, level: Checks) -> None:
    """Set the items at fault aside; once very many faults were found, what follows is told its first alone."""
    left = rules.TOLD_PROBLEMS
    for item in _written(prepared):
        found = errors_of(item, level, checked=prepared.checked)
        if found:
            prepared.put_all_aside(item, found[: max(1, left)])
            left -= len(found)


def _written(prepared: Prepared) -> list[Item]:
    if prepared.problem is not None:
        return []
    known = prepared.aside.keys() | prepared.existing.keys()
    return [i for i in prepared.plan.items if i.index not in known and i.body and i.method in WRITES]


def errors_of(item: Item, level: Checks, *, checked: bool = False) -> list[Problem]:
    """All that is wrong with an item, placed in its bundle; ``checked``: its structure is known to be right."""
    found = [] if checked else [f for f in check(item.type, item.resource) if f.code != RESOLVED]
    if not found and level.level is Level.INVARIANTS:
        found = invariants(item.type, item.resource)
    errors = [each for each in found if each.severity in ("error", "fatal")]
    return [_problem(each, item) for each in errors[: rules.KEPT_PROBLEMS]]


def _problem(found: Finding, item: Item) -> Problem:
    path = item.expression + found.expression.removeprefix(item.type)
    said = {"zh": rules.storable(found.zh), "en": rules.storable(found.en)}
    return Problem(found.code, rules.storable(path), params=said, entry=item.index)
