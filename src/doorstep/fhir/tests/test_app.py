"""The door, over a small store of its own: what it answers, in which words, and that bad input is never a 5xx."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.fhir.app import make_app
from doorstep.fhir.bundle import Item, read_bundle
from doorstep.fhir.outcome import EntryResponse, accepted, bundle_response, refusal
from doorstep.fhir.resolution import resolve
from doorstep.fhir.splice import add_id, set_id, set_meta
from doorstep.fhir.tables import known_types

T = TypeVar("T")
LIMIT = 20_000
NOW = datetime(2026, 11, 24, 8, 30, 0, 250_000, tzinfo=UTC)
SIGNED = {"authorization": "Bearer right"}


def _run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end in a thread of its own: the browser's tests keep an event loop in the main one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@dataclass(frozen=True)
class Version:
    type: str
    id: str
    version: int
    updated: datetime
    deleted: bool
    body: bytes


class Memory:
    """A store in memory: whole, small, and without permission."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], list[Version]] = {}

    async def authenticate(self, headers: Mapping[str, str]) -> object | None:
        return headers.get("authorization") == SIGNED["authorization"] or None

    async def transact(self, call: Any, body: bytes, content_type: str) -> tuple[int, bytes, Mapping[str, str]]:
        plan = read_bundle(body)
        resolve(plan, lambda item: item.id or f"made-{item.index}")
        return 200, bundle_response(plan.type, [self.enter(item) for item in plan.items]), {}

    def enter(self, item: Item) -> EntryResponse:
        if item.problem:
            return refusal(item.problem)
        assert item.id
        before = self.kept.setdefault((item.type, item.id), [])
        version = Version(item.type, item.id, len(before) + 1, NOW, item.method == "DELETE", item.body)
        before.append(version)
        return EntryResponse(204) if version.deleted else accepted(version, created=version.version == 1)

    async def read(self, call: Any, type_name: str, ident: str) -> Version | None:
        return next(reversed(self.kept.get((type_name, ident), [])), None)

    async def vread(self, call: Any, type_name: str, ident: str, version: int) -> Version | None:
        if ident == "broken":
            raise RuntimeError("the disk is on fire")
        return next((each for each in self.kept.get((type_name, ident), []) if each.version == version), None)

    async def history_instance(self, call: Any, type_name: str, ident: str) -> Sequence[Version]:
        return self.kept.get((type_name, ident), [])[::-1]

    async def healthy(self) -> bool:
        return True


class Client:
    """Asks the app over ASGI, without a socket."""

    def __init__(self, root: str = "") -> None:
        self.root = root
        self.app = make_app(Memory(), body_limit=LIMIT, version="0.1")
        self.headers = dict(SIGNED)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return self.ask("GET", path, headers, None)

    def post(self, path: str, content: bytes, headers: Mapping[str, str]) -> httpx.Response:
        return self.ask("POST", path, headers, content)

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None, content: bytes | None) -> httpx.Response:
        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, root_path=self.root)
            async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
                return await client.request(method, path, headers={**self.headers, **(headers or {})}, content=content)

        return _run(once())


@pytest.fixture
def client() -> Client:
    return Client()


def entry(method: str, url: str, resource: dict[str, Any] | None = None, full_url: str | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"request": {"method": method, "url": url}}
    return made | ({"resource": resource} if resource else {}) | ({"fullUrl": full_url} if full_url else {})


def send(client: Client, *entries: dict[str, Any], kind: str = "batch", **headers: str) -> Any:
    body = orjson.dumps({"resourceType": "Bundle", "type": kind, "entry": list(entries)})
    return client.post("/", content=body, headers={"content-type": "application/fhir+json", **headers})


PATIENT = {"resourceType": "Patient", "id": "p", "name": [{"text": "张三"}]}


def issue(response: Any) -> dict[str, Any]:
    outcome = response.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert response.headers["content-type"] == "application/fhir+json"
    (found,) = outcome["issue"]
    assert isinstance(found, dict)
    return found


def code(response: Any) -> tuple[int, str]:
    return response.status_code, issue(response)["details"]["coding"][0]["code"]


def test_a_batch_is_answered_entry_by_entry(client: Client) -> None:
    observed = {"resourceType": "Observation", "subject": {"reference": "urn:uuid:1"}, "valueQuantity": {"value": 1}}
    future = {"resourceType": "Patient", "birthDate": "2999"}
    response = send(
        client,
        entry("POST", "Observation", observed, "urn:uuid:2"),
        entry("POST", "Patient", PATIENT, "urn:uuid:1"),
        entry("POST", "Patient", future),
        entry("DELETE", "Patient/old"),
    )
    answer = response.json()
    assert (answer["resourceType"], answer["type"]) == ("Bundle", "batch-response")
    first, second, third, fourth = [each["response"] for each in answer["entry"]]
    assert first["status"] == "201 Created"
    assert second == {
        "status": "201 Created",
        "location": "Patient/p/_history/1",
        "etag": 'W/"1"',
        "lastModified": "2026-11-24T08:30:00.250000Z",
    }
    assert third["status"] == "422 Unprocessable Content"
    assert third["outcome"]["issue"][0]["expression"] == ["Bundle.entry[2].resource.birthDate"]
    assert fourth == {"status": "204 No Content"}
    stored = client.get(f"/{first['location'].partition('/_history')[0]}").json()
    assert stored["subject"] == {"reference": "Patient/p"}


