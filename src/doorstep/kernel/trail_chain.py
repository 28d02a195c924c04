"""The chain of hashes over the trail, and what a walk along it finds. Knows no database: rows come in, breaches go out.

A breach that cannot be mended by the one who made it has a place: the row where the chain stops to fit. What a forger
mends by laying all hashes behind it anew, a signed head shows (``Mark``).
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

GENESIS: Final = bytes(32)
LATE: Final = timedelta(hours=6)
"""A line stands at most so long behind a younger one: it is written when its transaction begins to end, and none of the
house's transactions lasts as long. One that stands further back was put there afterwards."""
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
NEAR: Final = 64  # hashes before a place among which a displaced row is sought
MOST: Final = 200  # places that a walk tells

Fields = tuple[Any, ...]
"""A line as it is stored: id, at, actor, name, post, organisation, purpose, action, outcome, subject_type, subject_id,
resident, detail, request."""


@dataclass(frozen=True, slots=True)
class Breach:
    """Where the trail does not hold: the position in the chain, the line's number and time, and what is wrong.

    ``kind`` is changed, removed, inserted, reordered, truncated, rewritten (the chain is not the one a head was signed
    for), backdated, unsealed, or forged (a head or a note of retirement that no key of the house has signed).
    """

    position: int
    line: int
    at: datetime | None
    kind: str


@dataclass(frozen=True, slots=True)
class Row:
    """A seal with its line; ``fields`` is None where there is no such line."""

    position: int
    line: int
    at: datetime
    hash: bytes
    fields: Fields | None


@dataclass(frozen=True, slots=True)
class Mark:
    """What a signed head says: at this position the chain had this hash."""

    position: int
    hash: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class _Misfit:
    """A row whose hash does not follow from the row before it."""

    row: Row
    previous: bytes
    near: tuple[Row, ...]


def link(previous: bytes, fields: Fields) -> bytes:
    """The hash (SHA-256) of a line after the hash before it."""
    line, at, actor, name, post, organisation, *middle, resident, detail, request = fields
    told = [line, at.astimezone(UTC).isoformat(), actor, name, str(post), str(organisation)]
    told += [*middle, str(resident), detail, request]
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous + text.encode()).digest()


class Walk:
    """Takes the rows of a chain in their order, from its beginning or from behind a mark, within bounded memory."""

    def __init__(
        self, marks: Iterable[Mark] = (), since: Mark | None = None, away: Callable[[datetime], bool] = lambda at: False
    ) -> None:
        self._previous, self.position = (since.hash, since.position) if since else (GENESIS, 0)
        self._marks = sorted((m for m in marks if m.position > self.position), key=lambda m: m.position)
        self._by_position = {mark.position: mark for mark in self._marks}
        self._by_hash = {mark.hash: mark for mark in self._marks}
        start = Row(self.position, 0, since.at if since else _BEGINNING, self._previous, None)
        self._near: deque[Row] = deque([start], maxlen=NEAR)
        self._newest: datetime | None = since.at if since else None
        self._late = False
        self._away = away
        self._found: list[Breach] = []
        self._misfits: list[_Misfit] = []
        self._bad: list[Mark] = []
        self._shift: dict[int, int] = {}
        self.not_here = 0
        self.marks_held = 0

    @property
    def full(self) -> bool:
        """Whether so much is wrong that the rest need not be looked at."""
        return len(self._found) + len(self._misfits) >= MOST

    def take(self, row: Row) -> None:
        """Look at the next row."""
        whole = row.position == self.position + 1
        if not whole:
            self._found.append(Breach(self.position + 1, row.line, row.at, "removed"))
        if row.fields is None:
            self._missing(row)
        elif whole and link(self._previous, row.fields) != row.hash:
            self._misfits.append(_Misfit(row, self._previous, tuple(self._near)))
        self._look_at_time(row)
        self._look_at_marks(row)
        self._previous, self.position = row.hash, row.position
        self._near.append(replace(row, fields=None))

    def _missing(self, row: Row) -> None:
        if self._away(row.at):
            self.not_here += 1
        else:
            self._found.append(Breach(row.position, row.line, row.at, "removed"))

    def _look_at_time(self, row: Row) -> None:
        late = self._newest is not None and row.at < self._newest - LATE
        if late and not self._late:
            self._found.append(Breach(row.position, row.line, row.at, "backdated"))
        self._late = late
        self._newest = row.at if self._newest is None else max(self._newest, row.at)

    def _look_at_marks(self, row: Row) -> None:
        if (elsewhere := self._by_hash.get(row.hash)) and elsewhere.position != row.position:
            self._shift[elsewhere.position] = row.position - elsewhere.position
        if mark := self._by_position.get(row.position):
            if mark.hash == row.hash:
                self.marks_held += 1
            else:
                self._bad.append(mark)

    def end(self) -> list[Breach]:
        """All that was found, by position."""
        beyond = [mark for mark in self._marks if mark.position > self.position and mark.position not in self._shift]
        found = [*self._found, *self._sorted_out()]
        if beyond:
            found.append(Breach(self.position + 1, 0, beyond[0].at, "truncated"))
        found = _moved(found, self._shift)
        unshifted = [mark for mark in self._bad if mark.position not in self._shift]
        if unshifted:
            found.append(Breach(unshifted[0].position, 0, unshifted[0].at, "rewritten"))
        return sorted(found, key=lambda b: (b.position, b.kind))

    def _sorted_out(self) -> list[Breach]:
        """Tell rows that stand in another place from those put between and from those that were changed."""
        home = {m.row.position: _home(m, self._misfits) for m in self._misfits}
        found: dict[int, Breach] = {}
        for misfit in self._misfits:
            row, at = misfit.row, home[misfit.row.position]
            if at is None:
                kind = "reordered" if self._exchanged(misfit) else "changed"
                found.setdefault(row.position, Breach(row.position, row.line, row.at, kind))
            elif at > row.position:
                found[row.position] = Breach(row.position, row.line, row.at, "reordered")
            elif all(home.get(place) is None for place in range(at + 1, row.position)):
                for other in (each for each in misfit.near if at < each.position < row.position):
                    found[other.position] = Breach(other.position, other.line, other.at, "inserted")
        return list(found.values())

    def _exchanged(self, misfit: _Misfit) -> bool:
        """Whether the line of another such row would fit here."""
        others = (m.row for m in self._misfits if m is not misfit)
        return any(
            other.fields is not None and link(misfit.previous, other.fields) == misfit.row.hash for other in others
        )


def _home(misfit: _Misfit, others: Sequence[_Misfit]) -> int | None:
    """The position behind which the row was sealed, where it is known."""
    fields = misfit.row.fields
    if fields is None:
        return None
    near = [(row.position, row.hash) for row in reversed(misfit.near)]
    far = [place for m in others for place in ((m.row.position, m.row.hash), (m.row.position - 1, m.previous))]
    for position, hash_ in (*near, *far):
        if hash_ != misfit.previous and link(hash_, fields) == misfit.row.hash:
            return position
    return None


def _moved(found: list[Breach], shift: dict[int, int]) -> list[Breach]:
    """Where a head's hash stands nearer to the front than it was signed, what seemed changed was taken out."""
    early = [position for position, by in shift.items() if by < 0]
    if not early:
        return found
    first = min(early)
    last = max((b.position for b in found if b.kind == "changed" and b.position <= first), default=None)
    return [replace(b, kind="removed") if b.kind == "changed" and b.position == last else b for b in found]
