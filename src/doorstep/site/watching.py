"""``/metrics``, and what is counted of every request: of the pages by a middleware, of the FHIR door around it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from doorstep.kernel import metrics
from doorstep.kernel.web.pages import Rule, page
from doorstep.site import scrape

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


def _count(door: str, method: str, status: int, begun: float) -> None:
    metrics.REQUESTS.labels(door, method if method in METHODS else "other", status).inc()
    metrics.SECONDS.labels(door).observe(time.perf_counter() - begun)


def pages(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Stands before all other middleware; files of the browser's are counted apart."""

    def run(request: HttpRequest) -> HttpResponseBase:
        begun = time.perf_counter()
        answer = get_response(request)
        door = "static" if request.path.startswith("/static/") else "pages"
        _count(door, request.method or "", answer.status_code, begun)
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

        try:
            await app(scope, receive, noted)
        finally:
            _count("health" if scope["path"] == "/healthz" else "fhir", scope["method"], status, begun)

    return run