def test_read_vread_and_history(client: Client) -> None:
    send(client, entry("PUT", "Patient/p", PATIENT))
    send(client, entry("PUT", "Patient/p", {**PATIENT, "active": True}))
    now = client.get("/Patient/p")
    meta = {"versionId": "2", "lastUpdated": "2026-11-24T08:30:00.250000Z"}
    assert now.json() == {**PATIENT, "active": True, "meta": meta}
    assert (now.headers["etag"], now.headers["last-modified"]) == ('W/"2"', "Tue, 24 Nov 2026 08:30:00 GMT")
    assert client.get("/Patient/p/_history/1").json() == {**PATIENT, "meta": {**meta, "versionId": "1"}}
    send(client, entry("DELETE", "Patient/p"))
    assert code(client.get("/Patient/p")) == (410, "gone")
    assert code(client.get("/Patient/p/_history/3")) == (410, "gone")
    history = client.get("/Patient/p/_history").json()
    assert (history["type"], history["total"]) == ("history", 3)
    assert [each["request"]["method"] for each in history["entry"]] == ["DELETE", "PUT", "POST"]
    assert [each["resource"]["meta"]["versionId"] for each in history["entry"][1:]] == ["2", "1"]
    assert history["entry"][0]["fullUrl"] == "http://testserver/Patient/p"


@pytest.mark.parametrize("tag", ['W/"1"', '"1"', '"0", W/"1"', "*"])
def test_what_the_caller_has_is_not_sent_again(client: Client, tag: str) -> None:
    send(client, entry("PUT", "Patient/p", PATIENT))
    response = client.get("/Patient/p", headers={"if-none-match": tag})
    assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", 'W/"1"')
    assert client.get("/Patient/p", headers={"if-none-match": 'W/"2"'}).status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/Patient/none", 404, "not-found"),
        ("/Patient/none/_history", 404, "not-found"),
        ("/Patient/p/_history/x", 404, "not-found"),
        ("/Patient/p/_history/0", 404, "not-found"),
        ("/Patient/p/_history/99999999999999999999", 404, "not-found"),
        ("/Patient/a%00b", 404, "not-found"),
        ("/Patient/" + "x" * 65, 404, "not-found"),
        ("/Patience/1", 404, "no-such-type"),
        ("/Patience", 404, "no-such-type"),
        ("/Patient", 404, "unknown-route"),
        ("/a/b/c/d/e", 404, "unknown-route"),
        ("/", 405, "method-not-allowed"),
    ],
)
def test_what_is_not_there(client: Client, path: str, status: int, said: str) -> None:
    assert code(client.get(path)) == (status, said)


def test_nothing_without_authentication(client: Client) -> None:
    client.headers["authorization"] = "Bearer wrong"
    for response in (
        client.get("/Patient/p"),
        client.get("/Patience/p"),
        client.get("/Patient/p/_history"),
        send(client),
    ):
        assert code(response) == (401, "unauthenticated")
        assert response.headers["www-authenticate"] == "Bearer"
    assert client.get("/metadata").status_code == client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("", 200),
        ("*/*", 200),
        ("text/html,application/xhtml+xml,*/*;q=0.8", 200),
        ("application/fhir+json; fhirVersion=4.0", 200),
        ("application/fhir+xml", 406),
        ("application/xml, text/xml", 406),
    ],
)
def test_only_json_is_served(client: Client, accept: str, status: int) -> None:
    response = client.get("/metadata", headers={"accept": accept})
    assert response.status_code == status
    if status == 406:
        assert "JSON" in issue(response)["details"]["text"]
    assert client.get("/metadata?_format=xml").status_code == 406
    assert client.get("/metadata?_format=application/fhir+json", headers={"accept": "text/xml"}).status_code == 200


@pytest.mark.parametrize(
    "kind", ["application/xml", "application/fhir+xml", "text/plain", "application/fhir+json; charset=gbk", "x"]
)
def test_other_content_types_are_refused(client: Client, kind: str) -> None:
    assert code(client.post("/", content=b"{}", headers={"content-type": kind})) == (415, "unsupported-media-type")


def test_language_of_messages(client: Client) -> None:
    def text(language: str) -> str:
        return str(issue(client.get("/Patient/none", headers={"accept-language": language}))["details"]["text"])

    chinese, english = "找不到“Patient/none”", "“Patient/none” is not found"
    assert text("") == text("zh-CN") == text("fr") == text("zh;q=0.9, en;q=0.8") == text("en;q=x") == chinese
    assert text("en") == text("en-US,en;q=0.9,zh;q=0.8") == text("fr, en;q=0.1") == english


