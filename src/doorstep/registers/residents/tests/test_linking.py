"""The batch over the whole register: it agrees with placement one by one, is all or nothing, and obeys people."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
from django.db import OperationalError

from doorstep.kernel import clock
from doorstep.kernel.decision import Refused
from doorstep.kernel.models import OutboxEvent, TrailLine
from doorstep.kernel.testing.callers import stranger, system
from doorstep.linkage.tests import people
from doorstep.registers.residents import api, models
from doorstep.registers.residents.actions import counting, family, linking, merging, moving
from doorstep.registers.residents.actions.linking import link_all
from doorstep.registers.residents.rules.facts import Identifier, Kind, tidy
from doorstep.registers.residents.rules.runs import Fresh
from doorstep.registers.residents.shapes import Address, Incoming, Name, Phone
from doorstep.registers.residents.tests.conftest import make_organisation, number, record, resident_id


def incoming(persons: int, source: UUID, seed: int = 1) -> tuple[list[Incoming], list[int]]:
    """Two or three records of each person, and whose each is."""
    dice, made, whose = Random(seed), [], []
    for who in range(persons):
        somebody = people.person(dice, who)
        for _ in range(dice.choice((2, 3))):
            said = people.typed(dice, somebody)
            numbers = [resident_id(said.resident_id)] if said.resident_id else []
            if said.insurance:
                numbers.append(tidy(Identifier(Kind.INSURANCE, "", said.insurance, "")))
            made.append(
                Incoming(
                    f"p{len(made):05}", source, tuple(numbers), (Name(said.name),),
                    {"male": "1", "female": "2"}[said.sex], said.birth_date, (Phone(said.phone),),
                    (Address(said.address),) if said.address else (),
                )
            )  # fmt: skip
            whose.append(who)
    return made, whose


def take(*records: Incoming) -> list[UUID]:
    return [v.resident for v in api.take_in(system(), records)]


def run(**more) -> dict:
    return dict([*link_all(system(), **more)][-1].outcome)


def clusters() -> set[frozenset[str]]:
    found: dict[UUID, set[str]] = {}
    for record_, resident in rows().values_list("patient_id", "resident_id"):
        found.setdefault(resident, set()).add(record_)
    return {frozenset(each) for each in found.values()}


def rows():
    return models.ResidentRecord.objects.unscoped("test")


def residents():
    return models.Resident.objects.unscoped("test")


def scatter(record_: UUID) -> UUID:
    """Give a record a resident of its own, as if its placement had missed the others."""
    row = rows().get(pk=record_)
    other = residents().create().pk
    moving.hold([row.resident_id])
    moving.move({record_: (row.resident_id, other)}, "new", "test")
    rows().filter(pk=record_).update(how="new", against=None)
    return other


def key(patient_id: str) -> UUID:
    return rows().get(patient_id=patient_id).pk


def owner(patient_id: str) -> UUID:
    return rows().get(patient_id=patient_id).resident_id


def test_it_agrees_with_placement_one_by_one_and_does_not_ask_who_came_first(hospital_a):
    said, whose = incoming(150, hospital_a)
    said, whose = said[:330], whose[:330]
    take(*said)
    counting.count()  # both weigh by what was counted
    forget(models.ResidentFrequency)
    Random(3).shuffle(said)
    for start in range(0, len(said), 25):
        take(*said[start : start + 25])
    done = run()
    after = clusters()
    # placing asks whether any name of the resident agrees, a batch asks each two records with one ID
    assert done["merged"] + done["moved"] <= len(said) * 0.02
    truth: dict[int, set[str]] = {}
    for at, who in enumerate(whose):
        truth.setdefault(who, set()).add(f"p{at:05}")
    assert len(after & {frozenset(each) for each in truth.values()}) >= 0.9 * len(truth)
    again = run()
    assert (again["merged"], again["moved"], again["doubts"]) == (0, 0, 0)
    assert clusters() == after


@pytest.mark.parametrize("seed", [5, 6])
def test_any_order_of_arrival_gives_the_same_people_after_a_batch(hospital_a, seed):
    said, _ = incoming(60, hospital_a)
    run_of = []
    for turn in range(2):
        shift = [each._replace(patient_id=f"t{turn}-{each.patient_id}") for each in said]
        Random(seed + turn).shuffle(shift)
        for start in range(0, len(shift), 10):
            take(*shift[start : start + 10])
        run()
        own = {c for c in clusters() if next(iter(c)).startswith(f"t{turn}-")}
        run_of.append({frozenset(name.partition("-")[2] for name in c) for c in own})
        forget()
    assert run_of[0] == run_of[1]


def forget(*but: type) -> None:
    """An empty register again."""
    for table in (
        models.RecordMove, models.Judgement, models.Merge, models.Doubt, models.ResidentKey, models.ResidentFacts,
        models.ResidentIdentifier, models.ResidentName, models.ResidentPhone, models.ResidentAddress,
        models.ResidentGuardian, models.ResidentRecord, models.ResidentPresence, models.ResidentFrequency,
    ):  # fmt: skip
        if table in but:
            continue
        manager = table.objects
        (manager.unscoped("test") if hasattr(manager, "unscoped") else manager.all()).delete()
    residents().update(merged_into=None)
    residents().delete()


def pair(source: UUID, other: UUID, **more) -> tuple[UUID, UUID]:
    """Two records that are surely one person's, of two residents."""
    first = record("a", source, resident_id(number()), name="欧阳若兰")
    second = record("b", other, name="欧阳若兰", **more)
    take(first)
    take(second)
    scatter(key("b"))
    assert owner("a") != owner("b")
    return owner("a"), owner("b")


