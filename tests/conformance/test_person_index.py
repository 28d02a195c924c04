"""Who somebody is, as other systems ask: `$match` (R4, IHE PDQm ITI-119), PIXm (ITI-83) and PDQm (ITI-78)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.test_door_operations import parameters
from tests.served import Served, fresh, ids, json_of, said, served

__all__ = ["served"]
pytestmark = pytest.mark.django_db
NATIONAL = "urn:oid:2.16.156.10011.1.3"
EMPTY = {"status": "empty", "div": '<div xmlns="http://www.w3.org/1999/xhtml">-</div>'}
GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"
MAIDEN = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"
ZHANG = {
    "identifier": [{"system": NATIONAL, "value": "439921195803151016"}],
    "name": [{"text": "张三丰"}], "gender": "male", "birthDate": "1958-03-15",
    "telecom": [{"system": "phone", "value": "10031234567"}],
}  # fmt: skip


def asked(**fields: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", **fields}


def graded(answer: Any) -> list[tuple[str, str]]:
    """Id and grade of each match, after a look at the form of the answer."""
    found = json_of(answer)
    assert (found["resourceType"], found["type"]) == ("Bundle", "searchset"), answer.text
    matches = [each for each in found.get("entry", ()) if each["search"]["mode"] == "match"]
    assert found["total"] == len(matches)
    scores = [each["search"]["score"] for each in matches]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)
    for each in matches:
        assert [extension["url"] for extension in each["search"]["extension"]] == [GRADE]
        assert each["fullUrl"].endswith(f"/fhir/Patient/{each['resource']['id']}")
    return [(each["resource"]["id"], each["search"]["extension"][0]["valueCode"]) for each in matches]


@pytest.fixture(scope="module")
def zhang(served: Served) -> list[str]:
    """Two records of one man at ``a``, and one of him at ``b``."""
    more = {**ZHANG, "identifier": [*ZHANG["identifier"], {"system": "urn:ward", "value": "W-7"}]}
    made = [served.made(**ZHANG)["id"], served.made(**more)["id"]]
    there = {**more, "identifier": [*ZHANG["identifier"], {"system": "urn:b", "value": "B-9"}]}
    assert served.send("POST", "Patient", {"resourceType": "Patient", **there}, key=served.key_b).status_code == 201
    return sorted(made)


@pytest.fixture(scope="module")
def mohr(served: Served) -> str:
    """A patient with all that a PDQm query may ask for."""
    made = served.made(
        active=True,
        identifier=[{"system": "urn:pdqm", "value": "P-1"}, {"system": "urn:other", "value": "O-1"}],
        name=[{"family": "Mohr", "given": ["Alice"]}],
        gender="female",
        birthDate="1958-01-30",
        telecom=[{"system": "phone", "value": "10039998888"}],
        address=[{"line": ["1 Main"], "city": "Madison", "state": "WI", "postalCode": "53711", "country": "USA"}],
        extension=[{"url": MAIDEN, "valueString": "Jones"}],
    )
    return str(made["id"])


class TestMatch:
    def match(self, served: Served, patient: dict[str, Any], **more: Any) -> Any:
        return served.send("POST", "Patient/$match", parameters(resource=patient, **more))

    def test_by_number_name_and_weight(self, served: Served, zhang: list[str]) -> None:
        whole = graded(self.match(served, asked(**ZHANG)))
        assert sorted(whole) == [(each, "certain") for each in zhang]
        number = asked(identifier=ZHANG["identifier"])
        assert sorted(graded(self.match(served, number))) == [(each, "certain") for each in zhang]
        told = asked(name=[{"text": "张三丰"}], birthDate="1958-03-15", telecom=ZHANG["telecom"], gender="male")
        found = graded(self.match(served, told))
        assert sorted(each for each, _ in found) == zhang
        assert {grade for _, grade in found} <= {"certain", "probable"}
        slipped = asked(name=[{"text": "张三峰"}], birthDate="1958-03-16", telecom=ZHANG["telecom"])
        assert all(grade != "certain" for _, grade in graded(self.match(served, slipped)))

    def test_the_patient_alone_is_the_body_too(self, served: Served, zhang: list[str]) -> None:
        answer = served.send("POST", "Patient/$match", asked(**ZHANG))
        assert [each for each, _ in graded(answer)] == zhang

    def test_the_parameters_of_pdqm(self, served: Served, zhang: list[str]) -> None:
        """As the profile MatchParametersIn of IHE PDQm has them (ITI-119), in JSON and XML."""
        profile = "https://profiles.ihe.net/ITI/PDQm/StructureDefinition/IHE.PDQm.Match"
        patient = asked(id="ex", meta={"profile": [f"{profile}InputPatient"]}, text=EMPTY, **ZHANG)
        body = parameters(resource=patient, onlyCertainMatches__valueBoolean=False, count__valueInteger=5)
        body |= {"id": "ex-match-input", "meta": {"profile": [f"{profile}ParametersIn"]}}
        assert [each for each, _ in graded(served.send("POST", "Patient/$match", body))] == zhang
        answer = served.send("POST", "Patient/$match", body, headers={"Accept": "application/fhir+xml"})
        assert answer.text.count('<valueCode value="certain"/>') == 2

    def test_one_certain_person_or_none(self, served: Served, zhang: list[str]) -> None:
        one = self.match(served, asked(**ZHANG), onlyCertainMatches__valueBoolean=True)
        [(best, grade)] = graded(one)
        assert best in zhang
        assert grade == "certain"
        weak = asked(name=[{"text": "张三丰"}])
        assert graded(self.match(served, weak, onlyCertainMatches__valueBoolean=True)) == []

    def test_several_certain_persons_are_told(self, served: Served) -> None:
        value = fresh("shared")
        wards = ({"system": "urn:one", "value": value}, {"system": "urn:two", "value": value})
        people = ((wards[0], "赵一鸣", "1970-01-01"), (wards[1], "钱小二", "1981-02-02"))
        for ward, name, birth in people:
            served.made(identifier=[ward], name=[{"text": name}], birthDate=birth)
        answer = self.match(served, asked(identifier=list(wards)), onlyCertainMatches__valueBoolean=True)
        assert graded(answer) == []
        [note] = json_of(answer)["entry"]
        assert note["search"]["mode"] == "outcome"
        assert [issue["code"] for issue in note["resource"]["issue"]] == ["multiple-matches"]
        assert note["resource"]["issue"][0]["severity"] == "warning"
        assert len(graded(self.match(served, asked(identifier=list(wards))))) == 2

    def test_a_contradicted_number_is_not_certain(self, served: Served, zhang: list[str]) -> None:
        lent = asked(identifier=ZHANG["identifier"], name=[{"text": "李四海"}], gender="female", birthDate="1958-03-15")
        assert {grade for _, grade in graded(self.match(served, lent))} <= {"possible"}
        other = {"system": NATIONAL, "value": "439921195803151032"}
        twin = asked(**{**ZHANG, "identifier": [other]})
        assert graded(self.match(served, twin)) == []

    def test_count_and_bounds(self, served: Served, zhang: list[str]) -> None:
        assert len(graded(self.match(served, asked(**ZHANG), count__valueInteger=1))) == 1
        assert graded(self.match(served, asked(**ZHANG), count__valueInteger=0)) == []
        body = parameters(resource=asked(**ZHANG))
        [(there, _)] = graded(served.send("POST", "Patient/$match", body, key=served.key_b))
        assert there not in zhang

    @pytest.mark.parametrize(
        "patient",
        [
            asked(name=[{"text": "王" * 10_000}], birthDate="1958-03-15"),
            asked(name=[{"family": "a" * 10_000, "given": ["b" * 10_000] * 20}]),
            asked(identifier=[{"system": "urn:x", "value": f"v{n}"} for n in range(1_000)]),
            asked(identifier=[{"system": NATIONAL, "value": "9" * 5_000}], telecom=[{"value": "1" * 5_000}]),
            asked(birthDate="1958"),
            asked(name=[{"text": "%_\\' OR 1=1 --"}], address=[{"text": "…" * 10_000}]),
            asked(),
        ],
        ids=["long", "longer", "thousand", "digits", "year", "quotes", "nothing"],
    )
    def test_hostile_and_empty_patients(self, served: Served, zhang: list[str], patient: dict[str, Any]) -> None:
        answer = self.match(served, patient)
        assert answer.status_code == 200, answer.text
        assert all(grade != "certain" for _, grade in graded(answer))

    def test_what_is_no_patient_is_refused(self, served: Served) -> None:
        for body in ({"resourceType": "Observation"}, {"resourceType": "Parameters"}, [], "x", parameters(count="1")):
            status = served.send("POST", "Patient/$match", body).status_code
            assert 400 <= status < 500, body
        assert said(self.match(served, {"resourceType": "Person"}))[0] in (400, 422)


class TestPix:
    """IHE PIXm: success, and the four refusals of ITI-83."""

    def ask(self, served: Served, query: str, **more: Any) -> Any:
        return served.get(f"Patient/$ihe-pix?{query}", **more)

    def told(self, answer: Any) -> tuple[list[str], list[tuple[str, str]]]:
        assert answer.status_code == 200, answer.text
        found = json_of(answer)
        assert found["resourceType"] == "Parameters"
        given = found.get("parameter", [])
        assert {each["name"] for each in given} <= {"targetId", "targetIdentifier"}
        numbers = [each["valueIdentifier"] for each in given if each["name"] == "targetIdentifier"]
        return (
            [each["valueReference"]["reference"] for each in given if each["name"] == "targetId"],
            [(each["system"], each["value"]) for each in numbers],
        )

    def test_all_that_is_one_persons(self, served: Served, zhang: list[str]) -> None:
        patients, numbers = self.told(self.ask(served, "sourceIdentifier=urn:ward|W-7"))
        assert patients == [f"Patient/{each}" for each in zhang]
        assert set(numbers) == {(NATIONAL, "439921195803151016")}
        _, numbers = self.told(self.ask(served, f"sourceIdentifier={NATIONAL}|439921195803151016"))
        assert numbers == [("urn:ward", "W-7")]

    def test_a_target_system(self, served: Served, zhang: list[str]) -> None:
        source = f"sourceIdentifier={NATIONAL}|439921195803151016"
        patients, numbers = self.told(self.ask(served, f"{source}&targetSystem=urn:ward&_format=json"))
        assert (len(patients), numbers) == (1, [("urn:ward", "W-7")])
        both = self.told(self.ask(served, f"{source}&targetSystem=urn:ward&targetSystem={NATIONAL}"))
        assert both[1] == [("urn:ward", "W-7")]
        assert self.told(self.ask(served, "sourceIdentifier=urn:ward|W-7&targetSystem=urn:b")) == ([], [])

    def test_by_post_and_in_xml(self, served: Served, zhang: list[str]) -> None:
        body = parameters(sourceIdentifier__valueString="urn:ward|W-7", targetSystem__valueUri=NATIONAL)
        sent = self.told(served.send("POST", "Patient/$ihe-pix", body))
        other = {"system": "urn:ward", "value": "W-7"}
        body = parameters(sourceIdentifier__valueIdentifier=other, targetSystem__valueUri=NATIONAL)
        assert self.told(served.send("POST", "Patient/$ihe-pix", body)) == sent
        assert sent[1] == [(NATIONAL, "439921195803151016")] * 2
        answer = self.ask(served, "sourceIdentifier=urn:ward|W-7&_format=xml")
        assert "<targetI" not in answer.text
        assert '<name value="targetIdentifier"/>' in answer.text

    @pytest.mark.parametrize(
        ("query", "status", "code", "words"),
        [
            ("sourceIdentifier=urn:ward|nobody", 404, "not-found", "sourceIdentifier Patient Identifier not found"),
            ("sourceIdentifier=urn:none|1", 400, "code-invalid", "sourceIdentifier Assigning Authority not found"),
            ("sourceIdentifier=12345", 400, "code-invalid", "sourceIdentifier Assigning Authority not found"),
            ("sourceIdentifier=urn:ward|W-7&targetSystem=urn:none", 403, "code-invalid", "targetSystem not found"),
            ("sourceIdentifier=urn:ward|", 400, "value", None),
            ("targetSystem=urn:ward", 400, "required", None),
        ],
    )
    def test_refusals(
        self, served: Served, zhang: list[str], query: str, status: int, code: str, words: str | None
    ) -> None:
        answer = self.ask(served, query, headers={"Accept-Language": "en"})
        [issue] = json_of(answer)["issue"]
        assert (answer.status_code, issue["severity"], issue["code"]) == (status, "error", code), answer.text
        assert words is None or issue["details"]["text"] == words

    def test_nothing_of_another_institution(self, served: Served, zhang: list[str]) -> None:
        assert self.ask(served, "sourceIdentifier=urn:b|B-9").status_code == 404
        found = self.told(self.ask(served, f"sourceIdentifier={NATIONAL}|439921195803151016", key=served.key_b))
        assert found[1] == [("urn:b", "B-9")]
        assert not {f"Patient/{each}" for each in zhang} & set(found[0])

    def test_it_is_declared(self, served: Served) -> None:
        rest = json_of(served.get("metadata"))["rest"][0]
        [patient] = [each for each in rest["resource"] if each["type"] == "Patient"]
        told = {each["name"]: each["definition"] for each in patient["operation"]}
        assert told["ihe-pix"] == "https://profiles.ihe.net/ITI/PIXm/OperationDefinition/IHE.PIXm.pix"
        assert told["match"] == "http://hl7.org/fhir/OperationDefinition/Patient-match"


class TestPdqm:
    """IHE PDQm, ITI-78: each parameter that a supplier must answer, one that finds and one that does not."""

    @pytest.mark.parametrize(
        ("right", "wrong"),
        [
            ("active=true", "active=false"),
            ("family=Mohr", "family=Alice"),
            ("family=mo", "family:exact=mohr"),
            ("family:exact=Mohr", "given:exact=alice"),
            ("given=Alice", "given=Mohr"),
            ("given:exact=Alice", "given:exact=Ali"),
            ("identifier=urn:pdqm|P-1", "identifier=urn:pdqm|O-1"),
            ("identifier=urn:pdqm|", "identifier=urn:absent|"),
            ("identifier=urn:pdqm|,urn:absent|", "identifier=|P-1"),
            ("telecom=10039998888", "telecom=10039998889"),
            ("birthdate=1958-01-30", "birthdate=1958-01-31"),
            ("birthdate=eq1958", "birthdate=ne1958"),
            ("birthdate=ge1958-01-30&birthdate=le1958-02-01", "birthdate=gt1958-01-30&birthdate=lt1958-02-01"),
            ("birthdate=sa1957", "birthdate=eb1957"),
            ("address=1 Main", "address=Main"),
            ("address=madison", "address:exact=madison"),
            ("address-city=Madison", "address-city=Boston"),
            ("address-country=USA", "address-country=CHN"),
            ("address-postalcode=53711", "address-postalcode=99999"),
            ("address-state=WI", "address-state=CA"),
            ("gender=female", "gender=male"),
            ("mothersMaidenName=jon", "mothersMaidenName=Mohr"),
            ("mothersMaidenName:exact=Jones", "mothersMaidenName:exact=jones"),
            ("family=Mohr&given=Alice&gender=female", "family=Mohr&given=Bob"),
        ],
    )
    def test_parameters(self, served: Served, mohr: str, right: str, wrong: str) -> None:
        strict = {"Prefer": "handling=strict"}
        assert ids(served.get(f"Patient?_id={mohr}&{right}", headers=strict)) == [f"Patient/{mohr}"]
        assert ids(served.get(f"Patient?_id={mohr}&{wrong}", headers=strict)) == []

    def test_by_post_and_in_xml(self, served: Served, mohr: str) -> None:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        body = "family=Mohr&identifier=urn:pdqm|P-1"
        assert ids(served.send("POST", "Patient/_search", body, headers=form)) == [f"Patient/{mohr}"]
        answer = served.get("Patient?identifier=urn:pdqm|P-1&_format=xml")
        assert f'<id value="{mohr}"/>' in answer.text

    def test_retrieve(self, served: Served, mohr: str) -> None:
        assert json_of(served.get(f"Patient/{mohr}"))["id"] == mohr
        assert said(served.get("Patient/absent"))[0] == 404
