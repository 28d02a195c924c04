"""The CapabilityStatement says what is there: all of it is tried, of every type, and what it leaves out is refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from doorstep.fhir.tables import known_types
from doorstep.fhir.validation import check, invariants
from tests.served import JSON, Served, entry, json_of, said, served

__all__ = ["served"]
pytestmark = pytest.mark.django_db
ABSENT = (404, 405, 501)
VALUES = {
    "date": "2024-01-01", "number": "1", "quantity": "1", "reference": "Patient/x", "string": "x", "token": "x",
    "uri": "http://x", "special": "x", "composite": "x$y",
}  # fmt: skip
COMPOSED = {
    "quantity": "x$1",
    "coordinate": "x$1$2",
    "date": "x$2024",
    "relatesto": "Patient/x$x",
    "relation": "Patient/x$x",
}
SPECIAL = {"near": "30.0|120.0|5|km", "_list": "x", "_filter": "x"}


@pytest.fixture(scope="module")
def statement(served: Served) -> dict[str, Any]:
    return json_of(served.get("metadata", key=""))


def resources(statement: dict[str, Any]) -> list[dict[str, Any]]:
    [rest] = statement["rest"]
    return list(rest["resource"])


def refused(answers: Iterable[tuple[str, httpx.Response]], wrong: tuple[int, ...] = ABSENT) -> list[tuple[str, int]]:
    return [(what, a.status_code) for what, a in answers if a.status_code in wrong or a.status_code >= 500]


def many(served: Served, asked: list[tuple[str, str, Any, dict[str, str]]]) -> list[tuple[str, httpx.Response]]:
    """Ask for many things, twenty at a time."""

    async def all_of_them() -> list[httpx.Response]:
        gate = asyncio.Semaphore(20)

        async def one(method: str, path: str, body: Any, headers: dict[str, str]) -> httpx.Response:
            async with gate:
                content = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
                given = {"Content-Type": JSON} | headers if content is not None else headers
                return await served.door.ask(method, path, content=content, headers=given)

        return await asyncio.gather(*[one(*each) for each in asked])

    return list(zip([f"{a[0]} {a[1]}" for a in asked], served.door.run(all_of_them()), strict=True))


def broken(kind: str, resource: dict[str, Any]) -> list[str]:
    """Rules that are broken; that there should be a narrative (dom-6) is no more than advice."""
    return [found.en for found in invariants(kind, resource) if found.severity == "error"]


def test_it_is_valid(statement: dict[str, Any]) -> None:
    assert check("CapabilityStatement", statement) == []
    assert broken("CapabilityStatement", statement) == []
    assert statement["fhirVersion"] == "4.0.1"
    assert statement["implementation"]["url"] == "http://testserver/fhir"
    assert {each["type"] for each in resources(statement)} == known_types()
    assert len(known_types()) == 146


def test_modes(served: Served) -> None:
    terminology = json_of(served.get("metadata?mode=terminology"))
    assert check("TerminologyCapabilities", terminology) == []
    assert broken("TerminologyCapabilities", terminology) == []
    for mode in ("full", "normative"):
        assert json_of(served.get(f"metadata?mode={mode}"))["resourceType"] == "CapabilityStatement"
    assert said(served.get("metadata?mode=nix"))[0] == 400


def test_every_interaction(served: Served, statement: dict[str, Any]) -> None:
    """Of each type: what is named does something; the resource is absent, so that a read says so in its own way."""
    patch = [{"op": "add", "path": "/language", "value": "zh"}]
    asked: list[tuple[str, str, Any, dict[str, str]]] = []
    for each in resources(statement):
        kind = each["type"]
        body = {"resourceType": kind, "id": "cap"}
        ways = {
            "read": ("GET", f"{kind}/cap", None, {}),
            "vread": ("GET", f"{kind}/cap/_history/1", None, {}),
            "update": ("PUT", f"{kind}/cap", body, {}),
            "patch": ("PATCH", f"{kind}/cap", patch, {"Content-Type": "application/json-patch+json"}),
            "delete": ("DELETE", f"{kind}/cap", None, {}),
            "history-instance": ("GET", f"{kind}/cap/_history", None, {}),
            "history-type": ("GET", f"{kind}/_history?_count=1", None, {}),
            "create": ("POST", kind, body, {}),
            "search-type": ("GET", f"{kind}?_count=1", None, {}),
        }
        asked += [ways.pop(interaction["code"]) for interaction in each["interaction"]]
        assert ways == {}, kind
    answers = many(served, asked)
    for what, answer in answers:
        if answer.status_code in ABSENT:
            assert said(answer)[1] == "not-found", (what, answer.text)
    assert refused(answers, (405, 501)) == []
    [rest] = statement["rest"]
    assert {each["code"] for each in rest["interaction"]} == {"transaction", "batch", "history-system", "search-system"}
    assert served.bundle("transaction").status_code == served.bundle("batch").status_code == 200
    assert served.get("_history?_count=1").status_code == served.get("?_type=Patient&_count=1").status_code == 200


def searched(statement: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for each in resources(statement):
        for param in each["searchParam"]:
            value = SPECIAL.get(param["name"], VALUES[param["type"]])
            if param["type"] == "composite":
                value = next((v for end, v in COMPOSED.items() if end in param["name"]), value)
            yield each["type"], urlencode({param["name"]: value})


def answered(served: Served, urls: list[str]) -> list[tuple[str, str, dict[str, Any]]]:
    """What reads answer, in batches: address, status and the resource or outcome."""
    found = []
    for start in range(0, len(urls), 500):
        part = urls[start : start + 500]
        answer = served.bundle("batch", *[entry("GET", url) for url in part])
        assert answer.status_code == 200, answer.text[:500]
        for url, each in zip(part, answer.json()["entry"], strict=True):
            shown = each.get("resource") or each["response"].get("outcome", {})
            found.append((url, each["response"]["status"][:3], shown))
    return found


def test_every_search_parameter(served: Served, statement: dict[str, Any]) -> None:
    urls = [f"{kind}?{query}&_count=1" for kind, query in searched(statement)]
    assert len(urls) > 2_800
    found = answered(served, urls)
    wrong = [(url, status, shown) for url, status, shown in found if status[0] == "5" or status in ("404", "405")]
    assert wrong == []
    ignored = [
        url for url, status, shown in found
        if any(e.get("search", {}).get("mode") == "outcome" for e in shown.get("entry", ()))
    ]  # fmt: skip
    assert ignored == [], "named, and then not known"
    bad = [(url, shown) for url, status, shown in found if status != "200"]
    assert bad == [], "\n".join(url for url, _ in bad)


def test_every_include(served: Served, statement: dict[str, Any]) -> None:
    urls = []
    for each in resources(statement):
        for name in ("_include", "_revinclude"):
            listed = each.get(f"search{'Include' if name == '_include' else 'RevInclude'}", [])
            for start in range(0, len(listed), 20):
                pairs = [(name, value) for value in listed[start : start + 20]]
                urls.append(f"{each['type']}?{urlencode([('_id', 'none'), *pairs])}")
    assert [(url, status, shown) for url, status, shown in answered(served, urls) if status != "200"] == []


def test_every_operation(served: Served, statement: dict[str, Any]) -> None:
    """Named ones are there, asked of something absent or in a way they refuse: 404 is “not found”, not “no such”."""
    [rest] = statement["rest"]
    asked: list[tuple[str, str, Any, dict[str, str]]] = [
        ("GET", f"${each['name']}", None, {})
        for each in rest["operation"]
        if each["name"] not in ("export", "process-message")
    ]
    empty = {"resourceType": "Parameters"}
    asked.append(("POST", "$process-message", empty, {}))
    for each in resources(statement):
        for operation in each.get("operation", ()):
            name, kind = operation["name"], each["type"]
            paths = {
                "everything": [f"{kind}/cap/$everything"], "meta-add": [f"{kind}/cap/$meta-add"],
                "meta-delete": [f"{kind}/cap/$meta-delete"], "export": [],
            }.get(name, [f"{kind}/${name}"])  # fmt: skip
            asked += [("POST", path, empty, {}) for path in paths]
    for what, answer in many(served, asked):
        assert answer.status_code < 500, (what, answer.text)
        if answer.status_code in ABSENT:
            assert said(answer) == (404, "not-found"), (what, answer.text)


def test_what_works_is_named(served: Served, statement: dict[str, Any]) -> None:
    """No operation is there that the statement leaves out."""
    [rest] = statement["rest"]
    names = {each["name"] for each in rest["operation"]}
    told = {(each["type"], o["name"]) for each in resources(statement) for o in each.get("operation", ())}
    special = {"Patient", "Encounter", "Group", "Observation", "ValueSet", "CodeSystem", "ConceptMap", "Medication"}
    every = names | {name for _, name in told} | {"document", "process-message", "closure", "convert", "graphql"}
    asked: list[tuple[str, str, Any, dict[str, str]]] = []
    for name in sorted(every - {"export"}):
        if name not in names:
            asked.append(("POST", f"${name}", {"resourceType": "Parameters"}, {}))
        for kind in sorted(special | set(sorted(known_types())[::6])):
            if (kind, name) not in told:
                asked += [("POST", f"{kind}/${name}", {"resourceType": "Parameters"}, {}),
                          ("POST", f"{kind}/cap/${name}", {"resourceType": "Parameters"}, {})]  # fmt: skip
    for what, answer in many(served, asked):
        assert said(answer) == (404, "unknown-route"), (what, answer.text)
