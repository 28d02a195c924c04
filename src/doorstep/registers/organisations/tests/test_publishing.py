"""What writers publish, in the ledger: with the change or not at all, once, as it stands."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection, transaction

from doorstep.kernel import clock, ledger, publishing
from doorstep.kernel.decision import Refused
from doorstep.kernel.fhir_index import index_of
from doorstep.kernel.ids import new_id
from doorstep.kernel.testing import callers
from doorstep.kernel.testing.published import body, every, stands
from doorstep.kernel.testing.statements import statements
from doorstep.kernel.web.words import sentence
from doorstep.registers.organisations import api, fhir, rules
from doorstep.registers.organisations.actions import consortia, institutions
from doorstep.registers.organisations.actions import publishing as publishing_of
from doorstep.registers.organisations.actions.publishing import publish_all, republish
from doorstep.registers.organisations.models import Consortium, Department, Membership, Organisation
from doorstep.registers.organisations.shapes import DirectoryIn, Facts
from doorstep.registers.organisations.tests import factory
from doorstep.registers.organisations.tests.factory import District

pytestmark = pytest.mark.django_db
FACTS = Facts("新村卫生室", "D600", "base", factory.VILLAGE, uscc=factory.uscc(50))
PLACED = replace(FACTS, longitude=Decimal("112.5"), latitude=Decimal("27.25"))
PAST = clock.today() - timedelta(days=1)


def facts_of(key: UUID) -> Facts:
    return publishing_of.facts_of(Organisation.objects.unscoped("test").get(id=key))


class TestInstitutions:
    def test_one_that_is_added_is_published_with_its_place(self, district: District) -> None:
        key = institutions.add(callers.system(), facts=replace(PLACED, parent=district.centre))
        found = ledger.read("Organization", str(key))
        assert found is not None
        assert (found.version, found.source, found.message) == (1, key, None)
        said = body("Organization", key)
        assert (said["name"], said["partOf"]) == ("新村卫生室", {"reference": f"Organization/{district.centre}"})
        assert body("Location", key)["position"] == {"longitude": 112.5, "latitude": 27.25}

    def test_a_refused_one_is_not(self, district: District) -> None:
        before = every(fhir.PUBLISHES)
        with pytest.raises(Refused):
            institutions.add(callers.system(), facts=replace(PLACED, uscc=factory.LEAD))
        with pytest.raises(Refused):
            institutions.edit(callers.stranger(), organisation=district.lead, expect=1, facts=PLACED)
        assert every(fhir.PUBLISHES) == before

    def test_a_change_is_one_version_and_no_change_none(self, district: District) -> None:
        facts = facts_of(district.lead)
        for turn, version in enumerate((1, 2, 2)):
            changed = facts if turn == 0 else replace(facts, phone="0731-5550001")
            institutions.edit(callers.system(), organisation=district.lead, expect=turn + 1, facts=changed)
            found = stands("Organization", district.lead)
            assert found is not None
            assert found[0] == version
        assert body("Organization", district.lead)["telecom"][0]["value"] == "0731-5550001"

    def test_a_place_that_is_no_longer_known_is_withdrawn_and_may_return(self, district: District) -> None:
        key = institutions.add(callers.system(), facts=PLACED)
        institutions.edit(callers.system(), organisation=key, expect=1, facts=FACTS)
        assert stands("Location", key) is None
        institutions.edit(callers.system(), organisation=key, expect=2, facts=PLACED)
        found = stands("Location", key)
        assert found is not None
        assert found[0] == 3

    def test_a_closed_one_stays_and_is_not_active(self, district: District) -> None:
        key = institutions.add(callers.system(), facts=PLACED)
        closed = replace(PLACED, status=rules.Status.CLOSED)
        institutions.edit(callers.system(), organisation=key, expect=1, facts=closed)
        assert (body("Organization", key)["active"], body("Location", key)["status"]) == (False, "inactive")

    def test_a_department_opens_and_closes(self, district: District) -> None:
        call = callers.system()
        key = institutions.open_department(
            call, organisation=district.lead, code="05", name="妇产科", since=date(2020, 1, 1)
        )
        said = body("Organization", key)
        assert (said["active"], said["partOf"]) == (True, {"reference": f"Organization/{district.lead}"})
        institutions.close_department(call, department=key, last_day=PAST)
        said = body("Organization", key)
        assert (said["active"], said["identifier"][0]["period"]["end"]) == (False, PAST.isoformat())

    def test_an_id_that_another_source_sent_is_refused_in_words_and_nothing_changes(self, district: District) -> None:
        theirs = {"resourceType": "Organization", "id": str(district.clinic), "name": "别处"}
        text = json.dumps(theirs).encode()
        row = ledger.Fresh("Organization", theirs["id"], text, new_id(), 7, index_of("Organization", theirs))
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM fhir_organization WHERE id = %s", [theirs["id"]])
        with transaction.atomic():
            ledger.write([row], clock.now())
        facts = replace(facts_of(district.clinic), name="新名字")
        with pytest.raises(Refused) as refused:
            institutions.edit(callers.system(), organisation=district.clinic, expect=1, facts=facts)
        assert refused.value.decision.reason == publishing.CLAIMED
        assert f"Organization/{district.clinic}" in sentence(refused.value.decision)
        assert Organisation.objects.unscoped("test").get(id=district.clinic).name == "麻石村卫生室"

    def test_nobody_takes_the_id_of_a_place_that_is_not_known_yet(self, district: District) -> None:
        theirs = {"resourceType": "Location", "id": str(district.clinic), "name": "别处"}
        text = json.dumps(theirs).encode()
        row = ledger.Fresh("Location", theirs["id"], text, new_id(), 7, index_of("Location", theirs))
        with pytest.raises(ledger.Claimed), transaction.atomic():
            ledger.write([row], clock.now())
        facts = replace(facts_of(district.clinic), longitude=Decimal(112), latitude=Decimal(27))
        institutions.edit(callers.system(), organisation=district.clinic, expect=1, facts=facts)
        assert body("Location", district.clinic)["position"] == {"longitude": 112, "latitude": 27}


class TestConsortia:
    def test_founded_joined_and_left(self, district: District) -> None:
        call = callers.system()
        key = consortia.found(
            call, key="k", name="肿瘤联盟", kind=rules.Kind.SPECIALTY_ALLIANCE, area=factory.COUNTY, since=factory.SINCE
        )
        assert body("Organization", key)["name"] == "肿瘤联盟"
        member = consortia.join(
            call, consortium=key, organisation=district.clinic, role=rules.Role.MEMBER, tier=rules.Tier.BASE,
            since=factory.SINCE,
        )  # fmt: skip
        said = body("OrganizationAffiliation", member)
        assert (said["active"], said["period"]) == (True, {"start": "2020-01-01"})
        consortia.leave(call, membership=member, expect=1, last_day=PAST)
        said = body("OrganizationAffiliation", member)
        assert (said["active"], said["period"]["end"]) == (False, PAST.isoformat())

    def test_a_refused_join_publishes_nothing(self, district: District) -> None:
        before = every(fhir.PUBLISHES)
        with pytest.raises(Refused):
            consortia.join(
                callers.system(), consortium=district.community, organisation=district.lead, role=rules.Role.MEMBER,
                tier=rules.Tier.BASE, since=factory.SINCE,
            )  # fmt: skip
        assert every(fhir.PUBLISHES) == before


class TestLoads:
    def test_a_load_publishes_all_of_it_and_again_nothing_new(self, district: District) -> None:
        kinds = [kind for kind, _key in every(fhir.PUBLISHES)]
        rows = [m.objects.unscoped("test").count() for m in (Organisation, Department, Consortium, Membership)]
        assert kinds.count("Organization") == sum(rows[:3])
        assert kinds.count("OrganizationAffiliation") == rows[3]
        before = every(fhir.PUBLISHES)
        api.load(callers.system(), directory=factory.DIRECTORY)
        assert every(fhir.PUBLISHES) == before
        assert {version for version, _body in before.values()} == {1}

    def test_a_load_of_many_asks_as_often_as_one_of_few(self, db: None) -> None:
        def load(first: int, count: int) -> int:
            found = [
                factory.organisation(n, f"第{n}卫生室", "D600", "base", parent=factory.uscc(first) if n > first else "")
                for n in range(first, first + count)
            ]
            placed = [replace(o, facts=replace(o.facts, longitude=Decimal(112), latitude=Decimal(27))) for o in found]
            with statements() as asked:
                api.load(callers.system(), directory=DirectoryIn(organisations=tuple(placed)))
            return len([s for s in asked if "fhir_" in s])

        few, many = load(0, 2), load(1000, 128)
        assert few == many
        assert many < 20
        assert len(every(fhir.PUBLISHES)) == 130 * 4


class TestAgain:
    def test_what_was_there_before_is_published_and_again_nothing_changes(self, district: District) -> None:
        before = every(fhir.PUBLISHES)
        with connection.cursor() as cursor:
            for kind in fhir.PUBLISHES:
                cursor.execute(f"DELETE FROM fhir_{kind.lower()}")
        assert publish_all(callers.system()) == 2
        assert every(fhir.PUBLISHES) == before
        publish_all(callers.system())
        assert every(fhir.PUBLISHES) == before

    def test_pages_follow_one_another_to_the_end(self, district: District, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(publishing_of, "PAGE", 2)
        seen, after = [], republish(callers.system())
        while after:
            seen.append(after.partition(":")[0])
            after = republish(callers.system(), after=after)
        assert seen == ["institutions", "institutions", "consortia", "consortia"]

    def test_what_ended_yesterday_is_told_by_the_clock(self, district: District) -> None:
        member = Membership.objects.unscoped("test").get(organisation=district.clinic)
        Membership.objects.unscoped("test").filter(id=member.id).update(until=PAST)
        publish_all(callers.system())
        assert body("OrganizationAffiliation", member.id)["active"] is False

    def test_it_is_for_the_district(self, district: District) -> None:
        with pytest.raises(Refused, match="not_yours"):
            republish(callers.member(district.lead))
