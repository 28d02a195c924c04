"""The door for apps that live in a browser alone (SMART 2.2, cross-origin resource sharing)."""

from __future__ import annotations

from typing import Final

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from doorstep.fhir.problems import FhirProblem
from doorstep.registers.apps import api as apps
from doorstep.site.fhir_house import House

ASKED: Final = (
    "Authorization", "Content-Type", "If-Match", "If-None-Match", "If-Modified-Since", "If-None-Exist", "Prefer",
)  # fmt: skip
TOLD: Final = ("ETag", "Last-Modified", "Location", "Content-Location", "Retry-After", "X-Progress")


class Browsers(CORSMiddleware):
    """Answers a page's question beforehand, and lets it read answers, if an app is registered at the page's origin.

    Cookies are never taken along: at the door they open nothing.
    """

    def __init__(self, app: ASGIApp, house: House) -> None:
        methods = ("GET", "POST", "PUT", "PATCH", "DELETE")
        super().__init__(app, allow_methods=methods, allow_headers=ASKED, expose_headers=TOLD)
        self._house = house
        self._known: frozenset[str] = frozenset()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what comes from no page of another origin, as it is."""
        if scope["type"] != "http" or not any(name == b"origin" for name, _ in scope["headers"]):
            await self.app(scope, receive, send)
            return
        try:
            self._known = await self._house.work(apps.origins)
        except FhirProblem:
            self._known = frozenset()  # the house is overloaded, and the door says so
        await super().__call__(scope, receive, send)

    def is_allowed_origin(self, origin: str) -> bool:
        """Whether a browser's app that is on is registered there."""
        return origin in self._known
