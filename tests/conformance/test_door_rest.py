"""The REST interface of R4 (http.html): reads, writes and their conditions, what each answers in status and headers."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.served import JSON, Served, entry, fresh, json_of, said, served

__all__ = ["served"]
pytestmark = pytest.mark.django_db
NAME = [{"family": "张", "given": ["三"]}]
JSON_PATCH = "application/json-patch+json"


def fhirpath_patch(kind: str, path: str, **value: Any) -> dict[str, Any]:
    parts = [{"name": "type", "valueCode": kind}, {"name": "path", "valueString": path}]
    parts += [{"name": name.partition("_")[0], name.replace("_", ""): v} for name, v in value.items()]
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}


def replaced(path: str, value: Any) -> list[dict[str, Any]]:
    return [{"op": "replace", "path": path, "value": value}]


class TestRead:
    """R4, http.html#read, #vread, #cread."""

    def test_headers_and_body(self, served: Served) -> None:
        made = served.made(name=NAME)
        answer = served.get(f"Patient/{made['id']}")
        assert json_of(answer) == made
        assert answer.headers["etag"] == 'W/"1"'
        changed = parsedate_to_datetime(answer.headers["last-modified"])
        assert made["meta"]["lastUpdated"].startswith(changed.strftime("%Y-%m-%dT%H:%M:%S"))
        assert served.get(f"Patient/{made['id']}/_history/1").json() == made

    def test_head_is_get_without_a_body(self, served: Served) -> None:
        made = served.made(name=NAME)
        for path in (f"Patient/{made['id']}", "metadata", "Patient?name=x", f"Patient/{made['id']}/_history"):
            head, get = served.send("HEAD", path), served.get(path)
            assert (head.status_code, head.content) == (200, b"")
            for name in ("content-type", "etag", "last-modified"):
                assert head.headers.get(name) == get.headers.get(name)
        assert served.send("HEAD", "Patient/none").status_code == 404

    @pytest.mark.parametrize("tag", ['W/"1"', '"1"', '"0", W/"1"', "*"])
    def test_what_the_caller_has_is_not_sent_again(self, served: Served, tag: str) -> None:
        path = f"Patient/{served.made(name=NAME)['id']}"
        answer = served.get(path, headers={"if-none-match": tag})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", 'W/"1"')
        assert served.get(path, headers={"if-none-match": 'W/"2"'}).status_code == 200

    def test_if_modified_since(self, served: Served) -> None:
        path = f"Patient/{served.made(name=NAME)['id']}"
        changed = served.get(path).headers["last-modified"]
        assert served.get(path, headers={"if-modified-since": changed}).status_code == 304
        assert served.get(path, headers={"if-modified-since": "Sat, 01 Jan 2000 00:00:00 GMT"}).status_code == 200
        for rubbish in ("yesterday", "", "Sat, 99 Jan 2000 00:00:00 GMT", "Sat, 01 Jan 2000 00:00:00", "9" * 5000):
            assert served.get(path, headers={"if-modified-since": rubbish}).status_code == 200
        # RFC 9110, 13.1.3: If-None-Match goes before If-Modified-Since
        both = {"if-none-match": 'W/"9"', "if-modified-since": changed}
        assert served.get(path, headers=both).status_code == 200

    @pytest.mark.parametrize(
        ("path", "status", "code"),
        [
            ("Patient/none", 404, "not-found"),
            ("Patient/none/_history", 404, "not-found"),
            ("Patient/none/_history/1", 404, "not-found"),
            ("Patient/p/_history/x", 404, "not-found"),
            ("Patient/p/_history/0", 404, "not-found"),
            ("Patient/p/_history/99999999999999999999", 404, "not-found"),
            ("Patient/a%00b", 404, "not-found"),
            ("Patient/" + "x" * 65, 404, "not-found"),
            ("Patience/1", 404, "no-such-type"),
            ("Patience", 404, "no-such-type"),
            ("patient/1", 404, "unknown-route"),
            ("a/b/c/d/e", 404, "unknown-route"),
            ("Patient/1/2/3/4", 404, "unknown-route"),
            ("Patient/1/Patience", 404, "no-such-type"),
            ("$nothing", 404, "unknown-route"),
            ("Patient/$nothing", 404, "unknown-route"),
            ("Patient/1/$nothing", 404, "unknown-route"),
        ],
    )
    def test_what_is_not_there(self, served: Served, path: str, status: int, code: str) -> None:
        assert said(served.get(path)) == (status, code)

    def test_what_is_deleted(self, served: Served) -> None:
        path = f"Patient/{served.made(name=NAME)['id']}"
        gone = served.send("DELETE", path)
        assert gone.status_code == 204
        assert gone.content == b""
        assert gone.headers["etag"] == 'W/"2"'
        assert said(served.get(path)) == (410, "gone")
        assert said(served.get(f"{path}/_history/2")) == (410, "gone")
        assert served.get(f"{path}/_history/1").status_code == 200
        # again, and of what never was: R4, http.html#delete: 200 or 204
        assert served.send("DELETE", path).status_code == 204
        assert served.send("DELETE", "Patient/never-was").status_code == 204
        assert len(served.get(f"{path}/_history").json()["entry"]) == 2
        back = served.send("PUT", path, {"resourceType": "Patient", "id": path[8:], "active": True})
        assert (back.status_code, back.headers["etag"]) == (201, 'W/"3"')
        assert served.get(path).json()["active"] is True


