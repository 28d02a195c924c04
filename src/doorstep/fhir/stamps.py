"""What the server itself writes into a resource (version, time) and a client that sends it back need not take out."""

from __future__ import annotations

from typing import Final

import msgspec
import orjson

_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_STAMPS: Final = ("versionId", "lastUpdated")


def unstamped(body: bytes) -> bytes:
    """Return the minified resource without meta.versionId and meta.lastUpdated, and without a meta that is empty then.

    A server ignores both on the way in (R4, http.html#update), so a resource that was read and is sent back unchanged
    is known to be the same.
    """
    if b'"versionId"' not in body and b'"lastUpdated"' not in body:
        return body
    fields = _OBJECT.decode(body)
    try:
        meta = _OBJECT.decode(fields.get("meta", b"{}"))
    except msgspec.MsgspecError:
        return body
    if not meta.keys() & set(_STAMPS):
        return body
    left = {key: raw for key, raw in meta.items() if key not in _STAMPS}
    fields["meta"] = msgspec.Raw(_join(left))
    return _join(fields if left else {key: raw for key, raw in fields.items() if key != "meta"})


def _join(fields: dict[str, msgspec.Raw]) -> bytes:
    return b"{" + b",".join([orjson.dumps(key) + b":" + bytes(raw) for key, raw in fields.items()]) + b"}"
