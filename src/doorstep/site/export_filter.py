"""What ``_typeFilter`` of a bulk export asks: the door's own search, of some ids, in the worker's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar, cast
from urllib.parse import parse_qsl

from django.db import connection
from psycopg import Connection, RawCursor

from doorstep.fhir.door.house import House
from doorstep.fhir.door.searching import Setting, Terms
from doorstep.fhir.search.conditions import Ids
from doorstep.fhir.search.plan import Bounds, Statement
from doorstep.fhir.search.query import read_query
from doorstep.fhir.search.resolve import resolve
from doorstep.fhir.search.walk import Context, Resolved, Steps, matching
from doorstep.fhir.terminology.definitions import Definitions
from doorstep.kernel import clock
from doorstep.kernel.call import Scope
from doorstep.record.exchange.api import OPEN_TYPES
from doorstep.site.fhir_terms import house_definitions

T = TypeVar("T")


class _Known(NamedTuple):
    """All that terminology needs of a house."""

    definitions: Definitions


@cache
def _setting() -> Setting:
    return Setting(clock.CHINA, "", Terms(cast("House", _Known(house_definitions()))))


def type_filter(scope: Scope, kind: str, query: str, ids: Sequence[str]) -> list[str]:
    """Those of the ids that a search of the type finds; FhirProblem for what cannot be asked."""
    asked = read_query(kind, parse_qsl(query, keep_blank_values=True), strict=True)
    sources = None if scope.everywhere else tuple(sorted(scope.organisations))
    context = Context(Bounds(sources, OPEN_TYPES), _setting(), lambda _kind, _token: False, b"")

    def steps() -> Steps[list[tuple[Any, ...]]]:
        found = yield from resolve(kind, asked.where, context)
        bound = Resolved((Ids(tuple(ids)), *found.conditions), found.checks)
        return (yield from matching(kind, bound, context, len(ids)))

    return [row[0] for row in _drive(steps())]


def _drive(steps: Steps[T]) -> T:
    """Answer the steps of a search over Django's own connection, in its transaction."""
    connection.ensure_connection()
    try:
        step = next(steps)
        while True:
            step = steps.send(_rows(step) if isinstance(step, Statement) else step())
    except StopIteration as done:
        return cast("T", done.value)


def _rows(statement: Statement) -> list[tuple[Any, ...]]:
    with RawCursor(cast("Connection[Any]", connection.connection)) as cursor:
        return cursor.execute(statement.sql.encode(), statement.params).fetchall()
