"""The projections by themselves: valid for all that the rules allow, total, and without what is nobody's business."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel.testing.contracts import ProjectionContract
from doorstep.registers.staff import fhir, rules
from doorstep.registers.staff.shapes import Qualification, Rank, Work, Worker

TODAY = date(2026, 3, 1)
PAST = TODAY - timedelta(1)
KEY, PLACE = UUID(int=1), UUID(int=2)
WORK = Work(UUID(int=3), PLACE, "physician", date(2020, 1, 1), None, "03", "内科", "科主任")
WORKER = Worker(
    KEY, "欧阳小明", "1", "physician", (Qualification("physician_practice", date(2010, 5, 1)),),
    (Rank("主任医师", "senior", date(2018, 1, 1)),), (WORK,),
)  # fmt: skip

# what a column of PostgreSQL can hold
texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=20)
names = texts | st.text("王欧阳小明司马·A ", max_size=6)
days = st.dates(date(1900, 1, 1), date(2100, 1, 1))


def enum(kind: Any) -> st.SearchStrategy[str]:
    return st.sampled_from(list(map(str, kind)))


@st.composite
def spans(draw: st.DrawFn) -> tuple[date, date | None]:
    since = draw(days)
    return since, draw(st.none() | st.integers(0, 20_000).map(lambda n: since + timedelta(n)))


licences = st.builds(lambda kind, span: Qualification(kind, *span), enum(rules.LicenceKind), spans())
titles = st.builds(Rank, texts, enum(rules.TitleLevel), st.none() | days)
works = st.builds(
    lambda key, place, role, span, department, name, duty: Work(key, place, role, *span, department, name, duty),
    st.uuids(), st.uuids(), st.sampled_from(sorted(rules.ROLES)), spans(),
    st.sampled_from(["", "03", "03.01", "L01"]) | texts, texts, texts,
)  # fmt: skip
few = {"max_size": 3}
workers = st.builds(
    Worker, st.uuids(), names, enum(rules.Sex), enum(rules.Profession), st.lists(licences, **few).map(tuple),
    st.lists(titles, **few).map(tuple), st.lists(works, **few).map(tuple),
)  # fmt: skip


class TestProjections(ProjectionContract):
    room = "staff"

    def projected(self) -> Mapping[str, st.SearchStrategy[Mapping[str, Any]]]:
        return {
            "Practitioner": st.builds(fhir.practitioner, workers, days),
            "PractitionerRole": st.builds(fhir.role, workers, works, days),
        }


def codes(concepts: list[Mapping[str, Any]]) -> dict[str, str]:
    return {c["system"]: c["code"] for concept in concepts for c in concept.get("coding", ())}


def test_a_person_says_who_they_are() -> None:
    found = fhir.practitioner(WORKER, TODAY)
    assert found["name"] == [{"use": "official", "text": "欧阳小明", "family": "欧阳", "given": ["小明"]}]
    assert (found["gender"], found["active"]) == ("male", True)
    licence, title = found["qualification"]
    assert licence == {
        "code": {
            "coding": [{"system": fhir.LICENCE_KIND, "code": "physician_practice", "display": "医师执业证书"}],
            "text": "医师执业证书",
        },
        "period": {"start": "2010-05-01"},
    }
    assert (title["code"]["text"], codes([title["code"]])) == ("主任医师", {fhir.TITLE_LEVEL: "senior"})
    assert title["period"] == {"start": "2018-01-01"}


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("王伟", ("王", ["伟"])),
        ("王 小明", ("王", ["小明"])),
        ("欧阳修", ("欧阳", ["修"])),
        ("欧阳", ("欧", ["阳"])),
        ("买买提·艾力", (None, None)),
        ("Ann Smith", (None, None)),
        ("王", (None, None)),
    ],
)
def test_a_name_is_parted_only_where_its_parts_are_known(name: str, parts: tuple[Any, Any]) -> None:
    [said] = fhir.practitioner(replace(WORKER, name=name), TODAY)["name"]
    assert (said["text"], said.get("family"), said.get("given")) == (name, *parts)


@pytest.mark.parametrize("sex", rules.Sex)
def test_every_sex_has_its_gender(sex: rules.Sex) -> None:
    expected = {"0": "unknown", "1": "male", "2": "female", "9": "unknown"}[sex]
    assert fhir.practitioner(replace(WORKER, sex=sex), TODAY)["gender"] == expected


@pytest.mark.parametrize("kind", rules.LicenceKind)
def test_every_kind_of_licence_is_told_with_its_words(kind: rules.LicenceKind) -> None:
    worker = replace(WORKER, qualifications=(Qualification(kind, TODAY, TODAY),), ranks=())
    [found] = fhir.practitioner(worker, TODAY)["qualification"]
    assert (found["code"]["text"], codes([found["code"]])) == (rules.LICENCES[kind], {fhir.LICENCE_KIND: kind})
    assert found["period"] == {"start": "2026-03-01", "end": "2026-03-01"}


@pytest.mark.parametrize("level", rules.TitleLevel)
def test_every_level_of_title_is_told(level: rules.TitleLevel) -> None:
    worker = replace(WORKER, qualifications=(), ranks=(Rank("", level),))
    [found] = fhir.practitioner(worker, TODAY)["qualification"]
    assert (found["code"]["text"], found.get("period")) == (rules.TITLE_LEVELS[level], None)


def test_a_person_is_active_while_a_post_holds_or_will() -> None:
    for works_, active in (
        ((WORK,), True),
        ((replace(WORK, until=TODAY),), True),
        ((replace(WORK, since=TODAY + timedelta(9)),), True),
        ((replace(WORK, until=PAST),), False),
        ((), False),
    ):
        assert fhir.practitioner(replace(WORKER, works=works_), TODAY)["active"] is active


def test_a_post_says_who_where_and_as_what() -> None:
    found = fhir.role(WORKER, WORK, TODAY)
    assert found["practitioner"] == {"reference": f"Practitioner/{KEY}"}
    assert found["organization"] == {"reference": f"Organization/{PLACE}"}
    assert codes(found["code"]) == {fhir.ROLE: "physician", fhir.HL7_ROLE: "doctor", fhir.PROFESSION: "physician"}
    assert found["code"][-1] == {"text": "科主任"}
    assert (found["specialty"][0]["text"], codes(found["specialty"])) == (
        "内科",
        {"urn:doorstep:clinical-subject": "03"},
    )
    assert (found["active"], found["period"]) == (True, {"start": "2020-01-01"})


def test_an_ended_post_is_not_active_and_says_when_it_ended() -> None:
    found = fhir.role(WORKER, replace(WORK, until=PAST), TODAY)
    assert (found["active"], found["period"]) == (False, {"start": "2020-01-01", "end": "2026-02-28"})
    assert fhir.role(WORKER, replace(WORK, until=TODAY), TODAY)["active"] is True


@pytest.mark.parametrize("role", rules.ROLES)
@pytest.mark.parametrize("profession", rules.Profession)
def test_every_role_and_profession_is_told(role: str, profession: rules.Profession) -> None:
    found = fhir.role(replace(WORKER, profession=profession), replace(WORK, role=role), TODAY)
    told = codes(found["code"])
    assert (told[fhir.ROLE], told[fhir.PROFESSION]) == (role, profession)
    assert [c["text"] for c in found["code"]][:2] == [rules.ROLES[role].title, rules.PROFESSIONS[profession]]


def test_what_must_not_be_shown_has_no_way_in() -> None:
    """The shapes that are projected have no place for it."""
    known = {f.name for shape in (Worker, Work, Qualification, Rank) for f in fields(shape)}
    assert known.isdisjoint({"number", "phone", "birth_date", "username", "account", "password"})


@given(workers, works, days)
def test_no_person_has_an_identifier_or_a_telephone(worker: Worker, work: Work, day: date) -> None:
    for found in (fhir.practitioner(worker, day), fhir.role(worker, work, day)):
        assert found.keys().isdisjoint({"identifier", "telecom", "address", "birthDate", "photo"})
    for qualification in fhir.practitioner(worker, day).get("qualification", ()):
        assert qualification.keys() <= {"code", "period"}
