"""The answer to a message: a message itself, whose header says ok, transient-error or fatal-error."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID, uuid5

from doorstep.adapters.fhirmessaging.reading import (
    DIALECTS,
    Fault,
    Message,
    as_dict,
    as_list,
    as_text,
    json_of,
    resource,
)
from doorstep.fhir.problems import FhirProblem

Json = dict[str, Any]
NAME: Final = "Doorstep"


class Code(StrEnum):
    """What the header of an answer says (R4, response-code)."""

    OK = "ok"
    TRANSIENT = "transient-error"
    FATAL = "fatal-error"


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a message is kept: by which endpoint, under which number, since when."""

    endpoint: UUID
    number: int
    at: datetime


def answer(message: Message, code: Code, faults: Sequence[Fault], kept: Kept, base: str, language: str) -> Json:
    """Return the answer; made of what is kept alone, so that a message that comes again gets the same."""
    named = uuid5(kept.endpoint, message.control)
    outcome = str(uuid5(named, "outcome"))
    event: Json = {"eventCoding": {"system": message.system, "code": message.event}}
    if not message.system:
        event = {"eventUri": message.event or "urn:doorstep:unknown-event"}
    header: Json = {
        "resourceType": "MessageHeader", "id": str(uuid5(named, "header")), **event,
        "source": {"name": NAME, "endpoint": f"{base}$process-message"},
        "response": {"identifier": message.control, "code": code.value,
                     "details": {"reference": f"OperationOutcome/{outcome}"}},
    }  # fmt: skip
    if message.source.endpoint:
        header["destination"] = [{"endpoint": message.source.endpoint}]
    entries = [header, {"resourceType": "OperationOutcome", "id": outcome, "issue": issues(faults, kept, language)}]
    return {
        "resourceType": "Bundle", "id": str(uuid5(named, "answer")), "type": "message",
        "timestamp": kept.at.isoformat(timespec="milliseconds"),
        "entry": [{"fullUrl": f"urn:uuid:{each['id']}", "resource": each} for each in entries],
    }  # fmt: skip


def issues(faults: Sequence[Fault], kept: Kept | None, language: str) -> list[Json]:
    """What is wrong, each with its place; for a message in order, the number under which it is kept."""
    english = language.startswith("en")
    told = [_issue(each, english) for each in faults]
    if kept is None:
        return told
    words = f"kept as message {kept.number}" if english else f"已保存，编号 {kept.number}"
    return [*told, {"severity": "information", "code": "informational", "diagnostics": words}]


def _issue(fault: Fault, english: bool) -> Json:
    issue: Json = {
        "severity": "error", "code": fault.issue,
        "details": {"coding": [{"system": "urn:doorstep:problem", "code": fault.code}],
                    "text": fault.en if english else fault.zh},
    }  # fmt: skip
    if fault.place:
        issue["expression"] = [fault.place]
    return issue


@dataclass(frozen=True, slots=True)
class Said:
    """What an answer says: the id of the message that it answers ("" where it names none), the code, and in words."""

    control: str
    code: Code
    words: str = ""


def said(data: bytes) -> Said:
    """Read an answer: a response message, or an OperationOutcome, which is none but a refusal; an empty one says ok.

    Raises FhirProblem where it is neither.
    """
    if not data.strip():
        return Said("", Code.OK)
    found = resource(data, DIALECTS[0], [])
    entries = [found]
    if found.get("resourceType") == "Bundle":
        entries = [as_dict(as_dict(each).get("resource")) for each in as_list(found.get("entry"))]
    response = as_dict(_of("MessageHeader", entries).get("response"))
    issues = [as_dict(each) for each in as_list(_of("OperationOutcome", entries).get("issue"))]
    wrong = [issue for issue in issues if issue.get("severity") in ("error", "fatal")]
    words = "；".join(filter(None, map(_words, wrong)))
    if response.get("code") in set(Code):
        return Said(as_text(response.get("identifier")), Code(response["code"]), words)
    if not issues:
        raise FhirProblem("wrong-shape", "Bundle.entry[0].resource", expected="MessageHeader.response")
    return Said("", Code.FATAL if wrong else Code.OK, words)


def _of(kind: str, entries: Sequence[Json]) -> Json:
    return next((each for each in entries if each.get("resourceType") == kind), {})


def refusal(status: int, answer: bytes) -> bytes:
    """The answer to a message that was refused by its HTTP status: what it says, where that is an OperationOutcome."""
    with suppress(FhirProblem):
        if said(answer).code is Code.FATAL:
            return answer
    words = f"HTTP {status}"
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "processing", "diagnostics": words}],
    }
    return json_of(outcome)


def _words(issue: Json) -> str:
    return (as_text(as_dict(issue.get("details")).get("text")) or as_text(issue.get("diagnostics")))[:200]