def test_two_residents_who_are_one_are_merged_with_all_that_tells_of_it(hospital_a, hospital_b):
    kept, gone = pair(hospital_a, hospital_b)
    done = run()
    assert (done["merged"], done["moved"], done["skipped"], done["refused"]) == (1, 0, 0, 0)
    assert owner("a") == owner("b") == kept
    merge = models.Merge.objects.unscoped("test").get()
    assert (merge.kept_id, merge.gone_id, merge.how, merge.moved["records"]) == (kept, gone, "batch", [str(key("b"))])
    assert residents().get(pk=gone).merged_into_id == kept
    assert set(models.ResidentPresence.objects.values_list("resident", "organisation")) == {
        (kept, hospital_a), (kept, hospital_b)
    }  # fmt: skip
    assert models.RecordMove.objects.unscoped("test").filter(how="batch").count() == 1
    assert OutboxEvent.objects.get(name="residents.ResidentsMerged").body["gone"] == str(gone)
    assert TrailLine.objects.get(action="residents.merge").resident == kept
    assert TrailLine.objects.get(action="residents.link").detail["merged"] == 1
    merging.unmerge(system(), merge=merge.pk)
    assert owner("b") == gone
    assert run()["merged"] == 0  # held apart from then on
    assert owner("b") == gone


def test_one_with_a_household_goes_with_it(hospital_a, hospital_b):
    kept, gone = pair(hospital_a, hospital_b)
    home = family.start_household(system(), head=gone, address="南门社区3栋")
    assert run()["merged"] == 1
    assert models.Household.objects.unscoped("test").get(pk=home).head_id == kept
    merging.unmerge(system(), merge=models.Merge.objects.unscoped("test").get().pk)
    assert models.Household.objects.unscoped("test").get(pk=home).head_id == gone


def test_a_record_that_lies_with_another_goes_home(hospital_a):
    take(record("a", hospital_a, resident_id(number(1)), name="欧阳若兰"))
    take(record("c", hospital_a, resident_id(number(3)), name="陈建国", phones=(), sex="1"))
    take(record("b", hospital_a, name="欧阳若兰"))
    here = owner("c")
    moving.hold([owner("b"), here])
    moving.move({key("b"): (owner("b"), here)}, "weight", "test")
    done = run()
    assert (done["merged"], done["moved"]) == (0, 1)
    assert owner("b") == owner("a") != owner("c")


def test_what_people_said_holds(hospital_a, hospital_b):
    kept, gone = pair(hospital_a, hospital_b)
    left, right = sorted((key("a"), key("b")))
    doubt = models.Doubt.objects.create(left_id=left, right_id=right, reason="weight", bits=20, state="different")
    assert run()["merged"] == 0
    assert owner("b") == gone
    models.Doubt.objects.unscoped("test").filter(pk=doubt.pk).update(state="same")
    assert run()["merged"] == 1
    assert owner("b") == kept


def test_two_whom_a_person_called_the_same_are_one_though_nothing_else_says_so(hospital_a):
    take(
        record("a", hospital_a, name="欧阳若兰", phones=()), record("b", hospital_a, name="陈建国", phones=(), sex="2")
    )
    left, right = sorted((key("a"), key("b")))
    models.Doubt.objects.create(left_id=left, right_id=right, reason="weight", bits=1, state="same")
    run()
    assert owner("a") == owner("b")


def test_two_valid_ids_are_never_one(hospital_a, hospital_b):
    take(record("a", hospital_a, resident_id(number(1)), name="欧阳若兰"))
    take(record("b", hospital_b, resident_id(number(3)), name="欧阳若兰"))
    assert owner("a") != owner("b")
    run()
    assert owner("a") != owner("b")
    assert not models.Doubt.objects.unscoped("test").exists()


