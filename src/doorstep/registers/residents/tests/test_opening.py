"""A registration by hand is a word of the reader's own: it opens the person's identity, not what others wrote."""

from __future__ import annotations

from uuid import UUID

import pytest

from doorstep.kernel.call import Scope
from doorstep.kernel.testing.callers import member, system
from doorstep.registers.residents import api
from doorstep.registers.residents.actions.registration import register
from doorstep.registers.residents.reads.identity import records
from doorstep.registers.residents.tests.conftest import number, record, resident_id

pytestmark = pytest.mark.django_db


def test_who_registers_a_stranger_by_hand_reads_no_record_of_others(hospital_a: UUID, hospital_b: UUID) -> None:
    theirs = record("pb", hospital_b, resident_id(number()))
    [verdict] = api.take_in(system(), [theirs])
    assert verdict.resident is not None
    mine, scope = record("", hospital_a, resident_id(number())), Scope(frozenset({hospital_a}))
    assert register(member(hospital_a), said=mine, known=True).resident == verdict.resident
    assert [r.organisation for r in records(scope, verdict.resident)] == [hospital_a]
    assert not any(r.patient_id for r in records(scope, verdict.resident))
    api.take_in(system(), [record("pa", hospital_a, resident_id(number()))])
    assert {r.patient_id for r in records(scope, verdict.resident) if r.patient_id} == {"pa", "pb"}
