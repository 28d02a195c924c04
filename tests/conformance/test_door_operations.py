"""Operations of R4 as the door has them, by GET and POST; and bulk exports from beginning to end."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.served import JSON, Served, entry, fresh, ids, json_of, pages, said, served

__all__ = ["served"]
pytestmark = pytest.mark.django_db
GENDER = "http://hl7.org/fhir/administrative-gender"
GENDERS = "http://hl7.org/fhir/ValueSet/administrative-gender"


def parameters(**given: Any) -> dict[str, Any]:
    """A Parameters resource: `name_valueX=…`, or `name=resource`."""
    listed = []
    for key, value in given.items():
        name, _, kind = key.partition("__")
        listed.append({"name": name.replace("_", "-"), kind or "resource": value})
    return {"resourceType": "Parameters", "parameter": listed}


def returned(answer: Any) -> dict[str, Any]:
    """The parameters of an answer by their names."""
    found = json_of(answer)
    assert found["resourceType"] == "Parameters", answer.text
    return {p["name"]: next(v for k, v in p.items() if k != "name") for p in found["parameter"]}


class TestValidate:
    def issues(self, answer: Any) -> list[tuple[str, tuple[str, ...]]]:
        assert answer.status_code == 200, answer.text
        found = json_of(answer)
        assert found["resourceType"] == "OperationOutcome"
        return [(i["severity"], tuple(i.get("expression", ()))) for i in found["issue"]]

    def test_right_and_wrong(self, served: Served) -> None:
        right, wrong = {"resourceType": "Patient"}, {"resourceType": "Patient", "gender": "nix", "foo": 1}
        for body in (right, parameters(resource=right)):
            assert "error" not in {s for s, _ in self.issues(served.send("POST", "Patient/$validate", body))}
        for body in (wrong, parameters(resource=wrong), parameters(resource=wrong, mode__valueCode="create")):
            found = self.issues(served.send("POST", "Patient/$validate", body))
            assert ("error", ("Patient.gender",)) in found
            assert ("error", ("Patient.foo",)) in found
        invariant = {"resourceType": "Patient", "contact": [{"gender": "male"}]}
        assert any(s == "error" for s, _ in self.issues(served.send("POST", "Patient/$validate", invariant)))

    def test_of_what_is_stored(self, served: Served) -> None:
        at = f"Patient/{served.made()['id']}"
        for answer in (served.get(f"{at}/$validate"), served.send("POST", f"{at}/$validate", parameters())):
            assert "error" not in {s for s, _ in self.issues(answer)}
        assert said(served.get("Patient/absent/$validate")) == (404, "not-found")
        assert said(served.get("Patient/$validate")) == (400, "parameter-missing")

    def test_nothing_is_stored(self, served: Served) -> None:
        value = fresh()
        body = {"resourceType": "Patient", "identifier": [{"system": "urn:v", "value": value}]}
        served.send("POST", "Patient/$validate", body)
        assert ids(served.get(f"Patient?identifier=urn:v|{value}")) == []


def record(served: Served) -> dict[str, str]:
    """A patient with an encounter, observations of three days, and who made them; addresses by name."""
    doctor = f"Practitioner/{served.made('Practitioner', name=[{'text': '王'}])['id']}"
    owner = f"Patient/{served.made(generalPractitioner=[{'reference': doctor}])['id']}"
    about = {"subject": {"reference": owner}}
    visit = served.made("Encounter", status="finished", **{"class": {"code": "AMB"}}, **about)["id"]
    found = {"doctor": doctor, "owner": owner, "visit": f"Encounter/{visit}"}
    for day in (1, 2, 3):
        fields = {
            "status": "final", "code": {"coding": [{"system": "urn:c", "code": f"c{day % 2}"}]},
            "effectiveDateTime": f"2024-03-0{day}", "performer": [{"reference": doctor}],
            "encounter": {"reference": f"Encounter/{visit}"}, **about,
        }  # fmt: skip
        found[f"day{day}"] = f"Observation/{served.made('Observation', **fields)['id']}"
    return found


def shown(served: Served, path: str) -> list[str]:
    """What all pages show, once each page."""
    return [f"{r['resourceType']}/{r['id']}" for r in (e["resource"] for e in pages(served, path))]


class TestEverything:
    def test_of_a_patient(self, served: Served) -> None:
        made = record(served)
        path = f"{made['owner']}/$everything"
        assert sorted(shown(served, path)) == sorted(made.values())
        for count in (1, 2, 3):
            found = shown(served, f"{path}?_count={count}")
            assert set(found) == set(made.values())
            mine = [each for each in found if each != made["doctor"]]
            assert len(mine) == len(set(mine))
        posted = served.send("POST", path, parameters(_type__valueCode="Observation") | {})
        assert posted.status_code in (200, 400)
        assert sorted(shown(served, f"{path}?_type=Observation")) == sorted(made[f"day{n}"] for n in (1, 2, 3))
        assert sorted(shown(served, f"{path}?_type=Encounter,Patient")) == sorted([made["visit"], made["owner"]])
        assert said(served.get(f"{path}?_type=Nix")) == (404, "no-such-type")
        window = shown(served, f"{path}?start=2024-03-02&end=2024-03-02&_type=Observation")
        assert window == [made["day2"]]
        assert shown(served, f"{path}?_since=2999-01-01T00:00:00Z") == []
        assert said(served.get(f"{path}?start=nix"))[0] == 400
        assert said(served.get("Patient/absent/$everything")) == (404, "not-found")

    def test_of_an_encounter_and_a_group(self, served: Served) -> None:
        made = record(served)
        found = set(shown(served, f"{made['visit']}/$everything"))
        assert {made["visit"], made["day1"], made["day2"], made["day3"], made["owner"]} <= found
        member = [{"entity": {"reference": made["owner"]}}]
        group = f"Group/{served.made('Group', type='person', actual=True, member=member)['id']}"
        for count in ("", "?_count=1", "?_count=2", "?_count=4"):
            assert set(shown(served, f"{group}/$everything{count}")) == {group, *made.values()}

    def test_gone_and_of_others(self, served: Served) -> None:
        made = record(served)
        path = f"{made['owner']}/$everything"
        assert said(served.get(path, key=served.key_b)) == (404, "not-found")
        lone = f"Patient/{served.made()['id']}"
        served.send("DELETE", lone)
        assert said(served.get(f"{lone}/$everything")) == (410, "gone")


class TestLastN:
    def test_newest_of_each_code(self, served: Served) -> None:
        made = record(served)
        owner = made["owner"][8:]
        assert sorted(ids(served.get(f"Observation/$lastn?patient={owner}"))) == sorted([made["day2"], made["day3"]])
        assert len(ids(served.get(f"Observation/$lastn?patient={owner}&max=2"))) == 3
        assert ids(served.get(f"Observation/$lastn?patient={owner}&code=urn:c|c1")) == [made["day3"]]
        body = parameters(patient__valueString=owner, max__valuePositiveInt=2)
        assert len(ids(served.send("POST", "Observation/$lastn", body))) == 3
        for bad in ("", "?code=x", f"?patient={owner}&max=0", f"?patient={owner}&max=x", f"?patient={owner}&nix=1"):
            assert said(served.get(f"Observation/$lastn{bad}"))[0] == 400, bad


class TestMeta:
    def test_add_and_delete(self, served: Served) -> None:
        at = f"Patient/{served.made(meta={'tag': [{'system': 'urn:m', 'code': 'a'}]})['id']}"
        tag = {"tag": [{"system": "urn:m", "code": "b"}]}
        added = returned(served.send("POST", f"{at}/$meta-add", parameters(meta__valueMeta=tag)))["return"]
        assert {t["code"] for t in added["tag"]} == {"a", "b"}
        assert returned(served.get(f"{at}/$meta"))["return"] == added
        assert ids(served.get("Patient?_tag=urn:m|b")) == [at]
        gone = returned(served.send("POST", f"{at}/$meta-delete", parameters(meta__valueMeta=tag)))["return"]
        assert [t["code"] for t in gone["tag"]] == ["a"]
        assert ids(served.get("Patient?_tag=urn:m|b")) == []
        for path in ("$meta", "Patient/$meta"):
            assert "return" in returned(served.get(path))
        for bad in (parameters(), {"resourceType": "Patient"}, parameters(meta__valueString="x")):
            assert said(served.send("POST", f"{at}/$meta-add", bad))[0] == 400
        assert said(served.send("POST", "Patient/absent/$meta-add", parameters(meta__valueMeta=tag)))[0] == 404


class TestMatch:
    def test_scores_and_grades(self, served: Served) -> None:
        number = {"system": "urn:oid:2.16.156.10011.1.3", "value": "439921195803151016"}
        made = served.made(identifier=[number], name=[{"text": "张三"}], gender="male", birthDate="1958-03-15")
        asked = {"resourceType": "Patient", "identifier": [number], "name": [{"text": "张三"}]}
        answer = served.send("POST", "Patient/$match", parameters(resource=asked, count__valueInteger=3))
        assert ids(answer) == [f"Patient/{made['id']}"]
        [found] = json_of(answer)["entry"]
        assert 0 < found["search"]["score"] <= 1
        assert found["search"]["extension"][0]["valueCode"] in ("certain", "probable", "possible")
        other = served.send("POST", "Patient/$match", parameters(resource=asked), key=served.key_b)
        assert "entry" not in json_of(other)
        assert said(served.send("POST", "Patient/$match", parameters()))[1] == "parameter-missing"
        assert said(served.get("Patient/$match"))[0] == 405


class TestTerminology:
    CASES = (
        ("ValueSet/$expand", {"url": GENDERS}, lambda v: len(v["expansion"]["contains"]) == 4),
        ("ValueSet/$expand", {"url": GENDERS, "filter": "fem"}, lambda v: len(v["expansion"]["contains"]) == 1),
        ("CodeSystem/$lookup", {"system": GENDER, "code": "male"}, lambda v: v["display"]),
        ("ValueSet/$validate-code", {"url": GENDERS, "system": GENDER, "code": "male"}, lambda v: v["result"] is True),
        ("ValueSet/$validate-code", {"url": GENDERS, "system": GENDER, "code": "x"}, lambda v: v["result"] is False),
        ("CodeSystem/$validate-code", {"url": GENDER, "code": "male"}, lambda v: v["result"] is True),
        ("CodeSystem/$subsumes", {"system": GENDER, "codeA": "male", "codeB": "male"},
         lambda v: v["outcome"] == "equivalent"),
    )  # fmt: skip

    @pytest.mark.parametrize("case", range(len(CASES)))
    def test_by_get_and_post(self, served: Served, case: int) -> None:
        path, given, holds = self.CASES[case]
        kinds = {"url": "valueUri", "system": "valueUri", "filter": "valueString"}
        body = {"resourceType": "Parameters",
                "parameter": [{"name": n, kinds.get(n, "valueCode"): v} for n, v in given.items()]}  # fmt: skip
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        for answer in (
            served.get(f"{path}?{urlencode(given)}"),
            served.send("POST", path, body),
            served.send("POST", path, urlencode(given).encode(), headers=form),
        ):
            assert answer.status_code == 200, answer.text
            found = json_of(answer)
            assert holds(found if found["resourceType"] == "ValueSet" else returned(answer))

    def test_of_an_instance(self, served: Served) -> None:
        value = {"url": fresh("urn:vs:"), "status": "active", "compose": {"include": [{"system": GENDER}]}}
        at = f"ValueSet/{served.made('ValueSet', **value)['id']}"
        assert len(json_of(served.get(f"{at}/$expand"))["expansion"]["contains"]) == 4
        assert returned(served.get(f"{at}/$validate-code?system={GENDER}&code=male"))["result"] is True

    def test_what_cannot_be(self, served: Served) -> None:
        for path in ("ValueSet/$expand", "ValueSet/$expand?url=urn:none", "CodeSystem/$lookup?code=x",
                     f"CodeSystem/$lookup?system={quote(GENDER)}&code=nix", "ConceptMap/$translate",
                     "ConceptMap/$translate?url=urn:none&code=a&system=b", "ValueSet/absent/$expand"):  # fmt: skip
            assert 400 <= said(served.get(path))[0] < 500, path


def work_on_exports() -> None:
    """What the worker does when its clock says so."""
    from django.db import transaction

    from doorstep.kernel.testing import callers
    from doorstep.record.exchange import jobs

    with transaction.atomic():
        jobs.run_exports(callers.system())


class TestExport:
    def begun(self, served: Served, path: str, method: str = "GET", body: Any = None) -> str:
        answer = served.send(method, path, body, headers={"prefer": "respond-async", "accept": JSON})
        assert answer.status_code == 202, answer.text
        at = answer.headers["content-location"]
        assert at.startswith("http://testserver/fhir/")
        return str(at.removeprefix("http://testserver"))

    def done(self, served: Served, at: str) -> dict[str, Any]:
        """The manifest, once the worker has worked."""
        waiting = served.get(at)
        assert waiting.status_code in (200, 202)
        if waiting.status_code == 202:
            assert waiting.headers["x-progress"]
            assert int(waiting.headers["retry-after"]) >= 0
        for _ in range(50):
            served.door.run(served.door.house.work(work_on_exports))
            answer = served.get(at)
            if answer.status_code == 200:
                assert answer.headers["content-type"] == "application/json"
                assert answer.headers["expires"]
                return dict(answer.json())
        raise AssertionError(answer.headers)

    def lines(self, served: Served, manifest: dict[str, Any]) -> set[str]:
        found = []
        for each in manifest["output"]:
            answer = served.get(each["url"].removeprefix("http://testserver"))
            assert answer.headers["content-type"] == "application/fhir+ndjson"
            listed = [json.loads(line) for line in answer.content.splitlines()]
            assert {r["resourceType"] for r in listed} == {each["type"]}
            assert len(listed) == each.get("count", len(listed))
            found += [f"{r['resourceType']}/{r['id']}" for r in listed]
        assert len(found) == len(set(found))
        return set(found)

    def test_from_kick_off_to_delete(self, served: Served) -> None:
        made = record(served)
        member = [{"entity": {"reference": made["owner"]}}]
        group = f"Group/{served.made('Group', type='person', actual=True, member=member)['id']}"
        at = self.begun(served, f"{group}/$export")
        manifest = self.done(served, at)
        assert manifest["requiresAccessToken"] is True
        assert manifest["request"].endswith(f"{group}/$export")
        found = self.lines(served, manifest)
        assert {made[n] for n in ("owner", "visit", "day1", "day2", "day3")} <= found
        one = manifest["output"][0]["url"].removeprefix("http://testserver")
        for path in (at, one):
            assert said(served.get(path, key=served.key_b))[0] == 404
            assert said(served.get(path, key=""))[0] == 401
        for name in (
            "..%2f..%2f..%2fetc%2fpasswd",
            "..",
            "%2e%2e%2fx",
            "x.ndjson",
            "%00",
            one.rpartition("/")[2] + "x",
        ):
            assert 400 <= said(served.get(f"{one.rpartition('/')[0]}/{name}"))[0] < 500, name
        assert served.send("DELETE", at, key=served.key_b).status_code == 404
        assert served.get(one).status_code == 200
        assert served.send("DELETE", at).status_code == 202
        assert said(served.get(at))[0] == 404
        assert said(served.get(one))[0] == 404

    def test_types_and_filters(self, served: Served) -> None:
        made = record(served)
        asked = urlencode({"_type": "Observation", "_typeFilter": f"Observation?_id={made['day2'][12:]}"})
        assert self.lines(served, self.done(served, self.begun(served, f"$export?{asked}"))) == {made["day2"]}
        body = parameters(_type__valueString="Encounter")
        body["parameter"][0]["name"] = "_type"
        found = self.lines(served, self.done(served, self.begun(served, "Patient/$export", "POST", body)))
        assert made["visit"] in found
        assert {each.partition("/")[0] for each in found} == {"Encounter"}
        late = urlencode({"_since": served.get(made["day2"]).json()["meta"]["lastUpdated"]})
        found = self.lines(served, self.done(served, self.begun(served, f"$export?{late}&_type=Observation")))
        assert made["day3"] in found
        assert made["day1"] not in found

    @pytest.mark.parametrize(
        "path",
        ["$export?_type=Nix", "$export?_since=nix", "$export?_outputFormat=csv", "Group/absent/$export",
         "$export-status/nix", "$export-status/00000000-0000-4000-8000-000000000000", "$export-file/x/y",
         "$export?_since=2999-01-01T00:00:00Z", "$export?_typeFilter=rubbish", "$export-status", "Patient/x/$export"],
    )  # fmt: skip
    def test_what_cannot_be(self, served: Served, path: str) -> None:
        assert 400 <= said(served.get(path, headers={"prefer": "respond-async"}))[0] < 500

    def test_in_a_batch_nothing_begins(self, served: Served) -> None:
        answer = served.bundle("batch", entry("GET", "$export?_type=Patient"))
        assert answer.json()["entry"][0]["response"]["status"].startswith("404")
