"""Institutions and staff by sheet: the rules are those of the pages, and the way back leaves all as it was."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from doorstep.kernel.call import EVERYWHERE, Call, Scope
from doorstep.kernel.testing.callers import everyone_permissions, member
from doorstep.record.sheets import reads
from doorstep.record.sheets.tests import kit
from doorstep.registers.organisations.actions import institutions
from doorstep.registers.organisations.models import CountedFact, Department, Organisation
from doorstep.registers.organisations.rules import Count
from doorstep.registers.organisations.tests import factory as places
from doorstep.registers.staff.models import Licence, Person, Post, Title
from doorstep.registers.staff.tests import factory as staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def district(db: None) -> places.District:
    return places.make()


@pytest.fixture
def bureau(district: places.District) -> Call:
    """One who stands for the whole district, and sits at the lead hospital."""
    return replace(member(district.lead), scope=EVERYWHERE)


def place(serial: int, **more: Any) -> dict[str, Any]:
    made = {"uscc": places.uscc(serial), "name": f"第{serial}卫生室", "type_code": "村卫生室", "tier": "基层网底"}
    return made | {"area": places.VILLAGE} | more


def worker(serial: int, uscc: str = places.CENTRE, **more: Any) -> dict[str, Any]:
    made = {"number": f"N{serial}", "name": f"李{'一二三四五六七八九'[serial % 9]}", "uscc": uscc, "role": "护士"}
    return made | {"since": "2026-01-01"} | more


def test_institutions_are_entered_changed_and_taken_back(bureau: Call):
    before, living = kit.state("fhir_"), kit.living()
    batch = kit.applied(
        bureau, "institutions", place(20, parent=places.CENTRE), place(21, parent=places.uscc(20), opened_on=45000),
        place(4, name="李氏诊所", type_code="D212", phone="0571-88880000"), place(22, area="12"),
        place(23, parent=places.uscc(99)), place(24, uscc=places.uscc(24)[:17] + "0"),
    )  # fmt: skip
    assert kit.outcomes(batch) == "nncrrr"
    assert [e.foretold[:1] for e in kit.entries(batch)] == list("nncrrr")
    assert kit.wrongs(batch) == [("E5", "area.shape"), ("H6", "parent.unknown"), ("A7", "uscc.check")]
    rows = Organisation.objects.unscoped("test")
    assert rows.get(uscc=places.uscc(21)).parent == rows.get(uscc=places.uscc(20))
    assert rows.get(uscc=places.PRIVATE).phone == "057188880000"
    kit.undone(bureau, batch)
    assert kit.row(batch).undid == {"undone": 3}
    assert {k: without(v) for k, v in kit.state("fhir_").items()} == {k: without(v) for k, v in before.items()}
    assert [key[:2] for key in kit.living()] == [key[:2] for key in living]


def without(rows: list[str]) -> list[str]:
    """Rows without their version, which counts every change, also one that was taken back."""
    import re

    return [re.sub(r"^\(([^,]+),\d+,", r"(\1,", row) for row in rows]


def test_an_institution_manages_itself_and_no_other(district: places.District):
    call = member(district.centre)
    batch = kit.applied(
        call, "institutions", place(2, name="石桥镇中心卫生院", type_code="C210", tier="一级层", address="新街 1 号"),
        place(4), place(30),
    )  # fmt: skip
    assert kit.outcomes(batch) == "crr"
    assert [code for _, code in kit.wrongs(batch)] == ["not_yours", "not_yours"]


def test_what_was_changed_or_used_since_stays(bureau: Call, district: places.District):
    batch = kit.applied(bureau, "institutions", place(20), place(21), place(22))
    rows = {row.uscc: row for row in Organisation.objects.unscoped("test")}
    kit.applied(bureau, "institutions", place(21, address="新街"))
    staff.somebody(rows[places.uscc(22)].pk)
    told = reads.forecast(bureau, batch)
    assert (told.gone, told.stays) == (2, 1)
    kit.undone(bureau, batch)
    assert [(e.undo, [w[1] for w in e.wrong]) for e in kit.entries(batch)] == [
        ("undone", []), ("stays", ["changed_since"]), ("stays", ["in_use"]),
    ]  # fmt: skip


def department(serial: int, code: str, name: str, **more: Any) -> dict[str, Any]:
    return {"uscc": places.uscc(serial), "code": code, "name": name, "since": "2026-01-01"} | more


def counts(serial: int, day: str = "2026-03-31", **more: Any) -> dict[str, Any]:
    return {"uscc": places.uscc(serial), "counted_on": day} | more


def test_departments_are_opened_closed_and_taken_back(bureau: Call, district: places.District):
    before, living = kit.state("fhir_"), kit.living()
    batch = kit.applied(
        bureau, "departments", department(2, "05.01", "妇科"), department(2, "06", "儿科", until="2026-06-30"),
        department(2, "03", "内科", since="1990-01-01", until="2026-09-30"),
        department(2, "04", "外科", since="1990-01-01"), department(2, "04", "骨科"), department(99, "04", "外科"),
        department(2, "07", "中医科", until="2025-01-01"), department(2, "05.01", "眼科", since="1990-01-01"),
        department(0, "03", "心内科", since="1990-01-01"),
    )  # fmt: skip
    assert kit.outcomes(batch) == "nncs" + "r" * 5
    assert [e.foretold[:1] for e in kit.entries(batch)] == list("nncs" + "r" * 5)
    assert kit.wrongs(batch) == [
        ("D6", "department.overlap"), ("A7", "uscc.unknown"), ("E8", "period.reversed"), ("D9", "department.overlap"),
        ("C10", "department.unlike"),
    ]  # fmt: skip
    rows = Department.objects.unscoped("test").filter(organisation=district.centre)
    assert {(r.code, str(r.until)) for r in rows} == {
        ("03", "2026-09-30"), ("04", "None"), ("05.01", "None"), ("06", "2026-06-30"),
    }  # fmt: skip
    assert [key[:2] for key in kit.living()] != [key[:2] for key in living]
    kit.undone(bureau, batch)
    assert kit.row(batch).undid == {"undone": 3}
    after = kit.state("fhir_", "organisations_department")
    assert after == {k: v for k, v in before.items() if k != "organisations_department"}
    assert sorted(rows.values_list("code", "until")) == [("03", None), ("04", None)]
    assert [key[:2] for key in kit.living()] == [key[:2] for key in living]


def test_counts_are_returned_corrected_and_taken_back(bureau: Call, district: places.District):
    before = kit.state("fhir_", "organisations_countedfact_id")
    first = kit.applied(
        bureau, "counts", counts(2, beds=62, staff=43, nurses=18), counts(0, beds=0), counts(1),
        counts(3, staff=2, nurses=3), counts(2, "2999-01-01", beds=1), counts(1, "2026-02-28", beds=-1),
        counts(4, beds=2.5),
    )  # fmt: skip
    assert kit.outcomes(first) == "nn" + "r" * 5
    assert [code for _, code in kit.wrongs(first)] == [
        "row.no_count", "row.more_than_staff", "cell.future", "cell.range", "cell.places",
    ]  # fmt: skip
    second = kit.applied(bureau, "counts", counts(2, beds=64, staff=43, physicians=15), counts(0, beds=0))
    assert kit.outcomes(second) == "cs"
    assert numbers(district.centre) == {"beds": 64, "staff": 43, "nurses": 18, "physicians": 15}
    told = reads.forecast(bureau, first)
    assert (told.gone, told.stays) == (1, 1)
    kit.undone(bureau, second)
    assert numbers(district.centre) == {"beds": 62, "staff": 43, "nurses": 18}
    kit.undone(bureau, first)
    assert kit.state("fhir_", "organisations_countedfact_id") == before


def numbers(place: Any) -> dict[str, int]:
    rows = CountedFact.objects.unscoped("test").filter(organisation=place, counted_on="2026-03-31")
    return dict(rows.values_list("kind", "number"))


def test_counts_corrected_by_hand_since_stay(bureau: Call, district: places.District):
    batch = kit.applied(bureau, "counts", counts(2, beds=62, staff=43), counts(0, beds=801))
    institutions.count(bureau, organisation=district.centre, kind=Count.BEDS, number=61, counted_on=date(2026, 3, 31))
    kit.undone(bureau, batch)
    assert [(e.undo, [w[1] for w in e.wrong]) for e in kit.entries(batch)] == [
        ("stays", ["changed_since"]), ("undone", []),
    ]  # fmt: skip
    assert numbers(district.centre) == {"beds": 61, "staff": 43}


def test_an_institution_returns_for_itself_and_no_other(district: places.District):
    call = member(district.centre)
    batch = kit.applied(call, "counts", counts(2, beds=62), counts(1, beds=9))
    assert kit.outcomes(batch) == "nr"
    assert kit.wrongs(batch) == [("A3", "not_yours")]
    batch = kit.applied(call, "departments", department(2, "05", "妇产科"), department(1, "05", "妇产科"))
    assert kit.outcomes(batch) == "nr"
    assert kit.wrongs(batch) == [("A3", "not_yours")]


def test_staff_with_posts_are_entered_changed_and_taken_back(bureau: Call, district: places.District):
    known = staff.person("李七", "N7")
    staff.post(known, district.centre, "nurse")
    before, living = kit.state("fhir_"), kit.living()
    batch = kit.applied(
        bureau, "staff", worker(1, birth_date="19880615", phone="13900001234"), worker(1, places.LEAD, role="医师"),
        worker(7, name="李七", profession="护士", since="2020-01-01", until="2026-12-31"),
        worker(7, name="李七", department="03"), worker(2, places.uscc(99)), worker(3, role="系统管理员"),
        worker(4, role="院长"), worker(5, until="2025-01-01"), worker(1, places.CLINIC, name="别人"),
    )  # fmt: skip
    assert kit.outcomes(batch) == "nccc" + "r" * 5
    assert [e.foretold[:1] for e in kit.entries(batch)] == list("nccc" + "r" * 5)
    assert kit.wrongs(batch) == [
        ("G6", "uscc.unknown"), ("I7", "role.two_persons"), ("I8", "cell.code"), ("L9", "period.reversed"),
        ("B10", "row.unlike"),
    ]  # fmt: skip
    assert Post.objects.unscoped("test").filter(person__number="N1").count() == 2
    kit.undone(bureau, batch)
    assert kit.row(batch).undid == {"undone": 4}
    assert not Person.objects.unscoped("test").filter(number="N1").exists()
    after = {k: without(v) for k, v in kit.state("fhir_").items()}
    assert after == {k: without(v) for k, v in before.items()}
    assert {key[:2] for key in kit.living()} - {key[:2] for key in living} <= {
        ("Practitioner", str(known.pk)), ("PractitionerRole", str(Post.objects.unscoped("t").get(person=known).pk)),
    }  # fmt: skip


def test_nobody_gives_themselves_a_post_or_takes_one_elsewhere(district: places.District):
    me = staff.person("我", "N8")
    staff.post(me, district.centre, "hospital_manager")
    away = staff.person("远", "N9")
    staff.post(away, district.second, "nurse")
    call = replace(member(district.centre), actor=f"staff:{me.pk}")
    batch = kit.applied(
        call, "staff", worker(8, name="我", role="医师"), worker(9, name="远"), worker(1, places.SECOND), worker(2)
    )
    assert kit.outcomes(batch) == "rrrn"
    assert [code for _, code in kit.wrongs(batch)] == ["role.oneself", "person.elsewhere", "not_yours"]


def certificate(serial: int, licence: str, **more: Any) -> dict[str, Any]:
    who = {"number": f"N{serial}", "name": f"李{'一二三四五六七八九'[serial % 9]}", "kind": "护士执业证书"}
    return who | {"licence": licence, "since": "2020-01-01"} | more


def title(serial: int, name: str, **more: Any) -> dict[str, Any]:
    who = {"number": f"N{serial}", "name": f"李{'一二三四五六七八九'[serial % 9]}", "level": "中级"}
    return who | {"title": name} | more


@pytest.fixture
def nurses(district: places.District) -> None:
    """Two of the centre, one of another hospital."""
    for serial, place in ((1, district.centre), (2, district.centre), (3, district.second)):
        staff.post(staff.person(f"李{'一二三四五六七八九'[serial]}", f"N{serial}"), place, "nurse")


def licences() -> dict[str, tuple[str, str]]:
    rows = Licence.objects.unscoped("test").select_related("person")
    return {row.number: (row.person.number, str(row.until)) for row in rows}


def test_certificates_are_entered_changed_and_taken_back(bureau: Call, nurses: None):
    kit.applied(bureau, "licences", certificate(2, "202643000002"))
    before = kit.state("fhir_")
    batch = kit.applied(
        bureau, "licences", certificate(1, "202643000001"), certificate(1, "44011010000001x", kind="医师执业证书"),
        certificate(2, "202643000002", until="2030-12-31"), certificate(1, "202643000002", since="2021-01-01"),
        certificate(1, "202643000004", until="2019-01-01"), certificate(9, "202643000005"),
        certificate(1, "202643000006", name="李三"), certificate(3, "202643000007", since="2999-01-01"),
        certificate(2, "202643000001"),
    )  # fmt: skip
    assert kit.outcomes(batch) == "nnc" + "r" * 6
    assert [e.foretold[:1] for e in kit.entries(batch)] == list("nnc" + "r" * 6)
    assert kit.wrongs(batch) == [
        ("C5", "row.twice"), ("F6", "period.reversed"), ("A7", "person.unknown"), ("B8", "person.name"),
        ("E9", "cell.future"), ("C10", "row.twice"),
    ]  # fmt: skip
    assert licences() == {
        "202643000001": ("N1", "None"), "44011010000001X": ("N1", "None"), "202643000002": ("N2", "2030-12-31"),
    }  # fmt: skip
    kit.undone(bureau, batch)
    assert kit.row(batch).undid == {"undone": 3}
    assert licences() == {"202643000002": ("N2", "None")}
    assert {k: without(v) for k, v in kit.state("fhir_").items()} == {k: without(v) for k, v in before.items()}


def test_a_number_is_one_person_s_and_what_was_changed_since_stays(bureau: Call, nurses: None):
    batch = kit.applied(bureau, "licences", certificate(1, "202643000001"), certificate(2, "202643000002"))
    later = kit.applied(
        bureau, "licences", certificate(1, "202643000001", until="2031-01-01"), certificate(1, "202643000002"),
        certificate(2, "202643000002"),
    )  # fmt: skip
    assert kit.outcomes(later) == "crr"
    assert kit.wrongs(later) == [("D3", "licence.taken"), ("C4", "row.twice")]
    told = reads.forecast(bureau, batch)
    assert (told.gone, told.stays) == (1, 1)
    kit.undone(bureau, batch)
    assert [e.undo for e in kit.entries(batch)] == ["stays", "undone"]
    assert licences() == {"202643000001": ("N1", "2031-01-01")}


def test_titles_are_entered_changed_and_taken_back(bureau: Call, nurses: None):
    kit.applied(bureau, "titles", title(2, "护师", level="初级", since="2018-06-30"))
    before = kit.state("fhir_")
    batch = kit.applied(
        bureau, "titles", title(1, "主管护师", since="2024-06-30"), title(2, "护师"),
        title(2, "护师", level="初级"), title(1, "副主任护师", level="正高"),
    )  # fmt: skip
    assert kit.outcomes(batch) == "ncrr"
    assert kit.wrongs(batch) == [("A4", "row.twice"), ("D5", "cell.code")]
    rows = Title.objects.unscoped("test")
    assert {(r.name, r.level, str(r.since)) for r in rows} == {
        ("主管护师", "intermediate", "2024-06-30"), ("护师", "intermediate", "2018-06-30"),
    }  # fmt: skip
    again = kit.applied(bureau, "titles", title(2, "护师"))
    assert kit.outcomes(again) == "s"
    kit.undone(bureau, batch)
    assert {(r.name, r.level, str(r.since)) for r in rows.all()} == {("护师", "junior", "2018-06-30")}
    assert {k: without(v) for k, v in kit.state("fhir_").items()} == {k: without(v) for k, v in before.items()}


def test_an_institution_qualifies_its_own_people_alone(district: places.District, nurses: None):
    call = member(district.centre)
    batch = kit.applied(call, "licences", certificate(1, "202643000001"), certificate(3, "202643000003"))
    assert (kit.outcomes(batch), kit.wrongs(batch)) == ("nr", [("A3", "person.elsewhere")])
    batch = kit.applied(call, "titles", title(2, "护师"), title(3, "护师"))
    assert (kit.outcomes(batch), kit.wrongs(batch)) == ("nr", [("A3", "person.elsewhere")])


def test_somebody_with_an_account_stays(bureau: Call):
    batch = kit.applied(bureau, "staff", worker(1), worker(2))
    staff.account(Person.objects.unscoped("test").get(number="N1"), "li.yi")
    kit.undone(bureau, batch)
    assert [e.undo for e in kit.entries(batch)] == ["stays", "undone"]
    assert Post.objects.unscoped("test").filter(person__number="N1").exists()


def test_the_district_gives_roles_of_the_district_by_two_also_here(district: places.District):
    """A sheet gives no more than a page: what a page would refuse is refused, and nobody came in."""
    call = Call(
        "staff:x", "甲", member(district.lead).at, Scope(everywhere=True), everyone_permissions(),
        organisation=district.lead,
    )  # fmt: skip
    before = Person.objects.unscoped("test").count()
    batch = kit.applied(call, "staff", worker(1, role="审计员"))
    assert kit.wrongs(batch) == [("I2", "role.two_persons")]
    assert Person.objects.unscoped("test").count() == before
