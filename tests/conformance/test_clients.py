"""Clients of other people walk through their own documented examples: fhirpy, and SMART's fhirclient in Python and JS.

Each test follows a page of its client's manual; where a client says something that R4 has not, the test says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from fhirclient import client as smart_client
from fhirclient import server as smart_server
from fhirclient.models.bundle import Bundle
from fhirclient.models.encounter import Encounter
from fhirclient.models.fhirdate import FHIRDate
from fhirclient.models.humanname import HumanName
from fhirclient.models.patient import Patient
from fhirclient.models.procedure import Procedure
from fhirpy import AsyncFHIRClient, SyncFHIRClient
from fhirpy.base.exceptions import AuthorizationError, MultipleResourcesFound, OperationOutcome, ResourceNotFound
from fhirpy.base.searchset import Raw

from doorstep.kernel.testing.loops import run
from tests.conformance.clients.live import Live, installed, live, node
from tests.conformance.clients.record import Typed, record, urn

Json = dict[str, Any]
ENV = "http://example.com/env"


@pytest.fixture(scope="module")
def door() -> Iterator[Live]:
    with live() as found:
        yield found


@pytest.fixture(scope="module")
def fhirpy(door: Live) -> SyncFHIRClient:
    return SyncFHIRClient(door.url, authorization=f"Bearer {door.key}", extra_headers={"Accept-Language": "en"})


@pytest.fixture(scope="module")
def hospital(fhirpy: SyncFHIRClient) -> Json:
    """A hospital, its doctor, two patients and their record, sent as one transaction; fullUrls to what they became."""
    entries = [
        {"fullUrl": urn(n), "resource": each, "request": {"method": "POST", "url": each["resourceType"]}}
        for n, each in enumerate(record(), 1)
    ]
    answer = fhirpy.execute("", data={"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert (answer["type"], len(answer["entry"])) == ("transaction-response", len(entries))
    places = [each["response"]["location"].partition("/_history")[0] for each in answer["entry"]]
    return {"organization": places[0], "doctor": places[1], "patient": places[2], "other": places[3]}


def ids(found: list[Any]) -> set[str]:
    return {f"{each['resourceType']}/{each['id']}" for each in found}


class TestFhirpySearches:
    """fhir-py's README, "Searchset examples" to "Revinclude"."""

    @pytest.mark.parametrize(
        "asked",
        [
            {"birthdate__gt": "1944", "birthdate__lt": "1964"},
            {"name__contains": "OHN"},
            {"name": ["John", "Rivera"]},
            {"name": "John,Nobody"},
            {"family__exact": "Moore"},
            {"address_state": "TX"},
            {"active": True},
            {"gender__not": ["male", "other"]},
            {"general_practitioner__Organization__name": "Hospital"},
            {"general_practitioner__name": "Hospital"},
            {"general_practitioner__Practitioner__family": "Chen"},
            {"birthdate__lt": datetime(1980, 10, 27, tzinfo=UTC)},
        ],
    )
    def test_of_patients(self, fhirpy: SyncFHIRClient, hospital: Json, asked: Json) -> None:
        found = fhirpy.resources("Patient").search(
            **asked, _id=f"{name(hospital, 'patient')},{name(hospital, 'other')}"
        )
        assert ids(found.fetch()) == {hospital["patient"]}
        assert found.count() == 1

    def test_by_resource_raw_and_has(self, fhirpy: SyncFHIRClient, hospital: Json) -> None:
        patients = fhirpy.resources("Patient")
        doctor = fhirpy.resources("Practitioner").search(_id=name(hospital, "doctor")).first()
        assert ids(patients.search(general_practitioner=doctor).fetch()) == {hospital["patient"]}
        raw = Raw(**{"general-practitioner.name": "Hospital"})
        assert ids(patients.search(raw).fetch()) == {hospital["patient"]}
        assert ids(patients.has("Observation", "patient", code="8867-4").fetch()) == {hospital["patient"]}

    def test_of_conditions(self, fhirpy: SyncFHIRClient, hospital: Json) -> None:
        conditions = fhirpy.resources("Condition")
        assert conditions.search(code__text="headache").count() == 1
        assert conditions.search(code__text="fever").count() == 0
        with pytest.raises(ResourceNotFound, match="is not loaded"):
            conditions.search(code__in="http://acme.org/fhir/ValueSet/cardiac-conditions").fetch()
        system = "http://terminology.hl7.org/CodeSystem/condition-clinical"
        assert conditions.search(Raw(**{"clinical-status:below": f"{system}|active"})).fetch() == []

    def test_one_first_and_how_many(self, fhirpy: SyncFHIRClient, hospital: Json) -> None:
        patients = fhirpy.resources("Patient")
        assert patients.search(_id=name(hospital, "patient"), active=True).get()["id"] == name(hospital, "patient")
        with pytest.raises(ResourceNotFound):
            patients.search(_id="absent").get()
        with pytest.raises(MultipleResourcesFound):
            patients.search(name="Moore").get()
        assert patients.search(name="Moore").sort("-birthdate").first()["id"] == name(hospital, "other")
        assert fhirpy.resources("Practitioner").search(address_city="Krasnoyarsk").fetch_all()[0]["active"] is True

    def test_pages_sorted(self, fhirpy: SyncFHIRClient, hospital: Json) -> None:
        observations = fhirpy.resources("Observation").search(subject=hospital["patient"])
        assert len(observations.fetch()) == 20
        days = [
            each["effectiveDateTime"] for each in observations.sort("status", "-date", "category").limit(7).fetch_all()
        ]
        assert days == [f"2026-01-{day:02}" for day in range(25, 0, -1)]
        assert len(list(observations.limit(3))) == 25

    def test_elements(self, fhirpy: SyncFHIRClient, hospital: Json) -> None:
        patients = fhirpy.resources("Patient").search(_id=name(hospital, "patient"))
        [kept] = patients.elements("name", "gender").fetch()
        assert set(kept) == {"resourceType", "id", "meta", "name", "gender"}
        # not of R4: Aidbox's way to leave out, and HAPI's
        [rest] = patients.elements("name", "gender", exclude=True).fetch()
        assert [rest] == patients.search(Raw(**{"_elements:exclude": "name,gender"})).fetch()
        assert set(rest) == {"resourceType", "id", "meta", "active", "birthDate", "address", "generalPractitioner"}
        assert rest["meta"]["tag"][0]["code"] == "SUBSETTED"

    @pytest.mark.parametrize(
        ("kind", "ways", "types"),
        [
            ("EpisodeOfCare", [("include", "EpisodeOfCare", "patient")], {"EpisodeOfCare", "Patient"}),
            (
                "MedicationRequest",
                [("include", "MedicationRequest", "requester")],
                {"MedicationRequest", "Practitioner"},
            ),
            ("Encounter", [("include", "*")], {"Encounter", "Patient"}),
            ("Practitioner", [("revinclude", "Group", "member")], {"Practitioner", "Group"}),
            ("EpisodeOfCare", [("revinclude", "*")], {"EpisodeOfCare"}),
        ],
    )
    def test_includes(self, fhirpy: SyncFHIRClient, hospital: Json, kind: str, ways: Any, types: set[str]) -> None:
        search = fhirpy.resources(kind)
        for way, *arguments in ways:
            search = getattr(search, way)(*arguments)
        assert {entry.resource["resourceType"] for entry in search.fetch_raw().entry} == types

    def test_includes_of_a_target_and_iterated(self, fhirpy: SyncFHIRClient, hospital: Json) -> None:
        requests = fhirpy.resources("MedicationRequest")
        found = requests.include("MedicationRequest", "patient", target_resource_type="Patient").fetch_raw()
        assert {entry.search["mode"] for entry in found.entry} == {"match", "include"}
        # the README names a parameter that R4 has not (MedicationRequest:performer): that is refused in words
        wished = requests.include("MedicationRequest", "performer", iterate=True)
        with pytest.raises(OperationOutcome, match="cannot be included"):
            wished.fetch_raw()
        wished = requests.include("MedicationRequest", "patient").include(
            "Patient", "general-practitioner", iterate=True
        )
        types = {entry.resource["resourceType"] for entry in wished.fetch_raw().entry}
        assert types == {"MedicationRequest", "Patient", "Practitioner", "Organization"}


