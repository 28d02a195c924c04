"""`Appointment/$find`, `$hold` and `$book` at a running door, by the Argonaut Scheduling guide."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from tests.served import Json, Served, fresh, json_of, said, served

__all__ = ["served"]
pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Clinics:
    """Sessions of institution A on days to come, one of a department with code 03, one with code 04."""

    day: date
    first: UUID
    second: UUID


@pytest.fixture(scope="module")
def clinics(served: Served, django_db_blocker: Any) -> Iterator[Clinics]:  # the fixture
    from doorstep.kernel.testing import callers
    from doorstep.resources.booking.tests.conftest import ahead, department, sitting

    with django_db_blocker.unblock():
        clerk, day = callers.member(served.a), ahead(1)
        one = sitting(clerk, department(served.a, "93", "心内测试科"), day)
        two = sitting(clerk, department(served.a, "94", "外科测试科"), day, hours=1)
        yield Clinics(day, one, two)


def parameters(**given: str | int | Json) -> Json:
    """A Parameters resource by the types that the guide says."""
    kinds = {"start": "valueDateTime", "end": "valueDateTime", "appt-id": "valueUri", "patient-id": "valueUri",
             "specialty": "valueString", "organization": "valueUri", "_count": "valueInteger",
             "comment": "valueString"}  # fmt: skip
    named = {key.replace("__", "_").replace("_id", "-id"): value for key, value in given.items()}
    listed = [{"name": name, kinds[name]: value} for name, value in named.items() if name in kinds]
    listed += [{"name": "appt-resource", "resource": value} for key, value in given.items() if key == "resource"]
    return {"resourceType": "Parameters", "parameter": listed}


def find(served: Served, clinics: Clinics, **more: Any) -> list[Json]:
    """What can be booked on the day."""
    key = more.pop("key", None)
    asked = parameters(start=f"{clinics.day}", end=f"{clinics.day}", **more)
    answer = served.send("POST", "Appointment/$find", asked, key=key)
    assert answer.status_code == 200, answer.text
    found = json_of(answer)
    assert (found["type"], found["total"]) == ("searchset", len(found.get("entry", ())))
    return [entry["resource"] for entry in found.get("entry", ())]


def patient(served: Served, key: str | None = None) -> str:
    """Somebody new at A (or at whose key it is)."""
    made = served.send("POST", "Patient", {"resourceType": "Patient", "name": [{"text": fresh("居民")}]}, key=key)
    assert made.status_code == 201, made.text
    return f"Patient/{json_of(made)['id']}"


def ask(served: Served, what: str, key: str | None = None, **given: Any) -> Any:
    """Hold or book."""
    return served.send("POST", f"Appointment/{what}", parameters(**given), key=key)


def taken(answer: Any) -> Json:
    """The one Appointment of an answer."""
    assert answer.status_code == 200, answer.text
    [entry] = json_of(answer)["entry"]
    found: Json = entry["resource"]
    assert entry["fullUrl"].endswith(f"Appointment/{found['id']}")
    return found


def test_what_is_free_is_proposed(served: Served, clinics: Clinics) -> None:
    found = find(served, clinics, specialty="94", organization=f"Organization/{served.a}")
    assert [one["status"] for one in found] == ["proposed", "proposed"]
    assert [one["start"] for one in found] == sorted(one["start"] for one in found)
    assert {one["specialty"][0]["text"] for one in found} == {"外科测试科"}
    checked = served.send("POST", "Appointment/$validate", found[0])
    assert {i["severity"] for i in json_of(checked)["issue"]} <= {"information", "warning"}, checked.text
    assert len(find(served, clinics, __count=1)) == 1
    assert find(served, clinics, specialty="77") == []
    assert find(served, clinics, organization="Organization/nowhere") == []
    assert find(served, clinics, key=served.key_b) == [], "one's own institutions, unless another is named"
    assert len(find(served, clinics, key=served.key_b, organization=f"Organization/{served.a}")) >= 2


def test_held_booked_and_gone(served: Served, clinics: Clinics) -> None:
    """The way of the guide: find, hold, book; afterwards it is not proposed any more, and the door shows it."""
    first = find(served, clinics, specialty="93")[0]
    who = patient(served)
    held = taken(ask(served, "$hold", appt_id=f"Appointment/{first['id']}", patient_id=who, comment="复查"))
    assert (held["status"], held["slot"], held["start"]) == ("pending", first["slot"], first["start"])
    assert first["id"] not in [one["id"] for one in find(served, clinics, specialty="93")]
    assert said(ask(served, "$hold", appt_id=first["slot"][0]["reference"].replace("Slot", "Appointment"),
                    patient_id=patient(served))) == (409, "appointment-refused")  # fmt: skip
    booked = taken(ask(served, "$book", appt_id=f"Appointment/{held['id']}"))
    assert (booked["id"], booked["status"]) == (held["id"], "booked")
    assert booked["participant"][0]["actor"] == {"reference": who}
    stored = json_of(served.get(f"Appointment/{held['id']}"))
    assert {key: stored[key] for key in booked} == booked
    assert said(ask(served, "$book", appt_id=f"Appointment/{held['id']}")) == (409, "appointment-refused")


def test_the_resource_itself_can_be_sent(served: Served, clinics: Clinics) -> None:
    """With the patient among its participants, as a client makes it that has fetched slots before."""
    first = find(served, clinics, specialty="94")[0]
    who = {"actor": {"reference": patient(served)}, "status": "accepted"}
    sent = {key: value for key, value in first.items() if key != "id"}
    sent |= {"participant": [*first["participant"], who]}
    assert taken(ask(served, "$book", resource=sent))["status"] == "booked"


def test_refusals_are_outcomes(served: Served, clinics: Clinics) -> None:
    at = find(served, clinics, specialty="93")[0]["id"]
    who = patient(served)
    assert said(ask(served, "$book", appt_id=f"Appointment/{at}"))[1] == "parameter-missing"
    assert said(ask(served, "$book", patient_id=who))[1] == "parameter-missing"
    assert said(ask(served, "$book", appt_id="Appointment/x", patient_id=who))[0] == 404
    assert said(ask(served, "$book", appt_id=f"Appointment/{UUID(int=7)}", patient_id=who))[0] == 404
    assert said(ask(served, "$book", appt_id=f"Appointment/{at}", patient_id="Patient/nobody"))[0] == 404
    assert said(served.get(f"Appointment/$book?appt-id={at}"))[0] == 405
    assert said(served.get("Appointment/$find?start=2026-01-01"))[1] == "parameter-missing"
    assert said(served.get("Appointment/$find?start=2026-01-01&end=2026-01-02&visit-type=x"))[1] == "parameter-unknown"
    assert said(served.get("Appointment/$find?start=0000&end=2026-01-02"))[0] == 400
    assert ask(served, "$book", key="", appt_id=at, patient_id=who).status_code == 401


def test_whom_one_does_not_know_one_books_nothing_for(served: Served, clinics: Clinics) -> None:
    """Nor is what others hold to be had or seen by its id."""
    at = find(served, clinics, specialty="93")[0]["id"]
    who = patient(served)
    refused = ask(served, "$hold", key=served.key_b, appt_id=f"Appointment/{at}", patient_id=who)
    assert said(refused)[0] == 404
    held = taken(ask(served, "$hold", appt_id=f"Appointment/{at}", patient_id=who))["id"]
    theirs = patient(served, served.key_b)
    for given in ({}, {"patient_id": theirs}):
        assert said(ask(served, "$book", key=served.key_b, appt_id=f"Appointment/{held}", **given))[0] in (400, 404)
    other = ask(served, "$book", appt_id=f"Appointment/{held}", patient_id=patient(served))
    assert said(other) == (409, "appointment-refused")


def test_the_trail_says_who_booked_for_whom(
    served: Served,
    clinics: Clinics,
) -> None:
    from doorstep.kernel.models import TrailLine

    at = find(served, clinics, specialty="93")[0]["id"]
    held = taken(ask(served, "$hold", appt_id=f"Appointment/{at}", patient_id=patient(served)))
    lines = TrailLine.objects.filter(action="booking.hold", outcome="done", subject_id=held["id"])
    assert [line.actor for line in lines] == [f"source:{served.a}"]
    assert TrailLine.objects.filter(action="fhir.find").exists()


def test_twenty_at_once_want_one_place(served: Served, clinics: Clinics) -> None:
    at = find(served, clinics, specialty="93")[0]["id"]
    people = [patient(served) for _ in range(20)]

    async def rush() -> list[Any]:
        asked = (parameters(appt_id=f"Appointment/{at}", patient_id=who) for who in people)
        headers = {"Content-Type": "application/fhir+json"}
        return await asyncio.gather(
            *(served.door.ask("POST", "Appointment/$book", json=each, headers=headers) for each in asked)
        )

    assert Counter(answer.status_code for answer in served.door.run(rush())) == {200: 1, 409: 19}


def test_it_is_in_the_capability_statement(served: Served) -> None:
    rest = json_of(served.get("metadata"))["rest"][0]
    [told] = [each for each in rest["resource"] if each["type"] == "Appointment"]
    named = {each["name"]: each["definition"] for each in told["operation"]}
    base = "http://fhir.org/guides/argonaut-scheduling/OperationDefinition/appointment-"
    assert {name: named[name] for name in ("find", "hold", "book")} == {
        name: base + name for name in ("find", "hold", "book")
    }
