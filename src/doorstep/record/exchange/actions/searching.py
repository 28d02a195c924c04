"""What a search of a message finds: in the ledger, and in what the messages of its batch before it are about to write.

So messages that search (nearly all of HL7 v2 do) can share a transaction, and come to what they would come to one by
one. Where a piece of the batch is at fault that does not hold: then it is taken apart (``apply.Apart``).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl
from uuid import UUID

from doorstep.fhir.bundle import Item
from doorstep.fhir.indexing import token_hash
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.tables import known_types, table
from doorstep.kernel import clock, ledger
from doorstep.kernel.fhir_index import index_of
from doorstep.kernel.fhir_search import search_ids
from doorstep.kernel.standing import Standing
from doorstep.record.exchange.actions.prepare import Prepared

PLAIN: Final = re.compile(r"[^,\\$]*[^,\\$|]")  # one value, no list and nothing escaped
REFERENCE: Final = re.compile(rb'"reference":"([A-Z][A-Za-z]+)\?([^"]*)"')
SOME: Final = 50  # more that carry the same identifiers are sought by the search, which knows whose they are
SEARCHES: Final = 500
"""Searches of one batch: each that decides a write holds a lock, of which PostgreSQL has some thousands for all."""
Key = tuple[str, str]
Row = tuple[str, UUID]
Query = tuple[str, tuple[int, ...]]


class Unanswerable(Exception):
    """A search that is not supported, matches nothing or matches several."""

    def __init__(self, code: str, reference: str) -> None:
        super().__init__(code)
        self.code, self.reference = code, reference


class Apart(Exception):
    """Pieces that cannot share a transaction with others; ``places`` are theirs in the batch. Nothing was written."""

    def __init__(self, places: Iterable[int]) -> None:
        super().__init__("not together")
        self.places = frozenset(places)


def find(kind: str, query: str, source: UUID | None, limit: int) -> list[str]:
    """The ids of at most ``limit`` resources that match, of one institution or (None) of all; deleted ones do not.

    What names nothing but identifiers is looked up here, all else by the door's own search. Raises ``FhirProblem`` for
    what cannot be asked.
    """
    tokens = tokens_of(query)
    if tokens:
        [found] = ledger.matching(kind, [tokens], SOME)
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
    return _only(found, kind, query)


def _only(found: Sequence[str], kind: str, query: str) -> str | None:
    if len(found) > 1:
        raise Unanswerable("conditional-many", f"{kind}?{query}")
    return found[0] if found else None


def about_person(kind: str) -> bool:
    """Whether resources of the type are a person's, and not shared by all as institutions and doctors are."""
    return kind == "Patient" or table(kind).patient is not None


def tokens_of(query: str) -> tuple[int, ...]:
    """The hashed tokens of a search that is nothing but plain identifiers (``system|value``); none for any other."""
    pairs = parse_qsl(query, keep_blank_values=True)
    if any(name != "identifier" or not PLAIN.fullmatch(value) for name, value in pairs):
        return ()
    parts = [value.rpartition("|") for _, value in pairs]
    return tuple(token_hash("identifier", system or None, code) for system, _, code in parts)


def query_of(item: Item) -> str:
    """The search on which an item depends; empty where it depends on none."""
    if item.method == "POST":
        said = item.if_none_exist or ""
        return said.partition("?")[2] or said
    return item.query or "" if item.method in ("PUT", "PATCH", "DELETE") else ""


def asked(prepared: Prepared) -> Iterator[tuple[str, str]]:
    """What a piece searches for, to decide a write or in a reference: type and search."""
    for item in prepared.plan.items:
        if query := query_of(item):
            yield item.type, query
        if b"?" in item.body:
            for kind, said in REFERENCE.findall(item.body):
                yield kind.decode(), said.decode()


ERROR: Final = b'"status":"entered-in-error"'


def alone(prepared: Prepared | None) -> bool:
    """Whether a piece needs a transaction of its own: it depends on what is there, and is at fault already, or asks for
    more than identifiers, for versions, reads or deletes; a document looks for its other versions, and who takes a
    message back for the document in it."""
    if prepared is not None and prepared.kin is not None:
        return True
    if prepared is None or not prepared.careful:
        return False
    if prepared.problem is not None or prepared.aside:
        return True
    if any(_looks(item) for item in prepared.plan.items):
        return True
    return not all(kind in known_types() and "\\" not in query and tokens_of(query) for kind, query in asked(prepared))