class TestWrite:
    """R4, http.html#create, #update, #delete."""

    def test_create(self, served: Served) -> None:
        answer = served.send("POST", "Patient", {"resourceType": "Patient", "id": "ignored", "name": NAME})
        made = json_of(answer)
        assert answer.status_code == 201
        assert made["id"] != "ignored"
        assert answer.headers["location"] == f"http://testserver/fhir/Patient/{made['id']}/_history/1"
        assert answer.headers["etag"] == 'W/"1"'
        assert answer.headers["last-modified"]
        assert made["meta"]["versionId"] == "1"
        assert served.get(answer.headers["location"].removeprefix("http://testserver")).json() == made

    def test_meta_that_is_sent(self, served: Served) -> None:
        meta = {"versionId": "77", "lastUpdated": "2001-01-01T00:00:00Z", "tag": [{"system": "urn:t", "code": "x"}]}
        made = served.made(meta=meta)
        assert (made["meta"]["versionId"], made["meta"]["tag"]) == ("1", meta["tag"])
        assert made["meta"]["lastUpdated"] > "2020"
        again = served.send("PUT", f"Patient/{made['id']}", made)
        assert again.status_code == 200

    def test_references_by_the_door_s_own_address(self, served: Served) -> None:
        """They are those of this server (R4, references.html#literal): checked, found, part of the record."""
        base, owner = "http://testserver/fhir/", served.made()["id"]
        seen = {"status": "final", "code": {"text": f'"reference":"{base}Patient/x'}}
        made = served.made("Observation", **seen, subject={"reference": f"{base}Patient/{owner}"})
        assert made["subject"] == {"reference": f"Patient/{owner}"}
        assert made["code"] == seen["code"]
        for path in (f"Observation?patient={owner}", f"Patient/{owner}/Observation"):
            assert [each["resource"]["id"] for each in served.get(path).json()["entry"]] == [made["id"]], path
        absent = {"resourceType": "Observation", **seen, "subject": {"reference": f"{base}Patient/absent"}}
        assert said(served.send("POST", "Observation", absent))[0] == 422
        elsewhere = served.made("Observation", **seen, subject={"reference": "http://elsewhere.example/fhir/Patient/1"})
        assert elsewhere["subject"]["reference"].startswith("http://elsewhere.example/")
        bundle = served.bundle("transaction", entry("POST", "Observation", {"resourceType": "Observation", **seen,
                               "subject": {"reference": f"{base}Patient/{owner}"}}))  # fmt: skip
        at = bundle.json()["entry"][0]["response"]["location"]
        assert served.get(at).json()["subject"] == {"reference": f"Patient/{owner}"}

    def test_update_and_update_as_create(self, served: Served) -> None:
        key = fresh("u")
        body = {"resourceType": "Patient", "id": key, "active": True}
        first = served.send("PUT", f"Patient/{key}", body)
        assert (first.status_code, first.headers["etag"]) == (201, 'W/"1"')
        assert first.headers["location"] == f"http://testserver/fhir/Patient/{key}/_history/1"
        second = served.send("PUT", f"Patient/{key}", body | {"active": False})
        assert (second.status_code, second.headers["etag"]) == (200, 'W/"2"')
        assert second.headers["location"].endswith(f"Patient/{key}/_history/2")
        assert served.get(f"Patient/{key}/_history/1").json()["active"] is True

    @pytest.mark.parametrize(
        ("path", "body", "status", "code"),
        [
            ("Patient/a1", {"resourceType": "Patient", "id": "b1"}, 400, "id-mismatch"),
            ("Patient/a1", {"resourceType": "Patient"}, 400, "id-missing"),
            ("Patient/a1", {"resourceType": "Observation", "id": "a1"}, 400, "type-mismatch"),
            ("Patient/a_1", {"resourceType": "Patient", "id": "a_1"}, 400, "bad-id"),
            ("Patient/" + "x" * 65, {"resourceType": "Patient", "id": "x" * 65}, 400, "bad-id"),
            ("Patient", {"resourceType": "Patient", "id": "a1"}, 400, "no-condition"),
            ("Patience/a1", {"resourceType": "Patience", "id": "a1"}, 404, "no-such-type"),
            ("Patient/a1/_history/1", {"resourceType": "Patient", "id": "a1"}, 404, "unknown-route"),
        ],
    )
    def test_updates_that_cannot_be(self, served: Served, path: str, body: Any, status: int, code: str) -> None:
        assert said(served.send("PUT", path, body)) == (status, code)

    def test_version_aware(self, served: Served) -> None:
        made = served.made(name=NAME)
        path = f"Patient/{made['id']}"
        changed = made | {"active": True}
        assert served.send("PUT", path, changed, headers={"if-match": 'W/"1"'}).status_code == 200
        for method, body in (("PUT", made), ("PATCH", fhirpath_patch("delete", "Patient.name")), ("DELETE", None)):
            stale = served.send(method, path, body, headers={"if-match": 'W/"1"'})
            assert said(stale) == (412, "version-conflict"), method
        assert served.get(path).headers["etag"] == 'W/"2"'
        for number, tag in enumerate(('W/"2"', '"3"', "*")):
            body = made | {"language": f"zh-{number}A"}
            answer = served.send("PUT", path, body, headers={"if-match": tag})
            assert (answer.status_code, answer.headers["etag"]) == (200, f'W/"{number + 3}"')
        assert served.send("DELETE", path, headers={"if-match": 'W/"5"'}).status_code == 204
        absent = fresh("absent")
        body = {"resourceType": "Patient", "id": absent}
        assert served.send("PUT", f"Patient/{absent}", body, headers={"if-match": 'W/"1"'}).status_code == 412
        assert served.get(f"Patient/{absent}").status_code == 404

    def test_only_if_it_is_not_there(self, served: Served) -> None:
        key = fresh("n")
        body = {"resourceType": "Patient", "id": key}
        assert served.send("PUT", f"Patient/{key}", body, headers={"if-none-match": "*"}).status_code == 201
        there = served.send("PUT", f"Patient/{key}", body, headers={"if-none-match": "*"})
        assert said(there) == (412, "already-there")

    def test_prefer(self, served: Served) -> None:
        def made(value: str) -> Any:
            return served.send("POST", "Patient", {"resourceType": "Patient"}, headers={"prefer": value})

        assert made("return=representation").json()["resourceType"] == "Patient"
        minimal = made("return=minimal")
        assert (minimal.status_code, minimal.content) == (201, b"")
        assert minimal.headers["location"]
        for value in ("return=OperationOutcome", "handling=lenient; return=OperationOutcome"):
            assert made(value).json()["resourceType"] == "OperationOutcome"
        assert made("return=rubbish").status_code == 201

    def test_what_is_not_allowed(self, served: Served) -> None:
        for method, path in (
            ("POST", "Patient/x"), ("PUT", ""), ("PATCH", ""), ("DELETE", ""), ("TRACE", "Patient/x"),
            ("POST", "metadata"), ("OPTIONS", "Patient"), ("GET", "Patient/x/$meta-add"), ("MOVE", "Patient/x"),
        ):  # fmt: skip
            body = {"resourceType": "Patient"} if method in ("POST", "PUT") else None
            answer = served.send(method, path, body)
            assert said(answer) == (405, "method-not-allowed"), (method, path)
            allowed = answer.headers["allow"].split(", ")
            assert allowed, path
            assert method not in allowed

    def test_what_is_wrong_is_named_all_at_once(self, served: Served) -> None:
        bad = {"resourceType": "Patient", "gender": "nix", "birthDate": "1990-02-30", "foo": 1, "name": {"text": "x"}}
        for language, word in (("zh-CN", "的"), ("en", "is")):
            answer = served.send("POST", "Patient", bad, headers={"accept-language": language})
            assert answer.status_code in (400, 422)
            issues = answer.json()["issue"]
            places = {place for issue in issues for place in issue["expression"]}
            assert {"Patient.gender", "Patient.birthDate", "Patient.foo", "Patient.name"} <= places
            texts = "".join(issue["details"]["text"] for issue in issues)
            assert texts.isascii() is False or language == "en"
            assert word