def name(hospital: Json, what: str) -> str:
    return str(hospital[what]).partition("/")[2]


class TestFhirpyWrites:
    """fhir-py's README, "Getting started", "Conditional operations", "CRUD client methods", "$validate"."""

    def test_a_resource_lives(self, fhirpy: SyncFHIRClient) -> None:
        organization = fhirpy.resource("Organization", name="beda.software", active=False)
        organization.save()
        organization.active = True
        organization.save(fields=["active"])
        assert (organization["meta"]["versionId"], organization["active"]) == ("2", True)
        assert organization.patch(name="beda")["name"] == "beda"
        reference = fhirpy.reference("Organization", organization.id)
        assert reference.patch(name=None, alias=["b"]).serialize().get("name") is None
        assert organization.refresh()["alias"] == ["b"]
        assert organization.refresh()["alias"] == ["b"], "304, nothing was changed"
        organization.name = "whole"
        assert organization.update()["meta"]["versionId"] == "5"
        organization.delete()
        with pytest.raises(ResourceNotFound):
            reference.to_resource()

    def test_client_methods(self, fhirpy: SyncFHIRClient) -> None:
        made = fhirpy.create(Typed(name=[{"text": "A"}]))
        assert fhirpy.get(Typed, made.id).name == [{"text": "A"}]
        made.name = [{"text": "B"}]
        assert fhirpy.update(made).meta["versionId"] == "2"
        assert fhirpy.save(made, fields=["name"]).name == [{"text": "B"}]
        assert made.id in {each.id for each in fhirpy.resources(Typed).search(name="B").fetch_all()}
        assert fhirpy.patch(f"Patient/{made.id}", gender="other")["gender"] == "other"
        with pytest.raises(OperationOutcome, match="administrative-gender"):
            fhirpy.patch("Patient", made.id, gender="none")
        with pytest.raises(OperationOutcome, match="cannot change the id"):
            fhirpy.patch("Patient", made.id, id="another")
        fhirpy.delete(f"Patient/{made.id}")
        with pytest.raises(ResourceNotFound):
            fhirpy.patch("Patient", made.id, gender="male")

    def test_conditions(self, fhirpy: SyncFHIRClient) -> None:
        def smith(**more: Any) -> Any:
            return fhirpy.resource("Patient", identifier=[{"system": ENV, "value": "smith"}], **more)

        first = smith(name=[{"text": "Mr. Smith"}]).create(identifier=f"{ENV}|smith")
        again = smith().create(identifier=f"{ENV}|smith")
        assert (again["id"], again["name"]) == (first["id"], [{"text": "Mr. Smith"}])
        meant = fhirpy.resources("Patient").search(identifier="smith")
        found, created = meant.get_or_create(smith())
        assert (found["id"], created) == (first["id"], False)
        other = fhirpy.resources("Patient").search(identifier="jones")
        _, created = other.get_or_create(fhirpy.resource("Patient", identifier=[{"system": ENV, "value": "jones"}]))
        assert created is True
        updated, created = meant.update(smith(active=False))
        assert (updated["id"], updated["active"], created) == (first["id"], False, False)
        patched = meant.patch(name=[{"text": "Smith"}], active=None)
        assert (patched["name"], patched.get("active")) == ([{"text": "Smith"}], None)
        both = fhirpy.resources("Patient").search(identifier="smith,jones")
        for refused in (
            lambda: both.patch(active=True),
            lambda: both.update(smith()),
            lambda: both.get_or_create(smith()),
        ):
            with pytest.raises(MultipleResourcesFound):
                refused()
        # the README expects 200; R4 leaves 200 and 204 to the server
        assert meant.delete() == (None, 204)
        assert meant.delete() == (None, 204)
        with pytest.raises(ResourceNotFound):
            meant.patch(active=True)
        assert other.count() == 1

    def test_patches_at_once_lose_none(self, fhirpy: SyncFHIRClient) -> None:
        fields: Json = {
            "active": True, "gender": "male", "birthDate": "1990-01-01", "deceasedBoolean": False, "language": "zh",
            "multipleBirthInteger": 2, "name": [{"text": "A"}], "maritalStatus": {"text": "M"},
            "address": [{"city": "B"}], "telecom": [{"value": "1"}],
        }  # fmt: skip
        key = fhirpy.resource("Patient").save()["id"]
        with ThreadPoolExecutor(len(fields)) as threads:
            list(threads.map(lambda each: fhirpy.patch("Patient", key, **dict([each])), fields.items()))
        found = fhirpy.get("Patient", key)
        assert {name: found.get(name) for name in fields} == fields
        assert found["meta"]["versionId"] == str(1 + len(fields))

    def test_no_condition_patches_nothing(self, door: Live, fhirpy: SyncFHIRClient) -> None:
        with pytest.raises(OperationOutcome, match="says which one is missing"):
            fhirpy.execute("Patient", method="patch", data={"active": True}, params={"_format": "json"})

    def test_validation(self, fhirpy: SyncFHIRClient) -> None:
        assert fhirpy.resource("Patient", birthDate="1998-01-01").is_valid()
        wrong = fhirpy.resource("Patient", birthDate="date", custom_prop="123", telecom=True)
        assert not wrong.is_valid()
        with pytest.raises(OperationOutcome) as told:
            wrong.is_valid(raise_exception=True)
        places = {issue["expression"][0] for issue in told.value.resource["issue"]}
        assert places == {"Patient.birthDate", "Patient.custom_prop", "Patient.telecom"}

    def test_operations(self, fhirpy: SyncFHIRClient, hospital: Json) -> None:
        patient = fhirpy.reference(reference=hospital["patient"]).to_resource()
        whole = patient.execute("$everything", method="get")
        assert {"Patient", "Observation", "Condition", "Practitioner"} <= {
            e["resource"]["resourceType"] for e in whole["entry"]
        }
        newest = fhirpy.resources("Observation").execute(
            "$lastn", method="get", params={"patient": hospital["patient"]}
        )
        assert [e["resource"]["effectiveDateTime"] for e in newest["entry"]] == ["2026-01-25", "2026-01-24"]
        batch = {
            "resourceType": "Bundle",
            "type": "batch",
            "entry": [{"request": {"method": "GET", "url": url}} for url in (hospital["patient"], "Patient/absent")],
        }
        answers = fhirpy.execute("", data=batch)["entry"]
        assert [each["response"]["status"][:3] for each in answers] == ["200", "404"]

    def test_without_a_key(self, door: Live) -> None:
        with pytest.raises(AuthorizationError):
            SyncFHIRClient(door.url).resources("Patient").fetch()


