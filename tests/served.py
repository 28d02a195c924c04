"""One door for all tests of a module, over the real database, which is emptied at the end; how answers are read."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest

if TYPE_CHECKING:
    from tests.door import RunningDoor

Json = dict[str, Any]
JSON = "application/fhir+json"
XML = "application/fhir+xml"
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Served:
    """A door, two institutions that share nothing, and the keys of their systems; the door asks as ``a``."""

    door: RunningDoor
    a: UUID
    b: UUID
    key_a: str
    key_b: str

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Read or search."""
        return self.door.get(path, **more)

    def send(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """Write."""
        return self.door.send(method, path, body, **more)

    def made(self, kind: str = "Patient", **fields: Any) -> Json:
        """Create a resource; what the door answers, and that it is 201."""
        answer = self.send("POST", kind, {"resourceType": kind, **fields})
        assert answer.status_code == 201, answer.text
        return json_of(answer)

    def bundle(self, kind: str, *entries: Json, **more: Any) -> httpx.Response:
        """Send a transaction or batch."""
        return self.send("POST", "", {"resourceType": "Bundle", "type": kind, "entry": list(entries)}, **more)


@pytest.fixture(scope="module")
def served(django_db_setup: None, django_db_blocker: Any) -> Iterator[Served]:
    """The door of this module; what its tests write is there until the last of them has run."""
    from django.core.management import call_command

    from tests.door import running, two_keys

    with django_db_blocker.unblock():
        try:
            keys = two_keys()
            with running(keys["a"][1]) as door:
                yield Served(door, keys["a"][0], keys["b"][0], keys["a"][1], keys["b"][1])
        finally:
            call_command("flush", verbosity=0, interactive=False, reset_sequences=False, allow_cascade=False)


def fresh(prefix: str = "x") -> str:
    """An id or value that no other test has."""
    return f"{prefix}-{next(_NUMBERS)}"


def json_of(answer: httpx.Response) -> Json:
    """The body of an answer that is JSON."""
    assert answer.headers["content-type"] == f"{JSON}; charset=utf-8", answer.headers
    found: Json = answer.json()
    return found


def said(answer: httpx.Response) -> tuple[int, str]:
    """Status of a refusal and the code of its first problem; its OperationOutcome is looked at."""
    outcome = json_of(answer)
    assert outcome["resourceType"] == "OperationOutcome", answer.text
    first = outcome["issue"][0]
    assert first["severity"] in ("fatal", "error", "warning", "information")
    assert first["details"]["text"]
    return answer.status_code, first["details"]["coding"][0]["code"]


def entry(method: str, url: str, resource: Json | None = None, full: str | None = None, **request: str) -> Json:
    """An entry of a batch or transaction."""
    made: Json = {"request": {"method": method, "url": url, **request}}
    return made | ({"resource": resource} if resource else {}) | ({"fullUrl": full} if full else {})


def ids(answer: httpx.Response) -> list[str]:
    """Type and id of the matches of a search set."""
    found = json_of(answer)
    assert found["type"] == "searchset", answer.text
    matches = [e["resource"] for e in found.get("entry", ()) if e["search"]["mode"] == "match"]
    return [f"{r['resourceType']}/{r['id']}" for r in matches]


def following(answer: httpx.Response) -> str | None:
    """The link to the next page, as a path of this server."""
    links = {link["relation"]: link["url"] for link in json_of(answer).get("link", ())}
    return links["next"].removeprefix("http://testserver") if "next" in links else None


def pages(served: Served, path: str, most: int = 100) -> list[Json]:
    """The entries of all pages of a search or history."""
    found: list[Json] = []
    at: str | None = path
    for _ in range(most):
        if at is None:
            return found
        answer = served.get(at)
        assert answer.status_code == 200, answer.text
        found += json_of(answer).get("entry", ())
        at = following(answer)
    raise AssertionError("pages without end")
