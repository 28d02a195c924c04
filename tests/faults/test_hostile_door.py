"""The FHIR door: keys that are none, another institution's things, bodies that are too much; in-process."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from django.db import connection

from doorstep.kernel import clock, ledger
from doorstep.kernel.testing import callers
from doorstep.registers.portal.tests import factory as own
from doorstep.registers.residents import api as residents
from doorstep.registers.staff import api as staff
from tests.door import running
from tests.faults.two_sides import WORD, clinical, number, patient, send

pytestmark = pytest.mark.django_db(transaction=True)
Json = dict[str, Any]
JSON = "application/fhir+json"


class Door:
    """The door of two institutions: what each answers, by its key."""

    def __init__(self) -> None:
        from doorstep.registers.organisations.tests import factory

        district = factory.make()
        self.a, self.b = district.lead, district.second
        self.keys = {}
        for name, place in (("a", self.a), ("b", self.b)):
            self.keys[name] = staff.issue_key(callers.system(), organisation=place, name=f"HIS {name}")
        send(self.a, patient("pa", number(10, 1), "甲"), *clinical("a", "pa", "甲"))
        send(self.b, patient("pb", number(11, 1), WORD), *clinical("b", "pb", WORD))

    def ask(self, method: str, path: str, who: str = "a", **more: Any) -> httpx.Response:
        """One request by the key of an institution (or none, for an empty name)."""
        headers = {"Authorization": f"Bearer {self.keys[who][1]}"} if who else {}
        headers |= more.pop("headers", {})
        with running(body_limit=1 << 20) as door:
            return door.run(door.ask(method, path, headers=headers, **more))

    def post(self, *entries: Json, kind: str = "transaction", who: str = "a") -> httpx.Response:
        """A bundle of entries."""
        bundle = {"resourceType": "Bundle", "type": kind, "entry": list(entries)}
        return self.ask("POST", "/fhir", who, content=json.dumps(bundle), headers={"Content-Type": JSON})


@pytest.fixture
def door(transactional_db: None) -> Door:
    """Two institutions with a key and a patient each."""
    return Door()


def entry(method: str, url: str, resource: Json | None = None, **request: str) -> Json:
    """An entry of a transaction."""
    made: Json = {"request": {"method": method, "url": url, **request}}
    return made | ({"resource": resource} if resource else {})


def observation(subject: str, key: str = "ox", text: str = "x") -> Json:
    """An Observation about a subject."""
    return {
        "resourceType": "Observation",
        "id": key,
        "status": "final",
        "code": {"text": text},
        "valueString": text,
        "subject": {"reference": subject},
    }


def body(kind: str, key: str) -> bytes:
    """What the ledger holds now."""
    found = ledger.read(kind, key)
    assert found is not None
    return found.body + str(found.version).encode() + str(found.deleted).encode()


def everything() -> tuple[bytes, ...]:
    """The things of B that no key of A may change."""
    return tuple(body(kind, key) for kind, key in (("Patient", "pb"), ("Observation", "ob"), ("Condition", "cb")))


TOKENS: dict[str, Callable[[Door], str]] = {
    "none": lambda door: "",
    "empty": lambda door: "Bearer ",
    "wrong": lambda door: "Bearer ds_" + "x" * 43,
    "cut": lambda door: f"Bearer {door.keys['b'][1][:-1]}",
    "basic": lambda door: f"Basic {door.keys['b'][1]}",
    "digest": lambda door: f"Bearer {staff.source_call.__module__}",
    "long": lambda door: "Bearer " + "x" * 100_000,
    "nul": lambda door: "Bearer a\x00b",
    "latin": lambda door: "Bearer \xff\xfe",
}


@pytest.mark.parametrize("token", TOKENS)
def test_without_a_good_key(door: Door, token: str) -> None:
    """401 for reads and writes, and nothing is told."""
    said = TOKENS[token](door).encode("latin-1")
    before = everything()
    for method, path in (
        ("GET", "/fhir/Patient/pb"),
        ("GET", "/fhir/Patient/pb/_history"),
        ("POST", "/fhir"),
        ("GET", "/fhir/Patient/pb/_history/1"),
        ("GET", "/fhir/Patient/none"),
    ):
        answer = door.ask(method, path, "", headers={"Authorization": said} if said else {})
        assert answer.status_code == 401, (method, path, answer.status_code)
        assert WORD not in answer.text
    assert everything() == before


def test_a_resident_s_session_is_no_key(door: Door) -> None:
    """Who has signed in at the pages is nobody at the door of systems."""
    cookie = own.client_of(residents.residents_of(["pa"])["pa"]).cookies["sessionid"].value
    for path in ("/fhir/Patient/pa", "/fhir/Observation", "/fhir/AuditEvent"):
        answer = door.ask("GET", path, "", headers={"Cookie": f"sessionid={cookie}"})
        assert answer.status_code == 401, path


def test_a_key_that_was_taken_back(door: Door) -> None:
    """Revoked means now, not soon; a key whose time has not come or has passed gives nothing either."""
    assert door.ask("GET", "/fhir/Patient/pa").status_code == 200
    key, token = door.keys["a"]
    staff.revoke_key(callers.system(), key=key, expect=1)
    assert staff.source_call(token) is None
    assert door.ask("GET", "/fhir/Patient/pa").status_code == 401
    today = clock.today()
    from datetime import timedelta

    for since, until in ((today + timedelta(days=1), None), (today - timedelta(days=9), today - timedelta(days=1))):
        more = staff.issue_key(callers.system(), organisation=door.a, name="x", since=since, until=until)
        assert staff.source_call(more[1]) is None


def test_reading_another_institutions_records(door: Door) -> None:
    """Nothing of B is read with A's key, and what is there looks as what is not."""
    absent = door.ask("GET", "/fhir/Patient/zz")
    for path in ("Patient/pb", "Observation/ob", "Patient/pb/_history", "Patient/pb/_history/1", "Condition/cb"):
        answer = door.ask("GET", f"/fhir/{path}")
        assert answer.status_code == absent.status_code == 404
        assert WORD not in answer.text
    assert door.ask("GET", "/fhir/Patient/pb", "b").status_code == 200


