"""The CapabilityStatement: what the FHIR door does, and nothing more."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import orjson

from doorstep.fhir.outcome import instant
from doorstep.fhir.tables import known_types

_INTERACTIONS: Final = [{"code": code} for code in ("read", "vread", "history-instance")]


def capability_statement(base: str, version: str, since: datetime) -> bytes:
    """Return the statement of a door at the address `base`, of a version of the program that runs since then."""
    statement: dict[str, Any] = {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": instant(since),
        "kind": "instance",
        "software": {"name": "Doorstep", "version": version},
        "implementation": {"description": "Doorstep 家门口", "url": base.rstrip("/")},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [
            {
                "mode": "server",
                "security": {"description": "Every request but this one must be authenticated."},
                "resource": [_resource(name) for name in sorted(known_types())],
                "interaction": [{"code": "transaction"}, {"code": "batch"}],
            }
        ],
    }
    return orjson.dumps(statement)


def _resource(name: str) -> dict[str, Any]:
    return {
        "type": name,
        "interaction": _INTERACTIONS,
        "versioning": "versioned",
        "readHistory": True,
        "conditionalRead": "not-match",
    }