class TestConditional:
    """R4, http.html#ccreate, #cond-update, #cdelete, #concurrency."""

    def many(self, served: Served, count: int) -> str:
        value = fresh("many")
        for _ in range(count):
            served.made(identifier=[{"system": "urn:many", "value": value}])
        return f"identifier=urn:many|{value}"

    def body(self, query: str, **more: Any) -> dict[str, Any]:
        value = query.rpartition("|")[2]
        return {"resourceType": "Patient", "identifier": [{"system": "urn:many", "value": value}], **more}

    def test_create(self, served: Served) -> None:
        none = self.many(served, 0)
        first = served.send("POST", "Patient", self.body(none), headers={"if-none-exist": none})
        assert first.status_code == 201
        again = served.send("POST", "Patient", self.body(none, active=True), headers={"if-none-exist": none})
        assert again.status_code == 200
        assert again.json() == first.json()
        assert again.headers["location"] == first.headers["location"]
        two = self.many(served, 2)
        several = served.send("POST", "Patient", self.body(two), headers={"if-none-exist": two})
        assert said(several) == (412, "conditional-many")

    def test_update(self, served: Served) -> None:
        none = self.many(served, 0)
        first = served.send("PUT", f"Patient?{none}", self.body(none))
        assert first.status_code == 201
        ident = first.json()["id"]
        one = served.send("PUT", f"Patient?{none}", self.body(none, active=True))
        assert (one.status_code, one.json()["id"], one.headers["etag"]) == (200, ident, 'W/"2"')
        same = served.send("PUT", f"Patient?{none}", self.body(none, id=ident))
        assert same.status_code == 200
        assert said(served.send("PUT", f"Patient?{none}", self.body(none, id="other")))[0] == 400
        two = self.many(served, 2)
        assert said(served.send("PUT", f"Patient?{two}", self.body(two))) == (412, "conditional-many")
        # none matches, an id is given: update as create; where it is taken, a conflict
        fourth, key = self.many(served, 0), fresh("given")
        given = served.send("PUT", f"Patient?{fourth}", self.body(fourth, id=key))
        assert (given.status_code, given.json()["id"]) == (201, key)
        fifth = self.many(served, 0)
        assert said(served.send("PUT", f"Patient?{fifth}", self.body(fifth, id=key))) == (409, "id-taken")

    def test_patch(self, served: Served) -> None:
        patch = replaced("/identifier/0/use", "old")
        add = [{"op": "add", "path": "/active", "value": True}]
        kind = {"Content-Type": JSON_PATCH}
        none, one, two = (self.many(served, n) for n in range(3))
        assert said(served.send("PATCH", f"Patient?{none}", add, headers=kind)) == (404, "not-found")
        assert served.send("PATCH", f"Patient?{one}", add, headers=kind).json()["active"] is True
        assert said(served.send("PATCH", f"Patient?{two}", add, headers=kind)) == (412, "conditional-many")
        assert said(served.send("PATCH", f"Patient?{one}", patch, headers=kind))[0] in (400, 422)

    def test_delete(self, served: Served) -> None:
        none, one, two = (self.many(served, n) for n in range(3))
        assert served.send("DELETE", f"Patient?{none}").status_code in (204, 404)
        assert served.send("DELETE", f"Patient?{one}").status_code == 204
        assert served.get(f"Patient?{one}&_total=accurate").json()["total"] == 0
        assert said(served.send("DELETE", f"Patient?{two}")) == (412, "conditional-many")
        assert served.get(f"Patient?{two}&_total=accurate").json()["total"] == 2

    @pytest.mark.parametrize("query", ["nonsense=1", "birthdate=nix", "identifier:wrong=1", "_sort=nix", "name.x=1"])
    def test_conditions_that_cannot_be_asked(self, served: Served, query: str) -> None:
        """R4: a search that is not understood must not be taken for a wider one."""
        made = served.made(birthDate="1931-02-03")
        for method, body in (("PUT", {"resourceType": "Patient"}), ("DELETE", None)):
            answer = served.send(method, f"Patient?{query}", body)
            assert 400 <= said(answer)[0] < 500, (method, query)
        answer = served.send("POST", "Patient", {"resourceType": "Patient"}, headers={"if-none-exist": query})
        assert 400 <= said(answer)[0] < 500
        assert served.get(f"Patient/{made['id']}").status_code == 200


