"""Taking records in: matching, idempotence, conflicts, races."""

from __future__ import annotations

import threading
from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from doorstep.kernel.decision import Refused
from doorstep.kernel.models import OutboxEvent, TrailLine
from doorstep.kernel.testing.callers import stranger, system
from doorstep.linkage.keys import BIRTH, KEYS, Key, Part
from doorstep.registers.residents import api, models
from doorstep.registers.residents.actions import intake
from doorstep.registers.residents.reads.near import ADDED
from doorstep.registers.residents.rules.facts import Identifier, Kind, tidy
from doorstep.registers.residents.shapes import Address, Guardian, Name, Phone
from doorstep.registers.residents.tests.conftest import hospital, make_organisation, number, record, resident_id


def everyone():
    return models.Resident.objects.unscoped("test")


def take(*incoming, **more):
    return api.take_in(system(), incoming, **more)


def facts():
    tables = (
        models.ResidentIdentifier,
        models.ResidentName,
        models.ResidentPhone,
        models.ResidentAddress,
        models.ResidentGuardian,
    )
    return {t.__name__: sorted(map(str, t.objects.unscoped("test").values_list())) for t in tables}


def test_one_new_person(hospital_a):
    (verdict,) = take(record("p1", hospital_a, resident_id(number()), hospital("H1")))
    assert verdict.created
    assert verdict.problem is None
    person = everyone().get()
    assert (person.pk, person.name, person.pinyin, person.sex) == (verdict.resident, "王小明", "wangxiaoming", "1")
    assert person.birth_date == date(1985, 3, 15)
    assert models.ResidentPresence.objects.filter(resident=person, organisation=hospital_a).exists()


def test_the_same_again_changes_nothing(hospital_a):
    said = [record(f"p{i}", hospital_a, resident_id(number(i)), hospital(f"H{i}")) for i in range(1, 20)]
    first, before = take(*said), facts()
    second = take(*said)
    assert [v.resident for v in second] == [v.resident for v in first]
    assert not any(v.created for v in second)
    assert facts() == before
    assert set(everyone().values_list("version", flat=True)) == {1}


def test_a_changed_record_replaces_what_it_said(hospital_a):
    take(record("p1", hospital_a, resident_id(number()), addresses=(Address("旧址"),)))
    fresh = record("p1", hospital_a, resident_id(number()), name="王晓明", phones=(Phone("10035550000"),))
    (verdict,) = take(fresh)
    assert not verdict.created
    names = models.ResidentName.objects.unscoped("test")
    assert list(names.values_list("text", flat=True)) == ["王晓明"]
    assert list(models.ResidentPhone.objects.unscoped("test").values_list("value", flat=True)) == ["10035550000"]
    assert not models.ResidentAddress.objects.unscoped("test").exists()
    person = everyone().get()
    assert (person.name, person.pinyin, person.version) == ("王晓明", "wangxiaoming", 2)


def test_two_versions_of_one_record_in_one_batch(hospital_a):
    first, last = record("p1", hospital_a, name="王小明"), record("p1", hospital_a, name="王晓明")
    a, b = take(first, last)
    assert a.resident == b.resident
    assert (a.created, b.created) == (True, False)
    assert list(models.ResidentName.objects.unscoped("test").values_list("text", flat=True)) == ["王晓明"]


def test_a_trusted_number_links_records_of_two_institutions(hospital_a, hospital_b):
    (a,) = take(record("a", hospital_a, resident_id(number())))
    (b,) = take(record("b", hospital_b, resident_id(number()), name="王晓明", ethnic="01"))
    assert b.resident == a.resident
    assert not b.created
    person = everyone().get()
    assert (person.name, person.ethnic) == ("王小明", "01")
    assert {r.organisation_id for r in models.ResidentPresence.objects.all()} == {hospital_a, hospital_b}
    assert api.residents_of(["a", "b", "c"]) == {"a": a.resident, "b": a.resident}


