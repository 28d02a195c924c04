"""Batches and transactions (R4, http.html#transaction): their order, references, reads; all or nothing is done."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.served import JSON, XML, Served, entry, fresh, json_of, said, served

__all__ = ["served"]
pytestmark = pytest.mark.django_db
ONE = "urn:uuid:00000000-0000-4000-8000-000000000001"
TWO = "urn:uuid:00000000-0000-4000-8000-000000000002"


def patient(value: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "identifier": [{"system": "urn:b", "value": value}], **more}


def observation(subject: str, **more: Any) -> dict[str, Any]:
    about = {"reference": subject}
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": about, **more}


def answers(response: Any, kind: str) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    found = json_of(response)
    assert (found["resourceType"], found["type"]) == ("Bundle", f"{kind}-response")
    return list(found["entry"])


def statuses(response: Any, kind: str) -> list[str]:
    return [each["response"]["status"][:3] for each in answers(response, kind)]


def counted(served: Served, value: str, kind: str = "Patient") -> int:
    total: int = served.get(f"{kind}?identifier=urn:b|{value}&_total=accurate").json()["total"]
    return total


class TestTransaction:
    def test_order_and_references(self, served: Served) -> None:
        """Deletes, creates, updates, reads; the answer in the order sent; references are rewritten."""
        value = fresh()
        old = served.made(identifier=[{"system": "urn:b", "value": value}])
        response = served.bundle(
            "transaction",
            entry("GET", f"Patient?identifier=urn:b|{value}"),
            entry("PUT", f"Observation/{value}", observation(ONE, id=value, derivedFrom=[{"reference": TWO}])),
            entry("POST", "Observation", observation(ONE), TWO),
            entry("POST", "Patient", patient(value), ONE),
            entry("DELETE", f"Patient/{old['id']}"),
        )
        found = answers(response, "transaction")
        assert [each["response"]["status"][:3] for each in found] == ["200", "201", "201", "201", "204"]
        made = found[3]["response"]["location"].removeprefix("http://testserver/fhir/").partition("/_history")[0]
        first = found[0]["resource"]
        assert [each["resource"]["id"] for each in first["entry"]] == [made.partition("/")[2]]
        stored = served.get(f"Observation/{value}").json()
        assert stored["subject"] == {"reference": made}
        assert stored["derivedFrom"][0]["reference"].startswith("Observation/")
        for each in found[1:4]:
            assert each["response"]["etag"] == 'W/"1"'
            assert each["response"]["lastModified"]

    def test_all_or_nothing(self, served: Served) -> None:
        value = fresh()
        bad: dict[str, dict[str, Any]] = {
            "no such version": entry("PUT", f"Patient/{value}", patient(value, id=value), ifMatch='W/"7"'),
            "no such patch": entry("PATCH", "Patient/absent", patch_of("active", True)),
            "wrong": entry("POST", "Patient", {"resourceType": "Patient", "birthDate": "2999-01-01"}),
            "wrong code": entry("POST", "Patient", {"resourceType": "Patient", "gender": "nix"}),
            "unknown field": entry("POST", "Patient", {"resourceType": "Patient", "foo": 1}),
            "unknown type": entry("POST", "Patience", {"resourceType": "Patience"}),
            "id": entry("PUT", "Patient/a", {"resourceType": "Patient", "id": "b"}),
            "no reference": entry("POST", "Observation", observation(TWO)),
            "none found": entry("POST", "Observation", observation("Patient?identifier=urn:b|none-at-all")),
            "method": entry("PUSH", "Patient", {"resourceType": "Patient"}),
            "no request": {"resource": {"resourceType": "Patient"}},
        }
        for name, wrong in bad.items():
            answer = served.bundle("transaction", entry("POST", "Patient", patient(value), ONE), wrong)
            status, _ = said(answer)
            assert 400 <= status < 500, (name, answer.text)
            places = [place for issue in answer.json()["issue"] for place in issue.get("expression", ())]
            assert any(place.startswith("Bundle.entry[1]") for place in places), (name, answer.text)
            assert counted(served, value) == 0, name

    def test_a_condition_that_finds(self, served: Served) -> None:
        """If-None-Exist that finds one: its reference is what the others get."""
        value = fresh()
        there = served.made(identifier=[{"system": "urn:b", "value": value}])
        response = served.bundle(
            "transaction",
            entry("POST", "Patient", patient(value), ONE, ifNoneExist=f"identifier=urn:b|{value}"),
            entry("POST", "Observation", observation(ONE)),
        )
        found = answers(response, "transaction")
        assert [each["response"]["status"][:3] for each in found] == ["200", "201"]
        at = found[1]["response"]["location"].removeprefix("http://testserver/fhir/")
        assert served.get(at).json()["subject"]["reference"] == f"Patient/{there['id']}"

    def test_conditional_references(self, served: Served) -> None:
        value = fresh()
        there = served.made(identifier=[{"system": "urn:b", "value": value}])
        response = served.bundle(
            "transaction", entry("POST", "Observation", observation(f"Patient?identifier=urn:b|{value}"))
        )
        at = answers(response, "transaction")[0]["response"]["location"].removeprefix("http://testserver/fhir/")
        assert served.get(at).json()["subject"]["reference"] == f"Patient/{there['id']}"

    def test_conditional_update_patch_and_delete(self, served: Served) -> None:
        first, second, third = (fresh() for _ in range(3))
        for value in (first, second, third):
            served.made(identifier=[{"system": "urn:b", "value": value}])
        response = served.bundle(
            "transaction",
            entry("PUT", f"Patient?identifier=urn:b|{first}", patient(first, active=True)),
            entry("PATCH", f"Patient?identifier=urn:b|{second}", patch_of("active", True)),
            entry("DELETE", f"Patient?identifier=urn:b|{third}"),
        )
        assert statuses(response, "transaction") == ["200", "200", "204"]
        for value in (first, second):
            [found] = served.get(f"Patient?identifier=urn:b|{value}").json()["entry"]
            assert found["resource"]["active"] is True
        assert counted(served, third) == 0

    def test_patches(self, served: Served) -> None:
        made = served.made()
        patch = [{"op": "add", "path": "/active", "value": True}]
        data = base64.b64encode(json.dumps(patch).encode()).decode()
        binary = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": data}
        response = served.bundle("transaction", entry("PATCH", f"Patient/{made['id']}", binary, ifMatch='W/"1"'))
        assert statuses(response, "transaction") == ["200"]
        assert served.get(f"Patient/{made['id']}").json()["active"] is True

    def test_full_urls(self, served: Served) -> None:
        """Two entries of one fullUrl, one target twice: refused; absolute references of the bundle are rewritten."""
        twice = [entry("POST", "Patient", patient(fresh()), ONE) for _ in range(2)]
        assert said(served.bundle("transaction", *twice))[1] == "duplicate-full-url"
        key = fresh()
        same = [entry("PUT", f"Patient/{key}", patient(key, id=key, active=on)) for on in (True, False)]
        assert said(served.bundle("transaction", *same))[0] == 400
        base = "http://elsewhere.example/fhir"
        response = served.bundle(
            "transaction",
            entry("POST", "Patient", patient(fresh(), id="77"), f"{base}/Patient/77"),
            entry("POST", "Observation", observation("Patient/77"), f"{base}/Observation/1"),
            entry("POST", "Observation", observation(f"{base}/Patient/77"), f"{base}/Observation/2"),
        )
        found = [each["response"]["location"].removeprefix("http://testserver/fhir/")
                 for each in answers(response, "transaction")]  # fmt: skip
        made = found[0].partition("/_history")[0]
        for at in found[1:]:
            assert served.get(at).json()["subject"]["reference"] == made

    def test_again_is_as_before(self, served: Served) -> None:
        value = fresh()
        first = served.bundle("transaction", entry("POST", "Patient", patient(value), ONE))
        again = served.bundle("transaction", entry("POST", "Patient", patient(value), ONE))
        assert again.json() == first.json()
        assert counted(served, value) == 1

    def test_prefer(self, served: Served) -> None:
        def sent(prefer: str) -> Any:
            one = entry("POST", "Patient", patient(fresh()))
            return served.bundle("transaction", one, headers={"prefer": prefer})

        [shown] = answers(sent("return=representation"), "transaction")
        assert shown["resource"]["resourceType"] == "Patient"
        [short] = answers(sent("handling=lenient"), "transaction")
        assert "resource" not in short

    def test_xml(self, served: Served) -> None:
        value = fresh()
        body = (
            f'<Bundle xmlns="http://hl7.org/fhir"><type value="transaction"/><entry><resource><Patient><identifier>'
            f'<system value="urn:b"/><value value="{value}"/></identifier></Patient></resource><request>'
            f'<method value="POST"/><url value="Patient"/></request></entry></Bundle>'
        ).encode()
        answer = served.send("POST", "", body, headers={"Content-Type": XML, "Accept": XML})
        assert answer.status_code == 200
        assert answer.headers["content-type"] == f"{XML}; charset=utf-8"
        assert b'<type value="transaction-response"/>' in answer.content
        assert counted(served, value) == 1


class TestBatch:
    def test_each_by_itself(self, served: Served) -> None:
        value = fresh()
        response = served.bundle(
            "batch",
            entry("POST", "Patient", patient(value)),
            entry("POST", "Patient", {"resourceType": "Patient", "birthDate": "2999"}),
            entry("POST", "Patient", {"resourceType": "Patient", "gender": "nix"}),
            entry("DELETE", "Patient/absent"),
            entry("GET", "Patient/absent"),
            entry("GET", f"Patient?identifier=urn:b|{value}"),
            entry("GET", "metadata"),
            entry("GET", "Patient?nonsense:x=1"),
        )
        found = answers(response, "batch")
        status = [each["response"]["status"][:3] for each in found]
        assert status[0] == "201"
        assert status[1][0] == status[2][0] == "4"
        assert status[3:6] == ["204", "404", "200"]
        assert found[5]["resource"]["entry"][0]["resource"]["identifier"][0]["value"] == value
        for place in (1, 2, 4):
            assert found[place]["response"]["outcome"]["resourceType"] == "OperationOutcome"
        assert counted(served, value) == 1

    def test_reads_of_every_sort(self, served: Served) -> None:
        made = served.made()
        at = f"Patient/{made['id']}"
        wanted = {
            at: "200", f"{at}/_history": "200", f"{at}/_history/1": "200", f"{at}/$everything": "200",
            f"{at}/Observation": "200", "Patient?_summary=count": "200", "?_type=Patient": "200", "_history": "200",
            "Patient/$nothing": "404", "Patience": "404", f"{at}?_elements=id": "200",
            f"http://testserver/fhir/{at}": "200",
        }  # fmt: skip
        response = served.bundle("batch", *[entry("GET", url) for url in wanted])
        found = dict(zip(wanted, statuses(response, "batch"), strict=True))
        assert found == wanted

    def test_conditional_reads(self, served: Served) -> None:
        at = f"Patient/{served.made()['id']}"
        response = served.bundle(
            "batch", entry("GET", at, ifNoneMatch='W/"1"'), entry("GET", at, ifNoneMatch='W/"2"'), entry("HEAD", at)
        )
        found = answers(response, "batch")
        assert [each["response"]["status"][:3] for each in found] == ["304", "200", "200"]
        assert "resource" not in found[0]
        assert "resource" in found[1]
        assert "resource" not in found[2]
        assert found[2]["response"]["etag"] == 'W/"1"'


class TestRefused:
    @pytest.mark.parametrize("kind", ["searchset", "history", "document", "message", "nix", ""])
    def test_other_bundles(self, served: Served, kind: str) -> None:
        body = {"resourceType": "Bundle", "type": kind, "entry": []}
        answer = served.send("POST", "", body)
        assert answer.status_code < 500
        if kind in ("history", "document", "message", "nix", ""):
            assert 400 <= said(answer)[0] < 500

    def test_what_is_no_bundle(self, served: Served) -> None:
        for body in (b"", b"{", b"[]", b"null", b'"x"', b'{"resourceType":"Patient"}', b'{"resourceType":"Bundle"}'):
            answer = served.send("POST", "", body, headers={"Content-Type": JSON})
            assert 400 <= said(answer)[0] < 500, body

    def test_empty_ones(self, served: Served) -> None:
        for kind in ("batch", "transaction"):
            answer = served.send("POST", "", {"resourceType": "Bundle", "type": kind})
            assert answer.status_code == 200, answer.text
            assert answer.json()["type"] == f"{kind}-response"

    def test_too_many_entries(self, served: Served) -> None:
        one = json.dumps(entry("GET", "Patient/a"))
        body = f'{{"resourceType":"Bundle","type":"batch","entry":[{",".join([one] * 100_001)}]}}'.encode()
        answer = served.send("POST", "", body, headers={"Content-Type": JSON})
        assert said(answer)[1] == "too-many-entries"
        assert answer.status_code in (400, 413)


def patch_of(name: str, value: bool) -> dict[str, Any]:
    parts = [
        {"name": "type", "valueCode": "add"}, {"name": "path", "valueString": "Patient"},
        {"name": "name", "valueString": name}, {"name": "value", "valueBoolean": value},
    ]  # fmt: skip
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}
