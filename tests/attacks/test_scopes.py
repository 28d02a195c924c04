"""What the token of an app asks of the FHIR door beyond its scopes: every form of search, links, histories, writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from tests.attacks.test_widening import SEARCHES
from tests.faults.two_sides import WORD, clinical, number, patient
from tests.served import Json, Served, entry, following, ids, json_of, said, served
from tests.smart import App, committed, let_in, register, system_token

__all__ = ["served"]
pytestmark = pytest.mark.django_db

ONE, OTHER = number(21, 1), number(22, 1)
GLUCOSE = {"coding": [{"system": "http://loinc.org", "code": "15074-8"}], "text": "血糖"}
LAB = "http://terminology.hl7.org/CodeSystem/observation-category|laboratory"


@dataclass
class World:
    """A doctor at A, one person known at A and B (there is a reason to read them whole), and another of A's own."""

    served: Served
    browser: Client
    app: App
    system: App
    resident: UUID
    other: UUID

    def token(self, scope: str, resident: UUID | None = None) -> str:
        return str(committed(lambda: let_in(self.browser, self.app, scope, resident))["access_token"])

    def backend(self, scope: str) -> str:
        return str(committed(lambda: system_token(self.system, scope))["access_token"])

    def get(self, path: str, key: str, **more: Any) -> Any:
        return self.served.get(path, key=key, **more)


@pytest.fixture(scope="module")
def world(served: Served, django_db_blocker: Any) -> Iterator[World]:
    from doorstep.kernel import clock
    from doorstep.registers.consents import api as consents
    from doorstep.registers.residents import api as residents
    from doorstep.registers.staff.tests import factory as staff

    with django_db_blocker.unblock():
        for key, who in ((served.key_a, "a"), (served.key_b, "b")):
            for each in [patient(f"p{who}", ONE, "同人"), *clinical(who, f"p{who}", "同人"), *lab(who, f"p{who}")]:
                put(served, key, each)
        for each in [patient("po", OTHER, WORD), *clinical("o", "po", WORD)]:
            put(served, served.key_a, each)
        found = residents.residents_of(["pa", "pb", "po"])
        assert found["pa"] == found["pb"]
        for whom in {found["pa"], found["po"]}:
            since = clock.now() - timedelta(days=1)
            opening = consents.Opening(whom, consents.Why.APPOINTMENT, f"A/{whom}", since, organisation=served.a)
            consents.open_relation(opening)
        doctor = staff.somebody(served.a, username="doctor")
        system = register(served.a, "system", scopes="system/*.cruds")
        yield World(served, staff.client_of(doctor), register(served.a), system, found["pa"], found["po"])


def lab(key: str, whose: str) -> list[Json]:
    category = [{"coding": [{"system": LAB.partition("|")[0], "code": "laboratory"}]}]
    about = {"subject": {"reference": f"Patient/{whose}"}, "code": GLUCOSE, "status": "final"}
    return [{"resourceType": "Observation", "id": f"l{key}", "category": category, **about}]


def put(served: Served, key: str, each: Json) -> None:
    answer = served.send("PUT", f"{each['resourceType']}/{each['id']}", each, key=key)
    assert answer.status_code in (200, 201), answer.text


def test_a_person_s_whole_chart_and_nothing_else(world: World) -> None:
    """patient/ scopes with one in context: all that both institutions hold of them, nothing of another patient."""
    key = world.token("launch/patient patient/*.rs", world.resident)
    assert sorted(ids(world.get("Patient", key))) == ["Patient/pa", "Patient/pb"]
    assert {"Observation/oa", "Observation/ob", "Observation/la", "Observation/lb"} == set(
        ids(world.get("Observation?_count=100", key))
    )
    assert world.get("Observation/ob", key).status_code == 200
    assert world.get("Observation/oo", key).status_code == 404
    assert world.get("Patient/po", key).status_code == 404
    assert WORD not in world.get("Patient/pa/$everything", key).text
    assert "Observation/ob" in world.get("Patient/pb/$everything", key).text.replace('"id":"ob"', "Observation/ob")