def _looks(item: Item) -> bool:
    """Whether an entry depends on what is there in another way than by identifiers."""
    error = item.type == "DocumentReference" and ERROR in item.body
    return bool(item.if_match or item.if_none_match) or item.method not in ("POST", "PUT") or error


class Sight:
    """What each piece of a batch finds, by its place: the ledger as it was, and what those before it write."""

    def __init__(self, batch: Sequence[Prepared], source: UUID) -> None:
        self._source = source
        self._rows = _looked_up(batch)
        self._kinds = {kind for kind, _ in self._rows} if len(batch) > 1 else set()
        self._writes: dict[Key, list[tuple[int, frozenset[int]]]] = defaultdict(list)
        self._carry: dict[tuple[str, int], list[tuple[int, str]]] = defaultdict(list)

    def search(self, place: int, kind: str, query: str, *, own: bool = False) -> str | None:
        """As ``search``, for the piece at a place. Raises ``Apart`` where that can only be told once all is written."""
        tokens = tokens_of(query)
        rows = self._rows.get((kind, tokens)) if tokens else None
        if rows is None or len(rows) >= SOME:
            if kind in self._kinds and self._writes:
                raise Apart([place])
            return search(kind, query, self._source, own=own)
        found = self._matching(place, kind, tokens, rows)
        mine = [key for key, owner in found if owner == self._source]
        if not mine and not own and not about_person(kind):
            mine = [key for key, _ in found]
        return _only(mine, kind, query)

    def _matching(self, place: int, kind: str, tokens: tuple[int, ...], rows: Sequence[Row]) -> list[Row]:
        owners = dict(rows)
        written = {key for at, key in self._carry.get((kind, tokens[0]), ()) if at < place}
        found = []
        for key in sorted(owners.keys() | written):
            said = self._said(place, (kind, key))
            if said is None:
                found.append((key, owners[key]))
            elif said.issuperset(tokens):
                found.append((key, self._source))
        return found

    def _said(self, place: int, key: Key) -> frozenset[int] | None:
        """The tokens that a resource will carry by what the pieces before write; None where they do not write it."""
        return next((tokens for at, tokens in reversed(self._writes.get(key, ())) if at < place), None)

    def standing(self, place: int, key: Key, there: Standing | None) -> Standing | None:
        """How a resource, that stands ``there`` in the ledger, will stand before the piece at a place is written; which
        version it is, is told by ``apply`` once it is written."""
        if self._said(place, key) is None:
            return there
        before = there or Standing(0, clock.now(), self._source, deleted=False, published=False)
        return replace(before, version=before.version + 1, deleted=False)

    def note(self, place: int, prepared: Prepared) -> None:
        """Note what a piece, whose ids are given, is about to write of the types that are searched."""
        if prepared.direct or not self._kinds:
            return
        for item in prepared.sound():
            if item.type in self._kinds and item.id:
                self._note(place, prepared, item)

    def _note(self, place: int, prepared: Prepared, item: Item) -> None:
        try:
            index = index_of(item.type, item.resource)
        except FhirProblem:  # it is told, and the batch taken apart, where all is indexed
            return
        prepared.indexed[item.index] = (item.body, index)
        tokens = frozenset(index.tokens)
        self._writes[item.type, item.id or ""].append((place, tokens))
        for token in tokens:
            self._carry[item.type, token].append((place, item.id or ""))


def _looked_up(batch: Sequence[Prepared]) -> dict[Query, list[Row]]:
    """What the ledger holds of all that a batch searches by identifiers, one statement a type."""
    wanted: dict[str, dict[tuple[int, ...], None]] = defaultdict(dict)
    for kind, query in (each for prepared in batch if prepared.careful for each in asked(prepared)):
        if kind in known_types() and (tokens := tokens_of(query)):
            wanted[kind][tokens] = None
    return {
        (kind, tokens): rows
        for kind, queries in wanted.items()
        for tokens, rows in zip(queries, ledger.matching(kind, list(queries), SOME), strict=True)
    }
