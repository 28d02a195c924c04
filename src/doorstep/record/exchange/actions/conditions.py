"""What a message asks under a condition: conditional creates and updates, versions, references by search."""

from __future__ import annotations

from urllib.parse import parse_qsl
from uuid import UUID

from django.db import connection

from doorstep.fhir.bundle import Item
from doorstep.fhir.indexing import token_hash
from doorstep.fhir.tables import table
from doorstep.kernel import ledger
from doorstep.record.exchange.actions.prepare import Prepared
from doorstep.record.exchange.shapes import Problem


class Unanswerable(Exception):
    """A search that is not supported, matches nothing or matches several."""

    def __init__(self, code: str, reference: str) -> None:
        super().__init__(code)
        self.code, self.reference = code, reference


def search(kind: str, query: str, source: UUID, *, locked: bool = False, own: bool = False) -> str | None:
    """The id of the one resource that ``identifier=system|value`` names: the source's own first, then anyone's.

    Only the source's own (``own``) where it is to be changed, and of what is about a person: else a source could learn
    who is known elsewhere, and write into another's record.

    Raises ``Unanswerable`` for other parameters or several matches. ``locked`` keeps two conditional creates of the
    same thing from both finding nothing.
    """
    tokens = _tokens(kind, query)
    if locked:
        with connection.cursor() as cursor:
            for token in sorted(tokens):
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [token])
    found = ledger.matching(kind, tokens, limit=50)
    mine = [key for key, owner in found if owner == source]
    matches = mine if own or about_person(kind) else mine or [key for key, _ in found]
    if len(matches) > 1:
        raise Unanswerable("conditional-many", f"{kind}?{query}")
    return matches[0] if matches else None


def about_person(kind: str) -> bool:
    """Whether resources of the type are a person's, and not shared by all as institutions and doctors are."""
    return kind == "Patient" or table(kind).patient is not None


def _tokens(kind: str, query: str) -> list[int]:
    pairs = parse_qsl(query, keep_blank_values=True)
    if not pairs or any(name != "identifier" or not value for name, value in pairs):
        raise Unanswerable("conditional-unsupported", f"{kind}?{query}")
    parts = [value.rpartition("|") for _, value in pairs]
    return [token_hash("identifier", system or None, code) for system, _, code in parts]


def leads_on(reference: str, source: UUID) -> bool:
    """Whether a reference by search finds something now; also where that is a fault of another sort."""
    kind, _, query = reference.partition("?")
    try:
        return search(kind, query, source) is not None
    except Unanswerable:
        return True


def known(prepared: Prepared, source: UUID, item: Item) -> str | None:
    """The id of what a conditional create or update means, where it is there; faults are set aside."""
    query = item.if_none_exist if item.method == "POST" else item.query if item.method == "PUT" else None
    if not query:
        return None
    try:
        query = query.partition("?")[2] or query
        return search(item.type, query, source, locked=True, own=item.method == "PUT")
    except Unanswerable as fault:
        _aside(prepared, item, fault)
        return None


def resolve_references(prepared: Prepared, source: UUID) -> None:
    """Put ``Type/id`` in the place of each conditional reference; what cannot be resolved is set aside."""
    for reference in prepared.plan.conditional:
        try:
            found = search(reference.type, reference.query, source)
            if found is None:
                raise Unanswerable("conditional-none", reference.reference)
            reference.item.replace_reference(reference.reference, f"{reference.type}/{found}")
        except Unanswerable as fault:
            _aside(prepared, reference.item, fault, reference.path)


def check_methods(prepared: Prepared, source: UUID) -> None:
    """Set aside what is not supported, what another source holds, and what asks for a version that is past."""
    for item in prepared.plan.items:
        if item.method in ("GET", "HEAD", "PATCH") or (item.method == "DELETE" and not item.id):
            _put_aside(prepared, item, Problem("method-not-supported", params={"method": item.method}))
        elif item.id and (item.if_match or item.method == "DELETE"):
            _check_version(prepared, item, source)


def _check_version(prepared: Prepared, item: Item, source: UUID) -> None:
    there = ledger.read(item.type, item.id or "")
    if there is not None and there.source != source:
        _put_aside(prepared, item, Problem("other-source", params={"reference": f"{item.type}/{item.id}"}))
    elif item.if_match:
        wanted, found = item.if_match.strip().removeprefix("W/").strip('"'), str(there.version if there else 0)
        if wanted != found:
            _put_aside(prepared, item, Problem("version-conflict", params={"wanted": wanted, "found": found}))


def _aside(prepared: Prepared, item: Item, fault: Unanswerable, path: str = "") -> None:
    _put_aside(prepared, item, Problem(fault.code, path, params={"reference": fault.reference}))


def _put_aside(prepared: Prepared, item: Item, problem: Problem) -> None:
    path = problem.path or item.expression
    prepared.aside.setdefault(item.index, Problem(problem.code, path, params=dict(problem.params), entry=item.index))
