"""The FHIR door: an ASGI app that sends each request to its handler, and turns every problem into an outcome."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from doorstep.fhir.door import exporting, faces, operations, reading, searching, writing
from doorstep.fhir.door.answers import SAFE, TLS_ONLY, refused, respond
from doorstep.fhir.door.asked import Asked, opened
from doorstep.fhir.door.capability import capability_statement, terminology_capabilities
from doorstep.fhir.door.house import House
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import LIMITS
from doorstep.fhir.requests import language
from doorstep.fhir.tables import known_types

_LOG: Final = logging.getLogger(__name__)
_ADDRESS: Final = 8_000
"""How long an address may be; longer ones are for POST _search."""


class Door:
    """The app. Bodies of more than `body_limit` bytes, packed or unpacked, are refused with 413; with `tls`, whoever
    comes without it is refused before anything is read."""

    def __init__(
        self, house: House, body_limit: int = LIMITS.bundle_bytes, version: str = "0", *, tls: bool = False
    ) -> None:
        self.house = house
        self.tls = tls
        self.body_limit = body_limit
        self.version = version
        self.since = datetime.now(UTC)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; messages of the lifespan are accepted and say nothing here."""
        if scope["type"] == "http":
            response = await self._answer(Request(scope, receive))
            response.raw_headers += [*SAFE, TLS_ONLY] if scope.get("scheme") == "https" else SAFE
            if scope["method"] == "HEAD":
                response.body = b""
            await response(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _lifespan(receive, send)

    async def _answer(self, request: Request) -> Response:
        asked: Asked | None = None
        try:
            if len(request.scope["path"]) + len(request.scope["query_string"]) > _ADDRESS:
                raise FhirProblem("address-too-long", limit=_ADDRESS)
            path = _parts(request)
            if path == ["healthz"]:
                return Response(status_code=200 if await self.house.healthy() else 503)
            self._demand_tls(request)
            asked = opened(request, path, self.body_limit)
            if said := self._said_to_all(asked):
                return said
            asked.call = await self.house.authenticate(request.headers)
            if asked.call is None:
                self.house.stranger(request.client.host if request.client else "")
                raise FhirProblem("unauthenticated")
            return await _dispatch(self.house, asked)
        except FhirProblem as problem:
            return refused(asked, problem, language(request.headers))
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception:  # noqa: BLE001  whatever it was, the client gets an answer in FHIR's form, and the log the rest
            _LOG.exception("a request to the FHIR door failed")
            return refused(None, FhirProblem("internal"), language(request.headers))

    def _demand_tls(self, request: Request) -> None:
        if self.tls and request.scope.get("scheme") != "https":
            raise FhirProblem("tls-required")

    def _said_to_all(self, asked: Asked) -> Response | None:
        """What anyone may ask, and clients ask first."""
        if asked.path == ["metadata"]:
            return self._metadata(asked)
        return self._smart(asked) if asked.path == [".well-known", "smart-configuration"] else None

    def _smart(self, asked: Asked) -> Response:
        if asked.request.method not in ("GET", "HEAD"):
            raise FhirProblem("method-not-allowed", method=asked.request.method)
        body = orjson.dumps(self.house.authorization(asked.base).document)
        return Response(body, headers={"content-type": "application/json"})

    def _metadata(self, asked: Asked) -> Response:
        if asked.request.method not in ("GET", "HEAD"):
            raise FhirProblem("method-not-allowed", method=asked.request.method)
        mode = asked.value("mode")
        if mode not in (None, "full", "normative", "terminology"):
            raise FhirProblem("bad-search-value", "mode", value=mode or "", kind="code")
        if mode == "terminology":
            return respond(asked, terminology_capabilities(asked.base, self.version, self.since))
        endpoints = self.house.authorization(asked.base).endpoints
        return respond(asked, capability_statement(asked.base, self.version, self.since, endpoints))


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _parts(request: Request) -> list[str]:
    below: str = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    return [part for part in below.split("/") if part]


async def _dispatch(house: House, asked: Asked) -> Response:
    method = asked.request.method
    if method in ("GET", "HEAD"):
        return await answer_get(house, asked)
    changes = {"POST": _post, "PUT": _change, "PATCH": _change, "DELETE": _change}
    if method not in changes:
        raise FhirProblem("method-not-allowed", method=method)
    faces.refuse_write(house, asked)
    return await changes[method](house, asked)


async def answer_get(house: House, asked: Asked) -> Response:
    """Answer what only reads; also where it stands in a batch."""
    path = asked.path
    if not path:
        asked.permit(house, "", "s")
        return await searching.search_system(house, asked)
    if path[0].startswith(("$", "_")):
        return await _get_system(house, asked)
    kind = _type(path[0])
    if face := faces.face_of(house, asked):
        return await faces.answer(house, asked, face)
    if len(path) == 1:
        asked.permit(house, kind, "s")
        return await searching.search_type(house, asked, kind)
    if path[1].startswith(("$", "_")):
        return await _get_type(house, asked, kind)
    if len(path) == 2:
        asked.permit(house, kind, "r")
        return await reading.read(house, asked, kind, path[1])
    return await _get_instance(house, asked, kind, path[1])


async def _get_system(house: House, asked: Asked) -> Response:
    path = asked.path
    if path == ["_history"]:
        asked.permit(house, "", "r")
        return await reading.history(house, asked, None, None)
    if path[0] == "$export-status" and len(path) == 2:
        return await exporting.status(house, asked, path[1])
    if path[0] == "$export-file" and len(path) == 3:
        return await exporting.fetch(house, asked, path[1], path[2])
    return await _operation(house, asked, "", "", path)


async def _get_type(house: House, asked: Asked, kind: str) -> Response:
    path = asked.path
    if path[1:] == ["_history"]:
        asked.permit(house, kind, "r")
        return await reading.history(house, asked, kind, None)
    if path[1:] == ["_search"]:
        asked.permit(house, kind, "s")
        return await searching.search_type(house, asked, kind)
    return await _operation(house, asked, kind, "", path[1:])


async def _get_instance(house: House, asked: Asked, kind: str, ident: str) -> Response:
    rest = asked.path[2:]
    if rest == ["_history"]:
        asked.permit(house, kind, "r")
        return await reading.history(house, asked, kind, ident)
    if rest[0] == "_history" and len(rest) == 2:
        asked.permit(house, kind, "r")
        return await reading.vread(house, asked, kind, ident, rest[1])
    if rest[0].startswith("$"):
        return await _operation(house, asked, kind, ident, rest)
    if len(rest) == 1 or rest[1:] == ["_search"]:
        asked.permit(house, "" if rest[0] == "*" else rest[0], "s")
        return await searching.search_compartment(house, asked, kind, ident, rest[0])
    raise _unknown(asked)


async def _operation(house: House, asked: Asked, kind: str, ident: str, rest: Sequence[str]) -> Response:
    name = rest[0].removeprefix("$")
    if len(rest) != 1 or not rest[0].startswith("$"):
        raise _unknown(asked)
    if name == "export" and (kind, bool(ident)) in (("", False), ("Patient", False), ("Group", True)):
        return await exporting.begin(house, asked, kind.lower() or "system", ident or None)
    operation = operations.find(kind, name, bool(ident))
    if operation is None:
        raise _unknown(asked)
    if name in operations.CHANGING and asked.request.method != "POST":
        raise FhirProblem("method-not-allowed", method=asked.request.method)
    asked.permit(house, kind, operations.NEEDS.get(name, "r"))
    return await operation(house, asked, kind, ident)


async def _post(house: House, asked: Asked) -> Response:
    path = asked.path
    if not path:
        return await writing.transact(house, asked, answer_get)
    if path[-1] == "_search" and len(path) in (1, 2, 4):
        await asked.add_form()
        return await answer_get(house, asked if len(path) > 1 else replace(asked, path=[]))
    if path[0].startswith("$"):
        return await _operation(house, asked, "", "", path)
    kind = _type(path[0])
    if len(path) == 1:
        return await writing.create(house, asked, kind)
    if path[1].startswith("$"):
        return await _operation(house, asked, kind, "", path[1:])
    if len(path) == 3 and path[2].startswith("$"):
        return await _operation(house, asked, kind, path[1], path[2:])
    if len(path) == 2:
        raise FhirProblem("method-not-allowed", method="POST")
    raise _unknown(asked)


async def _change(house: House, asked: Asked) -> Response:
    path, method = asked.path, asked.request.method
    if method == "DELETE" and len(path) == 2 and path[0] == "$export-status":
        return await exporting.cancel(house, asked, path[1])
    if not path:
        raise FhirProblem("method-not-allowed", method=method)
    kind = _type(path[0])
    if len(path) > 2 or (len(path) == 2 and path[1].startswith(("$", "_"))):
        raise _unknown(asked)
    ident = path[1] if len(path) == 2 else None
    handlers = {"PUT": writing.update, "PATCH": writing.patch, "DELETE": writing.delete}
    return await handlers[method](house, asked, kind, ident)


def _type(kind: str) -> str:
    if kind in known_types():
        return kind
    if kind[:1].isupper():
        raise FhirProblem("no-such-type", type=kind)
    raise FhirProblem("unknown-route", path=f"/{kind}")


def _unknown(asked: Asked) -> FhirProblem:
    return FhirProblem("unknown-route", path="/" + "/".join(asked.path))
