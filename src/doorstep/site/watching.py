"""``/metrics``, and what is counted and traced of every request: of the pages by a middleware, of the FHIR door around
it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doorstep.kernel import metrics, tracing
from doorstep.kernel.web.pages import Rule, page
from doorstep.site import scrape

KIND: Final = re.compile(r"[A-Z][A-Za-z]{2,40}|[$_][a-z-]{2,40}|metadata")
OPERATION: Final = re.compile(r"[$_][a-z-]{2,40}")
QUIET: Final = ("/healthz", "/metrics", "/static/")
"""What is asked so often that its traces would hide the others."""
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@page(Rule.ANYONE)
def told(request: HttpRequest) -> HttpResponse:
    """The numbers, to whom they are for; to others a word on how to ask."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    if not scrape.may_ask(request.META.get("REMOTE_ADDR", ""), headers):
        answer = HttpResponse(f"set {scrape.TOKEN}, and send it as a bearer token\n", "text/plain", status=401)
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer
    return HttpResponse(scrape.told(), metrics.CONTENT_TYPE)


def _method(text: str) -> str:
    return text if text in METHODS else "other"


def _answered(method: str, status: int, route: str) -> dict[str, tracing.Attribute]:
    """A request in the terms of OpenTelemetry: no address, for ids stand in it, but the route that it took."""
    return {"http.request.method": method, "http.response.status_code": status, "http.route": route}


def _route(path: str) -> str:
    """The kind of thing that the door is asked for; what stands behind it may name somebody."""
    first, *rest = path.strip("/").split("/")
    kind = [rest[0]] if rest and KIND.fullmatch(rest[0]) else []
    operation = [rest[-1]] if len(rest) > 1 and OPERATION.fullmatch(rest[-1]) else []
    return "/" + "/".join(("fhir" if first == "fhir" else "", *kind, *operation))


def _traceparent(scope: Scope) -> str:
    found = (value for name, value in scope["headers"] if name == b"traceparent")
    return next(found, b"").decode("latin-1")


def _count(door: str, method: str, status: int, begun: float) -> None:
    metrics.REQUESTS.labels(door, method, status).inc()
    metrics.SECONDS.labels(door).observe(time.perf_counter() - begun)


def pages(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Stands before all other middleware; files of the browser's are counted apart."""

    def run(request: HttpRequest) -> HttpResponseBase:
        begun, method = time.perf_counter(), _method(request.method or "")
        if not tracing.is_on() or request.path.startswith(QUIET):
            answer = get_response(request)
        else:
            with tracing.span(method, request.headers.get("traceparent", "")):
                answer = get_response(request)
                route = request.resolver_match.route if request.resolver_match else ""
                tracing.tell(f"{method} /{route}", **_answered(method, answer.status_code, f"/{route}"))
        door = "static" if request.path.startswith("/static/") else "pages"
        _count(door, method, answer.status_code, begun)
        return answer

    return run


def door(app: ASGIApp) -> ASGIApp:
    """The FHIR door, counted; what has no answer (its client went) has status 499, as nginx writes it."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)
        begun, status = time.perf_counter(), 499

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        method, path = _method(scope["method"]), scope["path"]
        try:
            if not tracing.is_on() or path.startswith(QUIET):
                await app(scope, receive, noted)
            else:
                with tracing.span(method, _traceparent(scope)):
                    await app(scope, receive, noted)
                    route = _route(path)
                    tracing.tell(f"{method} {route}", **_answered(method, status, route))
        finally:
            _count("health" if path == "/healthz" else "fhir", method, status, begun)

    return run
