"""The tokens of a value, with all that the modifiers of a token search ask of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from doorstep.fhir.extraction_found import TokenValue
from doorstep.fhir.extraction_walk import Broken


def _concept(fhir_type: str, value: Any) -> list[TokenValue]:
    text = _some(value.get("text"))
    codings = value.get("coding") or ()
    found = [_coded(fhir_type, each, text) for each in codings if each is not None]
    return found or ([TokenValue(None, None, fhir_type, text)] if text else [])


def _coding(fhir_type: str, value: Any) -> list[TokenValue]:
    return [_coded(fhir_type, value, ())]


def _coded(fhir_type: str, coding: Any, text: tuple[str, ...]) -> TokenValue:
    return TokenValue(coding.get("system"), coding.get("code"), fhir_type, _some(coding.get("display")) + text)


def _identifier(fhir_type: str, value: Any) -> list[TokenValue]:
    kind = value.get("type") or {}
    codings = [each for each in kind.get("coding") or () if each is not None and each.get("code") is not None]
    types = tuple([(each.get("system"), each["code"]) for each in codings])
    return [TokenValue(value.get("system"), value.get("value"), fhir_type, _some(kind.get("text")), types)]


def _contact(fhir_type: str, value: Any) -> list[TokenValue]:
    return [TokenValue(None, value.get("value"), fhir_type)]


def bare(fhir_type: str, value: Any) -> list[TokenValue]:
    """Read a primitive value; raises Broken where it is another than its type says."""
    if fhir_type == "boolean" and isinstance(value, bool):
        return [TokenValue(None, "true" if value else "false", fhir_type)]
    if fhir_type == "boolean" or type(value) is not str:
        raise Broken
    return [TokenValue(None, value, fhir_type, (value,) if fhir_type == "string" else ())]


def _some(text: Any) -> tuple[str, ...]:
    return (text,) if type(text) is str else ()


READERS: Final[Mapping[str, Callable[[str, Any], list[TokenValue]]]] = {
    "CodeableConcept": _concept,
    "Coding": _coding,
    "Identifier": _identifier,
    "ContactPoint": _contact,
}
