"""Where a page ended, as a text that a client can carry and not change."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from math import isinf
from typing import Any, Final

import orjson

from doorstep.fhir.problems import FhirProblem

_SIZE: Final = 16


def seal(mark: Sequence[Any], query: str, secret: bytes) -> str:
    """Return the cursor of a mark (times, numbers, texts, None), good for this query alone."""
    body = orjson.dumps([_out(each) for each in mark])
    return urlsafe_b64encode(_sign(body, query, secret) + body).rstrip(b"=").decode()


def unseal(cursor: str, query: str, secret: bytes) -> list[Any]:
    """Return the mark; FhirProblem "bad-cursor" where it was not made here for this query."""
    try:
        data = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        raise FhirProblem("bad-cursor") from None
    sign, body = data[:_SIZE], data[_SIZE:]
    if not hmac.compare_digest(sign, _sign(body, query, secret)):
        raise FhirProblem("bad-cursor")
    return [_in(each) for each in orjson.loads(body)]


def _sign(body: bytes, query: str, secret: bytes) -> bytes:
    return hmac.new(secret, query.encode() + b"\0" + body, hashlib.sha256).digest()[:_SIZE]


def _out(value: Any) -> Any:
    if isinstance(value, float) and isinf(value):  # of a quantity with a comparator; JSON has no word for it
        return {"n": str(value)}
    return {"t": value.isoformat()} if isinstance(value, datetime) else value


def _in(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return float(value["n"]) if "n" in value else datetime.fromisoformat(value["t"])
