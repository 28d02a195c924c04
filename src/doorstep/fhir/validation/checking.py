"""The check of every write: structure, cardinality, formats, choices, references, contained, required bindings."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from doorstep.fhir.validation.bindings import Bindings, r4_bindings
from doorstep.fhir.validation.compiling import compiler
from doorstep.fhir.validation.faults import Fault, Faults, Taker
from doorstep.fhir.validation.findings import Finding, findings_of
from doorstep.fhir.validation.links import resource_types


def check(type_name: str, resource: dict[str, Any], *, bindings: Bindings | None = None) -> list[Finding]:
    """Return all that is wrong with a parsed resource of a type, in its order; at most 100 findings and one more.

    Numbers may be int, float or Decimal. `bindings` None are R4's own required value sets.
    """
    if type(resource) is dict and resource.get("resourceType") == type_name and type_name in resource_types():
        faults = _walk(_taker(type_name, bindings), resource)
        if faults is None:
            return []
    else:
        faults = [_not_of_type(type_name, resource)]
    if type_name == "Bundle" and resource.get("type") == "transaction":
        # conditional references are resolved by the transaction that carries them
        faults = [each for each in faults if each.code != "conditional-reference"]
    return findings_of(faults, type_name)


def _walk(taker: Taker, resource: dict[str, Any]) -> Faults | None:
    try:
        return taker(resource)
    except RecursionError:
        return [Fault("too-deep")]


@lru_cache(maxsize=1024)
def _taker(type_name: str, bindings: Bindings | None) -> Taker:
    return compiler(r4_bindings() if bindings is None else bindings).of(type_name)


def _not_of_type(type_name: str, resource: Any) -> Fault:
    if type(resource) is not dict:
        return Fault("wrong-type", expected="object", found=type(resource).__name__)
    found = resource.get("resourceType")
    if found is None:
        return Fault("no-resource-type")
    if type_name not in resource_types():
        return Fault("unknown-resource", name=type_name)
    return Fault("other-resource", "resourceType", expected=type_name, name=found)
