"""Answers as responses: resources, bundles and outcomes, in JSON or XML, whole or in part."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, Final

import orjson
from starlette.responses import Response

from doorstep.fhir import shaping, xml
from doorstep.fhir.door.asked import JSON, XML, Asked
from doorstep.fhir.door.stamping import stamped
from doorstep.fhir.door.versions import Version
from doorstep.fhir.outcome import etag, instant, operation_outcome
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.search.walk import Hit
from doorstep.fhir.structure import fields
from doorstep.fhir.validation.findings import FhirInvalid
from doorstep.fhir.validation.outcomes import outcome

PRIVATE: Final = {"cache-control": "private, no-cache"}
SAFE: Final = [
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
]
"""What every answer of the door carries: a resource that holds HTML is never a page of this address."""
TLS_ONLY: Final = (b"strict-transport-security", b"max-age=31536000")
_CONTENT: Final = {JSON: f"{JSON}; charset=utf-8", XML: f"{XML}; charset=utf-8"}
# what XML 1.0 has no way to write, also not by number
_UNHELD: Final = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ufffe\\uffff]")
Shape = Callable[[str, str], str]


def respond(asked: Asked, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a resource (JSON) in the form that was asked for."""
    if asked.format == XML:
        body = xml.write(body)
    elif asked.pretty:
        body = shaping.pretty(body)
    return Response(body, status, {**PRIVATE, "content-type": _CONTENT[asked.format], **(headers or {})})


def one(asked: Asked, found: Version | None, what: str) -> Response:
    """Return a version as the answer to a read; FhirProblem where there is none, or it says deleted."""
    if found is None:
        raise FhirProblem("not-found", what=what)
    if found.deleted:
        raise FhirProblem("gone", what=what)
    headers = version_headers(found.version, found.updated)
    if _unchanged(asked, found):
        return Response(status_code=304, headers={**PRIVATE, **headers})
    shape = shape_of(asked)
    text = stamped(found.text, found.type, found.id, found.version, found.updated)
    return respond(asked, (shape(text, found.type) if shape else text).encode(), 200, headers)


def version_headers(version: int, updated: datetime) -> dict[str, str]:
    """Return ETag and Last-Modified."""
    return {"etag": etag(version), "last-modified": format_datetime(updated.astimezone(UTC), usegmt=True)}


def _unchanged(asked: Asked, found: Version) -> bool:
    """R4, http.html#cread: If-None-Match before If-Modified-Since."""
    wished = asked.header("if-none-match")
    if wished is not None:
        # the bare number is what fhirpy sends
        known = [each.strip().removeprefix("W/").strip('"') for each in wished.split(",")]
        return "*" in known or str(found.version) in known
    since = asked.header("if-modified-since")
    if since is None:
        return False
    try:
        return found.updated.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False


def shape_of(asked: Asked) -> Shape | None:
    """Return what cuts a resource to `_summary` or `_elements`, None where it is shown whole."""
    summary, elements, left_out = (asked.value(n) for n in ("_summary", "_elements", "_elements:exclude"))
    if summary and summary not in ("false", "count"):
        if summary not in ("true", "text", "data"):
            raise FhirProblem("bad-search-value", "_summary", value=summary, kind="code")
        return lambda text, kind: shaping.summary(text.encode(), kind, summary).decode()
    if elements and elements.startswith("-"):
        left_out = elements
    elif elements:
        names = [name for name in elements.split(",") if name]
        return lambda text, kind: shaping.elements(text.encode(), kind, names).decode()
    return _without(left_out.replace("-", "").split(",")) if left_out else None


def _without(names: Sequence[str]) -> Shape:
    """Leave elements out, as HAPI (`_elements:exclude=a,b`) and Aidbox (`_elements=-a,b`) do; the mandatory stay."""
    if any("." in name for name in names):
        raise FhirProblem("bad-search-value", "_elements:exclude", value=",".join(names), kind="code")
    out = frozenset(names)

    def shape(text: str, kind: str) -> str:
        kept = [key for key, each in fields(kind).items() if not {key, each.element.name} & out]
        return shaping.elements(text.encode(), kind, kept).decode()

    return shape


def bundle(
    kind: str, entries: Iterable[str], *, links: Iterable[tuple[str, str]] = (), total: int | None = None
) -> bytes:
    """Return a bundle of entries that are written already."""
    head: dict[str, Any] = {"resourceType": "Bundle", "type": kind}
    if total is not None:
        head["total"] = total
    told = [{"relation": relation, "url": url} for relation, url in links]
    if told:
        head["link"] = told
    listed = ",".join(entries)
    text = orjson.dumps(head).decode()
    return f'{text[:-1]},"entry":[{listed}]}}'.encode() if listed else text.encode()


def search_entries(hits: Iterable[Hit], base: str, shape: Shape | None) -> Iterable[str]:
    """Write the entries of a search set; stored text goes in as it is."""
    for hit in hits:
        text = stamped(hit.body, hit.type, hit.id, hit.version, hit.updated)
        if shape is not None:
            text = shape(text, hit.type)
        yield f'{{"fullUrl":"{base}{hit.type}/{hit.id}","resource":{text},"search":{{"mode":"{hit.mode}"}}}}'


def note_entry(problems: Sequence[FhirProblem], language: str) -> str:
    """Write an entry that says what the caller should know of a search."""
    said = orjson.loads(writable(operation_outcome(problems, language)))
    for issue in said["issue"]:
        issue["severity"] = "information" if issue["code"] == "informational" else "warning"
    return f'{{"resource":{orjson.dumps(said).decode()},"search":{{"mode":"outcome"}}}}'


def history_entry(found: Version, base: str) -> str:
    """Write an entry of a history."""
    path = f"{found.type}/{found.id}"
    said: dict[str, Any] = {"fullUrl": base + path}
    if found.deleted:
        said["request"] = {"method": "DELETE", "url": path}
    else:
        text = stamped(found.text, found.type, found.id, found.version, found.updated)
        said["resource"] = orjson.Fragment(text.encode())
        first = found.version == 1
        said["request"] = {"method": "POST", "url": found.type} if first else {"method": "PUT", "url": path}
    status = "204" if found.deleted else "201" if found.version == 1 else "200"
    said["response"] = {"status": status, "etag": etag(found.version), "lastModified": instant(found.updated)}
    return orjson.dumps(said).decode()


def writable(told: bytes) -> bytes:
    """Return an outcome without characters that XML cannot hold: it may quote what was sent."""
    return orjson.dumps(_held(orjson.loads(told)))


def _held(value: Any) -> Any:
    if isinstance(value, str):
        return _UNHELD.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [_held(each) for each in value]
    return {key: _held(each) for key, each in value.items()} if isinstance(value, dict) else value


def _allowed(path: Sequence[str]) -> str:
    """The methods that an address takes (RFC 9110, 15.5.6: a 405 says them)."""
    if path and path[-1] in ("$meta-add", "$meta-delete", "$match"):
        return "POST"
    if path == ["metadata"]:
        return "GET, HEAD"
    if len(path) == 2 and path[1][:1] not in ("$", "_"):
        return "GET, HEAD, DELETE" if path[0].startswith("$") else "GET, HEAD, PUT, PATCH, DELETE"
    return "GET, HEAD, POST, PUT, PATCH, DELETE" if len(path) == 1 and path[0][0].isupper() else "GET, HEAD, POST"


def refused(asked: Asked | None, problem: FhirProblem, language: str = "zh") -> Response:
    """Return a problem as the answer."""
    headers = {**PRIVATE}
    if problem.kind.status == 401:
        headers["www-authenticate"] = "Bearer"
    if problem.kind.status in (429, 503):
        headers["retry-after"] = str(problem.params.get("seconds", 60 if problem.kind.status == 429 else 1))
    if problem.kind.status == 405 and asked is not None:
        headers["allow"] = _allowed(asked.path)
    words = asked.language if asked is not None else language
    body = outcome(problem.findings, words) if isinstance(problem, FhirInvalid) else operation_outcome([problem], words)
    if asked is not None:
        return respond(asked, writable(body), problem.kind.status, headers)
    return Response(body, problem.kind.status, {**headers, "content-type": _CONTENT[JSON]})
