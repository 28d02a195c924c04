"""Changes to the stored bytes of a resource that leave every other byte as it was received."""

from __future__ import annotations

from typing import Final

import msgspec
import orjson

_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def set_id(body: bytes, ident: str) -> bytes:
    """Return the minified resource with this id, put after resourceType where it had none."""
    fields = _OBJECT.decode(body)
    if "id" not in fields:
        kind = fields.pop("resourceType")
        fields = {"resourceType": kind, "id": msgspec.Raw(b""), **fields}
    fields["id"] = msgspec.Raw(orjson.dumps(ident))
    return _join(fields)


def add_id(body: bytes, kind: str, ident: str) -> bytes:
    """Return the minified resource, known to have no id, with this valid one: as ``set_id``, mostly without parsing."""
    head = b'{"resourceType":"' + kind.encode() + b'"'
    if not body.startswith(head):
        return set_id(body, ident)
    return head + b',"id":"' + ident.encode() + b'"' + body[len(head) :]


def set_meta(body: bytes, version: str, last_updated: str) -> bytes:
    """Return the minified resource with this meta.versionId and meta.lastUpdated (an instant); other meta stays."""
    fields = _OBJECT.decode(body)
    meta = _OBJECT.decode(fields["meta"]) if "meta" in fields else {}
    meta["versionId"] = msgspec.Raw(orjson.dumps(version))
    meta["lastUpdated"] = msgspec.Raw(orjson.dumps(last_updated))
    fields["meta"] = msgspec.Raw(_join(meta))
    return _join(fields)


def _join(fields: dict[str, msgspec.Raw]) -> bytes:
    return b"{" + b",".join([orjson.dumps(key) + b":" + bytes(raw) for key, raw in fields.items()]) + b"}"
