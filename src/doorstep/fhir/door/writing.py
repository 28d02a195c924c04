"""Writes as answers: create, update, patch, delete, each also under a condition; transactions and batches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from urllib.parse import urlencode

from starlette.responses import Response

from doorstep.fhir.door import merging
from doorstep.fhir.door.answers import PRIVATE, respond, shape_of, version_headers, writable
from doorstep.fhir.door.asked import JSON, PATCHES, SHAPES, Asked, opened_again
from doorstep.fhir.door.house import Answer, House
from doorstep.fhir.door.stamping import stamped
from doorstep.fhir.outcome import EntryResponse, operation_outcome
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import Parsed, is_id, minify, parse, read_resource, text_of
from doorstep.fhir.validation.checking import check
from doorstep.fhir.validation.findings import refuse_invalid
from doorstep.fhir.validation.outcomes import outcome
from doorstep.fhir.write import Write


async def create(house: House, asked: Asked, kind: str) -> Response:
    """POST [type], with If-None-Exist under a condition.

    A search in the address is the same condition: fhirpy and others send it so, and to leave it out would make twice
    what they mean to have once.
    """
    condition = asked.header("if-none-exist") or _searched(asked)
    asked.permit(house, kind, "cs" if condition else "c")
    sent = await _checked(asked, kind)
    return await _done(house, asked, _write(asked, "POST", kind, sent=sent, if_none_exist=condition))


def _searched(asked: Asked) -> str | None:
    return urlencode([pair for pair in asked.pairs if pair[0] not in SHAPES]) or None


async def update(house: House, asked: Asked, kind: str, ident: str | None) -> Response:
    """PUT [type]/[id], or under a condition PUT [type]?…"""
    query = _condition(asked, kind, ident)
    asked.permit(house, kind, "u" if query is None else "us")
    sent = await _checked(asked, kind)
    if ident is not None:
        if sent.id is None:
            raise FhirProblem("id-missing", "id", id=ident)
        if sent.id != ident:
            raise FhirProblem("id-mismatch", "id", url=ident)
    return await _done(house, asked, _write(asked, "PUT", kind, ident, query, sent))


async def patch(house: House, asked: Asked, kind: str, ident: str | None) -> Response:
    """PATCH [type]/[id], or under a condition PATCH [type]?…: JSON Patch, FHIRPath Patch as Parameters, merge patch."""
    query = _condition(asked, kind, ident)
    asked.permit(house, kind, "ru" if query is None else "rus")  # its answer shows what it has changed
    body, content = await _patch(asked)
    if content == merging.MERGE:
        return await _merge(house, asked, kind, ident, body)
    write = Write(
        "PATCH", kind, ident, query, body, None, asked.header("if-match"), content_type=content,
        origin=_origin(asked), key=_key(asked), language=asked.language,
    )  # fmt: skip
    return await _done(house, asked, write)


async def _patch(asked: Asked) -> tuple[bytes, str]:
    """Return the patch that was sent and its kind: JSON Patch, merge patch, or FHIRPath Patch (FHIR's JSON)."""
    content = asked.content_type
    if content in PATCHES or content == merging.MERGE:
        return await asked.raw(), content
    data = await asked.json()
    if content == merging.PLAIN and merging.is_merge(data):
        return data, merging.MERGE
    sent = read_resource(data)
    if sent.type != "Parameters":
        raise FhirProblem("patch-kind", type=asked.header("content-type") or "")
    return sent.body, JSON


async def _merge(house: House, asked: Asked, kind: str, ident: str | None, patch: bytes) -> Response:
    """Write what a merge patch makes of a resource; tried again where another was quicker, unless If-Match forbids."""
    wanted = asked.header("if-match")
    meant = await merging.target(house, asked, kind, ident)
    for turn in range(merging.TURNS):
        sent, tag = await merging.merged(house, asked, kind, meant, patch)
        refuse_invalid(check(sent.type, sent.resource))
        write = replace(_write(asked, "PUT", kind, meant, sent=sent), if_match=wanted or tag, if_none_match=None)
        answer = await house.write(asked.call, write)
        if answer.status != 412 or wanted or turn == merging.TURNS - 1:
            break
    return _told(asked, answer)


async def delete(house: House, asked: Asked, kind: str, ident: str | None) -> Response:
    """DELETE [type]/[id], or under a condition DELETE [type]?…"""
    query = _condition(asked, kind, ident)
    asked.permit(house, kind, "d" if query is None else "ds")
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


async def _checked(asked: Asked, kind: str) -> Parsed:
    sent = await _read(asked, kind)
    if sent.type != kind:
        raise FhirProblem("type-mismatch", "resourceType", url=kind, type=sent.type)
    refuse_invalid(check(sent.type, sent.resource))
    return sent


async def _read(asked: Asked, kind: str) -> Parsed:
    data = await asked.json()
    try:
        return read_resource(data)
    except FhirProblem as problem:
        if problem.code == "bad-date":  # one fault of many may be: all are told
            refuse_invalid(check(kind, parse(minify(text_of(data)))))
        raise problem.at(kind) if problem.expression in ("id", "birthDate") else problem from None


def _write(
    asked: Asked, method: str, kind: str, ident: str | None = None, query: str | None = None,
    sent: Parsed | None = None, if_none_exist: str | None = None,
) -> Write:  # fmt: skip
    body, resource = (sent.body, sent.resource) if sent is not None else (b"", None)
    return Write(
        method, kind, ident, query, body, resource, asked.header("if-match"), asked.header("if-none-match"),
        if_none_exist, origin=_origin(asked), key=_key(asked), language=asked.language,
    )  # fmt: skip


def _origin(asked: Asked) -> str:
    return "/fhir"


def _key(asked: Asked) -> str | None:
    given = asked.header("idempotency-key") or asked.header("x-request-id")
    return given[:200] if given else None


async def _done(house: House, asked: Asked, write: Write) -> Response:
    return _told(asked, await house.write(asked.call, write))


def _told(asked: Asked, answer: Answer) -> Response:
    if answer.outcome is not None:
        return respond(asked, writable(answer.outcome), answer.status)
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

    async def fetch(url: str, said: Mapping[str, str]) -> EntryResponse:
        return await _entry(house, asked, url, said, get)

    # a bundle's answer shows what it wrote only where that is asked for: R4 leaves it open, and it is much
    shown = asked.prefer.get("return") == "representation"
    status, answer, headers = await house.transact(asked.call, body, fetch, shown, asked.language)
    if asked.header("prefer") is None or asked.wanted != "minimal" or status >= 400:
        return respond(asked, answer, status, {k: v for k, v in headers.items() if k != "content-type"})
    return Response(status_code=status, headers={**PRIVATE, **headers})


async def _entry(house: House, asked: Asked, url: str, said: Mapping[str, str], get: Get) -> EntryResponse:
    inner = opened_again(asked, url, {name: value for name, value in said.items() if name != "method"})
    try:
        if inner.path[-1:] == ["$export"]:  # its answer is a header, which an entry cannot give
            raise FhirProblem("unknown-route", path=url)
        response = await get(house, inner)
    except FhirProblem as problem:
        return EntryResponse(problem.kind.status, outcome=writable(operation_outcome([problem], asked.language)))
    body = bytes(response.body)
    if response.status_code >= 400:
        return EntryResponse(response.status_code, outcome=body)
    if said.get("method") == "HEAD":
        body = b""
    return EntryResponse(response.status_code, etag=response.headers.get("etag"), resource=body or None)
