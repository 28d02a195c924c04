"""The versions of a shared document (CDA R2, 4.2.3): what replaces is current, what was replaced is superseded, and
what the former version said and the new one says no more is taken back, in whatever order they come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import orjson
from django.db import connection

from doorstep.adapters.cda.mapping import Kin
from doorstep.fhir.bundle import Item
from doorstep.kernel import ledger
from doorstep.record.exchange.actions import conditions, searching
from doorstep.record.exchange.actions.prepare import Prepared
from doorstep.record.exchange.shapes import Problem

TYPE: Final = "DocumentReference"
VERSIONS: Final = 50
"""Versions of one document that are looked at."""
ERROR: Final = "entered-in-error"
HEADER: Final = frozenset({"Patient", TYPE, "Binary"})
VERSION: Final = "http://hl7.org/fhir/StructureDefinition/composition-clinicaldocument-versionNumber"
Json = dict[str, Any]


def lock(batch: Sequence[Prepared], source: UUID) -> None:
    """Let the versions of one document pass one by one: else neither of two would see the other."""
    numbers = {number for prepared in batch if prepared.kin for number in _numbers(prepared.kin)}
    keys = {conditions.lock_key(TYPE, f"{source}={quote(number)}") for number in numbers}
    with connection.cursor() as cursor:
        for key in sorted(keys):
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def relate(prepared: Prepared, source: UUID) -> None:
    """Look for the other versions of a document and let each be what it is: superseded, or current."""
    kin = prepared.kin
    if kin is None or prepared.problem is not None:
        return
    document = _item(prepared, kin)
    others = list(_others(kin, source))
    newer = [each for each in others if each.replaces(kin)]
    older = [each for each in others if each not in newer and kin_replaces(kin, each)]
    newer = [each for each in newer if each.body.get("status") != ERROR]
    if newer:
        _retire(prepared, document)
    for former in older:
        _refer(document, former)
        _supersede(prepared, former, document)


def point(prepared: Prepared) -> None:
    """Let the document point to its Binary under the id that this is kept by, should another hold the first."""
    kin = prepared.kin
    if kin is None or prepared.problem is not None:
        return
    binary = next(item for item in prepared.plan.items if item.type == "Binary")
    if binary.id != kin.binary:
        document = next(item for item in prepared.plan.items if item.type == TYPE)
        document.replace_body(
            document.body.replace(f'"Binary/{kin.binary}"'.encode(), f'"Binary/{binary.id}"'.encode())
        )


@dataclass(frozen=True, slots=True)
class Other:
    """Another version of a document, as it stands in the ledger."""

    id: str
    body: Json
    numbers: frozenset[str]
    former: frozenset[str]
    version: int
    family: str

    def replaces(self, kin: Kin) -> bool:
        """Whether it takes the place of the document that has come."""
        same = bool(kin.family) and kin.family == self.family
        return kin.number in self.former or (same and 0 < kin.version < self.version)


def kin_replaces(kin: Kin, other: Other) -> bool:
    """Whether the document that has come takes the place of another: by its own word, or as a later version."""
    same = bool(kin.family) and kin.family == other.family
    return bool(other.numbers & set(kin.replaces)) or (same and 0 < other.version < kin.version)


def _numbers(kin: Kin) -> tuple[str, ...]:
    return tuple(dict.fromkeys(n for n in (kin.number, kin.family, *kin.replaces) if n))


def _others(kin: Kin, source: UUID) -> Iterator[Other]:
    ids: dict[str, None] = {}
    for number in _numbers(kin):
        ids |= dict.fromkeys(searching.find(TYPE, f"identifier={quote(number, safe=':/')}", source, VERSIONS))
    for key in ids:
        stored = ledger.read(TYPE, key)
        if key != kin.document and stored is not None and not stored.deleted and stored.source == source:
            yield _other(key, orjson.loads(stored.body))


def _other(key: str, body: Json) -> Other:
    identifiers = body.get("identifier", [])
    said = {use: {_token(each) for each in identifiers if each.get("use") == use} for use in ("old", "official")}
    version = next((e.get("valueString", "") for e in body.get("extension", []) if e.get("url") == VERSION), "")
    own = body.get("masterIdentifier")
    return Other(
        key, body, frozenset({_token(own)} if own else ()), frozenset(said["old"]),
        int(version) if version.isascii() and version.isdigit() else 0, next(iter(said["official"]), ""),
    )  # fmt: skip


def _token(identifier: Json) -> str:
    return f"{identifier.get('system', '')}|{identifier.get('value', '')}"


def _item(prepared: Prepared, kin: Kin) -> Item:
    return next(item for item in prepared.plan.items if item.type == TYPE and item.id == kin.document)


def _retire(prepared: Prepared, document: Item) -> None:
    """Keep a version that comes after its successor, and use nothing of it."""
    resource = dict(document.resource)
    resource["status"] = "superseded"
    context = {name: each for name, each in resource.get("context", {}).items() if name != "related"}
    kept = [each for each in resource.get("context", {}).get("related", []) if "reference" not in each]
    context |= {"related": kept} if kept else {}
    resource.pop("context", None)
    document.replace_body(orjson.dumps(resource | ({"context": context} if context else {})))
    encounters = {each["reference"] for each in context.get("encounter", [])}
    prepared.plan.items = [
        item for item in prepared.plan.items if item.type in HEADER or item.full_url in encounters
    ]  # fmt: skip
    prepared.notes.insert(0, Problem("cda-superseded"))


def _refer(document: Item, former: Other) -> None:
    """Let the document say by reference what it replaces, where that is here."""
    resource = dict(document.resource)
    target: Json = {"reference": f"{TYPE}/{former.id}"}
    rest = [each for each in resource.get("relatesTo", []) if not _is_of(each, former)]
    own = {"identifier": former.body["masterIdentifier"]} if "masterIdentifier" in former.body else {}
    resource["relatesTo"] = [*rest, {"code": "replaces", "target": target | own}]
    document.replace_body(orjson.dumps(resource))


def _is_of(relation: Json, former: Other) -> bool:
    identifier = relation.get("target", {}).get("identifier")
    return relation.get("code") == "replaces" and identifier is not None and _token(identifier) in former.numbers


def _supersede(prepared: Prepared, former: Other, document: Item) -> None:
    """Mark a former version, and take back what it alone said."""
    if former.body.get("status") not in ("superseded", ERROR):
        _add(prepared, TYPE, former.id, orjson.dumps(former.body | {"status": "superseded"}))
    _take_back(prepared, former.id, former.body)


def _take_back(prepared: Prepared, document: str, body: Json) -> None:
    """Delete what was made of a document's entries and is not said anew."""
    said = {item.full_url for item in prepared.plan.items}
    for kind, key in made_of(document, body):
        if f"urn:uuid:{key}" not in said:
            _add(prepared, kind, key, b"")


def made_of(document: str, body: Json) -> Iterator[tuple[str, str]]:
    """Type and id of what was made of a document's entries and still is there."""
    related = body.get("context", {}).get("related", [])
    for kind, key in keys_of(each.get("reference", "") for each in related):
        stored = ledger.read(kind, key)
        if stored is not None and not stored.deleted and _source(stored.body) == f"urn:uuid:{document}":
            yield kind, key


def keys_of(references: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Type and id of what is referred to."""
    for reference in references:
        kind, _, key = reference.partition("/")
        if kind and key:
            yield kind, key


def _source(body: bytes) -> str:
    return str(orjson.loads(body).get("meta", {}).get("source", ""))


def _add(prepared: Prepared, kind: str, key: str, body: bytes) -> None:
    """One more thing that the transaction does: a version without a body is a delete."""
    index = max(item.index for item in prepared.plan.items) + 1
    method = "PUT" if body else "DELETE"
    prepared.plan.items.append(Item(index, method=method, url=f"{kind}/{key}", type=kind, id=key, body=body))
