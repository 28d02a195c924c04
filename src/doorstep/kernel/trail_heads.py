"""Signed heads of the trail's chain: one a day in a table and in a file that can be published, and the newest of all.

What stands in the file in the data folder, or with those to whom it was given, cannot be changed by one who owns the
database: it shows where the chain was cut or laid anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from doorstep.kernel import clock, trail_keys
from doorstep.kernel.models import TrailHead, TrailSeal
from doorstep.kernel.trail_chain import Mark


class BadHeads(ValueError):
    """A file of heads that cannot be read; says which line."""


@dataclass(frozen=True, slots=True)
class Head:
    """What the chain was at a position: the day of signing, lines since the head before, the last line's time, hash."""

    position: int
    day: date
    lines: int
    at: datetime
    hash: bytes
    algorithm: str
    key: str
    signature: bytes

    @property
    def holds(self) -> bool:
        """Whether a key of this house has signed it."""
        return trail_keys.holds(_told(self), self.signature)

    @property
    def mark(self) -> Mark:
        """What a walk compares."""
        return Mark(self.position, self.hash, self.at)

    def text(self) -> str:
        """One line of JSON, as it is published."""
        return json.dumps(_told(self) | {"signature": self.signature.hex()}, sort_keys=True)


def stored() -> Iterator[Head]:
    """The heads of the table, by position."""
    for row in TrailHead.objects.order_by("position").iterator():
        yield Head(
            row.position, row.day, row.lines, row.at.astimezone(UTC), bytes(row.hash), row.algorithm, row.key,
            bytes(row.signature),
        )  # fmt: skip


def read(path: Path) -> Iterator[Head]:
    """The heads of a file, one a line; raises ``BadHeads``."""
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        if line.strip():
            try:
                yield _parsed(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise BadHeads(f"{path}:{number}") from error


def kept() -> Iterator[Head]:
    """The heads in the data folder: those of each day, and the newest seal of all."""
    for path in (daily_file(), _newest_file()):
        if path.exists():
            yield from read(path)


def daily_file() -> Path:
    """The file that is given to others: each day's head, oldest first."""
    return trail_keys.folder() / "heads.jsonl"


def sign_day() -> Head | None:
    """Sign the chain as it stands and keep the head in the table and in the file; None where no line has come since."""
    before = TrailHead.objects.order_by("-position").values_list("position", flat=True).first() or 0
    head = _now(before)
    if head is None or head.position <= before:
        return None
    made = {"day": head.day, "lines": head.lines, "at": head.at, "hash": head.hash, "algorithm": head.algorithm,
            "key": head.key, "signature": head.signature}  # fmt: skip
    _row, fresh = TrailHead.objects.get_or_create(position=head.position, defaults=made)
    if fresh:
        transaction.on_commit(lambda: _append(daily_file(), head.text()))
    return head


def is_due() -> bool:
    """Whether today has no head yet."""
    last = TrailHead.objects.order_by("-position").values_list("day", flat=True).first()
    return last is None or last < clock.today()


def pin() -> None:
    """Write the newest seal, signed, beside the database, so that the chain's end cannot be cut off unseen.

    Where the chain no longer holds what was written last, the file is left as it is: that is what the file is for.
    """
    path = _newest_file()
    known = next(read(path), None) if path.exists() else None
    if known is not None and not TrailSeal.objects.filter(position=known.position, hash=known.hash).exists():
        return
    head = _now(0)
    if head is not None and head != known:
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(head.text() + "\n", "utf-8")
        draft.replace(path)


def before_the_last(positions: int) -> Head | None:
    """The oldest signed head among the chain's last positions, or the newest of all; None where the chain is short."""
    last = TrailSeal.objects.order_by("-position").values_list("position", flat=True).first() or 0
    if last <= positions:
        return None
    signed = [head for head in stored() if head.holds]
    return next((head for head in signed if head.position >= last - positions), signed[-1] if signed else None)


def missing(told: Iterable[Head]) -> Head | None:
    """The first daily head that others know and the table has no more."""
    there = set(TrailHead.objects.values_list("position", flat=True))
    return min((head for head in told if head.position not in there), key=lambda h: h.position, default=None)


def _newest_file() -> Path:
    return trail_keys.folder() / "newest.jsonl"


def _now(before: int) -> Head | None:
    seal = TrailSeal.objects.order_by("-position").first()
    if seal is None:
        return None
    position, at = seal.position, seal.at.astimezone(UTC)
    bare = Head(
        position, clock.today(), position - before, at, bytes(seal.hash), trail_keys.ALGORITHM, trail_keys.key_id(), b""
    )
    return Head(
        position, bare.day, bare.lines, at, bare.hash, bare.algorithm, bare.key, trail_keys.sign(_told(bare))
    )  # fmt: skip


def _told(head: Head) -> dict[str, Any]:
    return {
        "position": head.position, "day": head.day.isoformat(), "lines": head.lines, "at": head.at.isoformat(),
        "hash": head.hash.hex(), "algorithm": head.algorithm, "key": head.key,
    }  # fmt: skip


def _parsed(told: dict[str, Any]) -> Head:
    return Head(
        int(told["position"]), date.fromisoformat(told["day"]), int(told["lines"]), datetime.fromisoformat(told["at"]),
        bytes.fromhex(told["hash"]), str(told["algorithm"]), str(told["key"]), bytes.fromhex(told["signature"]),
    )  # fmt: skip


def _append(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())
