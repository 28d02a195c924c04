"""What exchange says of writes, in the words of FHIR."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from doorstep.fhir.door.answers import writable
from doorstep.fhir.door.house import Answer, Fetch
from doorstep.fhir.outcome import EntryResponse, bundle_response, etag
from doorstep.fhir.problems import KINDS, FhirProblem
from doorstep.kernel.decision import Refused
from doorstep.record.exchange import api as exchange


def answer(said: exchange.Answer, language: str = "zh") -> Answer:
    """The answer to a single write."""
    told = outcome(said.problems, language) if said.problems else None
    return Answer(said.status, said.type, said.id, said.version, said.updated, said.body, told)


async def bundle_answer(
    receipt: exchange.Receipt, fetch: Fetch, representation: bool, language: str = "zh"
) -> tuple[int, bytes, Mapping[str, str]]:
    """Status, body and headers of the answer to a transaction or batch; its reads are answered now."""
    headers = {"x-doorstep-message": str(receipt.message)} if receipt.message else {}
    if receipt.state != "applied" and not receipt.answers:
        return status(receipt.problems), outcome(receipt.problems, language), headers
    kind = "transaction" if receipt.bundle_type == "transaction" else "batch"
    entries = [await _entry(each, fetch, representation, language) for each in receipt.answers]
    return 200, bundle_response(kind, entries), headers


async def _entry(said: exchange.EntryAnswer, fetch: Fetch, representation: bool, language: str) -> EntryResponse:
    if said.problems:
        return EntryResponse(said.status or status(said.problems), outcome=outcome(said.problems, language))
    if said.status == exchange.TO_READ:
        return await fetch(said.location, said.read or {})
    if not said.location:
        return EntryResponse(said.status)
    location = f"{said.location}/_history/{said.version}"
    shown = (await fetch(location, {})).resource if representation and said.status != 204 else None
    return EntryResponse(said.status, location, etag(said.version), said.updated, resource=shown)


def status(problems: Sequence[exchange.Problem]) -> int:
    """The HTTP status of an answer that tells the problems."""
    return exchange.status_of([each.code for each in problems]) if problems else 422


def refusal(refused: Refused) -> FhirProblem:
    """A refusal as a problem; those of exports and of what is not found have codes of their own."""
    reason = refused.decision.reason
    if reason == "not_found":
        return FhirProblem("not-found", what=str(refused.decision.detail.get("kind", "")))
    if reason in KINDS:
        params = {k: v for k, v in refused.decision.detail.items() if isinstance(v, str | int)}
        return FhirProblem(reason, None, None, None, **params)
    return FhirProblem("forbidden", reason=reason)


def outcome(problems: Sequence[exchange.Problem], language: str = "zh") -> bytes:
    """An OperationOutcome that names every problem, its place, and what can be done about it."""
    issues = [_issue(p, language) for p in problems]
    return writable(orjson.dumps({"resourceType": "OperationOutcome", "issue": issues}))


def _issue(problem: exchange.Problem, language: str) -> dict[str, Any]:
    issue: dict[str, Any] = {
        "severity": "error",
        "code": exchange.issue_of(problem.code)[0],
        "details": {"coding": [{"code": problem.code}], "text": exchange.say(problem, language)},
    }
    if advice := exchange.advice(problem.code, language):
        issue["diagnostics"] = advice
    if problem.path:
        issue["expression"] = [problem.path]
    return issue
