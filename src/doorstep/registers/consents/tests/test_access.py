"""A chart opens to a reason that its reader cannot make, and closes with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from doorstep.kernel import clock, fence, outbox
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused
from doorstep.kernel.models import RuleSet, TrailLine
from doorstep.kernel.testing.callers import member, system
from doorstep.record.charts import reads
from doorstep.record.charts.tests.conftest import NUMBER, patient, send
from doorstep.record.charts.tests.samples import condition
from doorstep.registers.consents import api
from doorstep.registers.consents.api import Opening, Why
from doorstep.registers.consents.models import Relation
from doorstep.registers.residents import api as residents
from doorstep.registers.residents.actions import registration
from doorstep.registers.residents.rules.facts import Identifier, Kind

pytestmark = pytest.mark.django_db


def titles(call: Call, resident: UUID) -> list[str] | str:
    """The problems that the caller reads behind the fence; the reason of a refusal."""
    try:
        with fence.within(call.scope, call.organisation):
            found = reads.summary(replace(call, at=clock.now()), resident=resident)
    except Refused as refused:
        return refused.decision.reason
    return sorted(line.item.reading.title for line in found.problems)


def visit(key: str, whose: str, status: str, start: float, end: float | None = None) -> dict[str, Any]:
    """An Encounter that began, and ended, so many days ago."""
    now = clock.now()
    period = {"start": (now - timedelta(days=start)).isoformat()}
    if end is not None:
        period["end"] = (now - timedelta(days=end)).isoformat()
    return {
        "resourceType": "Encounter", "id": key, "status": status, "class": {"code": "AMB"},
        "subject": {"reference": f"Patient/{whose}"}, "period": period,
    }  # fmt: skip


@pytest.fixture
def both(resident: UUID, county: UUID, township: UUID) -> UUID:
    """Both institutions have sent a diagnosis of the resident, and neither cares for them now."""
    send(county, condition("c1", "pc", "2024-01-01", "I10", "高血压"))
    send(township, patient("pt"), condition("t1", "pt", "2024-01-01", "E11.9", "糖尿病"))
    return resident


def test_a_registration_of_one_s_own_opens_nothing(resident: UUID, county: UUID, township: UUID) -> None:
    """Whoever registers a stranger at the desk knows who they are, and reads nothing."""
    send(county, condition("c1", "pc", "2024-01-01", "I10", "高血压"))
    doctor = member(township)
    assert titles(doctor, resident) == "not_found"
    known = residents.Incoming(
        "", township, identifiers=(Identifier(Kind.RESIDENT_ID, "", NUMBER),), names=(residents.Name("李秀英"),),
        birth_date="1958-03-15", sex="2",
    )  # fmt: skip
    registration.register(doctor, said=known, known=True)
    assert titles(doctor, resident) == "chart.no_reason"
    line = TrailLine.objects.filter(action="charts.read", outcome="refused").latest("pk")
    assert (line.resident, line.detail["reason"]) == (resident, "chart.no_reason")


def test_one_s_own_records_and_no_more(both: UUID, county: UUID, township: UUID) -> None:
    assert titles(member(county), both) == ["高血压"]
    assert titles(member(township), both) == ["糖尿病"]
    assert titles(system(), both) == ["糖尿病", "高血压"]
    line = TrailLine.objects.filter(action="charts.read", actor="staff:member").latest("pk")
    assert line.detail["basis"] == "own"
    with pytest.raises(Refused) as refused:
        reads.entry(member(county), resident=both, kind="Condition", key="t1")
    assert refused.value.decision.reason == "not_found"
    with pytest.raises(Refused):
        reads.raw(member(county), resident=both, kind="Condition", key="t1")


@pytest.mark.parametrize(
    ("status", "start", "end", "opens"),
    [
        ("in-progress", 3, None, True), ("finished", 40, 29, True), ("finished", 40, 31, False),
        ("planned", 1, None, False), ("cancelled", 1, 0, False), ("in-progress", -1, None, False),
        ("finished", 29, None, True), ("finished", 31, None, False), ("in-progress", 200, None, True),
    ],
)  # fmt: skip
def test_an_encounter_opens_the_whole_record(
    both: UUID, county: UUID, township: UUID, status: str, start: float, end: float | None, opens: bool
) -> None:
    send(county, visit("v", "pc", status, start, end))
    assert titles(member(county), both) == (["糖尿病", "高血压"] if opens else ["高血压"])
    assert titles(member(township), both) == ["糖尿病"], "another's encounter opens nothing"


def test_later_versions_and_deletion_move_it(both: UUID, county: UUID) -> None:
    send(county, visit("v", "pc", "in-progress", 3))
    assert titles(member(county), both) == ["糖尿病", "高血压"]
    send(county, visit("v", "pc", "finished", 90, 89))
    assert titles(member(county), both) == ["高血压"]
    RuleSet.objects.create(
        code="consents.access", revision="1", issuer="test", effective_from=clock.today(), parameters={"after_days": 91}
    )
    assert titles(member(county), both) == ["糖尿病", "高血压"]
    send(county, visit("v", "pc", "entered-in-error", 90, 89))
    assert titles(member(county), both) == ["高血压"]


def test_what_a_room_opens_it_can_move_and_end(both: UUID, county: UUID) -> None:
    now, hour = clock.now(), timedelta(hours=1)
    opening = Opening(both, Why.REFERRAL, "ServiceRequest/1", now + hour, now + 2 * hour, organisation=county)
    for _ in range(2):
        api.open_relation(opening)
    assert Relation.objects.unscoped("test").count() == 1
    assert titles(member(county), both) == ["高血压"], "it has not begun"
    api.open_relation(replace(opening, since=now - hour))
    assert titles(member(county), both) == ["糖尿病", "高血压"]
    api.open_relation(replace(opening, since=now - hour, maker="staff:member"))
    assert titles(member(county), both) == ["高血压"], "nobody makes their own reason"
    assert titles(replace(member(county), actor="staff:other"), both) == ["糖尿病", "高血压"]
    assert api.close_relation(Why.REFERRAL, "ServiceRequest/1", at=clock.now(), reason="done")
    assert titles(member(county), both) == ["高血压"]
    assert not api.close_relation(Why.REFERRAL, "ServiceRequest/1", at=clock.now(), reason="done")
    with pytest.raises(ValueError, match="encounter"):
        api.open_relation(replace(opening, basis=Why.ENCOUNTER))


def test_relations_follow_a_merge_and_its_undoing(both: UUID, county: UUID, township: UUID) -> None:
    send(township, patient("px", number="", name="李秀"), condition("x1", "px", "2024-01-01", "J45", "哮喘"))
    other = residents.residents_of(["px"])["px"]
    assert other != both
    since = clock.now() - timedelta(hours=1)
    api.open_relation(Opening(other, Why.CONTRACT, "Contract/1", since, organisation=county))
    merge = residents.merge(system(), kept=both, gone=other, note="同一人")
    outbox.drain()
    assert titles(member(county), both) == ["哮喘", "糖尿病", "高血压"]
    residents.unmerge(system(), merge=merge)
    outbox.drain()
    assert titles(member(county), both) == ["高血压"]
    assert titles(replace(member(county), scope=system().scope), other) == ["哮喘"]


def test_one_query(both: UUID, county: UUID, django_assert_num_queries: Any) -> None:
    send(county, *(visit(f"v{n}", "pc", "finished", n + 40, n + 40) for n in range(80)))
    with django_assert_num_queries(1):
        basis = api.basis(member(county), both, ["pc"])
    assert basis is not None
    assert basis.why is Why.OWN
