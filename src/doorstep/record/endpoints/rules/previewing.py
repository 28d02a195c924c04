"""A sample message tried with a set of tables: how it would be answered, where each value goes and by which line, what
comes out, whether that is valid, and what of the message goes nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from doorstep.adapters.hl7v2 import acks, mapping, words
from doorstep.adapters.hl7v2.codec import header_of
from doorstep.fhir.validation import Finding, check, invariants

_JSON: Final = msgspec.json.Encoder(decimal_format="number")  # decimals keep the digits that were sent
MOST: Final = 2_000
"""Lines of a preview that are shown."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where a value goes: its place and text, the resource and path, what is written, and the table and line."""

    place: str
    text: str
    target: str
    value: str
    table: str
    line: str


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a sample; ``refused`` says why it is not used (with the place), where it is not."""

    answer: str
    refused: str
    place: str
    advice: str
    ways: tuple[Way, ...]
    resources: tuple[tuple[str, str], ...]
    findings: tuple[tuple[str, str], ...]
    left: tuple[tuple[str, str, str], ...]
    tables: str


def tried(
    raw: bytes, tables: mapping.Tables, context: mapping.Context, *, charset: str | None, at: datetime, language: str
) -> Tried:
    """Try one. Nothing is kept."""
    found = mapping.preview(raw, tables, context, charset)
    problem = found.problem
    bundle = found.converted.bundle if found.converted else {"entry": []}
    resources = [entry["resource"] for entry in bundle["entry"]]
    return Tried(
        _answer(raw, charset, at),
        words.say(problem.reason, language) + (f"（{problem.text}）" if problem.text else "") if problem else "",
        problem.place if problem else "",
        words.advice(problem.reason, language) if problem else "",
        tuple(_way(went) for went in found.went[:MOST]),
        tuple((_named(entry), _shown(entry["resource"])) for entry in bundle["entry"][:MOST]),
        tuple(finding for each in resources[:MOST] for finding in _findings(each, language)),
        tuple(
            (words.say(each.reason, language), each.place, words.advice(each.reason, language))
            for each in (found.converted.problems if found.converted else ())[:MOST]
        ),
        tables.version,
    )


def _answer(raw: bytes, charset: str | None, at: datetime) -> str:
    header = header_of(raw, charset) if charset else header_of(raw)
    fault = acks.fault_of(header)
    code = acks.wanted(header, "CA" if fault is None else "CR")
    if code is None:
        return ""
    made = acks.acknowledge(header, code, text=fault.text if fault else "", error=fault, at=at, control_id="1")
    return made.decode("utf-8", "replace").replace("\r", "\n")


def _way(went: mapping.Went) -> Way:
    table, _, line = went.rule.rpartition(":")
    return Way(went.place, went.text, f"{went.resource}.{went.path}", _short(went.value), table, line)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else _JSON.encode(value).decode()
    return text if len(text) <= 300 else f"{text[:299]}…"


def _named(entry: Mapping[str, Any]) -> str:
    request = entry["request"]
    return f"{request['method']} {request['url']}"


def _shown(resource: Mapping[str, Any]) -> str:
    return msgspec.json.format(_JSON.encode(resource), indent=1).decode()


def _findings(resource: dict[str, Any], language: str) -> list[tuple[str, str]]:
    kind = resource["resourceType"]
    found: list[Finding] = check(kind, resource) or invariants(kind, resource)
    return [(each.expression, each.message(language)) for each in found if each.severity in ("fatal", "error")]
