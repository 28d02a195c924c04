"""The pages that belong to no room: the start page, the choice of language, and the sign of life."""

from __future__ import annotations

from django.conf import settings
from django.db import connection
from django.http import HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme

from doorstep.kernel.web.pages import CalledRequest, Rule, page


@page(Rule.SIGNED_IN)
def start(request: CalledRequest) -> HttpResponse:
    """What the caller can do here, by the rooms that are open to them."""
    return render(request, "site/start.html")


@page(Rule.ANYONE)
def healthz(request: CalledRequest) -> HttpResponseBase:
    """200 where the database answers, 503 where it does not; for monitors, tells nothing else."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:  # any fault of the database means the same to a monitor
        return JsonResponse({"status": "down"}, status=503)
    return JsonResponse({"status": "up"})


@page(Rule.ANYONE)
def language(request: CalledRequest) -> HttpResponse:
    """Set the language (POST ``language``) and return to where the person was."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}):
        back = "/"
    answer = redirect(back)
    chosen = request.POST.get("language", "")
    if request.method == "POST" and chosen in dict(settings.LANGUAGES):
        year = 365 * 24 * 3600
        answer.set_cookie(settings.LANGUAGE_COOKIE_NAME, chosen, max_age=year, samesite="Lax", httponly=True)
    return answer
