"""Rate limits of pages and door: by account or source key where one is known, else by address.

A stranger's requests count for the address alone, and one who is signed in counts by the account alone: nobody uses up
what is another's. Who shares an address with a noisy stranger (a hospital behind one router) may wait a moment for the
page of sign-in, and for nothing else.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from contextlib import suppress
from math import ceil
from typing import Final

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from doorstep.kernel.decision import Decision
from doorstep.kernel.rates import Buckets
from doorstep.kernel.web.pages import call_of, refusal

FREE: Final = ("/healthz", "/static/", "/dicomweb/")
"""What is not counted here; the DICOMweb door counts its callers itself, as the FHIR door does."""


def throttle(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Stands behind the sign-in, so that it knows who asks; answers 429 in words, with Retry-After."""
    accounts, addresses = Buckets(settings.RATE_ACCOUNT), Buckets(settings.RATE_ADDRESS)

    def run(request: HttpRequest) -> HttpResponseBase:
        wait = 0.0
        if not request.path.startswith(FREE) and (accounts.rate or addresses.rate):
            call = call_of(request)
            wait = accounts.wait(call.actor) if call else addresses.wait(place(request.META.get("REMOTE_ADDR", "")))
        return too_many(request, wait) if wait else get_response(request)

    return run


def too_many(request: HttpRequest, wait: float) -> HttpResponseBase:
    """429: when one may come again."""
    seconds = ceil(wait)
    answer = refusal(request, Decision(False, "too_many", {"seconds": seconds}), status=429)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def place(address: str) -> str:
    """An address as it is counted: of IPv6 the /64, which is what one subscriber has."""
    with suppress(ValueError):
        found = ipaddress.ip_address(address)
        if found.version == 6 and found.ipv4_mapped is None:
            return str(ipaddress.ip_network((found, 64), strict=False))
    return address
