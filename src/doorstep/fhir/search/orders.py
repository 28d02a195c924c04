"""The orders in which a page is read: what is sorted by, where the last page ended, and how both are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from doorstep.fhir.search.conditions import Sql

Mark = Sequence[Any]
"""Where a page ended: the values of its order, the id last."""


@dataclass(frozen=True, slots=True)
class ByTime:
    """By the main date, what has none at the end; `nulls`: the index at hand has its empty dates last."""

    descending: bool = True

    def dated(self, *, nulls_last: bool) -> str:
        """Return ORDER BY of what has a date, as the index at hand can give it."""
        if self.descending:
            return "r.at DESC NULLS LAST, r.id" if nulls_last else "r.at DESC, r.id"
        return "r.at NULLS FIRST, r.id DESC" if nulls_last else "r.at, r.id DESC"

    @property
    def merged(self) -> str:
        """Return ORDER BY over several parts."""
        return "k DESC NULLS LAST, id" if self.descending else "k NULLS LAST, id DESC"

    def after(self, mark: Mark, out: Sql) -> str:
        """Return what comes after a mark with a date, among what has one."""
        at, ident = out.arg(mark[0], "timestamptz"), out.arg(mark[1], "text")
        if self.descending:
            return f"r.at <= {at} AND (r.at < {at} OR r.id > {ident})"
        return f"r.at >= {at} AND (r.at > {at} OR r.id < {ident})"

    def after_undated(self, mark: Mark, out: Sql) -> str:
        """Return what comes after a mark without a date."""
        return f"r.id {'>' if self.descending else '<'} {out.arg(mark[1], 'text')}"


@dataclass(frozen=True, slots=True)
class ByColumn:
    """By a column that every row has: `id` or `updated`."""

    column: str
    descending: bool = False

    @property
    def key(self) -> str:
        """Return what is selected as the key."""
        return f"r.{self.column}"

    @property
    def text(self) -> str:
        """Return ORDER BY."""
        way = " DESC" if self.descending else ""
        return f"r.id{way}" if self.column == "id" else f"r.updated{way}, r.id{way}"

    @property
    def merged(self) -> str:
        """Return ORDER BY of the page."""
        way = " DESC" if self.descending else ""
        return f"id{way}" if self.column == "id" else f"k{way}, id{way}"

    def after(self, mark: Mark, out: Sql) -> str:
        """Return what comes after a mark."""
        sign = "<" if self.descending else ">"
        if self.column == "id":
            return f"r.id {sign} {out.arg(mark[-1], 'text')}"
        return f"(r.updated, r.id) {sign} ({out.arg(mark[0], 'timestamptz')}, {out.arg(mark[1], 'text')})"


@dataclass(frozen=True, slots=True)
class Walk:
    """By the values of a narrow table (alias `v`), each resource at its first (or last) value under the keys."""

    table: str
    column: str
    kind: str
    keys: tuple[int, ...]
    descending: bool = False
    whole: bool = True
    """Whether resources without a value come too, at the end."""

    @property
    def merged(self) -> str:
        """Return ORDER BY over several parts."""
        return f"k{' DESC' if self.descending else ''} NULLS LAST, id{' DESC' if self.descending else ''}"

    @property
    def text(self) -> str:
        """Return ORDER BY of a part, as the index gives it."""
        way = " DESC" if self.descending else ""
        return f"v.{self.column}{way}, v.id{way}"

    def after(self, mark: Mark, out: Sql) -> str:
        """Return what comes after a mark with a value."""
        sign = "<" if self.descending else ">"
        return f"(v.{self.column}, v.id) {sign} ({out.arg(mark[0], self.kind)}, {out.arg(mark[1], 'text')})"

    def after_empty(self, mark: Mark, out: Sql) -> str:
        """Return what comes after a mark without a value."""
        return f"r.id {'<' if self.descending else '>'} {out.arg(mark[1], 'text')}"

    def first(self, test: str) -> str:
        """Return that no other row of the same resource comes before; `test` is what rows must fulfil, over `w`.

        Rows may be equal in what is sorted by (a name in two spellings, two spans of one start): one of them is first.
        OFFSET keeps the planner from joining all values with all: few of them are looked at.
        """
        sign = ">" if self.descending else "<"
        column = self.column
        return (
            f"NOT EXISTS (SELECT FROM {self.table} w WHERE w.id = v.id AND {test} AND (w.{column} {sign} v.{column}"
            f" OR (w.{column} = v.{column} AND w.ctid < v.ctid)) OFFSET 0)"
        )


@dataclass(frozen=True, slots=True)
class SortKey:
    """One of several keys: what writes its expression over `r`, its SQL type."""

    write: Callable[[Sql], str]
    kind: str
    descending: bool


@dataclass(frozen=True, slots=True)
class ByKeys:
    """By computed keys, one after the other, what has none at the end of each; then by id.

    The ids of a lone key fall as it does: as in a `Walk`, which may be the way to the next page.
    """

    keys: tuple[SortKey, ...]

    @property
    def _falling(self) -> bool:
        return len(self.keys) == 1 and self.keys[0].descending

    @property
    def text(self) -> str:
        """Return ORDER BY over the columns k0, k1, …"""
        parts = (f"k{n}{' DESC' if key.descending else ''} NULLS LAST" for n, key in enumerate(self.keys))
        return ", ".join([*parts, "id DESC" if self._falling else "id"])

    def after(self, mark: Mark, out: Sql) -> str:
        """Return what comes after a mark, over the columns k0, k1, … and id."""
        same: list[str] = []
        ways: list[str] = []
        for n, key in enumerate(self.keys):
            if mark[n] is None:
                same.append(f"k{n} IS NULL")
                continue
            value = out.arg(mark[n], key.kind)
            ways.append(" AND ".join([*same, f"(k{n} {'<' if key.descending else '>'} {value} OR k{n} IS NULL)"]))
            same.append(f"k{n} = {value}")
        ways.append(" AND ".join([*same, f"id {'<' if self._falling else '>'} {out.arg(mark[-1], 'text')}"]))
        return "(" + " OR ".join(f"({way})" for way in ways) + ")"


Ordering = ByTime | ByColumn | Walk | ByKeys