def test_two_of_one_batch_with_one_id_are_one_person(hospital_a, hospital_b):
    a, b = take(record("a", hospital_a, resident_id(number())), record("b", hospital_b, resident_id(number())))
    assert a.resident == b.resident
    assert (a.created, b.created) == (True, False)


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(
    ("other", "why"),
    [({"name": "赵国庆"}, "name"), ({"sex": "2"}, "sex"), ({"birth_date": "1985-08-22"}, "birth_date")],
)
def test_an_id_with_another_name_sex_or_birth_date_goes_to_review(hospital_a, hospital_b, together, other, why):
    mine, lent = record("a", hospital_a, resident_id(number())), record("b", hospital_b, resident_id(number()), **other)
    verdicts = take(mine, lent) if together else (*take(mine), *take(lent))
    assert verdicts[1].created
    assert verdicts[1].resident != verdicts[0].resident
    warning = verdicts[1].warnings[-1]
    assert (warning.code, warning.path, warning.error) == ("identity_conflict", "Patient.identifier[0].value", False)
    assert warning.params["why"] == why
    assert number() not in str(warning)
    doubt = models.Doubt.objects.unscoped("test").get()
    assert (doubt.reason, doubt.detail, doubt.needed, doubt.state) == ("number", why, 2, "open")
    held = models.ResidentIdentifier.objects.unscoped("test").values_list("resident_id", "trusted")
    assert set(held) == {(verdicts[0].resident, True), (verdicts[1].resident, False)}


@pytest.mark.parametrize("slip", ["1985-03-16", "1985-01-01", "1985-02-10"])
def test_an_id_with_a_slip_in_the_birth_date_is_no_conflict(hospital_a, hospital_b, slip):
    (a,) = take(record("a", hospital_a, resident_id(number())))
    (b,) = take(record("b", hospital_b, resident_id(number()), birth_date=slip))
    assert b.resident == a.resident


def test_a_parents_id_on_a_childs_record_is_no_claim(hospital_a, hospital_b):
    (mother,) = take(record("a", hospital_a, resident_id(number()), name="李梅", sex="1"))
    (child,) = take(record("b", hospital_b, resident_id(number()), name="王小宝", birth_date="2024-05-01"))
    assert child.created
    assert child.resident != mother.resident
    assert not models.Doubt.objects.unscoped("test").exists()


def test_a_wrong_check_digit_sets_aside_with_its_path(hospital_a):
    right = number()
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
    bad, good = take(record("a", hospital_a, resident_id(wrong)), record("b", hospital_a, resident_id(right)))
    assert bad.resident is None
    assert (bad.problem.code, bad.problem.path) == ("id_check_digit", "Patient.identifier[0].value")
    assert good.created


def test_a_birth_date_in_the_future_sets_aside(hospital_a):
    (verdict,) = take(record("a", hospital_a, birth_date="2999-01-01"))
    assert (verdict.problem.code, verdict.problem.path) == ("birth_date_future", "Patient.birthDate")
    assert not everyone().exists()


BORN = {"birth_date": "2024-05-01", "phones": ()}


def certificate(value="R430012345"):
    return tidy(Identifier(Kind.BIRTH_CERTIFICATE, "", value, "Patient.identifier[0].value"))


def test_a_certificate_of_birth_leads_from_the_ward_to_the_child(hospital_a, hospital_b):
    ward = record("a", hospital_a, certificate("r43001 2345"), name="李梅之子", **BORN)
    child = record("b", hospital_b, certificate(), resident_id(number(3, date(2024, 5, 1))), name="王小宝", **BORN)
    (first,), (second,) = take(ward), take(child)
    assert (second.resident, second.created, second.warnings) == (first.resident, False, ())
    assert everyone().get().name == "王小宝"
    kept = models.ResidentIdentifier.objects.unscoped("test").filter(kind="certificate").order_by("pk")
    assert [*kept.values_list("system", "value", "trusted")] == [
        ("urn:doorstep:birth-certificate", "R430012345", trusted) for trusted in (True, False)
    ]
    assert models.ResidentFacts.objects.first().facts[-ADDED] == "R430012345"


