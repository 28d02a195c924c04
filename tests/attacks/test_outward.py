"""Nothing that is sent makes the house call out, read its own files, or swell: addresses in resources, entities in XML.

There are no subscriptions: a Subscription is a record like any other, its endpoint is never called.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.served import XML, Served, entry, json_of, said, served

__all__ = ["served"]
pytestmark = pytest.mark.django_db
Json = dict[str, Any]


class Trap:
    """A port that counts who comes."""

    def __init__(self) -> None:
        self.caught: list[bytes] = []
        self.door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.door.getsockname()[1]}"
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            try:
                line, _ = self.door.accept()
            except OSError:
                return
            self.caught.append(line.recv(200))
            line.close()


@contextmanager
def trap() -> Iterator[Trap]:
    """A trap that is closed at the end."""
    made = Trap()
    try:
        yield made
    finally:
        made.door.close()


def luring(url: str) -> list[Json]:
    """Resources of every kind that name an address which a careless server would open."""
    attachment = {"contentType": "text/html", "url": f"{url}/file", "title": "x"}
    return [
        {"resourceType": "Subscription", "status": "requested", "reason": "x", "criteria": "Observation?code=1",
         "channel": {"type": "rest-hook", "endpoint": f"{url}/hook", "payload": "application/fhir+json",
                     "header": [f"Referer: {url}"]}},
        {"resourceType": "DocumentReference", "status": "current", "content": [{"attachment": attachment}]},
        {"resourceType": "Patient", "photo": [attachment], "telecom": [{"system": "url", "value": url}],
         "text": {"status": "generated",
                  "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><img src="{url}/i.png" alt="x"/></div>'}},
        {"resourceType": "Endpoint", "status": "active", "connectionType": {"code": "hl7-fhir-rest"},
         "payloadType": [{"text": "any"}], "address": url},
        {"resourceType": "Observation", "status": "final", "code": {"text": "x"},
         "subject": {"reference": f"{url}/fhir/Patient/1"}, "meta": {"profile": [f"{url}/StructureDefinition/x"]}},
        {"resourceType": "ValueSet", "status": "active", "url": f"{url}/vs",
         "compose": {"include": [{"valueSet": [f"{url}/other"]}, {"system": f"{url}/cs"}]}},
        {"resourceType": "CodeSystem", "status": "active", "content": "not-present", "url": f"{url}/cs",
         "supplements": f"{url}/base"},
        {"resourceType": "ImplementationGuide", "status": "active", "url": f"{url}/ig", "name": "X",
         "packageId": "x.y", "fhirVersion": ["4.0.1"], "dependsOn": [{"uri": f"{url}/dep"}]},
    ]  # fmt: skip


def asking(url: str) -> list[str]:
    """Requests that name an address."""
    return [
        f"ValueSet/$expand?url={url}/vs", f"CodeSystem/$lookup?system={url}/cs&code=x",
        f"ValueSet/$validate-code?url={url}/vs&system={url}/cs&code=x",
        f"ConceptMap/$translate?url={url}/cm&code=x&system=y",
        f"Observation?code:in={url}/vs", f"Observation?subject={url}/fhir/Patient/1", f"Observation?_profile={url}/x",
        f"Patient?_include={url}", f"Patient/$validate?profile={url}/sd", f"Subscription?url={url}/hook",
    ]  # fmt: skip


def test_no_address_that_is_sent_is_called(served: Served) -> None:
    with trap() as caught:
        made = luring(caught.url)
        for each in made:
            answer = served.send("POST", each["resourceType"], each)
            assert answer.status_code < 500, answer.text
        served.bundle(
            "transaction", *[entry("POST", r["resourceType"], r, f"{caught.url}/{n}") for n, r in enumerate(made)]
        )
        for path in asking(caught.url):
            assert served.get(path).status_code < 500, path
        served.send("POST", "Observation", {"resourceType": "Observation", "status": "final", "code": {"text": "hit"}})
        time.sleep(0.3)
        assert caught.caught == []


def test_the_door_offers_no_subscription(served: Served) -> None:
    """Neither an operation nor a notification: what would dereference an endpoint does not exist."""
    rest = json_of(served.get("metadata"))["rest"][0]
    told = next((r for r in rest["resource"] if r["type"] == "Subscription"), {})
    assert {o["name"] for o in told["operation"]} <= {"meta", "meta-add", "meta-delete", "validate"}
    for path in ("Subscription/$get-ws-binding-token", "Subscription/x/$status", "Subscription/x/$events"):
        assert served.get(path).status_code == 404


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
SPREAD = "x" * 50_000
DOCUMENTS = {
    "billion laughs": f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]>{{}}&l9;',
    "quadratic": f'<!DOCTYPE x [<!ENTITY a "{SPREAD}">]>{{}}{"&a;" * 2_000}',
    "a file": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>{}&a;',
    "an address": '<!DOCTYPE x [<!ENTITY a SYSTEM "TRAP/x">]>{}&a;',
    "a definition": '<!DOCTYPE x SYSTEM "TRAP/x.dtd">{}&a;',
    "a parameter": '<!DOCTYPE x [<!ENTITY % p SYSTEM "TRAP/p"> %p;]>{}y',
}
ENCODED = ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-7", "utf-32", "gb18030")


@pytest.mark.parametrize("encoding", ENCODED)
def test_entities_are_refused_unread(served: Served, encoding: str) -> None:
    """A document that declares a type is refused before it is parsed, however it is written."""
    with trap() as caught:
        for name, text in DOCUMENTS.items():
            head, _, rest = text.replace("TRAP", caught.url).partition("{}")
            declared = f'<?xml version="1.0" encoding="{encoding.removesuffix("-le").removesuffix("-be")}"?>'
            whole = f'{declared}{head}<Patient xmlns="http://hl7.org/fhir"><id value="{rest}"/></Patient>'
            began = time.monotonic()
            answer = served.send("POST", "Patient", whole.encode(encoding), headers={"Content-Type": XML})
            assert 400 <= answer.status_code < 500, (name, answer.status_code)
            assert time.monotonic() - began < 2, name
            assert "root:" not in answer.text
            if encoding == "utf-8":
                assert said(answer) == (400, "xml-doctype")
        time.sleep(0.1)
        assert caught.caught == []


def test_entities_in_a_narrative_are_refused(served: Served) -> None:
    """The XHTML within JSON is XML too."""
    for text in DOCUMENTS.values():
        head, _, rest = text.partition("{}")
        div = f'{head}<div xmlns="http://www.w3.org/1999/xhtml">{rest}</div>'
        began = time.monotonic()
        told = {"resourceType": "Patient", "text": {"status": "generated", "div": div}}
        answer = served.send("POST", "Patient?_format=xml", told)
        assert time.monotonic() - began < 2
        assert "root:" not in answer.text
        assert len(answer.content) < 1_000_000
        assert answer.status_code < 500


def test_nothing_in_the_house_fetches_what_a_message_names() -> None:
    """No module of the house imports a client of HTTP: what would call out must first come past this test."""
    root = Path(__file__).parents[2] / "src" / "doorstep"
    clients = ("urllib.request", "http.client", "httpx", "requests", "aiohttp", "urllib3", "ftplib", "smtplib")
    # files that call an address which the operator, and no message, names
    known = {
        "adapters/openid.py",
        "adapters/jwks.py",
        "adapters/messages/http.py",
        "adapters/fhirmessaging/client.py",
        "adapters/dicomweb/client.py",
    }
    found = [
        f"{path.relative_to(root)}: {line.strip()}"
        for path in root.rglob("*.py")
        if not {"tests", "testing"} & set(path.parts) and str(path.relative_to(root)) not in known
        for line in path.read_text().splitlines()
        if line.strip().startswith(("import ", "from ")) and line.split()[1].startswith(clients)
    ]
    assert found == []