IDENT = f"identifier=urn:oid:2.16.156.10011.1.3|{number(11, 1)}"
BARE = f"identifier={number(11, 1)}"
MINE = entry("PUT", "Patient/pb", patient("pb", number(13, 1), "mine"))
TAKEOVERS: dict[str, list[Json]] = {
    "put": [entry("PUT", "Patient/pb", patient("pb", number(12, 1), "mine"))],
    "put if match": [entry("PUT", "Patient/pb", patient("pb", number(12, 1), "mine"), ifMatch='W/"1"')],
    "delete": [entry("DELETE", "Observation/ob")],
    "delete if match": [entry("DELETE", "Observation/ob", ifMatch='W/"1"')],
    "delete by search": [entry("DELETE", f"Patient?{IDENT}")],
    "put by search": [entry("PUT", f"Patient?{IDENT}", patient("x", number(11, 1), WORD))],
    "put by bare search": [entry("PUT", f"Patient?{BARE}", patient("x", number(11, 1), WORD))],
    "patch": [entry("PATCH", "Patient/pb", {"resourceType": "Parameters"})],
    "post if none": [
        {
            "fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000001",
            **entry("POST", "Patient", patient("x", number(11, 1), WORD), ifNoneExist=BARE),
        },
        entry("POST", "Observation", observation("urn:uuid:00000000-0000-4000-8000-000000000001", text="planted")),
    ],
    "reference": [entry("POST", "Observation", observation("Patient/pb", text="planted"))],
    "reference put": [entry("PUT", "Observation/ob", observation("Patient/pb", "ob", "planted"))],
    "absolute": [entry("POST", "Observation", observation("http://testserver/fhir/Patient/pb", text="planted"))],
    "versioned": [entry("POST", "Observation", observation("Patient/pb/_history/1", text="planted"))],
    "by search": [entry("POST", "Observation", observation(f"Patient?{BARE}", text="planted"))],
    "unknown by search": [entry("POST", "Observation", observation("Nonsense?identifier=x", text="planted"))],
    "odd search": [entry("POST", "Observation", observation("Patient?identifier=%00&x=\ud800'|", text="planted"))],
    "unknown if none": [entry("POST", "Nonsense", {"resourceType": "Nonsense"}, ifNoneExist="identifier=x")],
    "another base": [entry("POST", "Observation", observation("http://evil.example/Patient/pb", text="planted"))],
    "full url": [
        {"fullUrl": "http://testserver/fhir/Patient/pb", **MINE},
        entry("POST", "Observation", observation("Patient/pb", text="planted")),
    ],
}


