"""The way in: pieces are read, applied in batches, tried again when others wrote the same meanwhile, never lost."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from uuid import UUID

from django.db import DataError, IntegrityError, OperationalError

from doorstep.kernel import ledger
from doorstep.kernel.call import Call
from doorstep.record.exchange import reads, rules
from doorstep.record.exchange.access import Permission, may_send_for
from doorstep.record.exchange.actions import searching
from doorstep.record.exchange.actions.apply import apply
from doorstep.record.exchange.actions.prepare import Keys, Prepared, problem_of, read, settle
from doorstep.record.exchange.shapes import Piece, Problem, Receipt

log = logging.getLogger(__name__)
TRIES = 8
LOOKED_UP = 200
__all__ = ["problem_of", "take"]


def take(call: Call, source: UUID, pieces: Iterable[Piece], channel: str) -> Iterator[list[Receipt]]:
    """Take pieces of one source in batches; each list of receipts is durable when it is given, in the pieces' order.

    A piece that was taken before is not even read: it gets the receipt of then. Raises ``Refused`` where the caller
    may not send, as for a piece that is new.
    """
    batch = _Batch()
    sends = call.may(Permission.SEND).allowed and may_send_for(call, source).allowed

    def flush() -> list[Receipt]:
        nonlocal batch
        done, batch = batch.pieces, _Batch()
        return apply_safely(call, source, done, channel)

    for piece, digest, known in _looked_up(source, pieces):
        before = known if sends else None
        prepared = None if before or digest in batch.digests else read(piece, source)
        alone = searching.alone(prepared)
        if batch.pieces and (prepared is None or alone):
            yield flush()
        if prepared is None:
            yield [before or reads.receipts(source, [digest])[digest]]
            continue
        batch.add(prepared)
        if alone or batch.full:
            yield flush()
    if batch.pieces:
        yield flush()


@dataclass(slots=True)
class _Batch:
    """Pieces that will share a transaction, and how much they weigh."""

    pieces: list[Prepared] = field(default_factory=list)
    digests: set[bytes] = field(default_factory=set)
    resources: int = 0
    searches: int = 0
    size: int = 0

    def add(self, prepared: Prepared) -> None:
        self.pieces.append(prepared)
        self.digests.add(prepared.digest)
        self.resources += len(prepared.plan.items)
        self.searches += sum(1 for _ in searching.asked(prepared)) if prepared.careful else 0
        self.size += len(prepared.piece.raw)

    @property
    def full(self) -> bool:
        return (
            self.resources >= rules.BATCH_RESOURCES
            or self.searches >= searching.SEARCHES
            or self.size >= rules.BATCH_BYTES
        )


def _looked_up(source: UUID, pieces: Iterable[Piece]) -> Iterator[tuple[Piece, bytes, Receipt | None]]:
    """Each piece with its SHA-256 and, where it was taken before, its receipt; asked for by the group."""
    for group in _groups(pieces):
        digests = [hashlib.sha256(piece.raw).digest() for piece in group]
        before = reads.receipts(source, digests)
        for piece, digest in zip(group, digests, strict=True):
            yield piece, digest, before.get(digest)


def _groups(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    group: list[Piece] = []
    size = 0
    for piece in pieces:
        group.append(piece)
        size += len(piece.raw)
        if len(group) >= LOOKED_UP or size >= rules.BATCH_BYTES:
            yield group
            group, size = [], 0
    if group:
        yield group


def apply_safely(
    call: Call, source: UUID, batch: Sequence[Prepared], channel: str, again: int | None = None
) -> list[Receipt]:
    """Apply a batch, again while others write the same; ``again`` is the message that is tried once more."""
    claimed: Keys = frozenset()
    for _ in range(TRIES):
        try:
            _settle_plain(batch, source, claimed)
            return apply(call, source=source, batch=batch, channel=channel, claimed=claimed, again=again)
        except ledger.Claimed as found:
            claimed |= found.keys
        except searching.Apart as found:
            return _apart(call, source, batch, channel, found.places)
        except (IntegrityError, OperationalError) as error:
            demand_passing(error, len(batch))
        except DataError as error:
            return _one_by_one(call, source, batch, channel, str(error).splitlines()[0], again)
        known = {} if again else reads.receipts(source, [p.digest for p in batch])
        if known:
            return _rest(call, source, batch, channel, known)
        batch = [read(p.piece, source) for p in batch]
    raise OperationalError(f"gave up after {TRIES} tries")


def _settle_plain(batch: Sequence[Prepared], source: UUID, claimed: Keys) -> None:
    """Settle, outside of the transaction, what depends on nothing that is there."""
    for prepared in batch:
        if not (prepared.careful or prepared.settled):
            settle(prepared, source, claimed)


def demand_passing(error: IntegrityError | OperationalError, size: int) -> None:
    """Let go by what another writer caused (the same rows, a deadlock): its rows are seen the next time."""
    if isinstance(error, OperationalError) and "deadlock" not in str(error):
        raise error
    log.info("batch of %d tried again: %s", size, error)


def _rest(
    call: Call, source: UUID, batch: Sequence[Prepared], channel: str, known: dict[bytes, Receipt]
) -> list[Receipt]:
    left = [read(p.piece, source) for p in batch if p.digest not in known]
    if left:
        known |= {p.digest: r for p, r in zip(left, apply_safely(call, source, left, channel), strict=True)}
    return [known[p.digest] for p in batch]


def _apart(call: Call, source: UUID, batch: Sequence[Prepared], channel: str, places: frozenset[int]) -> list[Receipt]:
    """Those at fault each by itself, those between them together; in their order."""
    receipts: list[Receipt] = []
    for _, group in groupby(enumerate(batch), key=lambda each: each[0] if each[0] in places else -1):
        receipts += apply_safely(call, source, [read(old.piece, source) for _, old in group], channel)
    return receipts


def _one_by_one(
    call: Call, source: UUID, batch: Sequence[Prepared], channel: str, detail: str, again: int | None
) -> list[Receipt]:
    """Something the checks let through was refused by the database: find the piece, set it aside, take the others."""
    receipts = []
    for old in batch:
        prepared = read(old.piece, source)
        if len(batch) == 1:
            prepared.problem = Problem("refused-by-database", params={"detail": detail})
        receipts += apply_safely(call, source, [prepared], channel, again)
    return receipts
