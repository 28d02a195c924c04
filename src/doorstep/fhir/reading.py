"""Strict reading of FHIR JSON: every fault named with its place, numbers kept as they were written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import msgspec
import orjson

from doorstep.fhir import faults
from doorstep.fhir.dates import interval
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.tables import known_types

ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")
BOM: Final = b"\xef\xbb\xbf"
_KEY: Final = re.compile(rb'(?<=[{,])"[^"\\]*(?:\\.[^"\\]*)*":')
# Cheap to seek: a backslash and the end of a key in one string, or an escaped quote that looks so.
_MAYBE_ESCAPED_KEY: Final = re.compile(rb'\\.[^"\\]*":')
_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is taken: bytes of a resource and of a bundle, levels of nesting, entries; `today` for birth dates."""

    resource_bytes: int = 16 << 20
    bundle_bytes: int = 256 << 20
    depth: int = 64
    entries: int = 100_000
    today: date | None = None


LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Parsed:
    """A resource that was read: `body` is the minified text as received, `resource` the same parsed."""

    type: str
    id: str | None
    body: bytes
    resource: dict[str, Any]


def text_of(data: bytes) -> bytes:
    """Return the bytes without a byte order mark; raise FhirProblem where they are not UTF-8."""
    if data.startswith(BOM):
        data = data[3:]
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise faults.encoding(data, error) from None
    return data


def minify(raw: bytes) -> bytes:
    """Drop the space between tokens of UTF-8 JSON; literals, key order, doubled keys stay; FhirProblem on bad syntax.

    Only keys are rewritten: one spelt with escapes is spelt plainly, so that keys can be sought in the bytes.
    """
    try:
        body = msgspec.json.format(raw, indent=-1)
    except (msgspec.MsgspecError, RecursionError):
        raise faults.syntax(raw) from None
    return _KEY.sub(_plain_key, body) if _MAYBE_ESCAPED_KEY.search(body) else body


def _plain_key(match: re.Match[bytes]) -> bytes:
    if b"\\" not in match[0]:
        return match[0]
    try:
        return orjson.dumps(orjson.loads(match[0][:-1])) + b":"
    except orjson.JSONDecodeError:
        raise faults.syntax(match[0][:-1]) from None


def read_resource(data: bytes, limits: Limits = LIMITS) -> Parsed:
    """Read the JSON text of one resource; raise FhirProblem with line and column, or the path, of the first fault."""
    if len(data) > limits.resource_bytes:
        raise FhirProblem("too-large", limit=limits.resource_bytes)
    text = text_of(data)
    return check(minify(text), limits, text)


def check(body: bytes, limits: Limits = LIMITS, original: bytes | None = None) -> Parsed:
    """Check the minified text of one resource; `original` is the text in which line and column are counted."""
    if len(body) > limits.resource_bytes:
        raise FhirProblem("too-large", limit=limits.resource_bytes)
    resource = parse(body, limits.depth, original)
    kind = resource.get("resourceType")
    if kind is None:
        raise FhirProblem("no-resource-type")
    if type(kind) is not str or kind not in known_types():
        raise FhirProblem("unknown-type", "resourceType", type=str(kind))
    ident = resource.get("id")
    if ident is not None and not is_id(ident):
        raise FhirProblem("bad-id", "id", id=str(ident))
    if kind == "Patient":
        _check_birth_date(resource.get("birthDate"), limits.today)
    return Parsed(kind, ident, body, resource)


def is_id(value: object) -> bool:
    """Say whether a value is a resource id: 1 to 64 letters, digits, hyphens and dots."""
    return isinstance(value, str) and ID.fullmatch(value) is not None


def parse(body: bytes, depth: int = LIMITS.depth, original: bytes | None = None) -> dict[str, Any]:
    """Parse one minified JSON object; refuse doubled keys, deep nesting, NUL, lone surrogates, numbers without end."""
    text = body if original is None else original
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise faults.syntax(text, depth) from None
    if type(parsed) is not dict:
        raise FhirProblem("not-object")
    if body.count(b"{") + body.count(b"[") > depth and faults.deeper_than(parsed, depth):
        raise faults.too_deep(text, depth)
    if b"\\u0000" in body and _NUL.search(body):
        raise faults.nul_character(parsed)
    if _may_repeat_keys(body, parsed):
        faults.refuse_duplicate_keys(body)
    return parsed


def _may_repeat_keys(body: bytes, parsed: dict[str, Any]) -> bool:
    # Where a key came twice the parser kept one, so the text written back is another one, with fewer key ends (`":`).
    # In strings a quote is always written \" in both texts, unless the text spells quote or colon \u0022, \u003a.
    written = orjson.dumps(parsed)
    if written == body:
        return False
    if b"\\u0022" in body or b"\\u003" in body:
        return True
    return written.count(b'":') != body.count(b'":')


def _check_birth_date(value: object, today: date | None) -> None:
    if value is None:
        return
    bounds = interval(value, UTC) if isinstance(value, str) and len(value) <= 10 else None
    if bounds is None:
        raise FhirProblem("bad-date", "birthDate", value=str(value))
    # a day that has begun anywhere on earth is not the future
    latest = today or (datetime.now(UTC) + timedelta(hours=14)).date()
    if bounds[0].date() > latest:
        raise FhirProblem("future-birth-date", "birthDate", value=str(value))
