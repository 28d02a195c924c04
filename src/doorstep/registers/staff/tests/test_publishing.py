"""What writers publish, in the ledger: with the change or not at all, once, and nothing that is nobody's business."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection

from doorstep.kernel import clock, ledger
from doorstep.kernel.decision import Refused
from doorstep.kernel.testing import callers
from doorstep.kernel.testing.published import body, every, stands
from doorstep.kernel.testing.statements import statements
from doorstep.registers.organisations.tests.factory import CENTRE, LEAD, District
from doorstep.registers.staff import api, fhir, rules
from doorstep.registers.staff.actions import people
from doorstep.registers.staff.actions.publishing import publish_all, republish
from doorstep.registers.staff.models import Post
from doorstep.registers.staff.shapes import LicenceIn, PersonFacts, PersonIn, PostFacts, PostIn
from doorstep.registers.staff.tests import factory

pytestmark = pytest.mark.django_db
FACTS = PersonFacts("李新来", "QH90001", "2", date(1985, 7, 9), "nurse", "13900000001")
SINCE = date(2020, 1, 1)
PAST = clock.today() - timedelta(days=1)
LICENCE = "200811011" * 3


def add(district: District, **more: Any) -> tuple[Any, Post]:
    key = people.add(callers.system(), facts=FACTS, post=PostFacts(district.centre, "nurse", SINCE, "03", **more))
    return key, Post.objects.unscoped("test").get(person=key)


def test_a_person_is_published_with_the_first_post(district: District) -> None:
    key, post = add(district, duty="护士长")
    found = ledger.read("Practitioner", str(key))
    assert found is not None
    assert (found.version, found.source) == (1, district.centre)
    said = body("Practitioner", key)
    assert (said["name"][0]["text"], said["gender"], said["active"]) == ("李新来", "female", True)
    work = body("PractitionerRole", post.id)
    assert work["practitioner"] == {"reference": f"Practitioner/{key}"}
    assert work["organization"] == {"reference": f"Organization/{district.centre}"}
    assert (work["specialty"][0]["text"], work["code"][-1]["text"]) == ("内科", "护士长")


def test_a_refused_or_failed_change_publishes_nothing(district: District, monkeypatch: pytest.MonkeyPatch) -> None:
    key, _post = add(district)
    before = every(fhir.PUBLISHES)
    with pytest.raises(Refused):
        people.add(callers.system(), facts=FACTS, post=PostFacts(district.centre, "nurse", SINCE))
    with pytest.raises(Refused):
        people.edit(callers.stranger(), person=key, expect=1, facts=FACTS)
    with monkeypatch.context() as broken:
        broken.setattr(people, "emit", lambda event: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            people.begin_post(callers.system(), person=key, post=PostFacts(district.lead, "nurse", SINCE))
    assert every(fhir.PUBLISHES) == before


def test_a_change_is_one_version_and_what_is_not_shown_none(district: District) -> None:
    key, post = add(district)
    people.edit(callers.system(), person=key, expect=1, facts=replace(FACTS, phone="13900000002"))
    assert [v for v, _ in every(fhir.PUBLISHES).values()] == [1, 1]
    people.edit(callers.system(), person=key, expect=2, facts=replace(FACTS, name="李改名"))
    found = stands("Practitioner", key)
    assert found is not None
    assert (found[0], found[1]["name"][0]["given"]) == (2, ["改名"])
    assert stands("PractitionerRole", post.id) == (1, body("PractitionerRole", post.id))


def test_an_ended_post_is_not_active_and_nor_is_who_holds_no_other(district: District) -> None:
    key, post = add(district)
    second = people.begin_post(callers.system(), person=key, post=PostFacts(district.lead, "nurse", SINCE))
    people.end_post(callers.system(), post=post.id, expect=1, last_day=PAST)
    said = body("PractitionerRole", post.id)
    assert (said["active"], said["period"]["end"]) == (False, PAST.isoformat())
    assert body("Practitioner", key)["active"] is True
    people.end_post(callers.system(), post=second, expect=1, last_day=PAST)
    assert body("Practitioner", key)["active"] is False
    found = ledger.read("Practitioner", str(key))
    assert found is not None
    assert found.source == district.centre


def test_a_post_that_ends_later_ends_by_the_clock(district: District) -> None:
    key, post = add(district)
    people.end_post(callers.system(), post=post.id, expect=1, last_day=clock.today())
    assert body("PractitionerRole", post.id)["active"] is True
    Post.objects.unscoped("test").filter(id=post.id).update(until=PAST)
    assert publish_all(callers.system()) == 1
    assert (body("PractitionerRole", post.id)["active"], body("Practitioner", key)["active"]) == (False, False)


def test_a_certificate_is_published_without_its_number(district: District) -> None:
    key, _post = add(district)
    people.add_licence(
        callers.system(), person=key, kind=rules.LicenceKind.PHYSICIAN_QUALIFICATION, number=LICENCE, since=SINCE
    )
    [said] = body("Practitioner", key)["qualification"]
    assert said["code"]["text"] == "医师资格证书"


def test_no_number_telephone_birth_date_or_account_is_in_any_body(district: District) -> None:
    key, _post = add(district)
    people.add_licence(
        callers.system(), person=key, kind=rules.LicenceKind.PHYSICIAN_QUALIFICATION, number=LICENCE, since=SINCE
    )
    api.make_account(callers.system(), person=key, username="xinlai.secret", password="correct-horse-7")
    people.edit(callers.system(), person=key, expect=1, facts=replace(FACTS, name="李改名"))
    publish_all(callers.system())
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM fhir_practitioner UNION ALL SELECT body FROM fhir_practitionerrole")
        texts = [row[0] for row in cursor.fetchall()]
    assert len(texts) == 2
    for secret in (LICENCE, rules.masked(LICENCE), "QH90001", "13900000001", "1985", "xinlai", "argon2"):
        assert not [text for text in texts if secret in text], secret


def test_one_without_any_post_belongs_to_nobody_and_is_not_published(district: District) -> None:
    factory.person()
    publish_all(callers.system())
    assert every(fhir.PUBLISHES) == {}


def one(number: int) -> PersonIn:
    return PersonIn(
        replace(FACTS, number=f"N{number}", name=f"王第{number}"),
        (LicenceIn("nurse_practice", f"{number:012}", SINCE),),
        (("主管护师", "intermediate", None),),
        (PostIn(LEAD, "nurse", SINCE, "03"), PostIn(CENTRE, "nurse", SINCE, is_main=False)),
    )


def test_a_load_of_thousands_asks_as_often_as_one_of_few(district: District) -> None:
    def load(count: int, first: int) -> int:
        with statements() as asked:
            api.load(callers.system(), people=[one(n) for n in range(first, first + count)])
        return len([s for s in asked if "fhir_" in s])

    few, many = load(2, 0), load(2299, 1000)
    assert few == many
    assert many < 15
    assert len(every(fhir.PUBLISHES)) == 2301 * 3
    assert load(2299, 1000) <= 2


def test_pages_follow_one_another_and_nothing_changes_again(
    district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    from doorstep.registers.staff.actions import publishing as pages

    api.load(callers.system(), people=[one(n) for n in range(5)])
    before = every(fhir.PUBLISHES)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM fhir_practitioner; DELETE FROM fhir_practitionerrole")
    monkeypatch.setattr(pages, "PAGE", 2)
    assert publish_all(callers.system()) == 3
    assert every(fhir.PUBLISHES) == before
    assert publish_all(callers.system()) == 3
    assert every(fhir.PUBLISHES) == before


def test_it_is_for_the_district(district: District) -> None:
    with pytest.raises(Refused, match="not_yours"):
        republish(callers.member(district.lead))
