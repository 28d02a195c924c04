"""Batches and transactions that only read: they are no messages, and are answered without being taken in."""

from __future__ import annotations

from typing import Final

from doorstep.fhir.bundle import Item, read_bundle
from doorstep.record.exchange.api import EntryAnswer, Problem, Receipt

READS: Final = ("GET", "HEAD")
_WRITES: Final = (b'"POST"', b'"PUT"', b'"PATCH"', b'"DELETE"')


def only_reads(body: bytes) -> Receipt | None:
    """A bundle all of whose entries read, as if it had been taken: it is no message, and nothing of it is kept.

    None for any other. Raises ``FhirProblem`` where it cannot be read as a whole, or a transaction has a fault.
    """
    if any(method in body for method in _WRITES):
        return None
    plan = read_bundle(body)
    if plan.type not in ("batch", "transaction") or any(item.method not in READS for item in plan.items):
        return None
    if plan.type == "transaction" and plan.problems:
        raise plan.problems[0]
    return Receipt(0, "applied", answers=tuple(_unread(item) for item in plan.items), bundle_type=plan.type)


def _unread(item: Item) -> EntryAnswer:
    found = item.problem
    if found is None:
        return EntryAnswer.unread(item.url, item.asked)
    problem = Problem(found.code, found.expression or "", params=found.params, entry=item.index)
    return EntryAnswer(found.kind.status, problem=problem)
