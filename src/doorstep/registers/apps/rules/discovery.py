"""What this house says of its OAuth endpoints: OpenID Connect Discovery, SMART's well-known document. Pure."""

from __future__ import annotations

from typing import Any, Final

from doorstep.registers.apps.rules import ALGORITHMS
from doorstep.registers.apps.rules.scopes import WORDS

CAPABILITIES: Final = (
    "launch-ehr", "launch-standalone", "client-public", "client-confidential-symmetric",
    "client-confidential-asymmetric", "sso-openid-connect", "context-banner", "context-ehr-patient",
    "context-ehr-encounter", "context-standalone-patient", "permission-offline", "permission-online",
    "permission-patient", "permission-user", "permission-v1", "permission-v2",
)  # fmt: skip
"""SMART App Launch 2.2, conformance: what is really there."""
_PROOFS: Final = ("client_secret_basic", "private_key_jwt")


def fhir_of(origin: str) -> str:
    """The address of the FHIR door."""
    return f"{origin}/fhir"


def endpoints(origin: str) -> dict[str, str]:
    """The addresses of the endpoints."""
    return {
        "authorization_endpoint": f"{origin}/oauth/authorize",
        "token_endpoint": f"{origin}/oauth/token",
        "introspection_endpoint": f"{origin}/oauth/introspect",
        "revocation_endpoint": f"{origin}/oauth/revoke",
        "jwks_uri": f"{origin}/oauth/jwks",
    }


def _common(origin: str) -> dict[str, Any]:
    return {
        "issuer": origin,
        **endpoints(origin),
        "scopes_supported": [*WORDS, "patient/*.rs", "user/*.cruds", "system/*.cruds"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none", *_PROOFS],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": list(_PROOFS),
        "revocation_endpoint_auth_methods_supported": ["none", *_PROOFS],
    }


def openid(origin: str) -> dict[str, Any]:
    """OpenID Connect Discovery 1.0 §3."""
    return {
        **_common(origin),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "nonce", "fhirUser"],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
    }


def smart(origin: str) -> dict[str, Any]:
    """SMART App Launch 2.2, the well-known document at the FHIR base."""
    return {**_common(origin), "capabilities": list(CAPABILITIES)}
