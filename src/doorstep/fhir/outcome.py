"""Answers as bytes: OperationOutcome, responses to bundles, histories. Stored resources are spliced in as they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final, Protocol

import orjson

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.splice import set_meta


class Stored(Protocol):
    """One version of a resource: `body` is minified JSON that carries its id; a deleted one has none worth showing."""

    @property
    def type(self) -> str:
        """Resource type."""

    @property
    def id(self) -> str:
        """Logical id."""

    @property
    def version(self) -> int:
        """Version, from 1."""

    @property
    def updated(self) -> datetime:
        """When this version was written, with its zone."""

    @property
    def deleted(self) -> bool:
        """Whether this version says that the resource is gone."""

    @property
    def body(self) -> bytes:
        """The resource."""


@dataclass(frozen=True, slots=True)
class EntryResponse:
    """The answer to one entry of a transaction or batch; `status` an HTTP code, `outcome` and `resource` JSON text."""

    status: int
    location: str | None = None
    etag: str | None = None
    last_modified: datetime | None = None
    outcome: bytes | None = None
    resource: bytes | None = None


# Reasons where HTTP's own words (RFC 9110) and Python's older ones differ.
_REASONS: Final = {413: "Content Too Large", 422: "Unprocessable Content"}


@lru_cache(maxsize=8192)  # what came in one bundle was written at one moment
def instant(moment: datetime) -> str:
    """Return a FHIR instant in UTC, to the microsecond."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def etag(version: int) -> str:
    """Return the weak entity tag of a version."""
    return f'W/"{version}"'


def operation_outcome(problems: Iterable[FhirProblem], language: str = "zh") -> bytes:
    """Return an OperationOutcome with an error for each problem, in Chinese ("zh") or English ("en")."""
    return orjson.dumps({"resourceType": "OperationOutcome", "issue": [_issue(each, language) for each in problems]})


def _issue(problem: FhirProblem, language: str) -> dict[str, Any]:
    details = {"coding": [{"code": problem.code}], "text": problem.message(language)}
    issue: dict[str, Any] = {"severity": "error", "code": problem.kind.issue, "details": details}
    if problem.expression:
        issue["expression"] = [problem.expression]
    return issue


def refusal(problem: FhirProblem, language: str = "zh") -> EntryResponse:
    """Return the answer to an entry that has a problem."""
    return EntryResponse(problem.kind.status, outcome=operation_outcome([problem], language))


def accepted(stored: Stored, created: bool) -> EntryResponse:
    """Return the answer to an entry whose resource was written."""
    location = f"{stored.type}/{stored.id}/_history/{stored.version}"
    return EntryResponse(201 if created else 200, location, etag(stored.version), stored.updated)


def bundle_response(kind: str, entries: Iterable[EntryResponse]) -> bytes:
    """Return the response to a "transaction" or a "batch", its entries in the order of the request's."""
    return _bundle(f"{kind}-response", [_answer(entry) for entry in entries])


def _answer(entry: EntryResponse) -> bytes:
    reason = _REASONS.get(entry.status) or HTTPStatus(entry.status).phrase
    said: dict[str, Any] = {"status": f"{entry.status} {reason}"}
    if entry.location is not None:
        said["location"] = entry.location
    if entry.etag is not None:
        said["etag"] = entry.etag
    if entry.last_modified is not None:
        said["lastModified"] = instant(entry.last_modified)
    if entry.outcome is not None:
        said["outcome"] = orjson.Fragment(entry.outcome)
    answer: dict[str, Any] = {} if entry.resource is None else {"resource": orjson.Fragment(entry.resource)}
    return orjson.dumps({**answer, "response": said})


def history(versions: Iterable[Stored], base: str) -> bytes:
    """Return the history of a resource, newest version first; `base` is the address of the door, with a slash."""
    return _bundle("history", [_version(stored, base) for stored in versions])


def _version(stored: Stored, base: str) -> bytes:
    path = f"{stored.type}/{stored.id}"
    entry: dict[str, Any] = {"fullUrl": base + path}
    if stored.deleted:
        entry["request"] = {"method": "DELETE", "url": path}
    else:
        entry["resource"] = orjson.Fragment(shown(stored))
        first = stored.version == 1
        entry["request"] = {"method": "POST", "url": stored.type} if first else {"method": "PUT", "url": path}
    status = "204" if stored.deleted else "201" if stored.version == 1 else "200"
    entry["response"] = {"status": status, "etag": etag(stored.version), "lastModified": instant(stored.updated)}
    return orjson.dumps(entry)


def shown(stored: Stored) -> bytes:
    """Return the resource as it is shown: with its version and the time it was written in meta."""
    return set_meta(stored.body, str(stored.version), instant(stored.updated))


def _bundle(kind: str, entries: list[bytes]) -> bytes:
    total = f',"total":{len(entries)}'.encode() if kind == "history" else b""
    listed = b',"entry":[' + b",".join(entries) + b"]" if entries else b""
    return b'{"resourceType":"Bundle","type":"' + kind.encode() + b'"' + total + listed + b"}"
