"""What the FHIR door asks of a request before it is anyone's business: form, size, language."""

from __future__ import annotations

import zlib
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request

from doorstep.fhir.problems import FhirProblem

JSON: Final = "application/fhir+json"
_TAKEN: Final = (JSON, "application/json", "text/json")
_SERVED: Final = (*_TAKEN, "application/*", "text/*", "*/*", "json", "")
_GZIP: Final = 31  # zlib's number for a gzip stream with the largest window


def language(headers: Headers) -> str:
    """Return "en" where the caller would rather have English than Chinese, else "zh"."""
    best, chosen = 0.0, "zh"
    for wish in headers.get("accept-language", "").split(","):
        name, _, weight = wish.partition(";")
        tag = name.strip().lower()[:2]
        value = _weight(weight)
        if tag in ("zh", "en") and value > best:
            best, chosen = value, tag
    return chosen


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    try:
        return float(value) if name == "q" else 1.0
    except ValueError:
        return 0.0


def require_json_answer(request: Request) -> None:
    """Raise FhirProblem where the caller takes no JSON (`_format` comes before Accept)."""
    wished = request.query_params.get("_format") or request.headers.get("accept", "")
    kinds = [each.partition(";")[0].strip().lower() for each in wished.split(",")]
    # a plus sign in a query is a space
    if not any(kind.replace(" ", "+") in _SERVED for kind in kinds):
        raise FhirProblem("not-acceptable", type=wished)


def require_json_body(headers: Headers) -> str:
    """Return the content type; raise FhirProblem where it is not JSON in UTF-8."""
    said = headers.get("content-type", JSON)
    kind, _, rest = said.lower().partition(";")
    charset = rest.partition("charset=")[2].strip(' "')
    if kind.strip() not in _TAKEN or charset not in ("", "utf-8", "utf8"):
        raise FhirProblem("unsupported-media-type", type=said)
    return said


async def read_body(request: Request, limit: int) -> bytes:
    """Read a body, unpacked where it is gzip; raise FhirProblem as soon as it passes the limit, holding no more."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise FhirProblem("unsupported-encoding", encoding=encoding)
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > limit:
        raise FhirProblem("too-large", limit=limit)
    return await (_plain(request, limit) if encoding == "identity" else _unpacked(request, limit))


async def _plain(request: Request, limit: int) -> bytes:
    held = bytearray()
    async for chunk in request.stream():
        if len(held) + len(chunk) > limit:
            raise FhirProblem("too-large", limit=limit)
        held += chunk
    return bytes(held)


async def _unpacked(request: Request, limit: int) -> bytes:
    held, unpacker = bytearray(), zlib.decompressobj(_GZIP)
    async for chunk in request.stream():
        while chunk:
            if unpacker.eof:  # a gzip file may be several, one after the other
                unpacker = zlib.decompressobj(_GZIP)
            try:
                held += unpacker.decompress(chunk, limit + 1 - len(held))
            except zlib.error:
                raise FhirProblem("bad-gzip") from None
            if len(held) > limit:
                raise FhirProblem("too-large", limit=limit)
            chunk = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
    if not unpacker.eof:
        raise FhirProblem("bad-gzip")
    return bytes(held)