class TestPatch:
    """R4, http.html#patch."""

    def test_json_patch(self, served: Served) -> None:
        made = served.made(name=NAME, gender="male")
        path, kind = f"Patient/{made['id']}", {"Content-Type": JSON_PATCH}
        answer = served.send("PATCH", path, replaced("/gender", "female"), headers=kind)
        assert (answer.status_code, answer.json()["gender"], answer.headers["etag"]) == (200, "female", 'W/"2"')
        assert answer.headers["location"].endswith("/_history/2")
        test = [{"op": "test", "path": "/gender", "value": "male"}, *replaced("/gender", "other")]
        assert 400 <= said(served.send("PATCH", path, test, headers=kind))[0] < 500
        assert said(served.send("PATCH", path, replaced("/id", "y"), headers=kind))[0] in (400, 422)
        assert served.get(path).json()["gender"] == "female"

    def test_what_is_the_same_is_no_new_version(self, served: Served) -> None:
        made = served.made(name=NAME)
        answer = served.send("PUT", f"Patient/{made['id']}", made)
        assert (answer.status_code, answer.headers["etag"], answer.json()) == (200, 'W/"1"', made)

    def test_a_patch_that_makes_it_wrong(self, served: Served) -> None:
        path, kind = f"Patient/{served.made(gender='male')['id']}", {"Content-Type": JSON_PATCH}
        for patch in (replaced("/gender", "nix"), [{"op": "add", "path": "/foo", "value": 1}]):
            answer = served.send("PATCH", path, patch, headers=kind)
            assert said(answer)[0] in (400, 422), patch
        assert served.get(path).headers["etag"] == 'W/"1"'

    def test_fhirpath_patch(self, served: Served) -> None:
        path = f"Patient/{served.made(gender='male')['id']}"
        answer = served.send("PATCH", path, fhirpath_patch("replace", "Patient.gender", value_Code="other"))
        assert answer.json()["gender"] == "other"
        answer = served.send("PATCH", path, fhirpath_patch("delete", "Patient.gender"))
        assert "gender" not in answer.json()

    def test_patches_that_cannot_be(self, served: Served) -> None:
        path = f"Patient/{served.made()['id']}"
        for kind in ("application/merge-patch+json", "text/plain", "application/xml-patch+xml"):
            answer = served.send("PATCH", path, [], headers={"Content-Type": kind})
            assert answer.status_code == 415, kind
        assert said(served.send("PATCH", path, {"resourceType": "Patient"})) == (415, "patch-kind")
        for body in (b"", b"{", b"[", b'{"op":"x"}', b'[{"op":"x"}]', b"[1]", b"null", b'"x"'):
            answer = served.send("PATCH", path, body, headers={"Content-Type": JSON_PATCH})
            assert 400 <= said(answer)[0] < 500, body
        missing = served.send("PATCH", "Patient/absent", [], headers={"Content-Type": JSON_PATCH})
        assert said(missing)[0] == 404
        served.send("DELETE", path)
        add = [{"op": "add", "path": "/active", "value": True}]
        assert said(served.send("PATCH", path, add, headers={"Content-Type": JSON_PATCH}))[0] in (404, 410)


