"""Endpoints that apps call themselves: token, introspection, revocation, keys, discovery. No session, no cookie."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote_plus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.timezone import now
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET

from doorstep.kernel.decision import Refused
from doorstep.kernel.web.pages import CalledRequest, Rule, page
from doorstep.registers.apps.actions import proving, signing, tokens
from doorstep.registers.apps.pages.places import audiences, from_browsers, origin_of
from doorstep.registers.apps.reads import standing
from doorstep.registers.apps.rules import Kind, discovery
from doorstep.registers.apps.rules.scopes import read
from doorstep.registers.apps.shapes import Client, Given

SECRETS: Final = (
    "client_secret", "code", "code_verifier", "refresh_token", "client_assertion", "token",
)  # fmt: skip
LONGEST: Final = 20_000  # characters of one value of a form


@csrf_exempt
@from_browsers
@page(Rule.ANYONE)
@never_cache
@sensitive_post_parameters(*SECRETS)
def token(request: CalledRequest) -> HttpResponse:
    """RFC 6749 §3.2: a code, a refresh token or a proof for an access token."""
    return _answered(request, "apps.token", _token)


def _token(request: HttpRequest, app: Client, form: dict[str, str]) -> dict[str, Any]:
    asked = form.get("grant_type", "")
    if app.kind is Kind.SYSTEM:
        if asked != "client_credentials":
            raise tokens.Invalid("unauthorized_client", "a system asks by client_credentials alone")
        return _told(request, app, tokens.by_system(app, wanted=form.get("scope", "")))
    if asked == "authorization_code":
        said = {name: form.get(name, "") for name in ("code", "redirect_uri")}
        return _told(request, app, tokens.by_code(app, verifier=form.get("code_verifier", ""), **said))
    if asked == "refresh_token":
        found = tokens.by_refresh(app, token=form.get("refresh_token", ""), wanted=form.get("scope", ""))
        return _told(request, app, found)
    known = asked == "client_credentials"
    raise tokens.Invalid("unauthorized_client" if known else "unsupported_grant_type", asked[:40])


def _told(request: HttpRequest, app: Client, given: Given) -> dict[str, Any]:
    """RFC 6749 §5.1, with the launch context of SMART 2.2."""
    said: dict[str, Any] = {
        "access_token": given.access, "token_type": "Bearer", "expires_in": given.seconds, "scope": given.scopes,
    }  # fmt: skip
    if given.refresh:
        said["refresh_token"] = given.refresh
    if given.patient:
        said |= {"patient": given.patient, "need_patient_banner": True}
    if given.encounter:
        said["encounter"] = given.encounter
    if "openid" in read(given.scopes).words and given.subject is not None:
        said["id_token"] = _id_token(request, app, given)
    return said


def _id_token(request: HttpRequest, app: Client, given: Given) -> str:
    at = int(now().timestamp())
    origin = origin_of(request)
    claims = {"iss": origin, "sub": str(given.subject), "aud": app.client_id, "iat": at, "exp": at + given.seconds}
    if given.nonce:
        claims["nonce"] = given.nonce
    if "fhirUser" in read(given.scopes).words and given.profile:
        claims["fhirUser"] = f"{discovery.fhir_of(origin)}/{given.profile}"
    return signing.signed(claims)


@csrf_exempt
@page(Rule.ANYONE)
@never_cache
@sensitive_post_parameters(*SECRETS)
def introspect(request: CalledRequest) -> HttpResponse:
    """RFC 7662: what a token of the asking app is good for; of any other it is told that it is none."""
    return _answered(request, "apps.introspect", _introspected, confidential=True)


def _introspected(request: HttpRequest, app: Client, form: dict[str, str]) -> dict[str, Any]:
    found = standing.standing(form.get("token", ""))
    if found is None or found.client_id != app.client_id:
        return {"active": False}
    said: dict[str, Any] = {
        "active": True, "client_id": found.client_id, "scope": found.scopes, "token_type": "Bearer",
        "exp": int(found.until.timestamp()), "iat": int(found.since.timestamp()), "iss": origin_of(request),
    }  # fmt: skip
    named = {"sub": str(found.subject or ""), "patient": found.patient, "encounter": found.encounter}
    return said | {name: value for name, value in named.items() if value}


@csrf_exempt
@from_browsers
@page(Rule.ANYONE)
@never_cache
@sensitive_post_parameters(*SECRETS)
def revoke(request: CalledRequest) -> HttpResponse:
    """RFC 7009: a token of the asking app is good no longer."""
    return _answered(request, "apps.revoke", _revoked)


def _revoked(request: HttpRequest, app: Client, form: dict[str, str]) -> dict[str, Any]:
    tokens.revoke(app, token=form.get("token", ""))
    return {}


Work = Callable[[HttpRequest, Client, dict[str, str]], dict[str, Any]]


def _answered(request: HttpRequest, action: str, work: Work, *, confidential: bool = False) -> HttpResponse:
    """The app proves itself, then the work is done; what is refused is told in RFC 6749's words, and trailed."""
    if request.method != "POST":
        return JsonResponse({"error": "invalid_request", "error_description": "POST"}, status=405)
    form = _form(request)
    if form is None:
        return JsonResponse({"error": "invalid_request", "error_description": "a field is given twice"}, status=400)
    basic = _basic(request.headers.get("Authorization", ""))
    named = basic[0] if basic else form.get("client_id", "")
    try:
        app = proving.prove(form, basic, audiences(request))
        if confidential and app.kind is Kind.PUBLIC:
            raise proving.Unproven("a public app cannot ask this")
        return JsonResponse(work(request, app, form), headers={"Pragma": "no-cache"})
    except proving.Unproven as why:
        tokens.refused(named, action, str(why))
        headers = {"WWW-Authenticate": 'Basic realm="oauth"'} if basic else {}
        return JsonResponse({"error": "invalid_client"}, status=401, headers=headers)
    except tokens.Invalid as why:
        tokens.refused(named or form.get("client_id", ""), action, str(why))
        return JsonResponse({"error": why.error}, status=400)
    except Refused as refused:
        return JsonResponse({"error": "invalid_grant", "error_description": refused.decision.reason}, status=400)


def _form(request: HttpRequest) -> dict[str, str] | None:
    """The fields of the body, each once (RFC 6749 §3.2); never those of the address."""
    found = {}
    for name, values in request.POST.lists():
        if len(values) > 1:
            return None
        found[name] = str(values[0])[:LONGEST].replace("\0", "")
    return found


def _basic(header: str) -> tuple[str, str] | None:
    """RFC 6749 §2.3.1: id and secret, each as a form writes it."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(name).replace("\0", ""), unquote_plus(secret)


@from_browsers
@page(Rule.ANYONE)
@require_GET
def keys(request: CalledRequest) -> HttpResponse:
    """The public keys under which ID tokens are signed (RFC 7517)."""
    return JsonResponse(signing.published())


@from_browsers
@page(Rule.ANYONE)
@require_GET
def openid_configuration(request: CalledRequest) -> HttpResponse:
    """OpenID Connect Discovery 1.0 §3."""
    return JsonResponse(discovery.openid(origin_of(request)))