@pytest.mark.parametrize("kind", ["transaction", "batch"])
@pytest.mark.parametrize("how", TAKEOVERS)
def test_taking_over_what_is_another_s(door: Door, how: str, kind: str) -> None:
    """No bundle of A changes what B sent, or writes into the chart of B's resident; the answer is never a 5xx."""
    before = everything()
    answer = door.post(*TAKEOVERS[how], kind=kind)
    assert answer.status_code < 500, answer.text
    assert everything() == before
    whose = residents.residents_of(["pb"])["pb"]
    mine = {patient_of for patient_of, resident in linked().items() if resident == whose}
    with connection.cursor() as cursor:
        cursor.execute("SELECT patient, body FROM fhir_observation WHERE source = %s", [door.a])
        planted = [
            row
            for row in cursor.fetchall()
            if b"planted" in bytes(row[1] if isinstance(row[1], bytes) else row[1].encode())
        ]
    assert not [row for row in planted if row[0] == "pb"], "A wrote into the record that B sent"
    assert WORD not in answer.text.replace("ifNoneExist", "")
    assert mine >= {"pb"}


def linked() -> dict[str, Any]:
    """The residents of all records."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT patient_id, resident_id FROM residents_residentrecord WHERE patient_id IS NOT NULL")
        return dict(cursor.fetchall())


def test_a_search_does_not_tell_who_is_known_elsewhere(door: Door) -> None:
    """A conditional create makes A's own record, whatever B knows; so nobody learns from it who was at B."""
    answer = door.post(entry("POST", "Patient", patient("mine", number(11, 1), WORD), ifNoneExist=BARE))
    assert answer.status_code == 200, answer.text
    assert "Patient/pb" not in answer.text
    assert answer.json()["entry"][0]["response"]["status"].startswith("201")


TYPES = (
    "text/plain",
    "application/xml",
    "application/fhir+xml",
    "multipart/form-data; boundary=x",
    "application/json; charset=gbk",
    "application/x-www-form-urlencoded",
    "*/*",
    "application/json/x",
    "",
    ";",
)


@pytest.mark.parametrize("kind", TYPES)
def test_content_types(door: Door, kind: str) -> None:
    answer = door.ask("POST", "/fhir", content=b"{}", headers={"Content-Type": kind})
    assert 400 <= answer.status_code < 500


