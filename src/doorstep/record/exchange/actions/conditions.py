"""What a message asks by search: conditional creates, updates, patches and deletes, references by search."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import parse_qsl
from uuid import UUID

from django.db import connection

from doorstep.fhir.bundle import Item
from doorstep.fhir.problems import FhirProblem
from doorstep.record.exchange.actions.prepare import Prepared, problem_of
from doorstep.record.exchange.actions.searching import Sight, Unanswerable, query_of, search
from doorstep.record.exchange.shapes import Problem


def leads_on(reference: str, source: UUID) -> bool:
    """Whether a reference by search finds something now; also where that is a fault of another sort."""
    kind, _, query = reference.partition("?")
    try:
        return search(kind, query, source) is not None
    except (Unanswerable, FhirProblem):
        return True


def lock(items: Iterable[Item]) -> None:
    """Let writes that depend on the same search pass one by one: else two creates would both find nothing."""
    keys = {lock_key(item.type, query) for item in items if (query := query_of(item))}
    if keys:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(k) FROM unnest(%s::bigint[]) k", [sorted(keys)])


def lock_key(kind: str, query: str) -> int:
    """The number of the advisory lock that a search stands under."""
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    mark = hashlib.blake2b(repr((kind, pairs)).encode(), digest_size=8).digest()
    return int.from_bytes(mark, "big", signed=True)


def identify(prepared: Prepared, place: int, sight: Sight) -> None:
    """Give items that depend on a search the id of what it finds; what it cannot decide is put aside.

    Many matches, an id in the body that is another: R4, http.html, "conditional update" and its like. A conditional
    create that finds something has nothing more to do (``existing``).
    """
    for item in prepared.plan.items:
        query = query_of(item)
        if not query or item.problem is not None:
            continue
        try:
            found = sight.search(place, item.type, query, own=item.method != "POST")
        except (Unanswerable, FhirProblem) as fault:
            prepared.put_aside(item, _problem(fault))
            continue
        _take(prepared, item, found)


def _take(prepared: Prepared, item: Item, found: str | None) -> None:
    if found is None:
        if item.method == "PATCH":
            prepared.put_aside(item, Problem("not-found", params={"what": f"{item.type}?{item.query}"}))
        return
    prepared.found.add(item.index)
    if item.method == "POST":
        prepared.existing[item.index] = found
    elif item.method == "PUT" and item.resource.get("id", found) != found:
        prepared.put_aside(item, Problem("id-mismatch", f"{item.expression}.id", params={"url": found}))
    else:
        item.id = found


def resolve_references(prepared: Prepared, place: int, sight: Sight) -> None:
    """Put ``Type/id`` in the place of each conditional reference; what cannot be resolved is set aside."""
    for reference in prepared.plan.conditional:
        try:
            found = sight.search(place, reference.type, reference.query)
            if found is None:
                raise Unanswerable("conditional-none", reference.reference)
            reference.item.replace_reference(reference.reference, f"{reference.type}/{found}")
        except (Unanswerable, FhirProblem) as fault:
            prepared.put_aside(reference.item, replace(_problem(fault), path=reference.path))


def _problem(fault: Unanswerable | FhirProblem) -> Problem:
    if isinstance(fault, FhirProblem):
        return replace(problem_of(fault), path="")
    return Problem(fault.code, params={"reference": fault.reference})
