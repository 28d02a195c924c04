"""A township centre, the county hospital that it refers to, and a resident whom both may know."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from doorstep.kernel import clock
from doorstep.kernel.call import Call, Scope
from doorstep.kernel.testing.callers import member
from doorstep.record.charts.tests.conftest import patient, send
from doorstep.registers.organisations.tests import factory as district
from doorstep.registers.residents import api as residents
from doorstep.services.referrals.actions import drafting, moving
from doorstep.services.referrals.models import Referral
from doorstep.services.referrals.shapes import Answer, Wish

LETTER = {
    "impression": "高血压三级",
    "present": "头痛三天，血压 190/115",
    "past": "糖尿病五年",
    "treatment": "硝苯地平",
}
BACK = {"diagnosis": "高血压三级，极高危", "results": "头颅 CT 未见出血", "plan": "氨氯地平，两周复诊"}


@dataclass(frozen=True)
class World:
    """Who refers to whom, and whom."""

    centre: UUID
    county: UUID
    other: UUID
    resident: UUID

    @property
    def bounds(self) -> Scope:
        """The consortium of centre and county."""
        return Scope(frozenset({self.centre, self.county, self.other}))

    def call(self, organisation: UUID, who: str = "member", permissions: Any = None) -> Call:
        """A caller now."""
        made = member(organisation, permissions, scope=self.bounds)
        return replace(made, actor=f"staff:{who}", name=who, at=clock.now())

    @property
    def doctor(self) -> Call:
        """The township doctor."""
        return self.call(self.centre, "township")

    @property
    def desk(self) -> Call:
        """The hospital's desk."""
        return self.call(self.county, "desk")


def world() -> World:
    """Make it; the resident is known to the township centre."""
    made = district.make()
    send(made.centre, patient("pt"))
    return World(made.centre, made.lead, made.second, residents.residents_of(["pt"])["pt"])


def wish(here: World, **more: Any) -> Wish:
    """A draft that can be sent."""
    plain = Wish(
        destination=here.county, department_name="内科", criteria=("U1",), letter=LETTER, consenter="self",
        consent_name="李秀英", consent_channel="in_person", phone="13900000001",
    )  # fmt: skip
    return replace(plain, **more)


def row(referral: UUID) -> Referral:
    """As it stands in the table."""
    found: Referral = Referral.objects.unscoped("test").get(pk=referral)
    return found


def drafted(here: World, **more: Any) -> UUID:
    """A draft."""
    return drafting.draft(here.doctor, resident=here.resident, wish=wish(here, **more))


def move(call: Call, name: str, referral: UUID, **answer: Any) -> Referral:
    """Make a move as whoever sees the newest version."""
    expect = row(referral).version
    moving.MOVES[name](call, referral=referral, expect=expect, answer=Answer(**answer))
    return row(referral)


def sent(here: World, **more: Any) -> UUID:
    """One that waits for the hospital's answer; an emergency unless said otherwise, so that no slot is needed."""
    referral = drafted(here, **({"urgency": "emergency"} | more))
    move(here.doctor, "send", referral)
    return referral


def accepted(here: World, **more: Any) -> UUID:
    """One that the hospital expects."""
    referral = sent(here, **more)
    move(here.desk, "accept", referral)
    return referral


def reported(here: World, **more: Any) -> UUID:
    """One whose return letter is written."""
    referral = accepted(here, **more)
    move(here.desk, "arrive", referral)
    move(here.desk, "report", referral, letter=BACK)
    return referral


def another(here: World) -> UUID:
    """A second resident of the township."""
    send(here.centre, patient("p2", number="", name="王五"))
    return residents.residents_of(["p2"])["p2"]
