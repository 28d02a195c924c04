"""Where this house stands, as the request came to it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import wraps
from typing import ParamSpec, cast

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponseRedirectBase
from django.utils.cache import patch_vary_headers

from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.web.pages import CalledRequest, View
from doorstep.kernel.web.security import POLICY, nonce
from doorstep.registers.apps.reads import clients
from doorstep.registers.apps.rules import origin
from doorstep.registers.apps.rules.discovery import endpoints, fhir_of
from doorstep.registers.apps.shapes import Holder
from doorstep.registers.portal import api as portal
from doorstep.registers.staff import api as staff

P = ParamSpec("P")


class Away(HttpResponseRedirectBase):
    """Off to an app, at an address that was registered: also one of a scheme of its own."""

    status_code = 302

    def __init__(self, address: str) -> None:
        self.allowed_schemes = [address.partition(":")[0]]
        super().__init__(address)


def leading_on(request: HttpRequest, addresses: Iterable[str]) -> str:
    """The policy of a page whose form leads on to an app: browsers hold its answer's address to ``form-action`` too."""
    more = " ".join(dict.fromkeys(origin(address) for address in addresses))
    own = POLICY.replace("style-src 'self'", f"style-src 'self' 'nonce-{nonce(request)}'")
    return own.replace("form-action 'self'", f"form-action 'self' {more}".strip())


def from_browsers(view: View[P]) -> View[P]:
    """Let the pages of registered apps that live in a browser alone ask this endpoint too (SMART 2.2, CORS). No cookie
    goes along, so nothing is opened that the app could not ask for itself."""

    @wraps(view)
    def run(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        origin = request.headers.get("Origin", "")
        if not origin or origin not in clients.origins():
            return view(request, *args, **kwargs)
        asks = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        answer = HttpResponse(status=204) if asks else view(request, *args, **kwargs)
        answer.headers["Access-Control-Allow-Origin"] = origin
        patch_vary_headers(answer, ("Origin",))
        if asks:
            answer.headers["Access-Control-Allow-Methods"] = "GET, POST"
            answer.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
            answer.headers["Access-Control-Max-Age"] = "600"
        return answer

    return cast("View[P]", run)


def holder(request: CalledRequest) -> Holder:
    """Who has signed in here and may let an app in: a resident, or one who works here."""
    if request.call.resident is not None and (session := portal.session_of(request)):
        return Holder(session, resident=portal.resident_of(request.call))
    known = staff.signed_in(request)
    if known is None:
        raise Refused(refuse("app.no_post"))
    account, here = known
    return Holder(here, account=account)


def origin_of(request: HttpRequest) -> str:
    """The house's own origin, which is its issuer; Django has asked whether the host is one of ours."""
    return f"{request.scheme}://{request.get_host()}"


def audiences(request: HttpRequest) -> tuple[str, ...]:
    """For whom a client assertion must be made: the token endpoint (SMART 2.2), the one that is asked (RFC 7523 §3), or
    the issuer, which draft-ietf-oauth-rfc7523bis asks for and strict clients name."""
    issuer = origin_of(request)
    return endpoints(issuer)["token_endpoint"], request.build_absolute_uri(request.path), issuer


def is_ours(request: HttpRequest, aud: str) -> bool:
    """Whether an app asks for our FHIR door (SMART 2.2: ``aud``)."""
    return aud.rstrip("/") == fhir_of(origin_of(request))
