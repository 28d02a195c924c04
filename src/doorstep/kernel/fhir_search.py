"""FHIR searches within a transaction: the door's own engine, over Django's connection."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl
from uuid import UUID

from django.db import connection
from psycopg import Connection, RawCursor

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.search.bounds import Bounds
from doorstep.fhir.search.conditions import Condition, Ids, Tokens
from doorstep.fhir.search.plan import Statement
from doorstep.fhir.search.query import read_query
from doorstep.fhir.search.resolve import resolve
from doorstep.fhir.search.setting import Setting, Terms
from doorstep.fhir.search.walk import Context, Resolved, Steps, matching
from doorstep.kernel import clock
from doorstep.kernel.fhir_terms import house_definitions

T = TypeVar("T")
OPEN_TYPES = frozenset(
    {"ActivityDefinition", "CodeSystem", "ConceptMap", "Endpoint", "HealthcareService", "Library", "Location",
     "Measure", "Medication", "MedicationKnowledge", "NamingSystem", "Organization", "OrganizationAffiliation",
     "PlanDefinition", "Practitioner", "PractitionerRole", "Questionnaire", "Substance", "ValueSet"}
)  # fmt: skip
"""Types that are about no person who is cared for: who, where, which medicine, which words. Anyone may read them."""


@cache
def setting() -> Setting:
    """How this house reads search values."""
    return Setting(clock.CHINA, "", Terms(house_definitions()))


def search_ids(
    kind: str,
    query: str,
    sources: Sequence[UUID] | None,
    limit: int,
    among: Sequence[str] | None = None,
    *,
    sensitive: bool = True,
) -> list[str]:
    """The ids of at most ``limit`` resources of a type that fit a search, of some sources (None: all), by id.

    ``among``: only these ids. ``sensitive``: whether what is so marked is seen, as the system sees it. Raises
    ``FhirProblem`` for what cannot be asked: unknown parameters too, and a search without a condition, which would
    mean any resource.
    """
    asked = read_query(kind, parse_qsl(query, keep_blank_values=True), strict=True)
    if not asked.where:
        raise FhirProblem("unconditional", query=query)
    bounds = Bounds(None if sources is None else tuple(sources), frozenset(), all=sensitive)
    context = Context(bounds, setting(), lambda _kind, _token: False, b"")

    def steps() -> Steps[list[tuple[Any, ...]]]:
        found = yield from resolve(context, kind, asked.where)
        first: tuple[Condition, ...] = () if among is None else (Ids(tuple(among)),)
        return (yield from matching(context, kind, Resolved((*first, *found.conditions), found.checks), limit))

    return [row[0] for row in drive(steps())][:limit]


@lru_cache(maxsize=1024)
def narrowing(kind: str, query: str) -> tuple[Condition, ...]:
    """What a search that stands in an app's scope lets through (``category=laboratory``): tokens that the index alone
    decides. Raises ``FhirProblem`` for any other search: what cannot be kept to is not promised."""
    asked = read_query(kind, parse_qsl(query, keep_blank_values=True), strict=True)
    steps = resolve(Context(Bounds(None, frozenset()), setting(), lambda _kind, _token: False, b""), kind, asked.where)
    try:
        next(steps)
    except StopIteration as done:
        found: Resolved = done.value
        plain = all(isinstance(each, Tokens) and each.exact and not each.negated for each in found.conditions)
        if plain and found.conditions and not found.checks and len(asked.pairs) == len(asked.where):
            return found.conditions
    raise FhirProblem("scope-condition", query=f"{kind}?{query}")


def drive(steps: Steps[T]) -> T:
    """Answer the steps of a search over Django's own connection, in its transaction."""
    try:
        step = next(steps)
        while True:
            step = steps.send(_rows(step) if isinstance(step, Statement) else step())
    except StopIteration as done:
        found: T = done.value
        return found


def _rows(statement: Statement) -> list[tuple[Any, ...]]:
    connection.ensure_connection()
    with connection.wrap_database_errors, RawCursor(cast("Connection[Any]", connection.connection)) as cursor:
        cursor.execute(statement.sql.encode(), statement.params)
        return cursor.fetchall()
