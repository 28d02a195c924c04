"""The FHIR door: a Starlette app over a store that the house provides."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final, Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from doorstep.fhir.capability import capability_statement
from doorstep.fhir.outcome import Stored, etag, history, operation_outcome, shown
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import LIMITS, is_id
from doorstep.fhir.requests import JSON, language, read_body, require_json_answer, require_json_body
from doorstep.fhir.tables import known_types

_LOG: Final = logging.getLogger(__name__)
_PRIVATE: Final = {"cache-control": "private, no-cache", "x-content-type-options": "nosniff"}


class Store(Protocol):
    """What the house gives the door. Any method may raise FhirProblem, which becomes the answer."""

    async def authenticate(self, headers: Mapping[str, str]) -> object | None:
        """Return who calls, as the other methods take it; None where that is not known."""

    async def transact(self, call: Any, body: bytes, content_type: str) -> tuple[int, bytes, Mapping[str, str]]:
        """Do a transaction or batch, given as it was received (unpacked); returns status, body and headers."""

    async def read(self, call: Any, type_name: str, ident: str) -> Stored | None:
        """Return the current version, also where it says that the resource is deleted; None where there is none."""

    async def vread(self, call: Any, type_name: str, ident: str, version: int) -> Stored | None:
        """Return one version."""

    async def history_instance(self, call: Any, type_name: str, ident: str) -> Sequence[Stored]:
        """Return all versions, the newest first; none where the resource never was."""

    async def healthy(self) -> bool:
        """Say whether requests can be served now."""


class Door:
    """The handlers of the door."""

    def __init__(self, store: Store, body_limit: int, version: str) -> None:
        self.store = store
        self.body_limit = body_limit
        self.version = version
        self.since = datetime.now(UTC)

    async def metadata(self, request: Request) -> Response:
        """GET /metadata: for anyone."""
        require_json_answer(request)
        return _json(capability_statement(str(request.base_url), self.version, self.since))

    async def health(self, request: Request) -> Response:
        """GET /healthz: for anyone."""
        return Response(status_code=200 if await self.store.healthy() else 503)

    async def transact(self, request: Request) -> Response:
        """POST /: a transaction or batch."""
        call = await self._call(request)
        content_type = require_json_body(request.headers)
        body = await read_body(request, self.body_limit)
        status, answer, headers = await self.store.transact(call, body, content_type)
        return _json(answer, status, headers)

    async def read(self, request: Request) -> Response:
        """GET /{type}/{id}: the current version."""
        call, type_name, ident = await self._target(request)
        return _one(request, await self.store.read(call, type_name, ident), f"{type_name}/{ident}")

    async def vread(self, request: Request) -> Response:
        """GET /{type}/{id}/_history/{vid}: one version."""
        call, type_name, ident = await self._target(request)
        version = request.path_params["vid"]
        number = int(version) if version.isascii() and version.isdecimal() and len(version) < 10 else 0
        stored = await self.store.vread(call, type_name, ident, number) if number else None
        return _one(request, stored, f"{type_name}/{ident}/_history/{version}")

    async def history(self, request: Request) -> Response:
        """GET /{type}/{id}/_history: all versions."""
        call, type_name, ident = await self._target(request)
        versions = await self.store.history_instance(call, type_name, ident)
        if not versions:
            raise FhirProblem("not-found", what=f"{type_name}/{ident}")
        return _json(history(versions, str(request.base_url)))

    async def _call(self, request: Request) -> object:
        require_json_answer(request)
        call = await self.store.authenticate(request.headers)
        if call is None:
            raise FhirProblem("unauthenticated")
        return call

    async def _target(self, request: Request) -> tuple[object, str, str]:
        call = await self._call(request)
        type_name, ident = request.path_params["type"], request.path_params["id"]
        if type_name not in known_types():
            raise FhirProblem("no-such-type", type=type_name)
        if not is_id(ident):
            raise FhirProblem("not-found", what=f"{type_name}/{ident}")
        return call, type_name, ident


def make_app(store: Store, *, body_limit: int = LIMITS.bundle_bytes, version: str = "0") -> Starlette:
    """Make the door over a store; bodies of more bytes than `body_limit`, packed or unpacked, are refused with 413."""
    door = Door(store, body_limit, version)
    routes = [
        Route("/", _answering(door.transact), methods=["POST"]),
        Route("/metadata", _answering(door.metadata), methods=["GET"]),
        Route("/healthz", _answering(door.health), methods=["GET"]),
        Route("/{type}/{id}", _answering(door.read), methods=["GET"]),
        Route("/{type}/{id}/_history", _answering(door.history), methods=["GET"]),
        Route("/{type}/{id}/_history/{vid}", _answering(door.vread), methods=["GET"]),
    ]
    handlers = {HTTPException: _unrouted, Exception: _failed}
    app = Starlette(routes=routes, middleware=[Middleware(BareBase)], exception_handlers=handlers)
    app.router.redirect_slashes = False  # it would lead to whatever host the request names
    return app


class BareBase:
    """Takes a request to the base itself, which FHIR writes without a slash at its end, without a redirect."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with the slash that routes need."""
        if scope["type"] == "http" and not scope["path"].removeprefix(scope.get("root_path", "")):
            scope = {**scope, "path": scope["path"] + "/"}
        await self.app(scope, receive, send)


def _answering(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except FhirProblem as problem:
            return _refused(request, problem)
        except ClientDisconnect:
            return Response(status_code=400)

    return answer


def _one(request: Request, stored: Stored | None, what: str) -> Response:
    if stored is None:
        raise FhirProblem("not-found", what=what)
    if stored.deleted:
        raise FhirProblem("gone", what=what)
    tag = etag(stored.version)
    headers = {"etag": tag, "last-modified": format_datetime(stored.updated.astimezone(UTC), usegmt=True)}
    if _matches(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers={**_PRIVATE, **headers})
    return _json(shown(stored), 200, headers)


def _matches(wished: str, tag: str) -> bool:
    known = [each.strip() for each in wished.split(",")]
    return "*" in known or tag in known or tag.removeprefix("W/") in known


def _json(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(body, status, {**_PRIVATE, **(headers or {})}, media_type=JSON)


def _refused(request: Request, problem: FhirProblem) -> Response:
    headers = {"www-authenticate": "Bearer"} if problem.kind.status == 401 else {}
    if problem.kind.status == 503:
        headers["retry-after"] = "1"
    return _json(operation_outcome([problem], language(request.headers)), problem.kind.status, headers)


async def _unrouted(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    if status == 405:
        refused = _refused(request, FhirProblem("method-not-allowed", method=request.method))
        refused.headers.update(getattr(error, "headers", None) or {})
        return refused
    first = request.url.path.removeprefix(request.scope.get("root_path", "")).strip("/").partition("/")[0]
    if first and first[0].isupper() and first not in known_types():
        return _refused(request, FhirProblem("no-such-type", type=first))
    return _refused(request, FhirProblem("unknown-route", path=request.url.path))


async def _failed(request: Request, error: Exception) -> Response:
    _LOG.error("a request to the FHIR door failed", exc_info=error)
    return _refused(request, FhirProblem("internal"))
