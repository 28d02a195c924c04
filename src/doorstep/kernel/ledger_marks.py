"""Marks of sensitive kinds pass from a resource to what refers to it, whichever of the two comes first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache, reduce
from operator import or_
from typing import Any, Final

from msgspec.structs import replace
from psycopg import Cursor, sql

from doorstep.fhir.hashes import reference_hash
from doorstep.fhir.indexing import Index
from doorstep.fhir.parameters import parameters
from doorstep.fhir.tables import known_types, table
from doorstep.kernel import sensitive

Key = tuple[str, str]
Entry = tuple[str, str, Index]  # type, id, what is indexed of it
Marked = tuple[str, str, int]  # type, id, mark
HOT: Final = ("Observation", "Condition", "MedicationRequest")
# Each hash by itself through the index of tokens: all at once would be compared with every row of a patient.
REFERRING: Final = (
    "SELECT DISTINCT x.id FROM unnest(%s::int8[]) h"
    " CROSS JOIN LATERAL (SELECT id FROM {} WHERE tok @> ARRAY[h] AND NOT deleted OFFSET 0) x"
)
DEEPEST: Final = 4
"""How many references a mark passes along among what is stored already; among what comes in together, all."""


def inherited(cursor: Cursor[Any], entries: Sequence[Entry]) -> dict[Key, Index]:
    """The entries that are marked for more than they tell of by themselves, with the mark that they have so.

    A query for each type that they refer to outside of themselves.
    """
    marks = {(kind, key): index.sensitive for kind, key, index in entries}
    refers = {(kind, key): _targets(index.passing) for kind, key, index in entries}
    marks |= _stored(cursor, {target for targets in refers.values() for target in targets} - marks.keys())
    changed = True
    while changed:
        changed = False
        for itself, targets in refers.items():
            found = marks[itself]
            for target in targets:
                found |= marks.get(target, 0)
            if found != marks[itself]:
                marks[itself], changed = found, True
    return {
        (kind, key): replace(index, sensitive=marks[kind, key])
        for kind, key, index in entries
        if marks[kind, key] != index.sensitive
    }


def _targets(references: Iterable[str]) -> list[Key]:
    found = []
    for reference in references:
        parts = reference.split("/")
        if len(parts) > 1:  # what follows an id is a version
            found.append((parts[0], parts[1]))
    return found


def _stored(cursor: Cursor[Any], keys: Iterable[Key]) -> dict[Key, int]:
    by_type: dict[str, list[str]] = defaultdict(list)
    for kind, key in keys:
        by_type[kind].append(key)
    found: dict[Key, int] = {}
    for kind, ids in by_type.items():
        query = sql.SQL("SELECT id, sensitive FROM {} WHERE id = ANY(%s) AND sensitive > 0").format(_table(kind))
        found |= {(kind, key): marked for key, marked in cursor.execute(query, [ids]).fetchall()}
    return found


def spread(cursor: Cursor[Any], marked: Sequence[Marked]) -> None:
    """Give these marks to what is stored and refers to what has them, and on from there.

    Only where a mark was raised: what is new cannot be referred to yet, for a reference to nowhere is not taken. Rows
    that others hold are left alone (``catch_up`` comes by), so that no two writers wait for each other.
    """
    for _ in range(DEEPEST):
        if not marked:
            return
        found: list[Marked] = []
        for kind in sorted(_referring(frozenset(each[0] for each in marked))):
            found += _raise(cursor, kind, marked)
        marked = found


def _raise(cursor: Cursor[Any], kind: str, marked: Sequence[Marked]) -> list[Marked]:
    """Raise the marks of one type's rows that refer to what is marked; returns them as they stand then."""
    by_hash: dict[int, int] = {}
    for target, key, mark in marked:
        for code in _codes(kind, target):
            hashed = reference_hash(code, f"{target}/{key}")
            by_hash[hashed] = by_hash.get(hashed, 0) | mark
    ids = cursor.execute(sql.SQL(REFERRING).format(_table(kind)), [list(by_hash)]).fetchall()
    if not ids:
        return []
    query = sql.SQL(
        "SELECT id, patient, sensitive, tok FROM {} WHERE id = ANY(%s) AND sensitive >= 0"
        " ORDER BY id FOR UPDATE SKIP LOCKED"
    ).format(_table(kind))
    raised = []
    for key, whose, stands, tokens in cursor.execute(query, [[row[0] for row in ids]]).fetchall():
        mark = reduce(or_, (by_hash.get(token, 0) for token in tokens), stands)
        if stands != mark:
            raised.append((mark, key, whose))
    if raised:
        _write(cursor, kind, raised)
    return [(kind, key, mark) for mark, key, _ in raised]


def _write(cursor: Cursor[Any], kind: str, raised: Sequence[tuple[int, str, str | None]]) -> None:
    query = sql.SQL("UPDATE {} SET sensitive = %s WHERE id = %s").format(_table(kind))
    cursor.executemany(query, [(mark, key) for mark, key, _ in raised])
    if kind in HOT:
        narrow = sql.Identifier(f"fhir_{kind.lower()}_code")
        query = sql.SQL("UPDATE {} SET sensitive = %s WHERE id = %s AND patient = %s").format(narrow)
        cursor.executemany(query, raised)


def catch_up(cursor: Cursor[Any], seconds: int) -> int:
    """Spread the marks of what was changed in the last seconds: it may have been referred to by what another wrote at
    the same moment, and neither have seen the other. Returns how many were looked at."""
    looked = 0
    for kind in sorted(sensitive.FROM_ANY):
        query = sql.SQL(
            "SELECT id, sensitive FROM {} WHERE sensitive > 0 AND version > 1"
            " AND updated > now() - make_interval(secs => %s)"
        )
        rows = cursor.execute(query.format(_table(kind)), [seconds]).fetchall()
        spread(cursor, [(kind, key, mark) for key, mark in rows])
        looked += len(rows)
    return looked


@lru_cache(maxsize=512)
def _referring(targets: frozenset[str]) -> frozenset[str]:
    """The types about patients that can refer to one of these types."""
    return frozenset(
        kind
        for kind in known_types()
        if table(kind).patient is not None and kind not in sensitive.UNLIKE and any(_codes(kind, t) for t in targets)
    )


@cache
def _codes(kind: str, target: str) -> tuple[str, ...]:
    """The search parameters by which a type refers to another."""
    if not sensitive.passes(kind, target):
        return ()
    return tuple(
        code for code, found in parameters(kind).items()
        if found.type == "reference" and (not found.targets or target in found.targets)
    )  # fmt: skip


def _table(kind: str) -> sql.Identifier:
    return sql.Identifier(f"fhir_{kind.lower()}")