def test_fhirpy_async(door: Live, hospital: Json) -> None:
    """fhir-py's README, "Async example"."""

    async def walk() -> None:
        client = AsyncFHIRClient(door.url, authorization=f"Bearer {door.key}")
        patients = await client.resources("Patient").search(name="John").limit(10).sort("name").fetch()
        assert ids(patients) == {hospital["patient"]}
        organization = client.resource("Organization", name="beda.software", active=False)
        await organization.save()
        organization.active = True
        await organization.save(fields=["active"])
        await organization.patch(active=False)
        found = await client.reference("Organization", organization.id).to_resource()
        assert found["active"] is False
        names = [each.serialize()["id"] async for each in client.resources("Organization").limit(2)]
        assert len(names) == len(set(names)) >= 2
        await found.delete()
        with pytest.raises(ResourceNotFound):
            await client.get("Organization", found.id)

    run(walk())


class TestSmartPython:
    """SMART's client-py, README: "Read Data from Server", "Search Records on Server", "Data Model Use"."""

    @pytest.fixture
    def smart(self, door: Live) -> smart_client.FHIRClient:
        found = smart_client.FHIRClient(settings={"app_id": "my_web_app", "api_base": door.url})
        found.server.session.headers.update(door.headers)
        return found

    def test_prepare_reads_the_capability_statement(self, smart: smart_client.FHIRClient) -> None:
        assert smart.ready is False
        # the door names its OAuth endpoints, so that this client would first send a person there; here it holds a key
        assert (smart.prepare(), smart.ready) == (False, False)
        assert "/oauth/authorize?" in smart.authorize_url
        assert smart.server.capabilityStatement.fhirVersion == "4.0.1"

    def test_a_resource_lives(self, smart: smart_client.FHIRClient) -> None:
        patient, called = Patient(), HumanName()
        called.given, called.family = ["Peter"], "Parker"
        patient.name, patient.birthDate = [called], FHIRDate("1992-07-03")
        made = patient.create(smart.server)
        read = Patient.read(made["id"], smart.server)
        assert (smart.human_name(read.name[0]), read.birthDate.isostring) == ("Peter Parker", "1992-07-03")
        read.active = True
        assert read.update(smart.server)["meta"]["versionId"] == "2"
        assert smart.server.request_json(f"Patient/{read.id}")["active"] is True
        assert read.delete(smart.server) is None
        with pytest.raises(Exception, match="410"):
            Patient.read(made["id"], smart.server)
        with pytest.raises(smart_server.FHIRNotFoundException):
            Patient.read("absent", smart.server)

    def test_searches_over_pages(self, smart: smart_client.FHIRClient) -> None:
        subject = Patient({"name": [{"family": "Steve"}]}).create(smart.server)["id"]
        encounter = {
            "resourceType": "Encounter",
            "status": "finished",
            "class": {"code": "AMB"},
            "type": [{"text": "check up"}],
        }
        about = {"subject": {"reference": f"Patient/{subject}"}}
        procedure = {"resourceType": "Procedure", "status": "completed", "encounter": {"reference": urn(101)}}
        made = [*[encounter | about] * 25, procedure | about]
        entries = [
            {"fullUrl": urn(101 + n), "resource": each, "request": {"method": "POST", "url": each["resourceType"]}}
            for n, each in enumerate(made)
        ]
        sent = Bundle({"resourceType": "Bundle", "type": "transaction", "entry": entries})
        assert len(Bundle(smart.server.post_json("", sent.as_json()).json()).entry) == 26
        search = Encounter.where(struct={"subject": subject, "status": "finished"})
        assert [res.type[0].text for res in search.perform_resources_iter(smart.server)] == ["check up"] * 25
        search = search.include("subject")
        assert {res.resource_type for res in search.perform_resources_iter(smart.server)} == {"Encounter", "Patient"}
        search = search.include("encounter", Procedure, reverse=True)
        types = {e.resource.resource_type for page in search.perform_iter(smart.server) for e in page.entry}
        assert types == {"Encounter", "Patient", "Procedure"}
        assert len(list(search.perform_iter(smart.server))) == 2
        chained = Encounter.where({"subject": {"$type": "Patient", "name": {"$exact": "Steve"}}})
        assert len(list(chained.perform_resources_iter(smart.server))) == 25
        with pytest.warns(DeprecationWarning, match="perform_resources_iter"):
            assert len(search.perform_resources(smart.server)) == 25 + 2 + 1, "the patient comes with both pages"

    def test_without_a_key(self, door: Live) -> None:
        with pytest.raises(smart_server.FHIRUnauthorizedException):
            Patient.read("any", smart_server.FHIRServer(None, door.url))


def test_smart_javascript(door: Live) -> None:
    """SMART's client-js: request, pages, references, patient context, writes (walk.cjs)."""
    installed()
    done = node("walk.cjs", environment={"DOOR": door.url, "KEY": door.key})
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    absent, invalid = seen.pop("absent"), seen.pop("invalid")
    assert seen == {
        "created": ["1", "王"], "updated": ["2", True], "patched": ["3", False],
        "response": [200, 'W/"3"', True], "stale": 412, "gone": 410,
        "release": ["4.0.1", 4], "patientRead": True, "firstPage": ["searchset", 20, ["self", "next"]],
        "all": 45, "twoPages": 20, "onPage": 3, "resources": 30, "pages": [20, 20, 5], "byCodes": [30, 15],
        "everything": 47, "graph": ["Patient", "县人民医院", "县人民医院"], "apart": ["Organization", "Patient"],
        "open": "4.0.1", "stranger": 401,
    }  # fmt: skip
    assert (absent["status"], invalid["status"]) == (404, 422)
    assert "Patient.gender" in invalid["text"]
