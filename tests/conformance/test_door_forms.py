"""Forms of the door (R4, http.html#mime-type, #summary): JSON and XML, parts of resources, bodies, languages."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.served import JSON, XML, Served, entry, fresh, json_of, said, served

__all__ = ["served"]
pytestmark = pytest.mark.django_db
EMPTY = b'<Bundle xmlns="http://hl7.org/fhir"><type value="batch"/></Bundle>'
PATIENT = b'<Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>'


class TestFormats:
    @pytest.mark.parametrize(
        ("accept", "wanted"),
        [
            ("", JSON),
            ("*/*", JSON),
            (JSON, JSON),
            (XML, XML),
            ("application/xml", XML),
            ("text/xml", XML),
            ("application/json+fhir", JSON),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", XML),
            ("text/html,*/*;q=0.8", JSON),
            ("application/fhir+json; fhirVersion=4.0", JSON),
            (f"{JSON};q=0.5, {XML};q=0.9", XML),
            (f"{XML};q=0.2, {JSON};q=0.9", JSON),
            (f"{XML};q=0, */*;q=0.1", JSON),
            (f"application/pdf, {XML};q=0.1", XML),
            ("image/png", None),
            (f"{JSON};q=0", None),
        ],
    )
    def test_accept(self, served: Served, accept: str, wanted: str | None) -> None:
        for path in ("metadata", f"Patient/{served.made()['id']}", "Patient?_count=1"):
            answer = served.get(path, headers={"accept": accept})
            if wanted is None:
                assert said(answer) == (406, "not-acceptable")
            else:
                assert answer.status_code == 200
                assert answer.headers["content-type"] == f"{wanted}; charset=utf-8"
                assert answer.content.startswith(b"{" if wanted == JSON else b"<")

    @pytest.mark.parametrize(
        ("asked", "wanted"),
        [("json", JSON), ("xml", XML), (XML, XML), ("application/fhir%2Bxml", XML), ("text/xml", XML), ("JSON", JSON),
         ("application/json", JSON), ("html", None), ("ttl", None), ("%00", None), ("application/fhir+turtle", None)],
    )  # fmt: skip
    def test_format_goes_before_accept(self, served: Served, asked: str, wanted: str | None) -> None:
        answer = served.get(f"metadata?_format={asked}", headers={"accept": "image/png"})
        if wanted is None:
            assert answer.status_code in (400, 406)
        else:
            assert answer.headers["content-type"].startswith(wanted)

    def test_xml_of_each_interaction(self, served: Served) -> None:
        taken = {"Content-Type": XML, "Accept": XML}
        made = served.send("POST", "Patient", PATIENT, headers=taken)
        assert made.status_code == 201
        at = made.headers["location"].removeprefix("http://testserver/fhir/").partition("/_history")[0]
        inside = f'<Patient xmlns="http://hl7.org/fhir"><id value="{at[8:]}"/><active value="false"/></Patient>'
        updated = served.send("PUT", at, inside.encode(), headers=taken)
        patch = b"""<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/>
            <part><name value="type"/><valueCode value="add"/></part>
            <part><name value="path"/><valueString value="Patient"/></part>
            <part><name value="name"/><valueString value="gender"/></part>
            <part><name value="value"/><valueCode value="female"/></part></parameter></Parameters>"""
        patched = served.send("PATCH", at, patch, headers=taken)
        answers = [made, updated, patched, *[
            served.get(path, headers={"accept": XML})
            for path in (at, f"{at}/_history/1", f"{at}/_history", f"Patient?_id={at[8:]}", f"{at}/$meta", "metadata",
                         f"{at}/$everything", "Patient/absent")
        ], served.send("POST", "Patient/$validate", PATIENT, headers=taken),
           served.send("POST", "Patient", b"<Patient/>", headers=taken),
           served.send("POST", "", EMPTY, headers=taken)]  # fmt: skip
        for answer in answers:
            assert answer.headers["content-type"] == f"{XML}; charset=utf-8", answer.text
            assert b'xmlns="http://hl7.org/fhir"' in answer.content
        assert patched.status_code == 200, patched.text
        found = served.get(at).json()
        assert (found["active"], found["gender"], found["meta"]["versionId"]) == (False, "female", "3")

    def test_xml_of_what_xml_cannot_hold(self, served: Served) -> None:
        """An outcome that quotes what was asked leaves out the characters that XML has no way to write."""
        for path in ("Patient/%00", "Patient/%01/_history", "Patient/pa/_history/%0B", "%1F", "Patient?_sort=%EF%BF%BE",
                     "Patient/a%08/$everything"):  # fmt: skip
            answer = served.get(path, headers={"accept": XML})
            assert answer.status_code in (400, 404), path
            assert answer.headers["content-type"] == f"{XML}; charset=utf-8"
            assert b"<OperationOutcome" in answer.content
        assert served.get("Patient?%01nix=1", headers={"accept": XML}).status_code == 200
        odd = served.send("PUT", "Patient?identifier=%01", b'{"resourceType":"Patient"}', headers={"Accept": XML})
        assert odd.status_code < 500
        entries = [entry("GET", "Patient/%00"), entry("GET", "%01"), entry("DELETE", "Patient/a\x01")]
        batch = served.bundle("batch", *entries, headers={"Accept": XML})
        assert (batch.status_code, batch.content.count(b"<OperationOutcome")) == (200, 3), batch.text

    def test_pretty(self, served: Served) -> None:
        at = f"Patient/{served.made()['id']}"
        plain, pretty = served.get(at), served.get(f"{at}?_pretty=true")
        assert plain.json() == pretty.json()
        assert pretty.content.count(b"\n") > 3 > plain.content.count(b"\n")

    def test_numbers_survive(self, served: Served) -> None:
        for literal in ("72.50", "1.0e3", "0.000", "12345678901234567890.123456789012345", "-0.0", "1E-7"):
            head = '{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":'
            text = f"{head}{literal}}}}}"
            made = served.send("POST", "Observation", text.encode(), headers={"Content-Type": JSON})
            assert made.status_code == 201, made.text
            at = f"Observation/{made.json()['id']}"
            for answer in (made, served.get(at), served.get(f"{at}/_history/1"), served.get(f"{at}?_pretty=true"),
                           served.get(f"Observation?_id={at[12:]}"), served.get(f"{at}?_elements=value")):  # fmt: skip
                assert literal.encode() in answer.content, (literal, answer.text)
            assert f'value="{literal}"'.encode() in served.get(f"{at}?_format=xml").content


class TestParts:
    BODY: ClassVar[dict[str, Any]] = {
        "active": True, "name": [{"text": "张三"}], "maritalStatus": {"text": "x"},
        "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'},
    }  # fmt: skip

    def test_summaries(self, served: Served) -> None:
        at = f"Patient/{served.made(**self.BODY)['id']}"
        wanted = {
            "true": {"active", "name"}, "data": {"active", "name", "maritalStatus"}, "text": {"text"},
            "false": {"active", "name", "maritalStatus", "text"},
        }  # fmt: skip
        for mode, there in wanted.items():
            for answer in (served.get(f"{at}?_summary={mode}"), served.get(f"Patient?_id={at[8:]}&_summary={mode}")):
                found = answer.json()
                found = found["entry"][0]["resource"] if "entry" in found else found
                assert set(found) - {"resourceType", "id", "meta"} == there, mode
                tags = [tag["code"] for tag in found["meta"].get("tag", ())]
                assert tags == ([] if mode == "false" else ["SUBSETTED"]), mode
        assert said(served.get(f"{at}?_summary=nix"))[0] == 400
        counted = served.get(f"Patient?_id={at[8:]}&_summary=count").json()
        assert (counted["total"], counted.get("entry")) == (1, None)

    def test_elements(self, served: Served) -> None:
        at = f"Patient/{served.made(**self.BODY)['id']}"
        found = served.get(f"{at}?_elements=name,active").json()
        assert set(found) == {"resourceType", "id", "meta", "name", "active"}
        assert set(served.get(f"{at}?_elements=nix").json()) == {"resourceType", "id", "meta"}


class TestBodies:
    @pytest.mark.parametrize(
        "kind", ["text/plain", "x", ";", "multipart/form-data; boundary=x", "application/fhir+json; charset=gbk",
                 "application/json; charset=utf-16", "application/x-ndjson", "text/turtle", "image/png", "*/*"],
    )  # fmt: skip
    def test_other_content_types_are_refused(self, served: Served, kind: str) -> None:
        for method, path in (("POST", ""), ("POST", "Patient"), ("PUT", "Patient/x"), ("PATCH", "Patient/x")):
            answer = served.send(method, path, b"{}", headers={"Content-Type": kind})
            assert said(answer) in ((415, "unsupported-media-type"), (415, "patch-kind")), (method, path)

    @pytest.mark.parametrize(
        "kind", [JSON, f"{JSON}; charset=UTF-8", "application/json", "text/json", "APPLICATION/FHIR+JSON"]
    )
    def test_content_types_that_are_taken(self, served: Served, kind: str) -> None:
        answer = served.send("POST", "Patient", b'{"resourceType":"Patient"}', headers={"Content-Type": kind})
        assert answer.status_code == 201

    def test_gzip(self, served: Served) -> None:
        headers = {"Content-Type": JSON, "Content-Encoding": "gzip"}
        key = fresh("gz")
        body = json.dumps({"resourceType": "Patient", "id": key}).encode()
        for packed in (gzip.compress(body), gzip.compress(body[:20]) + gzip.compress(body[20:])):
            assert served.send("PUT", f"Patient/{key}", packed, headers=headers).status_code in (200, 201)
        for broken in (b"", b"not gzip", gzip.compress(body)[:-9], gzip.compress(body) + b"rest"):
            assert said(served.send("PUT", f"Patient/{key}", broken, headers=headers)) == (400, "bad-gzip")
        headers["Content-Encoding"] = "br"
        assert said(served.send("PUT", f"Patient/{key}", body, headers=headers)) == (415, "unsupported-encoding")

    def test_limits(self, served: Served) -> None:
        bomb = gzip.compress(b" " * (70 << 20))
        packed = {"Content-Type": JSON, "Content-Encoding": "gzip"}
        assert said(served.send("POST", "", bomb, headers=packed)) == (413, "too-large")
        long = {"Content-Type": JSON, "Content-Length": "9" * 30}
        assert said(served.send("POST", "", b"x", headers=long)) == (413, "too-large")
        big = b'{"resourceType":"Binary","contentType":"a/b","data":"' + b"A" * (17 << 20) + b'"}'
        assert said(served.send("POST", "Binary", big, headers={"Content-Type": JSON})) == (413, "too-large")

    def test_a_body_over_the_limit_is_not_read_to_its_end(self, served: Served) -> None:
        pulled, sent = 0, []

        async def receive() -> dict[str, Any]:
            nonlocal pulled
            pulled += 1
            return {"type": "http.request", "body": b" " * (1 << 20), "more_body": True}

        async def keep(message: Any) -> None:
            sent.append(message)

        served.door.run(asked(served, receive, keep))
        assert sent[0]["status"] == 413
        assert pulled == 65

    def test_a_client_that_goes_away(self, served: Served) -> None:
        sent: list[Any] = []
        pieces = iter([{"type": "http.request", "body": b"{", "more_body": True}])

        async def receive() -> dict[str, Any]:
            return next(pieces, {"type": "http.disconnect"})

        async def keep(message: Any) -> None:
            sent.append(message)

        served.door.run(asked(served, receive, keep))
        assert sent[0]["status"] < 500
        assert served.get("metadata").status_code == 200

    @settings(max_examples=60)
    @given(st.binary(max_size=300), st.sampled_from([JSON, XML, "application/x-www-form-urlencoded"]))
    def test_bad_input_is_never_our_error(self, served: Served, body: bytes, kind: str) -> None:
        paths = ("", "Patient", "Patient/$validate", "ValueSet/$expand")
        for path in paths:
            answer = served.send("POST", path, body, headers={"Content-Type": kind})
            # $validate answers 200 with what is wrong, all else refuses
            assert answer.status_code < 500, answer.text
            assert json_of(answer)["resourceType"] in ("OperationOutcome", "ValueSet", "Bundle", "Patient")


async def asked(served: Served, receive: Any, keep: Any) -> None:
    """Ask the app itself, below HTTP, to send a bundle."""
    app = served.door.client._transport.app  # type: ignore[attr-defined]  # httpx keeps it there
    headers = [(b"authorization", f"Bearer {served.key_a}".encode()), (b"content-type", JSON.encode())]
    scope = {
        "type": "http", "method": "POST", "path": "/fhir", "root_path": "", "headers": headers, "query_string": b"",
        "http_version": "1.1", "scheme": "http", "server": ("testserver", 80),
    }  # fmt: skip
    await asyncio.wait_for(app(scope, receive, keep), 30)


class TestWords:
    def test_language_of_messages(self, served: Served) -> None:
        def text(language: str) -> str:
            answer = served.get("Patient/none", headers={"accept-language": language})
            return str(answer.json()["issue"][0]["details"]["text"])

        chinese, english = "找不到“Patient/none”", "“Patient/none” is not found"
        for language in ("", "zh-CN", "fr", "zh;q=0.9, en;q=0.8", "en;q=x"):
            assert text(language) == chinese
        for language in ("en", "en-US,en;q=0.9,zh;q=0.8", "fr, en;q=0.1"):
            assert text(language) == english

    @pytest.mark.parametrize(
        ("status", "method", "path", "body", "headers"),
        [
            (404, "GET", "Patient/none", None, {}),
            (405, "PUT", "", {}, {}),
            (406, "GET", "metadata", None, {"accept": "image/png"}),
            (409, "PUT", "Patient?identifier=urn:x|never", {"resourceType": "Patient", "id": "taken"}, {}),
            (410, "GET", "Patient/gone", None, {}),
            (412, "PUT", "Patient/taken", {"resourceType": "Patient", "id": "taken"}, {"If-Match": '"9"'}),
            (415, "POST", "Patient", b"x", {"Content-Type": "text/plain"}),
            (422, "POST", "Patient", {"resourceType": "Patient", "birthDate": "2999-01-01"}, {}),
            (400, "GET", "Patient?birthdate=nix", None, {}),
            (414, "GET", "Patient?name=" + "x" * 9000, None, {}),
        ],
    )  # fmt: skip
    def test_each_status_in_both(
        self, served: Served, status: int, method: str, path: str, body: Any, headers: Any
    ) -> None:
        served.send("PUT", "Patient/taken", {"resourceType": "Patient", "id": "taken"})
        served.send("PUT", "Patient/gone", {"resourceType": "Patient", "id": "gone"})
        served.send("DELETE", "Patient/gone")
        texts = []
        for language in ("zh", "en"):
            answer = served.send(method, path, body, headers={**headers, "accept-language": language})
            assert said(answer)[0] == status, answer.text
            texts.append(answer.json()["issue"][0]["details"]["text"])
        assert texts[1].replace("“", "").replace("”", "").isascii()
        assert not texts[0].isascii()

    def test_writes_and_bundles_too(self, served: Served) -> None:
        for language in ("zh", "en"):
            answer = served.bundle(
                "batch",
                entry("DELETE", "Patient/a_b"),
                entry("GET", "Patient/none"),
                headers={"accept-language": language},
            )
            for each in answer.json()["entry"]:
                text = each["response"]["outcome"]["issue"][0]["details"]["text"].replace("“", "").replace("”", "")
                assert text.isascii() == (language == "en"), text