class TestWhoMay:
    """401 and 403; what is another's is as if it were not there."""

    def test_without_a_key(self, served: Served) -> None:
        for method, path in (("GET", "Patient/x"), ("GET", "Patience"), ("POST", ""), ("PUT", "Patient/x")):
            for key in ("", "wrong"):
                answer = served.send(method, path, key=key)
                assert said(answer) == (401, "unauthenticated")
                assert answer.headers["www-authenticate"] == "Bearer"
        assert served.get("metadata", key="").status_code == served.get("healthz", key="").status_code == 200

    def test_another_institution(self, served: Served) -> None:
        made = served.made(identifier=[{"system": "urn:mine", "value": fresh()}])
        path, identifier = f"Patient/{made['id']}", made["identifier"][0]["value"]
        for mine in (path, f"{path}/_history", f"{path}/_history/1", f"{path}/$everything", f"{path}/$meta"):
            assert said(served.get(mine, key=served.key_b)) == (404, "not-found"), mine
        found = served.get(f"Patient?identifier=urn:mine|{identifier}", key=served.key_b)
        assert "entry" not in found.json()
        changed = made | {"active": True}
        for method, body in (("PUT", changed), ("DELETE", None), ("PATCH", fhirpath_patch("delete", "Patient.id"))):
            assert 400 <= served.send(method, path, body, key=served.key_b).status_code < 500
        assert served.get(path).headers["etag"] == 'W/"1"'
        twin = {"resourceType": "Patient", "identifier": made["identifier"]}
        query = {"if-none-exist": f"identifier=urn:mine|{identifier}"}
        assert served.send("POST", "Patient", twin, headers=query, key=served.key_b).status_code == 201

    def test_content_type_of_a_batch_entry_is_of_the_batch(self, served: Served) -> None:
        answer = served.bundle("batch", entry("GET", "Patient/none"), headers={"Content-Type": JSON})
        assert answer.json()["entry"][0]["response"]["status"].startswith("404")
