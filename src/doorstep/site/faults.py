"""The pages that say that something went wrong; none tells more than a person needs."""

from __future__ import annotations

import logging
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from doorstep.kernel.decision import refuse
from doorstep.kernel.web.pages import refusal

log = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400."""
    return refusal(request, refuse("bad_request"), status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403."""
    return refusal(request, refuse("permission"), status=403)


def csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose secret is missing or old."""
    return refusal(request, refuse("csrf"), status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404."""
    return refusal(request, refuse("not_found"), status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, without the database (which may be what is broken); its number stands in the log."""
    call = getattr(request, "call", None)
    number = getattr(call, "request", "") or uuid4().hex[:12]
    log.error("server error %s at %s", number, request.path)
    answer = HttpResponse(render_to_string("500.html", {"number": number}), status=500)
    answer.headers["X-Request-Id"] = number
    return answer