def test_a_system_reads_what_its_institution_sent(world: World) -> None:
    key = world.backend("system/Observation.rs")
    assert set(ids(world.get("Observation?_count=100", key))) == {"Observation/oa", "Observation/oo", "Observation/la"}
    assert said(world.get("Patient", key)) == (403, "scope-missing")
    assert said(world.get("Patient/pa", key)) == (403, "scope-missing")
    assert world.get("Observation/ob", key).status_code == 404


SHOWN_OF_OTHER = ("po", "oo", "co", "eo", "yo", "mo")


def leaked(answer: Any, asked: str) -> list[str]:
    """What of another patient an answer gives away."""
    text = answer.text.replace(asked, "")
    return [key for key in SHOWN_OF_OTHER if f'"id":"{key}"' in text] + ([WORD] if f'"{WORD}' in text else [])


def others(asked: str) -> str:
    """A search of B's patient, turned on A's own other patient."""
    table = {"pb": "po", "ob": "oo", "eb": "eo", "cb": "co"}
    for one, two in table.items():
        asked = asked.replace(f"={one}", f"={two}").replace(f"/{one}", f"/{two}").replace(f",{one}", f",{two}")
    return asked


FORMS = tuple(dict.fromkeys(map(others, SEARCHES)))


@pytest.mark.parametrize("how", ["get", "batch"])
def test_no_search_leaves_the_patient_in_context(world: World, how: str) -> None:
    """Chains, includes, histories, operations, pages: of A's other patient, whom the doctor could find, not a word."""
    key = world.token("launch/patient patient/*.rs", world.resident)
    bad = []
    for asked in FORMS:
        path = asked if asked[0] != "?" else f"/fhir{asked}"
        if how == "batch":
            answer = world.served.bundle("batch", entry("GET", asked.lstrip("/")), key=key)
        else:
            answer = world.get(path, key)
        bad += [f"{asked}: {found}" for found in leaked(answer, asked)]
        bad += [f"{asked}: {answer.status_code}"] if answer.status_code >= 500 else []
    assert not bad, "\n".join(bad)
    mine = [
        asked
        for asked in FORMS
        if leaked(world.get(asked if asked[0] != "?" else f"/fhir{asked}", key=world.served.key_a), asked)
    ]
    assert len(mine) >= 15, mine


def test_a_chain_is_no_oracle_for_what_a_scope_leaves_out(world: World) -> None:
    """Who may search Observation alone learns nothing of its Patient, Encounter or List by asking around."""
    key = world.backend("system/Observation.rs")
    for query in (
        "subject:Patient.name=同人", f"patient.identifier={ONE}", "encounter:Encounter._id=ea",
        "subject:Patient._has:Condition:patient:_id=ca",
    ):  # fmt: skip
        answer = world.get(f"Observation?_id=oa&{query}", key)
        assert answer.status_code >= 400 or not ids(answer), (query, answer.text)
    assert ids(world.get("Observation?_id=oa", key)) == ["Observation/oa"]
    for query in ("_include=*", "_include=Observation:subject", "_revinclude=*", "_include:iterate=*&_revinclude=*"):
        found = json_of(world.get(f"Observation?_id=oa,la&{query}", key))
        assert {e["resource"]["resourceType"] for e in found["entry"]} <= {"Observation", "OperationOutcome"}, query
    assert {e["resource"]["resourceType"] for e in json_of(world.get("/fhir?_id=pa,oa", key))["entry"]} == {
        "Observation"
    }
    assert said(world.get("Patient?_has:Observation:patient:code=8480-6", key)) == (403, "scope-missing")