@pytest.mark.parametrize(
    ("other", "why"),
    [({"sex": "2"}, "sex"), ({"birth_date": "2023-11-20"}, "birth_date"), ({"name": "王天佑"}, "name")],
)
def test_a_certificate_with_another_sex_birth_date_or_name_goes_to_review(hospital_a, hospital_b, other, why):
    (first,) = take(record("a", hospital_a, certificate(), **(BORN | {"name": "王小宝"})))
    (second,) = take(record("b", hospital_b, certificate(), **(BORN | {"name": "王小宝"} | other)))
    assert second.created
    assert second.resident != first.resident
    assert [(w.code, w.params["why"]) for w in second.warnings] == [("identity_conflict", why)]
    doubt = models.Doubt.objects.unscoped("test").get()
    assert (doubt.reason, doubt.detail, doubt.needed, doubt.state) == ("number", why, 2, "open")


def test_two_twins_with_a_certificate_each_are_two(hospital_a, hospital_b):
    told = BORN | {"name": "李梅之子", "phones": (Phone("10031234567"),)}
    one, two = (
        record("a", hospital_a, certificate("R430012345"), **told),
        record("b", hospital_a, certificate("R430012346"), **told),
    )
    verdicts = take(one, two)
    assert verdicts[0].resident != verdicts[1].resident
    assert not models.Doubt.objects.unscoped("test").exists()
    (later,) = take(record("c", hospital_b, certificate("R430012346"), **(told | {"name": "王二宝"})))
    assert later.resident == verdicts[1].resident


def test_a_mother_beside_the_father_leads_from_the_ward_to_the_child(hospital_a, hospital_b):
    home = (Address("石桥区石桥镇阳光社区锦绣花园3幢2单元501室"),)
    told = BORN | {"phones": (Phone("10031234567"),), "addresses": home}
    take(record("a", hospital_a, **(told | {"name": "李梅之子", "guardians": (Guardian("王强", "", "FTH"),)})))
    both = (Guardian("王 强", "", "51"), Guardian("李梅", "", "MTH"))
    take(record("b", hospital_b, **(told | {"name": "王小宝", "guardians": both})))
    ward, later = (row.facts[-2:] for row in models.ResidentFacts.objects.order_by("record_id"))
    assert ward == later == ["李梅", "王强"]
    keys = [set(row.keys) for row in models.ResidentFacts.objects.all()]
    named = {Key(f"{who} and birth date", (Part(who), BIRTH)) for who in ("mother", "father")}
    assert named <= set(KEYS)
    assert len(keys[0] & keys[1]) >= 2 + len(named), "by telephone, home, mother and father, each with the birth date"


def test_what_is_no_certificate_is_kept_and_links_nothing(hospital_a, hospital_b):
    (one,) = take(record("a", hospital_a, certificate("R000000000"), **BORN))
    (two,) = take(record("b", hospital_b, certificate("R000000000"), **(BORN | {"name": "赵国庆"})))
    assert one.resident != two.resident
    kept = models.ResidentIdentifier.objects.unscoped("test").values_list("kind", "value", "trusted")
    assert [*kept] == [("certificate", "R000000000", False)] * 2


def test_a_record_kept_before_certificates_goes_on_matching(hospital_a, hospital_b):
    (first,) = take(record("a", hospital_a, birth_date="2015-05-01"))
    row = models.ResidentFacts.objects.get()
    models.ResidentFacts.objects.update(facts=row.facts[:-ADDED])
    (second,) = take(record("b", hospital_b, certificate(), birth_date="2015-05-01"))
    assert (second.resident, second.created) == (first.resident, False)


def test_an_id_that_says_another_birth_date_is_a_warning_and_decides(hospital_a):
    (verdict,) = take(record("a", hospital_a, resident_id(number()), birth_date="1985-03-16", sex="2"))
    assert verdict.created
    assert [f.code for f in verdict.warnings] == ["id_birth_mismatch", "id_sex_mismatch"]
    person = everyone().get()
    assert (person.birth_date, person.sex) == (date(1985, 3, 15), "1")