def test_doubtful_pairs_are_asked_once(hospital_a, hospital_b, monkeypatch):
    models.ResidentFrequency.objects.create(column="name", value="", share=1e-6)
    monkeypatch.setattr("doorstep.registers.residents.actions.doubts.raise_", lambda _: 0)
    for n, name in enumerate(("欧阳若兰", "司马清扬")):
        born = f"195{n}-03-15"
        take(record(f"a{n}", hospital_a, name=name, birth_date=born, phones=(Phone(f"1003000000{n}"),)))
        take(record(f"b{n}", hospital_b, name=name, birth_date=born, phones=()))  # not enough alone
    monkeypatch.undo()
    monkeypatch.setattr(linking, "MOST_DOUBTS", 1)
    first, second, third = run(), run(), run()
    assert [each["doubts"] for each in (first, second, third)] == [1, 1, 0]
    assert [each["left"] for each in (first, second, third)] == [1, 0, 0]
    assert {d.reason for d in models.Doubt.objects.unscoped("test")} == {"weight"}


def test_one_number_of_two_people_is_asked_about(hospital_a, hospital_b, monkeypatch):
    monkeypatch.setattr("doorstep.registers.residents.actions.doubts.raise_", lambda _: 0)
    take(record("a", hospital_a, resident_id(number()), name="欧阳若兰"))
    take(record("b", hospital_b, resident_id(number()), name="陈建国"))
    monkeypatch.undo()
    assert run()["doubts"] == 1
    doubt = models.Doubt.objects.unscoped("test").get()
    assert (doubt.reason, doubt.detail, doubt.needed) == ("number", "name", 2)
    assert owner("a") != owner("b")


def planned(monkeypatch) -> linking.Plan:
    caught: list[linking.Plan] = []
    monkeypatch.setattr(linking, "_settled", lambda call, plan: caught.append(plan) or linking.Linked(0, 0, 0, 0, 0, 0))
    run()
    monkeypatch.undo()
    return caught[0]


def test_what_happened_meanwhile_outweighs_the_batch(hospital_a, hospital_b, monkeypatch):
    pair(hospital_a, hospital_b)
    plan = planned(monkeypatch)
    third = scatter(key("b"))
    done = linking.settle(system(), plan=plan)
    assert (done.merged, done.skipped) == (0, 1)
    assert owner("b") == third
    plan = planned(monkeypatch)
    take(record("b", hospital_b, name="欧阳若岚"))  # says something else now
    assert linking.settle(system(), plan=plan).skipped == 1
    plan = planned(monkeypatch)
    left, right = sorted((key("a"), key("b")))
    models.Doubt.objects.create(
        left_id=left, right_id=right, reason="weight", bits=1, state="different", settled_at=clock.now()
    )
    assert linking.settle(system(), plan=plan).merged == 0


def test_a_record_that_came_meanwhile_is_not_lost(hospital_a, hospital_b, monkeypatch):
    kept, gone = pair(hospital_a, hospital_b)
    plan = planned(monkeypatch)
    take(record("c", hospital_b, name="陈建国", phones=(Phone("10038887777"),)))
    moving.hold([owner("c"), gone])
    moving.move({key("c"): (owner("c"), gone)}, "weight", "test")
    assert linking.settle(system(), plan=plan).merged == 1
    assert owner("a") == owner("b") == kept
    assert residents().get(pk=owner("c")).merged_into_id is None
    assert owner("c") != kept  # looked at beside those whom it came to, and somebody else


def test_only_the_fresh_are_compared_and_those_whom_they_lead_to(hospital_a, hospital_b):
    pair(hospital_a, hospital_b)
    assert run(fresh=Fresh(since=clock.now() + timedelta(hours=1)))["merged"] == 0
    assert run(fresh=Fresh(organisation=make_organisation("丙医院").pk))["merged"] == 0
    assert run(fresh=Fresh(organisation=hospital_b))["merged"] == 1
    take(record("z", hospital_a, name="司马清扬", phones=(Phone("10039998888"),)))
    take(record("y", hospital_b, name="司马清扬", phones=(Phone("10039998888"),)))
    scatter(key("y"))
    assert run(fresh=Fresh(since=clock.now() - timedelta(hours=1)))["merged"] == 1
    assert owner("z") == owner("y")


def test_a_resident_with_a_record_that_is_not_compared_is_left_whole(hospital_a):
    take(record("a", hospital_a, resident_id(number()), name="欧阳若兰"))
    take(record("b", hospital_a, resident_id(number()), name="欧阳若兰"))
    models.ResidentFacts.objects.filter(record=key("b")).delete()
    assert run()["moved"] == 0
    assert owner("a") == owner("b")


def test_an_empty_register_is_done_at_once(hospital_a):
    assert run()["records"] == 0


def test_who_may_not_is_refused_before_anything_is_read(hospital_a):
    with pytest.raises(Refused):
        next(link_all(stranger()))


def test_a_deadlock_is_tried_again(hospital_a, hospital_b, monkeypatch):
    pair(hospital_a, hospital_b)
    real, fell = moving.hold, []

    def hold(wanted):
        if not fell:
            fell.append(1)
            raise OperationalError("deadlock detected")
        real(wanted)

    monkeypatch.setattr(moving, "hold", hold)
    assert run()["merged"] == 1