def test_letters_are_asked_one_by_one(world: World) -> None:
    """r reads and does not search, s searches and does not read; nothing is written by either."""
    reads, finds = world.backend("system/Observation.r"), world.backend("system/Observation.s")
    assert world.get("Observation/oa", reads).status_code == 200
    assert said(world.get("Observation", reads)) == (403, "scope-missing")
    assert said(world.served.send("POST", "Observation/_search", b"_id=oa", key=reads, headers=FORM)) == (
        403,
        "scope-missing",
    )
    assert said(world.get("Observation/oa", finds)) == (403, "scope-missing")
    assert ids(world.get("Observation?_id=oa", finds)) == ["Observation/oa"]
    assert said(world.get("Observation/oa/_history", finds)) == (403, "scope-missing")
    assert said(world.get("Observation/oa/_history/1", finds)) == (403, "scope-missing")
    assert said(world.get("Observation/oa/$meta", finds)) == (403, "scope-missing")
    made = {"resourceType": "Observation", "id": "oa", "status": "final", "code": {"text": "x"}}
    for key in (reads, finds):
        for method, path in (("POST", "Observation"), ("PUT", "Observation/oa"), ("DELETE", "Observation/oa")):
            body = made if method != "DELETE" else None
            assert said(world.served.send(method, path, body, key=key)) == (403, "scope-missing"), (method, path)


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_writes_are_of_the_types_and_ways_given(world: World) -> None:
    """Also in a bundle; a condition is a search, and asks for s of all that it looks at."""
    key = world.backend("system/Observation.cu system/Condition.c")
    send = world.served.send
    made = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    assert send("POST", "Observation", made, key=key).status_code == 201
    assert said(send("POST", "Patient", {"resourceType": "Patient"}, key=key)) == (403, "scope-missing")
    assert said(send("POST", "Observation", made, key=key, headers={"If-None-Exist": "status=final"}))[0] == 403
    assert said(send("DELETE", "Observation/none", key=key)) == (403, "scope-missing")
    assert (
        said(send("PATCH", "Observation/oa", [{"op": "test", "path": "/status", "value": "final"}], key=key))[0] == 403
    )
    bundles = (
        [entry("POST", "Observation", made), entry("POST", "Patient", {"resourceType": "Patient"})],
        [entry("POST", "Observation", made, ifNoneExist="subject:Patient.name=x")],
        [entry("DELETE", "Observation/oa")],
        [entry("PUT", "Observation?_id=oa", made)],
        [entry("POST", "Observation", made | {"subject": {"reference": f"Patient?identifier={ONE}"}})],
    )
    for entries in bundles:
        for kind in ("batch", "transaction"):
            answer = world.served.bundle(kind, *entries, key=key)
            assert answer.status_code == 403, (kind, entries, answer.text)
    answer = world.served.bundle("batch", entry("POST", "Observation", made), entry("GET", "Patient/pa"), key=key)
    assert [e["response"]["status"][:3] for e in json_of(answer)["entry"]] == ["201", "403"]


def test_a_doctor_s_app_writes_nothing(world: World) -> None:
    """The post has no right to send records, and a scope gives none; of one patient nothing is written at all."""
    given = committed(
        lambda: let_in(world.browser, world.app, "launch/patient patient/*.cruds user/*.cruds", world.resident)
    )
    assert "patient/*.rs" in given["scope"].split()
    made = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "subject": {"reference": "Patient/pa"},
    }
    assert world.served.send("POST", "Observation", made, key=given["access_token"]).status_code == 403
    bundle = world.served.bundle("batch", entry("POST", "Observation", made), key=given["access_token"])
    assert bundle.status_code == 403


def test_a_search_within_a_scope_holds_everywhere(world: World) -> None:
    """?category=laboratory: no read, search, include, total, history or operation shows another Observation."""
    key = world.token(f"launch/patient patient/Observation.rs?category={LAB} patient/Patient.rs", world.resident)
    assert set(ids(world.get("Observation?_count=50", key))) == {"Observation/la", "Observation/lb"}
    assert world.get("Observation/la", key).status_code == 200
    assert world.get("Observation/oa", key).status_code == 404
    assert ids(world.get("Observation?code=8480-6", key)) == []
    assert ids(world.get("Observation?code=http://loinc.org|8480-6&_sort=-date", key)) == []
    assert json_of(world.get("Observation?_summary=count", key))["total"] == 2
    assert json_of(world.get("Observation?_total=accurate", key))["total"] == 2
    assert ids(world.get("Patient?_has:Observation:patient:code=8480-6", key)) == []
    found = json_of(world.get("Patient?_revinclude=Observation:subject", key))
    assert {e["resource"]["id"] for e in found["entry"]} == {"pa", "pb", "la", "lb"}
    everything = json_of(world.get("Patient/pa/$everything", key))
    assert {e["resource"]["id"] for e in everything["entry"]} == {"pa", "la"}
    assert ids(world.get("Observation/$lastn?patient=pa&max=9", key)) == ["Observation/la"]
    assert said(world.get("Observation/la/_history", key)) == (403, "scope-history")
    assert said(world.get("Observation/_history", key)) == (403, "scope-history")
    assert said(world.get("_history", key)) == (403, "scope-history")