def test_two_numbers_of_two_people_are_a_split(hospital_a, hospital_b):
    card = tidy(Identifier(Kind.INSURANCE, "", "043992100000001", "Patient.identifier[1].value"))
    mine = record("a", hospital_a, resident_id(number(1)), phones=())
    other = record("b", hospital_a, card, name="赵国庆", phones=(), birth_date="")
    mine, other = take(mine)[0], take(other)[0]
    (verdict,) = take(record("c", hospital_b, resident_id(number(1)), card))
    assert verdict.resident == mine.resident != other.resident
    assert [w.code for w in verdict.warnings] == ["identity_split"]
    doubt = models.Doubt.objects.unscoped("test").get()
    assert (doubt.reason, doubt.detail) == ("split", "insurance")
    assert {doubt.left.patient_id, doubt.right.patient_id} == {"b", "c"}


def test_a_record_that_surely_is_two_residents_makes_them_one(hospital_a, hospital_b):
    card = tidy(Identifier(Kind.INSURANCE, "", "043992100000001", "Patient.identifier[1].value"))
    (mine,) = take(record("a", hospital_a, resident_id(number(1)), phones=()))
    (other,) = take(record("b", hospital_b, card, phones=(), birth_date=""))
    assert mine.resident != other.resident
    take(record("c", hospital_b, resident_id(number(1)), card))
    assert api.residents_of(["a", "b", "c"]) == dict.fromkeys("abc", mine.resident)
    assert api.current(other.resident) == mine.resident
    assert models.Merge.objects.unscoped("test").get().how == "regrouped"


def test_two_valid_ids_are_never_one_person(hospital_a, hospital_b):
    card = tidy(Identifier(Kind.INSURANCE, "", "043992100000001"))
    (a,) = take(record("a", hospital_a, resident_id(number(1)), card))
    (b,) = take(record("b", hospital_b, resident_id(number(3)), card))
    assert b.created
    assert b.resident != a.resident
    assert [w.params["why"] for w in b.warnings] == ["other_id"]
    assert not models.Doubt.objects.unscoped("test").exists()


def test_hospital_numbers_link_within_their_hospital_alone(hospital_a, hospital_b):
    (a,) = take(record("a", hospital_a, hospital("H1")))
    (again,) = take(record("a2", hospital_a, hospital("H1")))
    (elsewhere,) = take(record("b", hospital_b, hospital("H1"), phones=()))
    assert again.resident == a.resident
    assert elsewhere.resident != a.resident


def test_a_reused_hospital_number_makes_another_person(hospital_a):
    (a,) = take(record("a", hospital_a, hospital("H1")))
    (b,) = take(record("b", hospital_a, hospital("H1"), name="赵国庆", birth_date="1950-01-01"))
    assert b.created
    assert b.resident != a.resident
    held = models.ResidentIdentifier.objects.unscoped("test").values_list("resident_id", "trusted")
    assert set(held) == {(a.resident, True), (b.resident, False)}


def test_the_same_name_and_birth_date_never_link(hospital_a, hospital_b):
    a, b = take(record("a", hospital_a, phones=()), record("b", hospital_b, phones=()))
    assert a.resident != b.resident


def test_a_source_that_gives_its_id_to_somebody_else_is_a_conflict(hospital_a):
    take(record("a", hospital_a))
    (verdict,) = take(record("a", hospital_a, name="赵国庆", birth_date="1950-01-01", sex="1"))
    assert verdict.problem.code == "record_reused"
    assert everyone().get().name == "王小明"


def test_a_newborn_gets_a_name(hospital_a, hospital_b):
    take(record("a", hospital_a, resident_id(number()), name="李梅之子"))
    (verdict,) = take(record("b", hospital_b, resident_id(number()), name="张天佑"))
    assert verdict.problem is None
    assert everyone().get().name == "张天佑"


