"""The authorization endpoint: which app asks, what it may do, for whom; yes or no. It is never passed over."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from doorstep.kernel.call import EVERYWHERE
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.ids import uuid_of
from doorstep.kernel.paging import Page
from doorstep.kernel.web.pages import CalledRequest, page
from doorstep.registers.apps import rules
from doorstep.registers.apps.access import Permission
from doorstep.registers.apps.actions import letting
from doorstep.registers.apps.pages.places import Away, holder, is_ours, leading_on, origin_of
from doorstep.registers.apps.pages.words import sentences
from doorstep.registers.apps.reads import clients, launches
from doorstep.registers.apps.rules import Kind
from doorstep.registers.apps.shapes import Asked, Client
from doorstep.registers.residents import api as residents

FIELDS: Final = (
    "response_type", "client_id", "redirect_uri", "scope", "state", "aud", "code_challenge", "code_challenge_method",
    "launch", "nonce",
)  # fmt: skip


@page(Permission.USE)
@never_cache
def authorize(request: CalledRequest) -> HttpResponseBase:
    """GET shows what is asked (and first asks for whom, where the app needs a patient); POST is the person's answer."""
    said = _said(request)
    app = clients.by_client_id(said["client_id"])
    # before the app and its address are known, nobody is sent anywhere (RFC 6749 §4.1.2.1)
    if app is None or app.kind is Kind.SYSTEM:
        raise Refused(refuse("app.unknown"))
    if said["redirect_uri"] not in app.redirect_uris:
        raise Refused(refuse("app.redirect", app=app.name))
    if wrong := _wrong(request, said):
        return _back(request, said, error=wrong)
    asked = Asked(
        said["scope"], said["redirect_uri"], said["code_challenge"], said["state"], said["nonce"], said["launch"]
    )
    wish = letting.offered(request.call, app, asked.scope)
    if not wish.clinical and not wish.words:
        return _back(request, said, error="invalid_scope")
    if request.method == "POST":
        return _answer(request, app, said, asked)
    return _shown(request, app, said, asked)


def _said(request: CalledRequest) -> dict[str, str]:
    """The parameters of the address, each once."""
    found = {name: request.GET.getlist(name) for name in FIELDS}
    if any(len(values) > 1 for values in found.values()):
        raise Refused(refuse("app.twice"))
    return {name: (values[0] if values else "").replace("\0", "") for name, values in found.items()}


def _wrong(request: CalledRequest, said: dict[str, str]) -> str:
    """The error of a request that an app must mend; empty for a sound one."""
    if said["response_type"] != "code":
        return "unsupported_response_type"
    plain = said["code_challenge_method"] != "S256" or not rules.is_challenge(said["code_challenge"])
    if plain or not said["state"] or len(said["state"]) > 1000 or len(said["nonce"]) > 300:
        return "invalid_request"
    return "" if is_ours(request, said["aud"]) else "invalid_request"


def _back(request: CalledRequest, said: dict[str, str], **answer: str) -> HttpResponseBase:
    told = {**answer, "state": said["state"], "iss": origin_of(request)}
    address = said["redirect_uri"]
    query = urlencode({name: value for name, value in told.items() if value})
    return Away(f"{address}{'&' if '?' in address else '?'}{query}")


def _shown(request: CalledRequest, app: Client, said: dict[str, str], asked: Asked) -> HttpResponse:
    wish = letting.offered(request.call, app, asked.scope)
    own = request.call.resident
    launched = own or _launched(request, app, asked)
    whom = launched or uuid_of(request.GET.get("resident", ""))
    kept = [(name, value) for name, value in said.items() if value]
    context: dict[str, Any] = {"app": app, "kept": kept, "said": urlencode(kept), "launched": launched}
    if wish.of_patient and whom is None:
        return _picker(request, context)
    head = residents.header(request.call.scope if own is None else EVERYWHERE, whom) if whom else None
    context |= {"head": head, "lines": sentences(wish, own=own is not None), "offline": wish.offline}
    response = render(request, "apps/authorize.html" if own is None else "apps/authorize_own.html", context)
    response.headers["Content-Security-Policy"] = leading_on(request, [asked.redirect_uri])
    return response


def _picker(request: CalledRequest, context: dict[str, Any]) -> HttpResponse:
    """For whom: of those whom the person finds anyway."""
    text = request.GET.get("q", "").strip()[:100]
    paged = None
    if text:
        found = residents.search(request.call, text=text, page=Page.read(request.GET.get("after"), parts=3))
        paged = found.paged
    return render(request, "apps/pick.html", {**context, "q": text, "paged": paged})


def _launched(request: CalledRequest, app: Client, asked: Asked) -> UUID | None:
    """Whose chart the app was opened from; refused where the launch is not this person's and this app's, or is over."""
    if not asked.launch:
        return None
    account = holder(request).account
    found = launches.whose(asked.launch, app.id, account) if account else None
    if found is None:
        raise Refused(refuse("app.launch"))
    return found


def _answer(request: CalledRequest, app: Client, said: dict[str, str], asked: Asked) -> HttpResponseBase:
    if request.POST.get("answer") != "allow":
        return _back(request, said, error="access_denied")
    whom = uuid_of(request.POST.get("resident", ""))
    code = letting.let_in(request.call, app=app, asked=asked, resident=whom, by=holder(request))
    return _back(request, said, code=code)
