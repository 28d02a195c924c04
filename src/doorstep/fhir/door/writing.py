"""Writes as answers: create, update, patch, delete, each also under a condition; transactions and batches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from doorstep.fhir.door.answers import PRIVATE, respond, shape_of, version_headers
from doorstep.fhir.door.asked import JSON, PATCHES, Asked, opened_again
from doorstep.fhir.door.house import Answer, House, Write
from doorstep.fhir.door.stamping import stamped
from doorstep.fhir.outcome import EntryResponse, operation_outcome
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import Parsed, is_id
from doorstep.fhir.validation.checking import check
from doorstep.fhir.validation.findings import Finding, refuse_invalid
from doorstep.fhir.validation.invariants import invariants
from doorstep.fhir.validation.outcomes import outcome


async def create(house: House, asked: Asked, kind: str) -> Response:
    """POST [type], with If-None-Exist under a condition."""
    sent = await _checked(house, asked, kind)
    write = _write(asked, "POST", kind, sent=sent, if_none_exist=asked.header("if-none-exist"))
    return await _done(house, asked, write)


async def update(house: House, asked: Asked, kind: str, ident: str | None) -> Response:
    """PUT [type]/[id], or under a condition PUT [type]?…"""
    query = _condition(asked, kind, ident)
    sent = await _checked(house, asked, kind)
    if ident is not None:
        if sent.id is None:
            raise FhirProblem("id-missing", "id", id=ident)
        if sent.id != ident:
            raise FhirProblem("id-mismatch", "id", url=ident)
    return await _done(house, asked, _write(asked, "PUT", kind, ident, query, sent))


async def patch(house: House, asked: Asked, kind: str, ident: str | None) -> Response:
    """PATCH [type]/[id], or under a condition PATCH [type]?…: JSON Patch, or FHIRPath Patch as Parameters."""
    query = _condition(asked, kind, ident)
    content = asked.content_type
    if content in PATCHES:
        body = await asked.raw()
    else:
        sent = await asked.resource()
        if sent.type != "Parameters":
            raise FhirProblem("patch-kind", type=asked.header("content-type") or "")
        body, content = sent.body, JSON
    write = Write(
        "PATCH", kind, ident, query, body, None, asked.header("if-match"), content_type=content,
        origin=_origin(asked), key=_key(asked),
    )  # fmt: skip
    return await _done(house, asked, write)


async def delete(house: House, asked: Asked, kind: str, ident: str | None) -> Response:
    """DELETE [type]/[id], or under a condition DELETE [type]?…"""
    query = _condition(asked, kind, ident)
    return await _done(house, asked, _write(asked, "DELETE", kind, ident, query))


def _condition(asked: Asked, kind: str, ident: str | None) -> str | None:
    if ident is not None:
        if not is_id(ident):
            raise FhirProblem("bad-id", id=ident)
        return None
    query: str = asked.request.url.query
    if not query:
        raise FhirProblem("no-condition", type=kind)
    return query


async def _checked(house: House, asked: Asked, kind: str) -> Parsed:
    sent = await asked.resource()
    if sent.type != kind:
        raise FhirProblem("type-mismatch", "resourceType", url=kind, type=sent.type)
    refuse_invalid(findings_of(house, asked, sent))
    return sent


def findings_of(house: House, asked: Asked, sent: Parsed) -> list[Finding]:
    """Return all that is wrong with a resource by the level at which this caller is checked."""
    found = check(sent.type, sent.resource)
    if not found and house.asks_invariants(asked.call):
        found = invariants(sent.type, sent.resource)
    return found


def _write(
    asked: Asked, method: str, kind: str, ident: str | None = None, query: str | None = None,
    sent: Parsed | None = None, if_none_exist: str | None = None,
) -> Write:  # fmt: skip
    body, resource = (sent.body, sent.resource) if sent is not None else (b"", None)
    return Write(
        method, kind, ident, query, body, resource, asked.header("if-match"), asked.header("if-none-match"),
        if_none_exist, origin=_origin(asked), key=_key(asked),
    )  # fmt: skip


def _origin(asked: Asked) -> str:
    return "/fhir"


def _key(asked: Asked) -> str | None:
    given = asked.header("idempotency-key") or asked.header("x-request-id")
    return given[:200] if given else None


async def _done(house: House, asked: Asked, write: Write) -> Response:
    answer = await house.write(asked.call, write)
    if answer.outcome is not None:
        return respond(asked, answer.outcome, answer.status)
    headers = _headers(asked, answer)
    if answer.status == 204 or asked.wanted == "minimal":
        return Response(status_code=answer.status, headers={**PRIVATE, **headers})
    if asked.wanted.lower() == "operationoutcome" or answer.body is None:
        return respond(asked, outcome([], asked.language), answer.status, headers)
    return respond(asked, _shown(asked, answer), answer.status, headers)


def _headers(asked: Asked, answer: Answer) -> dict[str, str]:
    if answer.updated is None:
        return {}
    headers = version_headers(answer.version, answer.updated)
    if answer.body is not None:
        headers["location"] = f"{asked.base}{answer.type}/{answer.id}/_history/{answer.version}"
    return headers


def _shown(asked: Asked, answer: Answer) -> bytes:
    assert answer.body is not None  # what has no body is answered before
    assert answer.updated is not None  # what has a body was written at some time
    text = stamped(answer.body.decode(), answer.type, answer.id, answer.version, answer.updated)
    shape = shape_of(asked)
    return (shape(text, answer.type) if shape else text).encode()


Get = Callable[[House, Asked], Awaitable[Response]]


async def transact(house: House, asked: Asked, get: Get) -> Response:
    """POST [base]: a transaction or batch; `get` answers the reads in it."""
    body = await asked.json()

    async def fetch(url: str) -> EntryResponse:
        return await _entry(house, asked, url, get)

    status, answer, headers = await house.transact(asked.call, body, fetch, asked.wanted == "representation")
    if asked.header("prefer") is None or asked.wanted != "minimal" or status >= 400:
        return respond(asked, answer, status, {k: v for k, v in headers.items() if k != "content-type"})
    return Response(status_code=status, headers={**PRIVATE, **headers})


async def _entry(house: House, asked: Asked, url: str, get: Get) -> EntryResponse:
    inner = opened_again(asked, url)
    try:
        response = await get(house, inner)
    except FhirProblem as problem:
        return EntryResponse(problem.kind.status, outcome=operation_outcome([problem], asked.language))
    body = bytes(response.body)
    if response.status_code >= 400:
        return EntryResponse(response.status_code, outcome=body)
    return EntryResponse(response.status_code, etag=response.headers.get("etag"), resource=body or None)
