"""The decorator that every page stands under: nobody enters without a rule, and refusals are told in words."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from enum import StrEnum
from functools import cache, wraps
from typing import Concatenate, ParamSpec, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.module_loading import import_string

from doorstep.kernel import fence, trail
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Decision, Refused, allow, demand, refuse
from doorstep.kernel.paging import BadCursor

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
LONGEST = 4000  # characters of an address that a person is sent back to; an app's request with its scopes is long
METHODS = ("GET", "HEAD", "POST")
STATUS = {"not_found": 404, "stale": 409, "wrong_state": 409, "permission": 403, "elsewhere": 403,
          "confirm.first": 403}  # fmt: skip


class Rule(StrEnum):
    """Access rules that are not permissions of a room."""

    ANYONE = "anyone"
    SIGNED_IN = "signed_in"
    """Of those who work here; residents are not."""
    ANY_CALLER = "any_caller"


class CalledRequest(HttpRequest):
    """A request whose caller is known."""

    call: Call


@cache
def _call_for() -> Callable[[HttpRequest], Call | None]:
    found: Callable[[HttpRequest], Call | None] = import_string(settings.DOORSTEP_CALL_FOR)
    return found


def call_of(request: HttpRequest) -> Call | None:
    """Who is asking, as the staff room knows them; None for strangers. Looked up once a request."""
    if not hasattr(request, "call"):
        request.call = _call_for()(request)  # type: ignore[attr-defined]  # a request carries its call, see CalledRequest
    return cast("Call | None", request.call)  # type: ignore[attr-defined]  # set on the line above


def _door(path: str) -> str:
    """Where a stranger signs in who wanted to go there: residents have a door of their own."""
    return next((door for start, door in settings.DOORSTEP_DOORS if path.startswith(start)), settings.LOGIN_URL)


def enters(call: Call, rule: StrEnum) -> Decision:
    """Whether a caller may enter a page: what is for whoever has signed in is for those who work here alone."""
    if not isinstance(rule, Rule):
        return call.may(rule)
    return refuse("permission") if rule is Rule.SIGNED_IN and call.resident is not None else allow()


def page(rule: StrEnum) -> Callable[[Callable[Concatenate[CalledRequest, P], HttpResponseBase]], View[P]]:
    """Let a view be entered by those whom the rule names (a permission, ``Rule.SIGNED_IN`` or ``Rule.ANYONE``).

    The view receives a request with ``request.call``; a refusal inside becomes a page that says why (403, 404, 409).
    """

    def make(view: Callable[Concatenate[CalledRequest, P], HttpResponseBase]) -> View[P]:
        @wraps(view)
        def run(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            call = call_of(request)
            if call is None and rule is not Rule.ANYONE:
                return redirect_to_login(request.get_full_path(), login_url=_door(request.path))
            try:
                if call is not None:
                    demand(enters(call, rule))
                if request.method not in METHODS:
                    return HttpResponseNotAllowed(METHODS)
                with fence.within(call.scope, call.organisation, call.resident) if call is not None else nullcontext():
                    return view(cast("CalledRequest", request), *args, **kwargs)
            except Refused as refused:
                return _refused(request, call, refused)
            except BadCursor:
                return refusal(request, Decision(False, "bad_cursor"), status=400)

        run.access_rule = rule  # type: ignore[attr-defined]  # read by the system check and the menu
        return cast("View[P]", run)

    return make


def _refused(request: HttpRequest, call: Call | None, refused: Refused) -> HttpResponse:
    """The refusal, with a line in the trail: a colleague who tries doors is seen, though no action was reached."""
    decision = refused.decision
    if call is not None and not refused.trailed:
        name = request.resolver_match.view_name if request.resolver_match else ""
        detail = {"reason": decision.reason, "method": request.method, "path": request.path.replace("\0", "")[:300]}
        trail.write(call, name.replace(":", ".")[:80], outcome="refused", detail=detail)
    is_owed = call is not None and decision.reason == call.owes
    return refusal(request, decision, status=403 if is_owed else None)


def refusal(request: HttpRequest, decision: Decision, status: int | None = None) -> HttpResponse:
    """The page that says why something was not done, with the status that fits the reason."""
    code = status or STATUS.get(decision.reason, 422)
    context = {"decision": decision, "status": code, "again": again(request)}
    return render(request, "kernel/refused.html", context, status=code)


def again(request: HttpRequest) -> str:
    """The page that a person comes back to: this one, or the one that holds the form they have sent."""
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    said = urlsplit(request.headers.get("Referer", ""))
    return inside(request, said._replace(scheme="", netloc="").geturl()) if said.netloc == request.get_host() else "/"


def inside(request: HttpRequest, wanted: str) -> str:
    """The address where a person wanted to go, if it is one of this house, else the start page."""
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe and wanted.startswith("/") and len(wanted) <= LONGEST else "/"


def expected(request: HttpRequest) -> int:
    """The version that the person saw, as a form's hidden field ``expect`` names it; 0, which no row has, for none."""
    text = request.POST.get("expect", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def is_part(request: HttpRequest) -> bool:
    """Whether HTMX asks for a part of a page (and not for a history restore of the whole)."""
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers
