"""What writes change: whose it is, which version they rest on, what a patch makes of it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from uuid import UUID

from django.db import IntegrityError

from doorstep.fhir.bundle import Item
from doorstep.fhir.patch import fhirpath_patch, json_patch, require_same
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import check as check_resource
from doorstep.kernel import ledger
from doorstep.kernel.standing import Standing, standing
from doorstep.record.exchange.actions.prepare import Prepared, problem_of
from doorstep.record.exchange.actions.searching import Sight
from doorstep.record.exchange.shapes import Problem

JSON_PATCH = "application/json-patch+json"
CHANGES = ("PUT", "PATCH", "DELETE")
Key = tuple[str, str]


def look(batch: Sequence[Prepared], source: UUID, sight: Sight) -> None:
    """Look at what the batch is about to change; what is another's, or of another version than asked, is put aside."""
    looked = [(place, prepared, item) for place, prepared in enumerate(batch) for item in _looked_at(prepared)]
    there = standing([key_of(prepared, item) for _, prepared, item in looked]) if looked else {}
    for place, prepared, item in looked:
        key = key_of(prepared, item)
        found = sight.standing(place, key, there.get(key))
        if found is not None:
            prepared.there[item.index] = found
        if item.index not in prepared.existing:
            _settle(prepared, item, found, source)


def _settle(prepared: Prepared, item: Item, found: Standing | None, source: UUID) -> None:
    """Put a write aside, or note the version on which it rests."""
    problem = _judge(item, found, source, new=bool(item.query) and item.index not in prepared.found)
    if problem is not None:
        prepared.put_aside(item, problem)
    elif item.if_match or item.if_none_match or (item.query and item.method == "PUT"):
        prepared.expected[item.index] = found.version if found else 0


def _looked_at(prepared: Prepared) -> Iterator[Item]:
    for item in prepared.plan.items:
        if item.index in prepared.aside or item.problem is not None:
            continue
        careful = item.method != "PUT" or item.query or item.if_match or item.if_none_match or prepared.direct
        if item.index in prepared.existing or (item.method in CHANGES and item.id and careful):
            yield item


def key_of(prepared: Prepared, item: Item) -> Key:
    """Type and id of what an item writes, or has found to be there already."""
    return item.type, prepared.existing.get(item.index) or item.id or ""


def _judge(item: Item, there: Standing | None, source: UUID, *, new: bool) -> Problem | None:
    """What speaks against a write; ``new``: its search found nothing, so that its id must be free."""
    reference = f"{item.type}/{item.id}"
    if there is not None and there.is_closed_to(source):
        return Problem("other-source", params={"reference": reference})
    version = there.version if there and not there.deleted else 0
    if item.if_match and not _matches(item.if_match, version):
        return Problem("version-conflict", params={"wanted": _plain(item.if_match), "found": str(version)})
    if item.if_none_match and _matches(item.if_none_match, version):
        return Problem("already-there", params={"reference": reference, "found": version})
    if new and version:
        return Problem("id-taken", params={"reference": reference})
    if item.method == "PATCH" and not version:
        return Problem("gone" if there else "not-found", params={"what": reference})
    return None


def _matches(said: str, version: int) -> bool:
    """Whether one of the entity tags of an If-Match or If-None-Match is the version's (0: there is none)."""
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in said.split(",")]
    return version > 0 and ("*" in tags or str(version) in tags)


def _plain(said: str) -> str:
    return said.strip().removeprefix("W/").strip('"')


def refuse_overlap(prepared: Prepared) -> None:
    """Put aside what a bundle would change twice, once all searches are resolved.

    Of a transaction always (R4, http.html#trules); of a batch where one of them depends on what is there. What is made
    under a ``fullUrl`` that came before is a change of what it made then.
    """
    seen: dict[Key, bool] = {}
    for item in prepared.plan.items:
        settled = item.index in prepared.existing or item.index in prepared.aside
        if settled or not item.id or item.method in ("GET", "HEAD"):
            continue
        key = item.type, item.id
        depends = bool(item.query or item.if_match or item.if_none_match or item.method not in ("PUT", "POST"))
        if key in seen and (prepared.atomic or depends or seen[key]):
            prepared.put_aside(item, Problem("same-target", params={"reference": f"{item.type}/{item.id}"}))
        seen[key] = depends or seen.get(key, False)


def patch(batch: Sequence[Prepared], source: UUID) -> None:
    """Put in the place of each patch what it makes of the resource; a patch that fails is put aside."""
    for prepared in batch:
        for item in prepared.plan.items:
            if item.method == "PATCH" and item.index not in prepared.aside and item.problem is None:
                _patch(prepared, item, source)


def _patch(prepared: Prepared, item: Item, source: UUID) -> None:
    before = ledger.read(item.type, item.id or "")
    looked = prepared.there[item.index]
    if before is None or before.version != looked.version or before.source != source:
        raise IntegrityError(f"{item.type}: another transaction wrote a version meanwhile")
    try:
        after = check_resource(_patched(item, before.body))
        require_same(before.body, after.body)
    except FhirProblem as found:
        prepared.put_aside(item, problem_of(found.at("patch") if found.expression is None else found))
        return
    item.replace_body(after.body)
    prepared.expected[item.index] = before.version


def _patched(item: Item, body: bytes) -> bytes:
    kind = item.content_type.partition(";")[0].strip().lower()
    if kind == JSON_PATCH:
        return json_patch(body, item.body)
    if item.resource.get("resourceType") == "Parameters":
        return fhirpath_patch(body, item.type, item.body)
    if not kind and item.resource.get("resourceType") == "Binary":
        return json_patch(body, _binary(item))
    raise FhirProblem("patch-kind", type=kind or str(item.resource.get("resourceType")))


def _binary(item: Item) -> bytes:
    kind = str(item.resource.get("contentType", "")).partition(";")[0].strip().lower()
    if kind != JSON_PATCH:
        raise FhirProblem("patch-kind", "contentType", type=kind)
    try:
        return base64.b64decode(str(item.resource.get("data", "")), validate=True)
    except (binascii.Error, ValueError):
        raise FhirProblem("wrong-shape", "data", expected="base64Binary") from None
