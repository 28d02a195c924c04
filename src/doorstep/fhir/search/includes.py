"""What comes with a page: resources that it refers to, and that refer to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import orjson

from doorstep.fhir.extraction_values import values
from doorstep.fhir.parameters import Parameter, parameters
from doorstep.fhir.search.conditions import Sql, either
from doorstep.fhir.search.leaves import refers
from doorstep.fhir.search.plan import Statement
from doorstep.fhir.search.query import Include, Query
from doorstep.fhir.search.walk import Context, Hit, Steps
from doorstep.fhir.tables import known_types

MOST: Final = 1_000
"""How many resources may come with a page."""
_ROUNDS: Final = 8


def include(query: Query, hits: Sequence[Hit], context: Context) -> Steps[tuple[list[Hit], bool]]:
    """Return what the page includes, and whether more would have to be; `:iterate` goes on from what was included."""
    seen = {(hit.type, hit.id) for hit in hits}
    found: list[Hit] = []
    fresh: Sequence[Hit] = hits
    wishes: Sequence[Include] = query.includes
    for _ in range(_ROUNDS):
        new = yield from _round(wishes, fresh, seen, context)
        room = MOST - len(found)
        found += new[:room]
        if len(new) > room:
            return found, True
        wishes = [wish for wish in query.includes if wish.iterate]
        if not new or not wishes:
            break
        fresh = new
    return found, False


def _round(
    wishes: Sequence[Include], fresh: Sequence[Hit], seen: set[tuple[str, str]], context: Context
) -> Steps[list[Hit]]:
    new: list[Hit] = []
    wanted: dict[str, dict[str, None]] = {}
    for wish in wishes:
        if not wish.reverse:
            for kind, ident in _forward(wish, fresh, context):
                if (kind, ident) not in seen:
                    wanted.setdefault(kind, {})[ident] = None
    for kind, ids in wanted.items():
        rows = yield _by_ids(kind, list(ids)[: MOST + 1], context)
        new += _new(kind, rows, seen)
    for wish in wishes:
        if wish.reverse:
            statement = _backward(wish, fresh, context)
            rows = (yield statement) if statement is not None else []
            new += _new(wish.source, rows, seen)
    return new


def _new(kind: str, rows: Iterable[Sequence[Any]], seen: set[tuple[str, str]]) -> list[Hit]:
    found = [Hit(kind, row[0], row[1], row[2], row[3], row[4], "include") for row in rows if (kind, row[0]) not in seen]
    seen.update((hit.type, hit.id) for hit in found)
    return found


def _forward(wish: Include, fresh: Sequence[Hit], context: Context) -> Iterable[tuple[str, str]]:
    for hit in fresh:
        if hit.type != wish.source:
            continue
        held = values(hit.type, orjson.loads(hit.body), context.setting.zone).references
        for code in held if wish.code == "*" else (wish.code,):
            for each in held.get(code, ()):
                kind, _, ident = (each.target or "").partition("/_history/")[0].partition("/")
                if kind in known_types() and wish.target in ("", kind):
                    yield kind, ident


def _by_ids(kind: str, ids: list[str], context: Context) -> Statement:
    out = Sql()
    where = " AND ".join(["NOT r.deleted", *context.bounds.sql(kind, out)])
    sql = (
        f"SELECT r.id, r.version, r.updated, r.body, r.patient FROM fhir_{kind.lower()} r"
        f" WHERE r.id = ANY({out.arg(ids, 'text[]')}) AND {where}"
    )
    return Statement(sql, tuple(out.params))


def _backward(wish: Include, fresh: Sequence[Hit], context: Context) -> Statement | None:
    targets = [f"{hit.type}/{hit.id}" for hit in fresh if wish.target in ("", hit.type)]
    params = [parameters(wish.source)[wish.code]] if wish.code != "*" else _references(wish.source)
    if not targets or not params:
        return None
    out = Sql()
    linked = either([refers(wish.source, param, targets) for param in params]).sql(out, loose=False)
    where = " AND ".join(["NOT r.deleted", *context.bounds.sql(wish.source, out), linked])
    sql = (
        f"SELECT r.id, r.version, r.updated, r.body, r.patient FROM fhir_{wish.source.lower()} r"
        f" WHERE {where} LIMIT {MOST + 1}"
    )
    return Statement(sql, tuple(out.params))


def _references(kind: str) -> list[Parameter]:
    return [param for param in parameters(kind).values() if param.type == "reference"]
