"""Taking records in: matching, idempotence, conflicts, races."""

from __future__ import annotations

from doorstep.kernel.testing.callers import system
from doorstep.registers.residents import api, models
from doorstep.registers.residents.tests.conftest import hospital, number, record, resident_id


def everyone():
    return models.Resident.objects.unscoped("test")


def test_one_new_person(hospital_a):
    (verdict,) = api.take_in(system(), [record("p1", hospital_a, resident_id(number()), hospital("H1"))])
    assert verdict.created and verdict.problem is None
    person = everyone().get()
    assert (person.pk, person.name, person.pinyin, person.sex) == (verdict.resident, "王小明", "wangxiaoming", "1")
