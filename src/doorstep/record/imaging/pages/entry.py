"""The way into the DICOMweb door: who asks, by session or by token, and refusals as a line of text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import wraps
from math import ceil
from typing import Concatenate, Final, ParamSpec, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from doorstep.adapters.dicomweb.client import ArchiveFault
from doorstep.kernel import clock, fence, trail
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, demand
from doorstep.kernel.rates import Buckets
from doorstep.kernel.web.pages import CalledRequest, call_of, enters
from doorstep.kernel.web.words import sentence
from doorstep.record.imaging.access import Permission
from doorstep.record.imaging.rules import words
from doorstep.record.imaging.rules.queries import BadQuery
from doorstep.registers.apps import api as apps
from doorstep.registers.staff import api as staff

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]
STATUS: Final[Mapping[str, int]] = {
    "path": 404, "not-found": 404, "accept": 406, "query": 400, "method": 405, "sign-in": 401, "csrf": 403,
    "length": 411, "too-large": 413, "media": 415, "no-archive": 409, "upload-cut": 400,
}  # fmt: skip
_buckets = cast("Buckets", SimpleLazyObject(lambda: Buckets(settings.RATE_KEY)))
_strangers = cast("Buckets", SimpleLazyObject(lambda: Buckets(settings.RATE_ADDRESS)))


class Turned(Exception):
    """The door says no: a word of ``rules.words.DOOR`` and what it is filled with."""

    def __init__(self, word: str, **params: object) -> None:
        super().__init__(word)
        self.word, self.params = word, params


class _TooMany(Exception):
    """More requests than are let in; ``wait``: seconds until there is room."""

    def __init__(self, wait: float) -> None:
        super().__init__(str(wait))
        self.wait = wait


def door(view: Callable[Concatenate[CalledRequest, P], HttpResponseBase]) -> View[P]:
    """Let a view be asked by those who work here, by apps and by systems; tokens come in the Authorization header."""

    @wraps(view)
    def run(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            call = _caller(request)
            request.call = call  # type: ignore[attr-defined]  # as ``kernel.web.pages.call_of`` does
            if wait := _buckets.wait(call.actor):
                raise _TooMany(wait)
            if request.method not in ("GET", "POST"):
                raise Turned("method")
            demand(enters(call, Permission.VIEW))
            with fence.within(call.scope, call.organisation, call.resident):
                return view(cast("CalledRequest", request), *args, **kwargs)
        except (Turned, _TooMany, BadQuery, Refused, ArchiveFault) as no:
            return _told(request, no)

    run.access_rule = Permission.VIEW  # type: ignore[attr-defined]  # read by the system check
    run.csrf_exempt = True  # type: ignore[attr-defined]  # asked below, of those who come with a session alone
    return cast("View[P]", run)


def _told(request: HttpRequest, no: Exception) -> HttpResponse:
    match no:
        case Turned():
            return said(no.word, **no.params)
        case _TooMany():
            return _slower(no.wait)
        case BadQuery():
            return said("query", name=no.name)
        case ArchiveFault():
            return failed(no)
        case Refused():
            return _refused(request, no)
    raise no


def _caller(request: HttpRequest) -> Call:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        token = token.strip()
        found = apps.access_call(token) if apps.is_access_token(token) else staff.source_call(token)
        if found is not None:
            return replace(found, at=clock.now())
    elif (signed := call_of(request)) is not None:
        _check_origin(request)
        return signed
    if wait := _strangers.wait(request.META.get("REMOTE_ADDR", "")):
        raise _TooMany(wait)
    raise Turned("sign-in")


def _check_origin(request: HttpRequest) -> None:
    """A page of another site must not store in the name of who is signed in here."""
    if request.method == "POST":
        check = CsrfViewMiddleware(lambda _request: HttpResponse())
        check.process_request(request)
        if check.process_view(request, lambda _request: HttpResponse(), (), {}) is not None:
            raise Turned("csrf")


def _slower(wait: float) -> HttpResponse:
    answer = _text(_("请求太频繁，请稍后再来。"), 429)
    answer.headers["Retry-After"] = str(ceil(wait))
    return answer


def _refused(request: HttpRequest, refused: Refused) -> HttpResponse:
    decision = refused.decision
    if not refused.trailed:
        detail = {"reason": decision.reason, "method": request.method, "path": request.path.replace("\0", "")[:300]}
        trail.write(cast("CalledRequest", request).call, "imaging.door", outcome="refused", detail=detail)
    if decision.reason == "not_found":
        return said("not-found")
    return _text(sentence(decision), 403)


def said(word: str, **params: object) -> HttpResponse:
    """The sentence for a word, with the status that fits."""
    text = _(words.DOOR[word])
    for name, value in params.items():
        text = text.replace("{" + name + "}", str(value))
    answer = _text(text, STATUS[word])
    if word == "sign-in":
        answer.headers["WWW-Authenticate"] = 'Bearer realm="doorstep"'
    if word == "method":
        answer.headers["Allow"] = "GET, POST"
    return answer


def failed(fault: ArchiveFault) -> HttpResponse:
    """The sentence for what kept an archive from answering; where it is, is not said."""
    text = _(words.FAULTS.get(fault.code, words.FAULTS["garbage"]))
    for name, value in fault.params.items():
        text = text.replace("{" + name + "}", str(value))
    return _text(text, 504 if fault.is_late else 502)


def _text(text: str, status: int) -> HttpResponse:
    return HttpResponse(text + "\n", content_type="text/plain; charset=utf-8", status=status)
