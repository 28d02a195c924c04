"""What is left of a piece that was used in part: each entry at fault, as a message of its own that can be mended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
import orjson

from doorstep.fhir.bundle import Item
from doorstep.fhir.reading import is_id, minify, text_of
from doorstep.fhir.references import rewrite
from doorstep.fhir.tables import known_types
from doorstep.record.exchange.actions.prepare import Prepared, uuid_of, wanted_id
from doorstep.record.exchange.shapes import Problem

Fields = dict[str, msgspec.Raw]


class _Resource(msgspec.Struct):
    resourceType: str = ""  # noqa: N815  FHIR's own name
    id: str = ""


class _Entry(msgspec.Struct):
    resource: _Resource = msgspec.field(default_factory=_Resource)


_FIELDS: Final = msgspec.json.Decoder(Fields)
_LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
_ENTRY: Final = msgspec.json.Decoder(_Entry)


def remnants(prepared: Prepared) -> Iterator[tuple[Item, bytes, list[Problem]]]:
    """Each item that could not be used, with its own text and its problems.

    What the entries call one another is written as ``Type/id``, and an entry keeps the id that it would have had, so
    that each finds the others however and in whatever order they are mended.
    """
    if not prepared.aside:
        return
    by_index = {item.index: item for item in prepared.plan.items}
    texts = _texts(prepared)
    names = _names(prepared, texts) if prepared.bundled else {}
    for index in sorted(prepared.aside):
        item = by_index[index]
        raw = _alone(prepared, item, texts[index], names) if prepared.bundled else texts[index]
        yield item, raw, [prepared.plainly(each) for each in prepared.problems_of(index)]


def _texts(prepared: Prepared) -> list[bytes]:
    if not prepared.bundled:
        return prepared.piece.raw.split(b"\n")
    fields = _FIELDS.decode(text_of(prepared.piece.raw))
    return [minify(bytes(raw)) for raw in _LIST.decode(fields["entry"])]


def _names(prepared: Prepared, texts: list[bytes]) -> dict[str, str]:
    """What each fullUrl of the bundle stands for: ``Type/id``, also where the entry itself could not be read."""
    names = {}
    for item in prepared.plan.items:
        if item.full_url:
            kind, key = (item.type, item.id) if item.body else _meant(prepared, item, texts[item.index])
            if key and kind in known_types():
                names[_spelt(item.full_url)] = f"{kind}/{key}"
    return names


def _meant(prepared: Prepared, item: Item, text: bytes) -> tuple[str, str]:
    """Type and id that an entry which could not be read will have once it is mended."""
    try:
        said = _ENTRY.decode(text).resource
    except msgspec.MsgspecError:
        said = _Resource()
    kind = said.resourceType or item.type
    if item.method != "POST" and is_id(said.id):
        return kind, said.id
    return kind, wanted_id(item, prepared.digest)


def _spelt(url: str) -> str:
    return url.lower() if uuid_of(url) else url


def _alone(prepared: Prepared, item: Item, text: bytes, names: Mapping[str, str]) -> bytes:
    entry = _with_urn(prepared, item, text)
    entry = rewrite(entry, lambda reference: names.get(_spelt(reference)))
    kind = b"batch" if prepared.plan.type in ("batch", "transaction") else b"collection"
    return b'{"resourceType":"Bundle","type":"' + kind + b'","entry":[' + entry + b"]}"


def _with_urn(prepared: Prepared, item: Item, text: bytes) -> bytes:
    """The entry with its references resolved, under a fullUrl that says the id which the piece gave it."""
    try:
        fields = _FIELDS.decode(text)
    except msgspec.MsgspecError:
        return text
    if _joined(fields) != text:  # a key came twice: whoever mends it must see both
        return text
    if item.body and item.method != "PATCH":
        fields["resource"] = msgspec.Raw(item.body)
    if not uuid_of(item.full_url) and (item.method == "POST" or not item.id):
        own = item.id if item.body and item.id else _meant(prepared, item, text)[1]
        fields["fullUrl"] = msgspec.Raw(orjson.dumps(f"urn:uuid:{own}"))
    return _joined(fields)


def _joined(fields: Fields) -> bytes:
    return b"{" + b",".join([orjson.dumps(key) + b":" + bytes(raw) for key, raw in fields.items()]) + b"}"