def test_what_a_record_says_is_kept(hospital_a):
    guardian = Guardian("王建国", "10031112222", "51")
    names = (Name("Aaron Brekke", "Brekke", "Aaron", "official"), Name("Aaron Old", "Old", "Aaron", "old"))
    (verdict,) = take(
        record("p", hospital_a, names=names, addresses=(Address("南门社区", "439921001001"),), guardians=(guardian,),
               deceased="2020-01-02", birth_date="1950")
    )  # fmt: skip
    person = everyone().get()
    assert (person.name, person.birth_precision, person.deceased, str(person.deceased_on)) == (
        "Aaron Brekke",
        "year",
        True,
        "2020-01-02",
    )
    row = models.ResidentGuardian.objects.unscoped("test").get()
    assert (row.resident_id, row.name, row.phone, row.relation) == (verdict.resident, *guardian)


def test_a_number_out_of_use_links_nothing(hospital_a, hospital_b):
    old = resident_id(number())._replace(old=True)
    a, b = take(record("a", hospital_a, old), record("b", hospital_b, old, name="赵国庆"))
    assert a.resident != b.resident
    assert b.problem is None


def test_one_event_and_one_line_of_the_trail_a_batch(hospital_a, hospital_b):
    before = OutboxEvent.objects.count(), TrailLine.objects.count()
    take(*(record(f"p{i}", hospital_a, resident_id(number(i))) for i in range(1, 9)))
    assert (OutboxEvent.objects.count(), TrailLine.objects.count()) == (before[0] + 1, before[1] + 1)
    take(record("q", hospital_b, resident_id(number(1))))
    event = OutboxEvent.objects.latest("pk")
    assert event.name == "residents.ResidentsLinked"
    assert event.body["patient_ids"] == ["q"]


def test_the_number_of_queries_does_not_grow_with_the_batch(hospital_a, django_assert_max_num_queries):
    days = [date(1950 + n % 50, 1 + n % 12, 1 + n % 28) for n in range(500)]
    told = [
        record(f"p{n}", hospital_a, resident_id(number(n + 1, day)), birth_date=day.isoformat(), sex="")
        for n, day in enumerate(days)
    ]
    with django_assert_max_num_queries(24):
        take(*told)
    assert everyone().count() == 500


def test_nobody_takes_in_without_the_permission(hospital_a):
    with pytest.raises(Refused):
        intake.take_in(stranger(), incoming=[record("a", hospital_a)])
    assert not everyone().exists()


def _race(batches):
    """Run each batch on a connection of its own, all between their reads and their writes at one moment."""
    gate, ends = threading.Barrier(len(batches), timeout=20), {}

    def run(at, batch):
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SELECT 1")
                gate.wait()
                ends[at] = take(*batch)
        except IntegrityError:
            ends[at] = take(*batch)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(batches)]
    [t.start() for t in threads]
    [t.join(40) for t in threads]
    return [ends[at] for at in range(len(batches))]


@pytest.mark.django_db(transaction=True)
def test_two_ingests_of_the_same_records_at_once_give_the_result_of_one():
    source = make_organisation("甲").pk
    said = [record(f"p{i}", source, resident_id(number(i)), hospital(f"H{i}")) for i in range(1, 60)]
    first, second = _race([said, said[::-1]])
    assert [v.resident for v in first] == [v.resident for v in second[::-1]]
    assert everyone().count() == 59
    assert models.ResidentIdentifier.objects.unscoped("test").count() == 118
    assert models.ResidentName.objects.unscoped("test").count() == 59


@pytest.mark.django_db(transaction=True)
def test_a_race_for_one_number_makes_one_person():
    a, b = make_organisation("甲").pk, make_organisation("乙").pk
    first, second = _race([[record("a", a, resident_id(number()))], [record("b", b, resident_id(number()))]])
    assert first[0].resident == second[0].resident
    assert everyone().count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_loser_of_a_race_is_told_by_the_constraint():
    """A second connection that read before the first wrote gets IntegrityError, and leaves nothing behind."""
    source = make_organisation("甲").pk
    said, wrote, told = record("a", source, resident_id(number())), threading.Event(), []

    def late():
        try:
            take(record("b", source, resident_id(number())))
        except IntegrityError:
            told.append(True)
        finally:
            connection.close()

    with transaction.atomic():
        take(said)
        thread = threading.Thread(target=late)
        thread.start()
        wrote.wait(1.5)
    thread.join(20)
    assert told == [True]
    assert everyone().count() == 1
