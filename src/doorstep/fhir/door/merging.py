"""JSON Merge Patch (RFC 7396), as fhirpy and other clients send it in plain JSON: what it makes of a resource."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from doorstep.fhir.door import versions
from doorstep.fhir.door.asked import SHAPES, Asked
from doorstep.fhir.door.house import House, demand_found
from doorstep.fhir.door.searching import context_of
from doorstep.fhir.outcome import etag
from doorstep.fhir.patch import require_same
from doorstep.fhir.patch.nodes import NULL, Node, finished, member, opened
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import LIMITS, Parsed, minify, parse, read_resource, text_of
from doorstep.fhir.search import engine
from doorstep.fhir.search.query import read_query

MERGE: Final = "application/merge-patch+json"
PLAIN: Final = "application/json"
TURNS: Final = 20
"""How often a merge is tried again where another writer was quicker."""


def is_merge(data: bytes) -> bool:
    """Say whether plain JSON is a merge patch, and not a FHIRPath Patch; FhirProblem where it is no object."""
    return _object(data, PLAIN)[1].get("resourceType") != "Parameters"


def _object(data: bytes, kind: str) -> tuple[bytes, dict[str, Any]]:
    text = text_of(data)
    minified = minify(text)
    if not minified.startswith(b"{"):
        raise FhirProblem("patch-kind", type=kind)
    return minified, parse(minified, LIMITS.depth + 5, text)


def merge_patch(body: bytes, patch: bytes) -> bytes:
    """Return the minified resource with a merge patch done: null takes away, an object goes into what is there.

    All else replaces, arrays whole. FhirProblem where the patch is no object, or the result too large or too deep.
    """
    minified, _ = _object(patch, MERGE)
    return finished(_merged(opened(msgspec.Raw(body)), opened(msgspec.Raw(minified))))


def _merged(target: Node, patch: Node) -> Node:
    if not isinstance(patch, dict):
        return patch
    found = dict(target) if isinstance(target, dict) else {}
    for key in patch:
        value = member(patch, key)
        if value == NULL:
            found.pop(key, None)
        else:
            found[key] = _merged(member(found, key) if key in found else NULL, value)
    return found


async def target(house: House, asked: Asked, kind: str, ident: str | None) -> str:
    """Return the id of what a patch means; FhirProblem where its condition fits none, or several."""
    if ident is not None:
        return ident
    pairs = [pair for pair in asked.pairs if pair[0] not in SHAPES]
    query = read_query(kind, [*pairs, ("_count", "2")], strict=True)
    if not query.where:
        raise FhirProblem("no-condition", type=kind)
    found = await house.run(asked.call, engine.run(context_of(house, asked.call, asked.base), query))
    what = f"{kind}?{asked.request.url.query}"
    if not found.hits:
        raise FhirProblem("not-found", what=what)
    if len(found.hits) > 1:
        raise FhirProblem("patch-many", what=what)
    return found.hits[0].id


async def merged(house: House, asked: Asked, kind: str, ident: str, patch: bytes) -> tuple[Parsed, str]:
    """Return what a patch makes of a resource as it stands now, and the version it rests on, as an entity tag."""
    what = f"{kind}/{ident}"
    version = demand_found(await house.run(asked.call, versions.read(kind, ident, house.bounds(asked.call))), what)
    if version.deleted:
        raise FhirProblem("gone", what=what)
    before = version.text.encode()
    after = merge_patch(before, patch)
    require_same(before, after)
    return read_resource(after), etag(version.version)
