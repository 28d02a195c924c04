"""Every route of the FHIR door × method × header × query × body, made from its own CapabilityStatement, with rubbish.

Whatever is asked: an answer in FHIR's form, never a 5xx (but 503 that says why), in two seconds of CPU at most, and
nothing of another institution in it.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import quote, unquote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorstep.fhir import xml
from doorstep.fhir.door import operations
from doorstep.fhir.parameters import parameters
from doorstep.fhir.search.query import MODIFIERS
from doorstep.fhir.tables import known_types
from tests.faults.two_sides import WORD, clinical, number, patient
from tests.served import JSON, XML, Served, served

__all__ = ["served"]
pytestmark = pytest.mark.django_db
CPU, WALL = 2.0, 20.0
FORM = "application/x-www-form-urlencoded"
NDJSON = "application/fhir+ndjson"
PLAIN = ("/healthz",)
MEANT = ("overloaded", "slow-search")


@dataclass(frozen=True)
class Asked:
    """A request below HTTP, so that no client can make it better."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""


@dataclass
class Told:
    """What came back."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    cpu: float = 0.0
    wall: float = 0.0


def ask(served: Served, asked: Asked) -> Told:
    app = served.door.client._transport.app  # type: ignore[attr-defined]  # httpx keeps it there
    told = Told()
    pieces = iter([{"type": "http.request", "body": asked.body, "more_body": False}])

    async def receive() -> dict[str, Any]:
        return next(pieces, {"type": "http.disconnect"})

    async def keep(message: Any) -> None:
        if message["type"] == "http.response.start":
            told.status = message["status"]
            told.headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in message["headers"]}
        else:
            told.body += message.get("body", b"")

    given = dict(asked.headers)
    base = {b"authorization": f"Bearer {served.key_a}".encode(), b"host": b"testserver"}
    raw = asked.path.encode("utf-8", "replace")
    scope = {
        "type": "http", "method": asked.method, "path": unquote(asked.path), "raw_path": raw, "root_path": "",
        "headers": [*(pair for pair in base.items() if pair[0] not in given), *asked.headers],
        "query_string": asked.query.encode("utf-8", "replace"), "http_version": "1.1", "scheme": "http",
        "server": ("testserver", 80), "client": ("127.0.0.1", 9),
    }  # fmt: skip
    cpu, wall = time.process_time(), time.monotonic()
    served.door.run(asyncio.wait_for(app(scope, receive, keep), WALL))
    told.cpu, told.wall = time.process_time() - cpu, time.monotonic() - wall
    return told


def judge(asked: Asked, told: Told) -> None:
    """Fail where an answer is not what it must be, whatever was asked."""
    what = f"{asked!r:.2000} → {told.status} {told.body[:600]!r}"
    assert WORD.encode() not in told.body, what
    assert WORD not in json.dumps(told.headers), what
    assert told.cpu < CPU, f"{told.cpu:.1f} s of CPU: {what}"
    assert 200 <= told.status < 500 or told.status == 503, what
    for name, value in told.headers.items():
        assert "\n" not in value, (name, what)
        assert "\r" not in value, (name, what)
    if not told.body:
        bodiless = told.status in (202, 204, 304) or asked.method == "HEAD" or "minimal" in str(asked.headers)
        assert bodiless or asked.path.endswith(PLAIN), what
        return
    found = resource(told)
    if found is None:
        return
    assert found["resourceType"] in known_types() | {"Parameters"}, what
    if told.status >= 400:
        assert found["resourceType"] == "OperationOutcome", what
        codes = [issue["details"]["coding"][0]["code"] for issue in found["issue"]]
        assert told.status != 503 or codes[0] in MEANT, what
        assert all(issue["details"]["text"] for issue in found["issue"]), what


def resource(told: Told) -> dict[str, Any] | None:
    """The resource of an answer; None where it is a file or manifest of an export."""
    kind = told.headers["content-type"].partition(";")[0]
    if kind in (NDJSON, "application/json"):
        return None
    assert kind in (JSON, XML), kind
    found: dict[str, Any] = json.loads(xml.read(told.body) if kind == XML else told.body)
    return found


@pytest.fixture(scope="module")
def world(served: Served) -> Served:
    """Both institutions have a patient with records; those of B hold the word that A may never see."""
    for key, who, text in (("a", served.key_a, "甲"), ("b", served.key_b, WORD)):
        made = [patient(f"p{key}", number(10 + (key == "b"), 1), text), *clinical(key, f"p{key}", text)]
        entries = [{"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}} for r in made]
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        answer = served.send("POST", "", bundle, key=who)
        assert answer.status_code == 200, answer.text
    return served


LONG = 1_000_000
VALUES = (
    "", "\0", "a\0b", "\ud800", "😀", "%", "%%", "%zz", "%00", "%ED%A0%80", "%F0%9F", "+", "&", "=", ";", "#",
    "?", "'", '"',
    "'; DROP TABLE fhir_patient; --", "' OR '1'='1", "1) OR 1=1--", "$$", "$1", "{}", "{0}", "%s", "%(x)s",
    "\\", "\\,",
    "\\|", "|", "||", "|||", "$", "a$b$c$d", "..", "../../etc/passwd", "/etc/passwd", "http://evil.example/",
    "//", "\r\nX: y",
    ".", "." * 3000, "a." * 1500 + "a", ":" * 500, "," * 6000, "|" * 6000, "$" * 6000, "(" * 3000, "a" * 7000,
    "9" * 400, "-" + "9" * 400, "1e999999", "1e-999999", "-0", "NaN", "Infinity", "0x10", "1_000", "٣", "99999-01-01",
    "0000-00-00", "0001-01-01", "9999-12-31T23:59:59.999999999+14:00", "2024-02-30", "2024-01-01T24:00:00Z",
    "ge", "gele2024",
    "ap99999", "sa0001", "eb9999-12-31", "eq", "2024-01-01T00:00:00+99:99", "(a+)+$", "a" * 40 + "!", "(.*)*b", "[[[[",
    "*", "%25", "_", "%_%", "true", "Patient/pb", "pb", "Patient/pa", "Patient?name=x", f"Patient/{'x' * 65}",
    WORD[:2],
    "2024-01-01/2025", "gt1|http://unitsofmeasure.org|mg", "1||", "near:1|1|1|parsec", "30|120|99999999|km",
    "-91|181|1|km",
    "Observation:subject", "Observation:*", "*:*", "Patient:link:Patient:x", "_id,-_id,_id", "-" * 400,
    "urn:uuid:" + "0" * 99,
)  # fmt: skip
NAMES = (
    "_id", "_count", "_sort", "_include", "_revinclude", "_include:iterate", "_total", "_summary", "_elements",
    "_format",
    "_pretty", "_type", "_since", "_at", "_cursor", "_list", "_has", "_has:Observation:patient:code",
    "_filter", "_query",
    "_has:Observation:patient:_has:Observation:patient:code", "_contained", "_tag", "_lastUpdated", "_profile",
    "_security",
    "_source", "_text", "_content", "_elements:exclude", "", ":", ".", "a" * 5000, "_" * 100,
    "name.name.name.name.name",
    "subject:Patient.identifier", "subject.subject.subject.subject", "patient:" + "x" * 3000, "_typeFilter",
    "_outputFormat",
    "url", "system", "code", "display", "filter", "count", "offset", "date", "max", "start", "end", "mode",
    "resource", "patient",
    "valueSetVersion", "target", "source", "targetsystem", "codeA", "codeB", "property", "includeDesignations", "meta",
)  # fmt: skip
ENOUGH = st.one_of(st.sampled_from(VALUES), st.text(max_size=30), st.integers().map(str), st.dates().map(str))
IDS = st.sampled_from(
    ("pa", "pb", "oa", "ob", "eb", "none", "x" * 64, "x" * 65, "a_b", ".", "-", "$x", "_x", "%00", "..%2f..")
)
TYPES = st.one_of(st.sampled_from(("Patient", "Observation", "Encounter")), st.sampled_from(sorted(known_types())))
ODD = st.sampled_from(
    ("Patience", "patient", "PATIENT", "Resource", "Bundle%20", "%", "", "*", "%2e%2e", "http:", "a" * 3000)
)
ROUTES = (
    "", "{t}", "{t}/{i}", "{t}/{i}/_history", "{t}/{i}/_history/{v}", "{t}/_history", "_history",
    "{t}/_search", "_search",
    "{t}/{i}/{t}", "{t}/{i}/*", "{t}/{i}/{t}/_search", "${o}", "{t}/${o}", "{t}/{i}/${o}", "metadata",
    "healthz", "$export",
    "Patient/$export", "Group/{i}/$export", "$export-status/{v}", "$export-file/{v}/{v}", "{t}/{v}/{v}/{v}",
    "{v}", "{t}/{v}",
)  # fmt: skip
METHODS = (
    ("GET",) * 6
    + ("POST",) * 4
    + ("HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PURGE", "get", "é")
)
HEADERS = (
    "accept", "accept-language", "accept-encoding", "content-type", "content-encoding", "content-length", "if-match",
    "if-none-match", "if-modified-since", "if-none-exist", "prefer", "host", "x-forwarded-host", "x-forwarded-proto",
    "forwarded", "x-request-id", "idempotency-key", "range", "transfer-encoding", "x-http-method-override", "cookie",
)  # fmt: skip
KINDS = (
    JSON, XML, FORM, "application/json", "application/json-patch+json", "application/merge-patch+json", "text/plain",
    f"{JSON}; charset=utf-16", f"{JSON};q=0.1, {XML}", "return=minimal", "return=OperationOutcome", "handling=strict",
    "respond-async", "return=representation", "*", 'W/"1"', '"1"', "gzip", "identity", "br", "evil.example", "[::1",
    "a" * 200 + ":99999", "en", "zh;q=0.1,en;q=nan", "bytes=0-", "chunked", "Sat, 99 Foo 99999 99:99:99 GMT", "name=x",
    "name=x&" * 500, "Patient?name=x", "identifier=" + number(11, 1),
)  # fmt: skip
DEEP = b"[" * 5000
BODIES = (
    b"", b"{}", b"[]", b"null", b"0", b'"x"', DEEP, b'{"a":' * 3000, b"\xff\xfe", b"\0", b"{",
    b'{"resourceType":"Patient"}',
    b'{"resourceType":"Patient","id":"pb"}', b'{"resourceType":"Parameters"}',
    b'{"resourceType":"Parameters","parameter":[{}]}',
    b'{"resourceType":"Parameters","parameter":[{"name":"resource","resource":{"resourceType":"Patient","a":1}}]}',
    b'{"resourceType":"Bundle","type":"batch"}',
    b'{"resourceType":"Bundle","type":"transaction","entry":[{"request":{}}]}',
    b'[{"op":"add","path":"/a/b/c","value":1}]', b'[{"op":"copy","from":"","path":"/name"}]',
    b'[{"op":"remove","path":""}]',
    b'<Patient xmlns="http://hl7.org/fhir"/>',
    b'<!DOCTYPE x [<!ENTITY a "b">]><Patient xmlns="http://hl7.org/fhir">&a;</Patient>',
    b"<" * 5000, b"name=x&_count=1", b"%" * 999, b"a=1&" * 600,
    b'{"resourceType":"Patient","birthDate":"99999-01-01"}',
    b'{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1e400}}',
    b'{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/pb"}}',
)  # fmt: skip


@st.composite
def pairs(draw: st.DrawFn, kind: str) -> list[tuple[str, str]]:
    """A query: parameters of the type, with modifiers and chains, or of no type."""
    found = []
    own = parameters(kind) if kind in known_types() else {}
    for _ in range(draw(st.integers(0, 3))):
        known_one = draw(st.integers(0, 3)) > 0
        if own and known_one:
            name = draw(st.sampled_from(sorted(own)))
            modifiers = (
                "",
                "",
                "",
                *(f":{m}" for m in sorted(MODIFIERS[own[name].type])),
                ":Patient",
                ":nix",
                ".name",
                ".x:y",
            )
            name += draw(st.sampled_from(modifiers))
        else:
            name = draw(st.one_of(st.sampled_from(NAMES), st.text(max_size=10)))
        found.append((name, draw(ENOUGH)))
    return found


def encoded(found: list[tuple[str, str]], raw: bool) -> str:
    if raw:
        return "&".join(f"{name}={value}" for name, value in found)
    return urlencode(found, errors="surrogatepass")


@cache
def operation_names() -> tuple[str, ...]:
    """All that are there, and some that are not."""
    return (*sorted({name for _, name, _ in operations.OPERATIONS}), "export", "nothing", "", "$", "document")


@st.composite
def requests(draw: st.DrawFn) -> Asked:
    kind = draw(TYPES) if draw(st.integers(0, 9)) else draw(ODD)
    path = draw(st.sampled_from(ROUTES))
    while "{" in path:
        hole = path[path.index("{") + 1]
        value = {
            "t": st.just(kind), "i": IDS, "o": st.sampled_from(operation_names()),
            "v": ENOUGH.map(lambda v: quote(v, errors="replace").replace("{", "")),
        }[hole]  # fmt: skip
        path = path.replace("{" + hole + "}", draw(value).replace("{", ""), 1)
    headers = [
        (draw(st.sampled_from(HEADERS)).encode(), header(draw(st.one_of(st.sampled_from(KINDS), ENOUGH))))
        for _ in range(draw(st.integers(0, 3)))
    ]
    body = draw(st.one_of(st.sampled_from(BODIES), st.binary(max_size=80), pairs(kind).map(lambda p: form(p))))
    query = encoded(draw(pairs(kind)), draw(st.booleans()))
    return Asked(draw(st.sampled_from(METHODS)), f"/fhir/{path}", query, tuple(headers), body)


def header(value: str) -> bytes:
    return value.encode("utf-8", "replace")


def form(found: list[tuple[str, str]]) -> bytes:
    return encoded(found, raw=False).encode()


@settings(max_examples=1000, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(requests())
def test_any_request(world: Served, asked: Asked) -> None:
    judge(asked, ask(world, asked))


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_search(world: Served, data: st.DataObject) -> None:
    """Searches by what a type has, each with a value made to break it, by GET, by form and in a batch."""
    kind = data.draw(TYPES)
    found = data.draw(pairs(kind))
    way = data.draw(st.sampled_from(("get", "form", "batch")))
    query = encoded(found, raw=False)
    if way == "get":
        asked = Asked("GET", f"/fhir/{kind}", query)
    elif way == "form":
        asked = Asked("POST", f"/fhir/{kind}/_search", "", ((b"content-type", FORM.encode()),), query.encode())
    else:
        entries = [{"request": {"method": "GET", "url": f"{kind}?{query}"}}]
        body = json.dumps({"resourceType": "Bundle", "type": "batch", "entry": entries}).encode()
        asked = Asked("POST", "/fhir", "", ((b"content-type", JSON.encode()),), body)
    told = ask(world, asked)
    judge(asked, told)
    if way == "batch" and told.status == 200:
        status = json.loads(told.body)["entry"][0]["response"]["status"]
        assert status < "500" or status.startswith("503"), (asked, told.body)


SIZES = {
    "a long value": "x" * LONG, "a long number": "9" * LONG, "commas": "," * 10_000, "bars": "|" * LONG,
    "many values": ",".join(["x"] * 10_000), "backslashes": "\\" * LONG, "hanzi": "张" * 300_000, "dots": "." * LONG,
    "a long token": "http://x|" + "y" * LONG, "a long date": "2024-01-01T00:00:00." + "9" * LONG,
    "minus": "-" * 10_000, "colons": ":" * 100_000, "zeros": "0" * LONG + ".0", "dollars": "$" * 100_000,
}  # fmt: skip


@pytest.mark.parametrize(
    "name", ["name", "identifier", "birthdate", "_sort", "_cursor", "_has:Observation:patient:code"]
)
def test_large_values(world: Served, name: str) -> None:
    for value in SIZES.values():
        body = urlencode({name: value}).encode()
        asked = Asked("POST", "/fhir/Patient/_search", "", ((b"content-type", FORM.encode()),), body)
        judge(asked, ask(world, asked))


@pytest.mark.parametrize(
    "name", ["name" + ".name" * 5000, "subject:Patient" + ".link:Patient" * 2000 + ".name",
    "_has" + ":Observation:patient" * 99,
             "_has:Observation:patient:" * 2000 + "code", "x" * LONG, "subject:" + "P" * LONG, ":" * LONG],
    ids=range(7),
)  # fmt: skip
def test_large_names(world: Served, name: str) -> None:
    asked = Asked(
        "POST", "/fhir/Observation/_search", "", ((b"content-type", FORM.encode()),), urlencode({name: "x"}).encode()
    )
    judge(asked, ask(world, asked))


@pytest.mark.parametrize("name", HEADERS)
def test_large_headers(world: Served, name: str) -> None:
    for value in (
        b"x" * LONG,
        b"," * LONG,
        b";" * LONG,
        b'W/"' + b"1" * LONG,
        b"a;q=1," * (LONG // 6),
        b"=" * LONG,
        b"\xff" * LONG,
    ):
        writes = name.startswith(("content", "if-none-exist", "prefer", "x-request", "idempotency"))
        method, path = ("POST", "/fhir/Patient") if writes else ("GET", "/fhir/Patient/pa")
        body = b'{"resourceType":"Patient"}' if writes else b""
        asked = Asked(method, path, "", ((name.encode(), value),), body)
        judge(asked, ask(world, asked))


def test_many_of_a_kind(world: Served) -> None:
    """Four thousand headers, pairs, clauses, includes, sorts, entries that read: refused or done in time."""
    for query in ("a=1&" * 1990, "name=x&" * 490, "_include=Patient:link&" * 300, "_sort=birthdate&" * 400, "&" * 7000,
                  "_has:Observation:patient:code=x&" * 200, "_revinclude=Observation:patient&" * 200):  # fmt: skip
        asked = Asked("GET", "/fhir/Patient", query)
        judge(asked, ask(world, asked))
    asked = Asked("GET", "/fhir/Patient/pa", "", tuple((f"x-{n}".encode(), b"x") for n in range(4000)))
    judge(asked, ask(world, asked))


def test_addresses(world: Served) -> None:
    """Absolute ones, those that climb, those of the files of an export."""
    for path in ("http://evil.example/fhir/Patient/pb", "//evil.example/fhir", "/fhir/../fhir/Patient/pb",
    "/fhir//Patient//pb",
                 "/fhir/Patient/pb/", "/fhir/./Patient/pb", "/fhir/%2e%2e/%2e%2e/etc/passwd",
                 "/fhir/Patient%2Fpb", "*", "",
                 "/fhir/$export-file/00000000-0000-4000-8000-000000000000/..%2f..%2fetc%2fpasswd", "/fhirx/Patient/pb",
                 "/fhir/" + "a/" * 3000, "/fhir/" + "x" * LONG, "/fhir/Patient/" + "%00" * 100,
                 "/FHIR/Patient/pb"):  # fmt: skip
        for method in ("GET", "POST", "DELETE"):
            asked = Asked(method, path)
            judge(asked, ask(world, asked))
