"""What rooms publish, read through the FHIR door by the system of an institution that has nothing to do with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.door import RunningDoor, running, two_keys

pytestmark = pytest.mark.django_db
SINCE, PAST = date(2020, 1, 1), date.today() - timedelta(days=3)
Json = dict[str, Any]


@dataclass(frozen=True)
class World:
    """A door that asks as institution ``b``; what was made at ``a``."""

    door: RunningDoor
    a: str
    b: str
    clinic: str
    doctor: str
    ended: str

    def found(self, path: str) -> list[Json]:
        """The matches of a search."""
        answer = self.door.get(path)
        assert answer.status_code == 200, answer.text
        return [e["resource"] for e in answer.json().get("entry", ()) if e["search"]["mode"] == "match"]

    def ids(self, path: str) -> set[str]:
        """Their ids."""
        return {each["id"] for each in self.found(path)}


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    from django.core.management import call_command

    with django_db_blocker.unblock():
        try:
            keys = two_keys()
            made = _made(keys["a"][0])
            with running(keys["b"][1]) as door:
                yield World(door, str(keys["a"][0]), str(keys["b"][0]), *made)
        finally:
            call_command("flush", verbosity=0, interactive=False, reset_sequences=False, allow_cascade=False)


def _made(lead: Any) -> tuple[str, str, str]:
    """A clinic with coordinates, a doctor at the lead hospital, a post there that has ended; by the actions that pages
    call."""
    from doorstep.kernel.testing import callers
    from doorstep.registers.organisations.actions import institutions
    from doorstep.registers.organisations.shapes import Facts
    from doorstep.registers.organisations.tests import factory
    from doorstep.registers.staff.actions import people
    from doorstep.registers.staff.shapes import PersonFacts, PostFacts

    facts = Facts("河湾村卫生室", "D600", "base", factory.VILLAGE, uscc=factory.uscc(77), parent=lead)
    placed = replace(facts, longitude=Decimal("112.5"), latitude=Decimal("27.25"))
    clinic = institutions.add(callers.system(), facts=placed)
    person = PersonFacts("曾小明", "QH1", "1", date(1980, 2, 3), "physician", "13900000001")
    doctor = people.add(callers.system(), facts=person, post=PostFacts(lead, "physician", SINCE, "03"))
    ended = people.begin_post(callers.system(), person=doctor, post=PostFacts(lead, "nurse", SINCE, "04"))
    people.end_post(callers.system(), post=ended, expect=1, last_day=PAST)
    return str(clinic), str(doctor), str(ended)


def test_any_source_reads_an_institution_by_name_code_and_class(world: World) -> None:
    for query in (
        "name=河湾", "name:contains=卫生室&partof=" + world.a, "identifier=urn:doorstep:uscc|" + _uscc(77),
        "type=urn:doorstep:institution-class|D600&name=河湾", f"_id={world.clinic}",
    ):  # fmt: skip
        assert world.ids(f"Organization?{query}") == {world.clinic}, query
    answer = world.door.get(f"Organization/{world.clinic}")
    assert (answer.status_code, answer.json()["name"]) == (200, "河湾村卫生室")
    assert answer.json()["meta"]["versionId"] == "1"


def _uscc(serial: int) -> str:
    from doorstep.registers.organisations.tests import factory

    return factory.uscc(serial)


def test_departments_and_consortia_are_organisations_too(world: World) -> None:
    departments = world.found(f"Organization?partof=Organization/{world.a}&type=dept")
    assert {d["name"] for d in departments} == {"内科", "外科"}
    [community] = world.found("Organization?type=urn:doorstep:consortium-kind|county_community")
    members = world.found(f"OrganizationAffiliation?primary-organization={community['id']}&active=true")
    assert len(members) == 3
    leads = world.found(f"OrganizationAffiliation?primary-organization={community['id']}&role=lead")
    assert [m["participatingOrganization"]["reference"] for m in leads] == [f"Organization/{world.a}"]


def test_a_place_is_found_by_where_it_is(world: World) -> None:
    assert world.ids("Location?near=27.26|112.51|5|km") == {world.clinic}
    assert world.ids("Location?near=28.26|112.51|5|km") == set()
    assert world.ids(f"Location?organization={world.clinic}") == {world.clinic}
    assert world.door.get(f"Location/{world.a}").status_code == 410, "kept for the day its coordinates are known"


def test_people_are_found_by_pinyin_and_by_where_they_work(world: World) -> None:
    for name in ("曾小明", "zengxiaoming", "zxm", "曾"):
        assert world.ids(f"Practitioner?name={name}") == {world.doctor}, name
    assert world.ids("Practitioner?family=曾&given=小明") == {world.doctor}
    [role] = world.found(f"PractitionerRole?organization={world.a}&active=true")
    assert role["practitioner"] == {"reference": f"Practitioner/{world.doctor}"}
    for query in ("practitioner.name=zengxiaoming", "organization.name=清禾县人民医院", "role=doctor&specialty=03"):
        assert world.ids(f"PractitionerRole?{query}&active=true") == {role["id"]}, query
    answer = world.door.get(
        f"PractitionerRole?_id={role['id']}&_include=PractitionerRole:practitioner&_include=PractitionerRole:organization"
    )
    assert {e["resource"]["resourceType"] for e in answer.json()["entry"]} == {
        "PractitionerRole", "Practitioner", "Organization",
    }  # fmt: skip


def test_no_number_telephone_or_birth_date_leaves_the_door(world: World) -> None:
    from doorstep.registers.staff.models import Account

    for path in (
        "Practitioner",
        "PractitionerRole",
        f"Practitioner/{world.doctor}/_history",
        "Practitioner?_format=xml",
    ):
        text = world.door.get(path).text
        assert world.doctor in text
        for secret in ("QH1", "13900000001", "1980-02-03", "identifier", "telecom", "birthDate"):
            assert secret not in text, (path, secret)
    assert not Account.objects.exists()
    assert world.ids("Practitioner?phone=13900000001") == set()


def test_an_ended_post_is_a_second_version_and_both_are_read(world: World) -> None:
    roles = f"PractitionerRole?practitioner={world.doctor}"
    assert world.ids(f"{roles}&active=false") == {world.ended}
    assert world.ended not in world.ids(f"{roles}&active=true")
    old, new = (world.door.get(f"PractitionerRole/{world.ended}/_history/{n}").json() for n in (1, 2))
    assert (old["active"], old["period"]) == (True, {"start": "2020-01-01"})
    assert (new["active"], new["period"]["end"]) == (False, PAST.isoformat())


def test_another_source_cannot_write_what_is_published(world: World) -> None:
    before = world.door.get(f"Organization/{world.clinic}").text
    mine = {"resourceType": "Organization", "id": world.clinic, "name": "我的"}
    answer = world.door.send("PUT", f"Organization/{world.clinic}", mine)
    assert answer.status_code in (403, 404, 409), answer.text
    assert world.door.send("DELETE", f"Practitioner/{world.doctor}").status_code in (403, 404, 409)
    assert world.door.get(f"Organization/{world.clinic}").text == before


def test_what_another_source_says_of_the_same_institution_stays_its_own(world: World) -> None:
    theirs = {
        "resourceType": "Organization", "id": "theirs", "name": "河湾村卫生室",
        "identifier": [{"system": "urn:doorstep:uscc", "value": _uscc(77)}],
    }  # fmt: skip
    assert world.door.send("PUT", "Organization/theirs", theirs).status_code == 201
    assert world.ids("Organization?name=河湾") == {world.clinic, "theirs"}
    assert world.door.send("DELETE", "Organization/theirs").status_code in (200, 204)
