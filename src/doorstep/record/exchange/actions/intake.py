"""The way in: pieces are read, applied in batches, tried again when others wrote the same meanwhile, never lost."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from django.db import DataError, IntegrityError, OperationalError

from doorstep.kernel import ledger
from doorstep.kernel.call import Call
from doorstep.record.exchange import reads, rules
from doorstep.record.exchange.actions.apply import apply
from doorstep.record.exchange.actions.prepare import Keys, Prepared, problem_of, read, settle
from doorstep.record.exchange.shapes import Piece, Problem, Receipt

log = logging.getLogger(__name__)
TRIES = 8
__all__ = ["problem_of", "take"]


def take(call: Call, source: UUID, pieces: Iterable[Piece], channel: str) -> Iterator[list[Receipt]]:
    """Take pieces of one source in batches; each list of receipts is durable when it is given.

    A piece that was taken before gets the receipt of then. Raises ``Refused`` where the caller may not send.
    """
    batch: list[Prepared] = []
    weight = size = 0
    for piece in pieces:
        prepared = read(piece)
        if prepared.careful:
            if batch:
                yield _take(call, source, batch, channel)
                batch, weight, size = [], 0, 0
            yield _take(call, source, [prepared], channel)
            continue
        batch.append(prepared)
        weight += len(prepared.plan.items)
        size += len(piece.raw)
        if weight >= rules.BATCH_RESOURCES or size >= rules.BATCH_BYTES:
            yield _take(call, source, batch, channel)
            batch, weight, size = [], 0, 0
    if batch:
        yield _take(call, source, batch, channel)


def _take(call: Call, source: UUID, batch: Sequence[Prepared], channel: str) -> list[Receipt]:
    before = reads.receipts(source, [p.digest for p in batch])
    seen: set[bytes] = set()
    fresh = []
    for prepared in batch:
        if prepared.digest not in before and prepared.digest not in seen:
            fresh.append(prepared)
        seen.add(prepared.digest)
    if fresh:
        receipts = apply_safely(call, source, fresh, channel)
        before |= {p.digest: r for p, r in zip(fresh, receipts, strict=True)}
    return [before[p.digest] for p in batch]


def apply_safely(
    call: Call, source: UUID, batch: Sequence[Prepared], channel: str, again: int | None = None
) -> list[Receipt]:
    """Apply a batch, again while others write the same; ``again`` is the message that is tried once more."""
    claimed: Keys = frozenset()
    for attempt in range(TRIES):
        if attempt and again is None:
            known = reads.receipts(source, [p.digest for p in batch])
            if known:
                return _rest(call, source, batch, channel, known)
        if attempt:
            batch = [read(p.piece) for p in batch]
        try:
            for prepared in batch:
                if not prepared.careful:
                    settle(prepared, source, claimed, lambda _item: None)
            return apply(call, source=source, batch=batch, channel=channel, claimed=claimed, again=again)
        except ledger.Claimed as found:
            claimed |= found.keys
        except (IntegrityError, OperationalError) as error:
            # another writer made the same rows, or two waited for each other: what it wrote is now seen
            log.info("batch of %d tried again: %s", len(batch), error)
            if isinstance(error, OperationalError) and "deadlock" not in str(error):
                raise
        except DataError as error:
            return _one_by_one(call, source, batch, channel, str(error).splitlines()[0], again)
    raise OperationalError(f"gave up after {TRIES} tries")


def _rest(
    call: Call, source: UUID, batch: Sequence[Prepared], channel: str, known: dict[bytes, Receipt]
) -> list[Receipt]:
    left = [read(p.piece) for p in batch if p.digest not in known]
    if left:
        known |= {p.digest: r for p, r in zip(left, apply_safely(call, source, left, channel), strict=True)}
    return [known[p.digest] for p in batch]


def _one_by_one(
    call: Call, source: UUID, batch: Sequence[Prepared], channel: str, detail: str, again: int | None
) -> list[Receipt]:
    """Something the checks let through was refused by the database: find the piece, set it aside, take the others."""
    receipts = []
    for old in batch:
        prepared = read(old.piece)
        if len(batch) == 1:
            prepared.problem = Problem("refused-by-database", params={"detail": detail})
        receipts += apply_safely(call, source, [prepared], channel, again)
    return receipts