def test_gzip_bodies_and_their_limits(client: Client) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    body = orjson.dumps({"resourceType": "Bundle", "type": "batch", "entry": [entry("PUT", "Patient/p", PATIENT)]})
    in_two = gzip.compress(body[:30]) + gzip.compress(body[30:])
    for packed in (gzip.compress(body), in_two):
        assert client.post("/", content=packed, headers=headers).status_code == 200
    bomb = gzip.compress(b" " * 50_000_000)
    assert code(client.post("/", content=bomb[:LIMIT], headers=headers)) == (413, "too-large")
    assert code(client.post("/", content=bomb, headers=headers)) == (413, "too-large")
    for broken in (b"", b"not gzip", gzip.compress(body)[:-9], gzip.compress(body) + b"rest"):
        assert code(client.post("/", content=broken, headers=headers)) == (400, "bad-gzip")
    headers["content-encoding"] = "br"
    assert code(client.post("/", content=body, headers=headers)) == (415, "unsupported-encoding")


def test_a_body_over_the_limit_is_not_read_to_its_end() -> None:
    pulled, sent = 0, []

    async def receive() -> dict[str, Any]:
        nonlocal pulled
        pulled += 1
        return {"type": "http.request", "body": b" " * 5_000, "more_body": True}

    async def keep(message: Any) -> None:
        sent.append(message)

    headers = [(b"authorization", b"Bearer right"), (b"content-type", b"application/json")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "headers": headers,
        "query_string": b"",
        "http_version": "1.1",
    }
    _run(make_app(Memory(), body_limit=LIMIT)({**scope, "scheme": "http", "server": ("x", 1)}, receive, keep))
    assert sent[0]["status"] == 413
    assert pulled == LIMIT // 5_000 + 1


def test_a_body_that_is_cut_off_is_no_error_of_ours(client: Client) -> None:
    huge = client.post("/", content=b"x", headers={"content-type": "application/json", "content-length": "9" * 30})
    assert code(huge) == (413, "too-large")


def test_a_fault_of_ours_tells_nothing_of_itself(client: Client) -> None:
    response = client.get("/Patient/broken/_history/1")
    assert code(response) == (500, "internal")
    assert "fire" not in response.text


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_bad_input_is_never_our_error(body: bytes) -> None:
    response = Client().post("/", content=body, headers={"content-type": "application/json"})
    assert 400 <= response.status_code < 500
    assert issue(response)


def test_the_capability_statement_says_what_is_there(client: Client) -> None:
    statement = client.get("/metadata").json()
    rest = statement["rest"][0]
    assert statement["implementation"]["url"] == "http://testserver"
    assert {each["type"] for each in rest["resource"]} == known_types()
    assert [each["code"] for each in rest["interaction"]] == ["transaction", "batch"]
    send(client, *[entry("PUT", f"{name}/x", {"resourceType": name, "id": "x"}) for name in known_types()])
    paths = {"read": "", "vread": "/_history/1", "history-instance": "/_history"}
    for each in rest["resource"]:
        for interaction in each["interaction"]:
            assert client.get(f"/{each['type']}/x{paths[interaction['code']]}").status_code == 200


def test_the_door_stands_below_a_path() -> None:
    client = Client("/fhir")
    body = orjson.dumps({"resourceType": "Bundle", "type": "batch", "entry": [entry("PUT", "Patient/p", PATIENT)]})
    for path in ("/fhir", "/fhir/"):
        assert client.post(path, content=body, headers={"content-type": "application/json"}).status_code == 200
    history = client.get("/fhir/Patient/p/_history").json()
    assert history["entry"][0]["fullUrl"] == "http://testserver/fhir/Patient/p"
    assert client.get("/fhir/metadata").json()["implementation"]["url"] == "http://testserver/fhir"
    assert code(client.get("/fhir/Patience")) == (404, "no-such-type")


def test_splices_leave_all_else_as_it_was() -> None:
    body = b'{"resourceType":"Patient","x":1.50,"meta":{"profile":["a"]},"y":"\\u4e2d"}'
    assert set_id(body, "new") == b'{"resourceType":"Patient","id":"new",' + body[26:]
    assert set_id(set_id(body, "old"), "new") == set_id(body, "new")
    wanted = b'"meta":{"profile":["a"],"versionId":"2","lastUpdated":"t"}'
    assert set_meta(body, "2", "t") == body.replace(b'"meta":{"profile":["a"]}', wanted)
    version = Version("Patient", "p", 1, NOW, False, body)
    assert replace(version, version=7).version == 7


@pytest.mark.parametrize("body", [b'{"resourceType":"Patient"}', b'{"resourceType":"Patient","active":true}',
                                  b'{"active":true,"resourceType":"Patient"}'])  # fmt: skip
def test_an_id_that_was_missing_is_put_where_set_id_puts_it(body: bytes) -> None:
    assert add_id(body, "Patient", "new") == set_id(body, "new")