def test_past_versions_of_another_are_not_read_in_a_patient_s_name(world: World) -> None:
    """A record that was moved from one person to another: whoever may read the second does not read the first."""
    about = {"resourceType": "Observation", "id": "moved", "status": "final", "code": {"text": WORD}}
    put(world.served, world.served.key_a, about | {"subject": {"reference": "Patient/po"}})
    put(world.served, world.served.key_a, about | {"code": {"text": "x"}, "subject": {"reference": "Patient/pa"}})
    key = world.token("launch/patient patient/*.rs", world.resident)
    assert world.get("Observation/moved", key).status_code == 200
    assert world.get("Observation/moved/_history/2", key).status_code == 200
    assert said(world.get("Observation/moved/_history/1", key)) == (403, "scope-history")
    assert said(world.get("Observation/moved/_history", key)) == (403, "scope-history")
    assert WORD in world.get("Observation/moved/_history/1", world.served.key_a).text


def test_links_to_the_next_page_open_nothing_for_another_token(world: World) -> None:
    mine = world.token("launch/patient patient/*.rs", world.resident)
    link = following(world.get("Observation?_count=1&_sort=_id", world.served.key_a))
    while link:
        answer = world.get(link, mine)
        assert not leaked(answer, link), link
        link = following(answer) if answer.status_code == 200 else None


def test_user_scopes_are_of_the_own_institution_and_of_the_person_in_context(world: World) -> None:
    """Without a patient: what A sent. With one: their chart whoever sent it, besides."""
    alone, with_one = world.token("user/*.rs"), world.token("launch/patient user/*.rs", world.resident)
    assert {"Observation/oa", "Observation/oo"} <= set(ids(world.get("Observation?_count=100", alone)))
    assert "Observation/ob" not in ids(world.get("Observation?_count=100", alone))
    assert world.get("Observation/ob", alone).status_code == 404
    assert {"Observation/oa", "Observation/oo", "Observation/ob"} <= set(
        ids(world.get("Observation?_count=100", with_one))
    )
    assert world.get("Observation/oa/_history", alone).status_code == 200


def test_exports_are_of_system_scopes_and_their_types(world: World) -> None:
    wanting = {"Prefer": "respond-async"}
    user, some = world.token("user/*.rs"), world.backend("system/Observation.rs")
    assert said(world.get("$export", user, headers=wanting)) == (403, "scope-missing")
    assert said(world.get("$export?_type=Patient", some, headers=wanting)) == (403, "scope-missing")
    assert said(world.get("Group/x/$export", some, headers=wanting)) == (403, "scope-missing")
    widening = "$export?_type=Observation&_typeFilter=Observation?subject:Patient.name=x"
    assert said(world.get(widening, some, headers=wanting)) == (403, "scope-condition")
    begun = world.get("$export", some, headers=wanting)
    assert begun.status_code == 202, begun.text
    ident = begun.headers["content-location"].rpartition("/")[2]
    assert said(world.get(f"$export-file/{ident}/Patient.1.ndjson", some)) == (403, "scope-missing")
    assert said(world.get(f"$export-status/{ident}", world.backend("system/Patient.r"))) == (403, "scope-missing")


def test_a_token_goes_in_the_header_alone(world: World) -> None:
    """RFC 6750 §2.3: in the address it would stand in logs."""
    key = world.backend("system/Observation.rs")
    assert said(world.served.get(f"Observation?access_token={key}", key="")) == (401, "unauthenticated")
    form = f"access_token={key}&_id=oa".encode()
    assert said(world.served.send("POST", "Observation/_search", form, key="", headers=FORM)) == (
        401,
        "unauthenticated",
    )


def test_the_trail_names_the_app_and_the_person(world: World) -> None:
    from doorstep.kernel.models import TrailLine
    from doorstep.registers.apps.models import App as Row

    world.get("Patient/pb", world.token("launch/patient patient/*.rs", world.resident))
    line = TrailLine.objects.filter(action="fhir.read", subject_id="pb").latest("at")
    assert line.actor.startswith("staff:")
    assert line.name == f"王小明（{Row.objects.unscoped('test').get(pk=world.app.id).name}）"
    assert line.resident == world.resident
