"""A document that came within a message goes the way of the DocumentReference that tells of the message: entered in
error with it, however that is said (MDM^T11, an update, a patch), and back when that is taken back."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Any
from uuid import UUID

import orjson

from doorstep.fhir.bundle import BundlePlan, Item
from doorstep.kernel import ledger
from doorstep.kernel.ledger import Stored
from doorstep.record.exchange.actions.documents import ERROR, TYPE, keys_of, made_of
from doorstep.record.exchange.actions.prepare import Prepared, read
from doorstep.record.exchange.shapes import Piece

Json = dict[str, Any]


def following(changed: Iterable[tuple[Item, int]], source: UUID) -> Iterator[Prepared]:
    """What is to be written of the documents whose carrier has come to the given version, one after the other: each
    looks at the ledger when it is asked for, so what came before it must be written."""
    for item, version in changed:
        past = [each for each in ledger.past(TYPE, item.id or "") if each.version < version]
        if not past:
            continue
        was, now = _in_error(past[0]), item.resource.get("status") == ERROR
        if now and not was:
            for key in _carried(_body(past[0])):
                yield from _withdrawn(key, source)
        elif was and not now:
            yield from _back(item, past, source)


def _back(item: Item, past: Sequence[Stored], source: UUID) -> Iterator[Prepared]:
    """The documents of a carrier that is in error no more, by what it says now, or said before it was."""
    errors = list(takewhile(_in_error, past))
    before = _body(past[len(errors)]) if len(errors) < len(past) else {}
    for key in _carried(item.resource) or _carried(before):
        yield from _restored(key, source, {each.message for each in errors})


def _withdrawn(key: str, source: UUID) -> Iterator[Prepared]:
    """A document of the source itself marked as in error, and what was made of its entries deleted."""
    document = _held(key, source)
    if document is None or _in_error(document):
        return
    body = _body(document)
    items = [_item(0, TYPE, key, orjson.dumps(body | {"status": ERROR}))]
    items += [_item(n, kind, one, b"") for n, (kind, one) in enumerate(made_of(key, body), 1)]
    yield Prepared(Piece("bundle", f"{TYPE}/{key}", b""), b"", BundlePlan("transaction", items))


def _restored(key: str, source: UUID, messages: set[int | None]) -> Iterator[Prepared]:
    """A document that one of these messages withdrew, read again from its bytes: so it finds its place among its
    versions anew."""
    document = _held(key, source)
    if document is None or not _in_error(document) or document.message not in messages:
        return
    for content in _body(document).get("content", ()):
        url = content.get("attachment", {}).get("url", "")
        stored = next((ledger.read(*each) for each in keys_of([url]) if each[0] == "Binary"), None)
        if stored is not None and stored.source == source and not stored.deleted:
            yield read(Piece("cda", url, base64.b64decode(_body(stored)["data"])), source)


def _held(key: str, source: UUID) -> Stored | None:
    """A document as it stands, held until the transaction ends; None where it is none of the source's own."""
    known = ledger.hold(TYPE, [key]).get(key)
    if known is None or known.deleted or known.published or known.source != source:
        return None
    return ledger.read(TYPE, key)


def _carried(carrier: Json) -> list[str]:
    """The documents that came within a message, by the DocumentReference that tells of it; none where it is no such."""
    tags = carrier.get("meta", {}).get("tag", ())
    if not any(tag.get("code") == "carrier" for tag in tags):
        return []
    targets = (each.get("target", {}).get("reference", "") for each in carrier.get("relatesTo", ()))
    return [key for kind, key in keys_of(targets) if kind == TYPE]


def _in_error(stored: Stored) -> bool:
    return not stored.deleted and _body(stored).get("status") == ERROR


def _body(stored: Stored) -> Json:
    found: Json = orjson.loads(stored.body)
    return found


def _item(index: int, kind: str, key: str, body: bytes) -> Item:
    return Item(
        index, method="PUT" if body else "DELETE", url=f"{kind}/{key}", type=kind, id=key, body=body,
    )  # fmt: skip
