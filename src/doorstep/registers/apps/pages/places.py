"""Where this house stands, as the request came to it."""

from __future__ import annotations

from django.http import HttpRequest

from doorstep.registers.apps.rules.discovery import endpoints, fhir_of


def origin_of(request: HttpRequest) -> str:
    """The house's own origin, which is its issuer; Django has asked whether the host is one of ours."""
    return f"{request.scheme}://{request.get_host()}"


def audiences(request: HttpRequest) -> tuple[str, ...]:
    """For whom a client assertion must be made: the token endpoint, or the one that is asked (RFC 7523 §3)."""
    told = endpoints(origin_of(request))
    return told["token_endpoint"], request.build_absolute_uri(request.path)


def is_ours(request: HttpRequest, aud: str) -> bool:
    """Whether an app asks for our FHIR door (SMART 2.2: ``aud``)."""
    return aud.rstrip("/") == fhir_of(origin_of(request))
