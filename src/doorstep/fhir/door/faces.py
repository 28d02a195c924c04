"""Types that the house shows to some callers in the place of what the ledger holds: read and search, never written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from doorstep.fhir.door.answers import one, respond
from doorstep.fhir.door.asked import SHAPES, Asked
from doorstep.fhir.door.house import Face, House, Seen
from doorstep.fhir.door.searching import searchset
from doorstep.fhir.door.versions import Version
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.search import cursor
from doorstep.fhir.search.query import Query
from doorstep.fhir.search.walk import Found

_MOST: Final = 1_000
_RESULT: Final = ("_count", "_cursor", "_type", *SHAPES)


def face_of(house: House, asked: Asked) -> Face | None:
    """Return the face that answers this address for this caller; None where the ledger does, as always."""
    path = asked.path
    plain = len(path) == 1 or (len(path) == 2 and (path[1] == "_search" or not path[1].startswith(("$", "_"))))
    return house.face(asked.call, path[0]) if plain else None


def refuse_write(house: House, asked: Asked) -> None:
    """FhirProblem where the caller would write what the house shows of its own."""
    path = asked.path
    searches = asked.request.method == "POST" and path[-1:] == ["_search"]
    if path and not searches and house.face(asked.call, path[0]) is not None:
        raise FhirProblem("method-not-allowed", method=asked.request.method)


async def answer(house: House, asked: Asked, face: Face) -> Response:
    """Answer a read or a search; that it was shown leaves its line."""
    kind = asked.path[0]
    if len(asked.path) == 2 and asked.path[1] != "_search":
        return await _read(house, asked, face, kind, asked.path[1])
    return await _search(house, asked, face, kind)


async def _read(house: House, asked: Asked, face: Face, kind: str, ident: str) -> Response:
    hit = await face.one(ident)
    await house.seen(asked.call, Seen("read", kind, ident, (), int(hit is not None)))
    found = Version(kind, hit.id, hit.version, hit.updated, False, hit.body) if hit else None
    return one(asked, found, f"{kind}/{ident}")


async def _search(house: House, asked: Asked, face: Face, kind: str) -> Response:
    count = asked.value("_count") or "20"
    if not (count.isascii() and count.isdecimal() and len(count) < 6):
        raise FhirProblem("bad-search-value", "_count", value=count, kind="number")
    own = [pair for pair in asked.pairs if pair[0] not in _RESULT and pair[1]]
    name, sealed = f"{kind}?{urlencode(own)}", asked.value("_cursor")
    mark: Sequence[Any] | None = cursor.unseal(sealed, name, house.secret) if sealed else None
    limit = max(1, min(int(count), _MOST))
    page = await face.some(own, limit, mark)
    if asked.strict and page.ignored:
        raise FhirProblem("unknown-parameter", page.ignored[0], name=page.ignored[0], type=kind)
    await house.seen(asked.call, Seen("search", kind, urlencode(own)[:500], (), len(page.hits)))
    used = tuple(pair for pair in own if pair[0] not in page.ignored)
    query = Query(kind, count=limit, ignored=tuple(page.ignored), pairs=(*used, ("_count", str(limit))))
    found = Found()
    found.hits = list(page.hits)
    found.next = cursor.seal(page.next, name, house.secret) if page.next else None
    return respond(asked, searchset(asked, query, found))
