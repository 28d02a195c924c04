"""The CapabilityStatement: made from what is really there, and nothing more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, Final

import orjson

from doorstep.fhir.door import operations, scheduling
from doorstep.fhir.door.asked import JSON, PATCHES, XML
from doorstep.fhir.door.merging import MERGE
from doorstep.fhir.outcome import instant
from doorstep.fhir.parameters import parameters
from doorstep.fhir.tables import known_types

_INTERACTIONS: Final = (
    "read", "vread", "update", "patch", "delete", "history-instance", "history-type", "create", "search-type",
)  # fmt: skip
_OAUTH_URIS: Final = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
_SERVICES: Final = "http://terminology.hl7.org/CodeSystem/restful-security-service"
_DEFINITION: Final = "http://hl7.org/fhir/OperationDefinition/"
_BULK: Final = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/"
_ELSEWHERE: Final = {
    "ihe-pix": "https://profiles.ihe.net/ITI/PIXm/OperationDefinition/IHE.PIXm.pix",
    **{each: f"{scheduling.DEFINITIONS}{each}" for each in ("find", "hold", "book")},
}
_OF_R4: Final = {
    "validate": "Resource-validate", "meta": "Resource-meta", "meta-add": "Resource-meta-add",
    "meta-delete": "Resource-meta-delete",
}  # fmt: skip
_PATCHES: Final = (PATCHES[0], MERGE, JSON, XML)
_FORMATS: Final = ["application/fhir+json", "application/fhir+xml", "json", "xml"]


def capability_statement(
    base: str, version: str, since: datetime, endpoints: Mapping[str, str] = MappingProxyType({})
) -> bytes:
    """Return the statement of a door at the address `base`, of a version of the program that runs since then.

    `endpoints` are the addresses of OAuth by the names of SMART's extension (authorize, token, …).
    """
    statement: dict[str, Any] = {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": instant(since),
        "kind": "instance",
        "software": {"name": "Doorstep", "version": version},
        "implementation": {"description": "Doorstep 家门口", "url": base.rstrip("/")},
        "fhirVersion": "4.0.1",
        "format": _FORMATS,
        "patchFormat": [*_PATCHES],
        "rest": [orjson.Fragment(_rest(tuple(endpoints.items())))],
    }
    return orjson.dumps(statement)


def _security(endpoints: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """SMART App Launch 2.2, conformance: the service and its addresses, for clients that do not read the well-known."""
    said: dict[str, Any] = {"description": "Every request but this one must be authenticated by a bearer token."}
    uris = [{"url": name, "valueUri": address} for name, address in endpoints]
    if uris:
        said["extension"] = [{"url": _OAUTH_URIS, "extension": uris}]
        coding = {"system": _SERVICES, "code": "SMART-on-FHIR", "display": "SMART-on-FHIR"}
        said["service"] = [{"coding": [coding], "text": "OAuth 2.0, SMART App Launch 2"}]
    return said


@lru_cache(maxsize=16)
def _rest(endpoints: tuple[tuple[str, str], ...]) -> bytes:
    system = [
        {"name": "meta", "definition": _DEFINITION + "Resource-meta"},
        {"name": "process-message", "definition": _DEFINITION + "MessageHeader-process-message"},
        {"name": "export", "definition": _BULK + "export"},
    ]
    return orjson.dumps(
        {
            "mode": "server",
            "security": _security(endpoints),
            "resource": [_resource(name) for name in sorted(known_types())],
            "interaction": [{"code": code} for code in ("transaction", "batch", "history-system", "search-system")],
            "searchParam": [{"name": "_type", "type": "special"}],
            "operation": system,
        }
    )


def _resource(name: str) -> dict[str, Any]:
    own = parameters(name)
    references = sorted(code for code, param in own.items() if param.type == "reference")
    told: dict[str, Any] = {
        "type": name,
        "interaction": [{"code": code} for code in _INTERACTIONS],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "full-support",
        "conditionalUpdate": True,
        "conditionalDelete": "single",
        "referencePolicy": ["literal", "logical", "enforced", "local"],
        "searchInclude": ["*", *(f"{name}:{code}" for code in references)],
        "searchRevInclude": _reverse().get(name, []),
        "searchParam": [{"name": code, "type": param.type} for code, param in sorted(own.items())],
        "operation": _operations(name),
    }
    return {key: value for key, value in told.items() if value != []}


@cache
def _reverse() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for source in sorted(known_types()):
        for code, param in sorted(parameters(source).items()):
            for target in param.targets if param.type == "reference" else ():
                found.setdefault(target, []).append(f"{source}:{code}")
    return found


def _operations(name: str) -> list[dict[str, str]]:
    told = [
        {"name": each, "definition": _ELSEWHERE.get(each) or _DEFINITION + _OF_R4.get(each, f"{name}-{each}")}
        for each in operations.names_of(name)
    ]
    if name in ("Patient", "Group"):
        told.append({"name": "export", "definition": f"{_BULK}{name.lower()}-export"})
    return told


def terminology_capabilities(base: str, version: str, since: datetime) -> bytes:
    """Return what the door says of its terminology (`mode=terminology`)."""
    return orjson.dumps(
        {
            "resourceType": "TerminologyCapabilities",
            "status": "active",
            "date": instant(since),
            "kind": "instance",
            "software": {"name": "Doorstep", "version": version},
            "implementation": {"description": "Doorstep 家门口", "url": base.rstrip("/")},
            "expansion": {"hierarchical": True, "paging": True, "parameter": [{"name": "filter"}, {"name": "count"}]},
            "validateCode": {"translations": False},
            "translation": {"needsMap": True},
        }
    )
