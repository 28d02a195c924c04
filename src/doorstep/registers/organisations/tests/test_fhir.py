"""The projections by themselves: valid for all that the rules allow, total, the same again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel.testing.contracts import ProjectionContract
from doorstep.registers.organisations import fhir, rules
from doorstep.registers.organisations.shapes import Alliance, DepartmentLine, Facts, Member
from doorstep.registers.organisations.tests import factory

TODAY = date(2026, 3, 1)
KEY, OTHER = UUID(int=1), UUID(int=2)
FACTS = Facts("清禾县人民医院", "A100", "lead", factory.VILLAGE, uscc=factory.LEAD)

# what a column of PostgreSQL can hold
texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=30)
days = st.dates(date(1900, 1, 1), date(2100, 1, 1))
ids = st.uuids()
areas = st.from_regex(r"[1-9][0-9]{11}", fullmatch=True)
degrees = st.decimals(-90, 90, places=9)


classes = st.sampled_from(sorted(rules.TYPES)) | st.from_regex(r"[A-Z][0-9]{3}", fullmatch=True)
credit_codes = st.just("") | st.integers(0, 999_999).map(factory.uscc)


def enum(kind: Any) -> st.SearchStrategy[str]:
    return st.sampled_from(list(map(str, kind)))


@st.composite
def spans(draw: st.DrawFn) -> tuple[date, date | None]:
    since = draw(days)
    return since, draw(st.none() | st.integers(0, 20_000).map(lambda n: since + timedelta(n)))


@st.composite
def facts(draw: st.DrawFn) -> Facts:
    where = draw(st.none() | st.tuples(degrees, degrees))
    return Facts(
        name=draw(texts), type_code=draw(classes), tier=draw(enum(rules.Tier)), area=draw(areas),
        uscc=draw(credit_codes), short_name=draw(texts), short_code=draw(texts), registration=draw(texts),
        licence=draw(texts),
        grade=draw(st.just("") | st.sampled_from(sorted(rules.GRADES))), status=draw(enum(rules.Status)),
        address=draw(texts), phone=draw(texts), longitude=where and where[0], latitude=where and where[1],
        opened_on=draw(st.none() | days), closed_on=draw(st.none() | days), parent=draw(st.none() | ids),
    )  # fmt: skip


departments = st.builds(
    lambda key, code, name, span: DepartmentLine(key, code, name, *span),
    ids, st.sampled_from(["03", "03.01", "50", "L01"]) | texts, texts, spans(),
)  # fmt: skip
alliances = st.builds(
    lambda key, short, name, kind, area, span: Alliance(key, short, name, kind, area, *span),
    ids, texts, texts, enum(rules.Kind), areas, spans(),
)  # fmt: skip
members = st.builds(
    lambda key, organisation, role, tier, span: Member(key, organisation, role, tier, *span),
    ids, ids, enum(rules.Role), enum(rules.Tier), spans(),
)  # fmt: skip


class TestProjections(ProjectionContract):
    room = "organisations"

    def projected(self) -> Mapping[str, st.SearchStrategy[Mapping[str, Any]]]:
        placed = facts().filter(lambda f: f.longitude is not None)
        return {
            "Organization": st.one_of(
                st.builds(fhir.institution, ids, facts(), days),
                st.builds(fhir.department, ids, departments, days),
                st.builds(fhir.consortium, alliances, days),
            ),
            "Location": st.builds(fhir.place, ids, placed).map(lambda found: found or {}),
            "OrganizationAffiliation": st.builds(fhir.membership, alliances, members, days),
        }


@given(facts(), days)
def test_equal_facts_are_equal_resources_however_the_number_was_written(found: Facts, day: date) -> None:
    again = found
    if found.longitude is not None and found.latitude is not None:
        column = Decimal("0.000001")  # what the table keeps
        again = replace(found, longitude=found.longitude.quantize(column), latitude=found.latitude.quantize(column))
    assert str(fhir.place(KEY, found)) == str(fhir.place(KEY, again))
    assert fhir.institution(KEY, found, day) == fhir.institution(KEY, replace(found), day)


def codes(resource: Mapping[str, Any], field: str = "type") -> dict[str, str]:
    return {c["system"]: c["code"] for concept in resource[field] for c in concept.get("coding", ())}


def test_an_institution_says_who_it_is() -> None:
    found = fhir.institution(
        KEY,
        replace(FACTS, short_name="县医院", phone="0731-5550001", grade="3A", address="人民路1号", parent=OTHER),
        TODAY,
    )
    assert found["identifier"] == [{"use": "official", "system": "urn:doorstep:uscc", "value": factory.LEAD}]
    assert (found["name"], found["alias"], found["active"]) == ("清禾县人民医院", ["县医院"], True)
    assert codes(found) == {
        fhir.CLASS: "A100", "http://terminology.hl7.org/CodeSystem/organization-type": "prov", rules.GRADE_SYSTEM: "3A",
    }  # fmt: skip
    assert found["type"][0]["text"] == "综合医院"
    assert found["telecom"] == [{"system": "phone", "value": "0731-5550001", "use": "work"}]
    assert found["address"][0]["text"] == "人民路1号"
    assert found["address"][0]["extension"][0]["valueCoding"]["code"] == factory.VILLAGE
    assert found["partOf"] == {"reference": f"Organization/{OTHER}"}


def test_one_that_is_closed_is_not_active() -> None:
    for more in ({"status": rules.Status.CLOSED}, {"closed_on": TODAY - timedelta(1)}):
        assert fhir.institution(KEY, replace(FACTS, **more), TODAY)["active"] is False
    for more in ({"status": rules.Status.SUSPENDED}, {"closed_on": TODAY}):
        assert fhir.institution(KEY, replace(FACTS, **more), TODAY)["active"] is True


def test_a_place_is_told_where_it_is_known() -> None:
    assert fhir.place(KEY, FACTS) is None
    found = fhir.place(KEY, replace(FACTS, longitude=Decimal("112.500000"), latitude=Decimal("-0.0000001")))
    assert found is not None
    assert {k: str(v) for k, v in found["position"].items()} == {"longitude": "112.5", "latitude": "0"}
    assert (found["mode"], found["managingOrganization"]) == ("instance", {"reference": f"Organization/{KEY}"})


@pytest.mark.parametrize("status", rules.Status)
def test_every_status_has_its_word(status: rules.Status) -> None:
    found = fhir.place(KEY, replace(FACTS, status=status, longitude=Decimal(1), latitude=Decimal(1)))
    assert found is not None
    assert found["status"] == {"0": "active", "1": "inactive", "2": "suspended", "3": "inactive"}[status]


@pytest.mark.parametrize("grade", rules.GRADES)
def test_every_grade_is_told_with_its_words(grade: str) -> None:
    found = fhir.institution(KEY, replace(FACTS, grade=grade), TODAY)
    assert {"coding": [{"system": rules.GRADE_SYSTEM, "code": grade, "display": rules.GRADES[grade]}],
            "text": rules.GRADES[grade]} in found["type"]  # fmt: skip


@pytest.mark.parametrize("kind", rules.TYPES)
def test_every_class_is_told_with_its_words(kind: str) -> None:
    assert fhir.institution(KEY, replace(FACTS, type_code=kind), TODAY)["type"][0]["text"] == rules.TYPES[kind]


@pytest.mark.parametrize("kind", rules.Kind)
def test_every_kind_of_consortium_is_told(kind: rules.Kind) -> None:
    found = fhir.consortium(Alliance(KEY, "k", "医共体", kind, factory.COUNTY, TODAY), TODAY)
    assert codes(found) == {fhir.CONSORTIUM_KIND: kind}


@pytest.mark.parametrize("role", rules.Role)
@pytest.mark.parametrize("tier", rules.Tier)
def test_every_role_and_tier_of_a_membership_is_told(role: rules.Role, tier: rules.Tier) -> None:
    network = Alliance(KEY, "k", "医共体", rules.Kind.CITY_GROUP, factory.COUNTY, TODAY)
    found = fhir.membership(network, Member(UUID(int=3), OTHER, role, tier, TODAY), TODAY)
    assert codes(found, "code") == {
        fhir.CONSORTIUM_ROLE: role, fhir.NETWORK_TIER: tier, "http://hl7.org/fhir/organization-role": "member",
    }  # fmt: skip
    assert found["organization"] == {"reference": f"Organization/{KEY}"}
    assert found["participatingOrganization"] == {"reference": f"Organization/{OTHER}"}


def test_a_membership_ends_with_its_last_day_or_the_consortium_s() -> None:
    network = Alliance(KEY, "k", "医共体", rules.Kind.CITY_GROUP, factory.COUNTY, date(2020, 1, 1))
    member = Member(UUID(int=3), OTHER, "member", "first", date(2020, 1, 1))
    past = TODAY - timedelta(1)
    assert fhir.membership(network, member, TODAY)["active"] is True
    ended = fhir.membership(network, replace(member, until=past), TODAY)
    assert (ended["active"], ended["period"]) == (False, {"start": "2020-01-01", "end": "2026-02-28"})
    assert fhir.membership(replace(network, until=past), member, TODAY)["active"] is False
    assert fhir.consortium(replace(network, until=past), TODAY)["active"] is False


def test_a_department_is_part_of_its_institution() -> None:
    line = DepartmentLine(OTHER, "03.01", "呼吸内科", date(2020, 1, 1), None)
    found = fhir.department(KEY, line, TODAY)
    assert (found["partOf"], found["name"], found["active"]) == (
        {"reference": f"Organization/{KEY}"}, "呼吸内科", True,
    )  # fmt: skip
    assert codes(found)["urn:doorstep:clinical-subject"] == "03.01"
    assert codes(fhir.department(KEY, replace(line, code="L01"), TODAY)).keys() == {
        "http://terminology.hl7.org/CodeSystem/organization-type"
    }
    assert fhir.department(KEY, replace(line, until=TODAY - timedelta(1)), TODAY)["active"] is False
