"""A sample message tried with a set of tables: how it would be answered, where each value goes and by which line, what
comes out, whether that is valid, what of the message goes nowhere, and the same of the documents in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from doorstep.adapters.hl7v2 import acks, codec, mapping
from doorstep.adapters.hl7v2 import words as hl7v2
from doorstep.adapters.hl7v2.codec import header_of
from doorstep.adapters.hl7v2.shapes import Problem
from doorstep.record.endpoints.rules import enclosing
from doorstep.record.endpoints.rules.inside import Inside, Say, findings, inside, named, shown

_JSON: Final = msgspec.json.Encoder(decimal_format="number")  # decimals keep the digits that were sent
MOST: Final = 2_000
"""Lines of a preview that are shown."""
Refusal = tuple[str, str, str]
"""Why a message is not used, the place, and what to do."""


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
    inside: tuple[Inside, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """The words of reasons that are not this reader's own, and of what can be done."""

    say: Say
    advise: Say
    language: str


def tried(
    raw: bytes, tables: mapping.Tables, context: mapping.Context, *, charset: str | None, at: datetime, words: Words
) -> Tried:
    """Try one. Nothing is kept."""
    language = words.language
    found = mapping.preview(raw, tables, context, charset)
    bundle = found.converted.bundle if found.converted else {"entry": []}
    documents, refused = _inside(raw, charset, context.institution, bundle, words) if found.converted else ((), None)
    if refused is not None:
        bundle = {"entry": []}
    refused = refused or _refused(found.problem, language)
    resources = [entry["resource"] for entry in bundle["entry"]]
    return Tried(
        _answer(raw, charset, at),
        *refused,
        tuple(_way(went) for went in found.went[:MOST]),
        tuple((named(entry), shown(entry["resource"])) for entry in bundle["entry"][:MOST]),
        tuple(finding for each in resources[:MOST] for finding in findings(each, language)),
        tuple(
            (hl7v2.say(each.reason, language), each.place, hl7v2.advice(each.reason, language))
            for each in (found.converted.problems if found.converted else ())[:MOST]
        ),
        tables.version,
        documents,
    )


def _refused(problem: Problem | None, language: str) -> Refusal:
    if problem is None:
        return "", "", ""
    said = hl7v2.say(problem.reason, language) + (f"（{problem.text}）" if problem.text else "")
    return said, problem.place, hl7v2.advice(problem.reason, language)


def _inside(
    raw: bytes, charset: str | None, institution: str, bundle: dict[str, Any], words: Words
) -> tuple[tuple[Inside, ...], Refusal | None]:
    """The documents in a message that was mapped, to which its own resources then point; or why it is not used."""
    message, patient = mapping.joined(codec.parse(raw, charset)), enclosing.patient_of(bundle)
    found: list[Inside] = []
    shared: list[enclosing.Shared] = []
    try:
        for each, made in enclosing.documents(message, patient, institution):
            shared.append(each)
            found.append(inside(each, made, words.say, words.advise, words.language))
    except enclosing.Unusable as why:
        said = (each(why.reason, why.params, words.language) for each in (words.say, words.advise))
        return tuple(found), (next(said), why.place, next(said))
    for each in shared:
        enclosing.point_to(bundle, each)
    return tuple(found), None


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
    return Way(went.place, _short(went.text), f"{went.resource}.{went.path}", _short(went.value), table, line)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else _JSON.encode(value).decode()
    return text if len(text) <= 300 else f"{text[:299]}…"
