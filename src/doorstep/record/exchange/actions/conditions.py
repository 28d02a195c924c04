"""What a message asks by search: conditional creates, updates, patches and deletes, references by search."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import parse_qsl
from uuid import UUID

from django.db import connection

from doorstep.fhir.bundle import Item
from doorstep.fhir.indexing import token_hash
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.tables import table
from doorstep.kernel import ledger
from doorstep.kernel.fhir_search import search_ids
from doorstep.record.exchange.actions.prepare import Prepared, problem_of
from doorstep.record.exchange.shapes import Problem

PLAIN = re.compile(r"[^,\\$]*[^,\\$|]")  # one value, no list and nothing escaped
SOME = 50  # more that carry the same identifiers are sought by the search, which knows whose they are


class Unanswerable(Exception):
    """A search that is not supported, matches nothing or matches several."""

    def __init__(self, code: str, reference: str) -> None:
        super().__init__(code)
        self.code, self.reference = code, reference


def find(kind: str, query: str, source: UUID | None, limit: int) -> list[str]:
    """The ids of at most ``limit`` resources that match, of one institution or (None) of all; deleted ones do not.

    What names nothing but identifiers is looked up here, all else by the door's own search. Raises ``FhirProblem`` for
    what cannot be asked.
    """
    tokens = _tokens(query)
    if tokens:
        found = ledger.matching(kind, tokens, limit=SOME)
        if len(found) < SOME:
            return [key for key, owner in found if source in (None, owner)][:limit]
    return search_ids(kind, query, None if source is None else [source], limit)


def search(kind: str, query: str, source: UUID, *, own: bool = False) -> str | None:
    """The id of the one resource that a search means: the source's own first, then anyone's.

    Only the source's own (``own``) where it is to be changed, and of what is about a person: else a source could learn
    who is known elsewhere, and write into another's record. Raises ``Unanswerable`` where it matches several.
    """
    found = find(kind, query, source, 2)
    if not found and not own and not about_person(kind):
        found = find(kind, query, None, 2)
    if len(found) > 1:
        raise Unanswerable("conditional-many", f"{kind}?{query}")
    return found[0] if found else None


def about_person(kind: str) -> bool:
    """Whether resources of the type are a person's, and not shared by all as institutions and doctors are."""
    return kind == "Patient" or table(kind).patient is not None


def _tokens(query: str) -> list[int]:
    """The hashed tokens of a search that is nothing but plain identifiers (``system|value``); none for any other."""
    pairs = parse_qsl(query, keep_blank_values=True)
    if any(name != "identifier" or not PLAIN.fullmatch(value) for name, value in pairs):
        return []
    parts = [value.rpartition("|") for _, value in pairs]
    return [token_hash("identifier", system or None, code) for system, _, code in parts]


def leads_on(reference: str, source: UUID) -> bool:
    """Whether a reference by search finds something now; also where that is a fault of another sort."""
    kind, _, query = reference.partition("?")
    try:
        return search(kind, query, source) is not None
    except (Unanswerable, FhirProblem):
        return True


def query_of(item: Item) -> str:
    """The search on which an item depends; empty where it depends on none."""
    if item.method == "POST":
        said = item.if_none_exist or ""
        return said.partition("?")[2] or said
    return item.query or "" if item.method in ("PUT", "PATCH", "DELETE") else ""


def lock(items: Iterable[Item]) -> None:
    """Let writes that depend on the same search pass one by one: else two creates would both find nothing."""
    keys = {lock_key(item.type, query) for item in items if (query := query_of(item))}
    with connection.cursor() as cursor:
        for key in sorted(keys):
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def lock_key(kind: str, query: str) -> int:
    """The number of the advisory lock that a search stands under."""
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    mark = hashlib.blake2b(repr((kind, pairs)).encode(), digest_size=8).digest()
    return int.from_bytes(mark, "big", signed=True)


def identify(prepared: Prepared, source: UUID) -> None:
    """Give items that depend on a search the id of what it finds; what it cannot decide is put aside.

    Many matches, an id in the body that is another: R4, http.html, "conditional update" and its like. A conditional
    create that finds something has nothing more to do (``existing``).
    """
    for item in prepared.plan.items:
        query = query_of(item)
        if not query or item.problem is not None:
            continue
        try:
            found = search(item.type, query, source, own=item.method != "POST")
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


def resolve_references(prepared: Prepared, source: UUID) -> None:
    """Put ``Type/id`` in the place of each conditional reference; what cannot be resolved is set aside."""
    for reference in prepared.plan.conditional:
        try:
            found = search(reference.type, reference.query, source)
            if found is None:
                raise Unanswerable("conditional-none", reference.reference)
            reference.item.replace_reference(reference.reference, f"{reference.type}/{found}")
        except (Unanswerable, FhirProblem) as fault:
            prepared.put_aside(reference.item, replace(_problem(fault), path=reference.path))


def _problem(fault: Unanswerable | FhirProblem) -> Problem:
    if isinstance(fault, FhirProblem):
        return replace(problem_of(fault), path="")
    return Problem(fault.code, params={"reference": fault.reference})
