"""Headers that keep a page's scripts, styles, frames and data where they belong, on every answer of the pages."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; "
    "object-src 'none'"
)
"""Nothing from elsewhere, and neither script nor style that stands in the page itself."""
FEATURES: Final = (
    "accelerometer", "autoplay", "bluetooth", "browsing-topics", "camera", "display-capture", "geolocation",
    "gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "serial", "usb",
)  # fmt: skip
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{name}=()" for name in FEATURES),
    "Cache-Control": "no-store",
}
"""What an answer says where its view did not say otherwise; a page about a person is never kept by a cache."""


def nonce(request: HttpRequest) -> str:
    """The number of this answer alone; a style of the page that carries it is taken (what stands on printed paper)."""
    if not hasattr(request, "nonce"):
        request.nonce = secrets.token_urlsafe(16)  # type: ignore[attr-defined]  # read again by the middleware below
    return str(request.nonce)  # type: ignore[attr-defined]  # set on the line above


def headers(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Stands before all other middleware, so that what they answer themselves carries the headers too."""

    def run(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if hasattr(request, "nonce"):
            told = POLICY.replace("style-src 'self'", f"style-src 'self' 'nonce-{request.nonce}'")
            response.headers.setdefault("Content-Security-Policy", told)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return run