BATCH = b'{"resourceType":"Bundle","type":"batch","entry":[{%s}]}'
BOMB = gzip.compress(b" " * (64 << 20))


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (BOMB, {"Content-Encoding": "gzip"}, 413),
        (gzip.compress(BOMB), {"Content-Encoding": "gzip, gzip"}, 415),
        (BOMB[:2000], {"Content-Encoding": "gzip"}, 413),
        (b"\x1f\x8b" + b"x" * 99, {"Content-Encoding": "gzip"}, 400),
        (b"", {"Content-Encoding": "gzip"}, 400),
        (b"{}", {"Content-Encoding": "br"}, 415),
        (b"x" * (2 << 20), {}, 413),
        (b"{}", {"Content-Length": "9" * 30}, 413),
        (b"[" * 100_000, {}, 400),
        (b'{"resourceType":"Bundle","type":"transaction","entry":' + b"[" * 50_000, {}, 400),
        (b'{"resourceType":"Bundle","type":"transaction","entry":[null,1,"x",[],{}]}', {}, None),
        (b'{"resourceType":"Bundle","type":[],"entry":{}}', {}, None),
        (b'{"a":1e999999}', {}, None),
        (b'{"resourceType":"Bundle","resourceType":"Bundle","type":"batch"}', {}, None),
        (b"\xff\xfe{\x00}\x00", {}, None),
        (BATCH % b'"resource":{"resourceType":"Patient","id":"\\u0000"}', {}, None),
        (
            b'{"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"Patient","name":[{"text":"\\ud800"}]},'
            b'"request":{"method":"POST","url":"Patient"}}]}',
            {},
            None,
        ),
        (BATCH % b'"request":{"method":"DELETE","url":"../../etc/passwd"}', {}, None),
        (BATCH % b'"request":{"method":"GET","url":"Patient/pb"}', {}, None),
    ],
)
def test_bodies(door: Door, content: bytes, headers: dict[str, str], status: int | None) -> None:
    """Too much is refused as soon as it shows; what is broken is refused in words."""
    answer = door.ask("POST", "/fhir", content=content, headers={"Content-Type": JSON, **headers})
    assert answer.status_code < 500, answer.text
    assert status in (None, answer.status_code), answer.text
    assert WORD not in answer.text


def test_a_body_without_an_end(door: Door) -> None:
    """Pieces beyond the limit are not waited for."""
    given = []

    async def endless() -> AsyncIterator[bytes]:
        while len(given) < 1000:
            given.append(1)
            yield b" " * 65_536

    assert door.ask("POST", "/fhir", content=endless(), headers={"Content-Type": JSON}).status_code == 413
    assert len(given) < 100


HEADERS = (
    {f"X-Flood-{n}": "x" * 100 for n in range(500)},
    {"Accept": "a/b," * 20_000},
    {"Accept-Language": "zh;q=nan," * 5_000},
    {"Accept": "image/png"},
    {"If-None-Match": '"' * 9999},
    {"Host": "evil.example"},
    {"X-Forwarded-Host": "evil.example"},
    {"Accept-Language": "en;q=" + "9" * 5000},
    {"Prefer": "x" * 5000},
)


@pytest.mark.parametrize("headers", HEADERS, ids=range(len(HEADERS)))
def test_headers(door: Door, headers: dict[str, str]) -> None:
    for method, path in (
        ("GET", "/fhir/Patient/pa"),
        ("GET", "/fhir/metadata"),
        ("POST", "/fhir"),
        ("GET", "/fhir/Patient/pa/_history"),
    ):
        answer = door.ask(method, path, headers=headers)
        assert answer.status_code < 500
        assert not answer.is_redirect


@pytest.mark.parametrize(
    "path",
    [
        "Patient/%00",
        "Patient/..%2f..",
        "Nothing/x",
        "Patient/" + "x" * 9000,
        "Patient/pa/_history/-1",
        "Patient/pa/_history/" + "9" * 5000,
        "Patient/pa/_history/%D9%A1",
        "Patient/pb?_format=xml",
        "%F0%9F%98%80",
        "Patient//pa",
        "//evil.example",
        "Patient/pa/",
        "Patient",
        "$x",
        "Patient?identifier=" + number(11, 1),
        "metadata/..",
        "Patient/pa%0d%0aX: 1",
    ],
)
def test_paths(door: Door, path: str) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH", "POST", "OPTIONS", "HEAD"):
        answer = door.ask(method, f"/fhir/{path}", content=b"{}" if method in ("PUT", "POST", "PATCH") else None)
        assert answer.status_code < 500, (method, answer.text)
        assert WORD not in answer.text
        assert not answer.is_redirect, answer.headers
