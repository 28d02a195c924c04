"""Consent and refusal: effective at once, withdrawn by one press, and nobody's own key."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused
from doorstep.kernel.paging import Page
from doorstep.kernel.testing import published
from doorstep.kernel.testing.callers import member
from doorstep.record.charts.tests.conftest import patient, send
from doorstep.record.charts.tests.samples import condition
from doorstep.registers.consents import rules
from doorstep.registers.consents.actions.consenting import record, withdraw
from doorstep.registers.consents.actions.glass import break_glass
from doorstep.registers.consents.api import Opening, Why, open_relation
from doorstep.registers.consents.models import Consent, Relation
from doorstep.registers.consents.reads.consenting import consents, effect
from doorstep.registers.consents.shapes import Signed
from doorstep.registers.consents.tests.test_access import titles

pytestmark = pytest.mark.django_db
ALL, OWN = ["糖尿病", "高血压"], ["高血压"]


@pytest.fixture
def both(resident: UUID, county: UUID, township: UUID) -> UUID:
    """Both institutions have sent a diagnosis of the resident."""
    send(county, condition("c1", "pc", "2024-01-01", "I10", "高血压"))
    send(township, patient("pt"), condition("t1", "pt", "2024-01-01", "E11.9", "糖尿病"))
    return resident


def desk(organisation: UUID) -> Call:
    """Who sits at the desk."""
    return replace(member(organisation), actor="staff:desk", name="窗口", at=clock.now())


def test_it_opens_and_closes_at_once(both: UUID, county: UUID, township: UUID) -> None:
    doctor = member(county)
    key = record(desk(county), resident=both, signed=Signed(county, True, "self", "李秀英"))
    assert titles(doctor, both) == ALL
    assert titles(member(township), both) == ["糖尿病"], "each sharing has a consent of its own"
    assert titles(desk(county), both) == OWN, "whoever recorded it cannot use it"
    body = published.body("Consent", key)
    assert (body["status"], body["provision"]["type"], body["patient"]) == (
        "active", "permit", {"reference": "Patient/pc"},
    )  # fmt: skip
    withdraw(desk(township), resident=both, consent=key)
    assert titles(doctor, both) == OWN
    assert published.body("Consent", key)["status"] == "inactive"
    with pytest.raises(Refused) as refused:
        withdraw(desk(county), resident=both, consent=key)
    assert refused.value.decision.reason == "consent.withdrawn"


def test_a_refusal_ends_every_relation_but_break_glass(both: UUID, county: UUID) -> None:
    doctor = member(county)
    since = clock.now() - timedelta(hours=1)
    open_relation(Opening(both, Why.CONTRACT, "Contract/1", since, organisation=county))
    first = record(desk(county), resident=both, signed=Signed(county, True, "self", "李秀英"))
    assert titles(doctor, both) == ALL
    key = record(desk(county), resident=both, signed=Signed(county, False, "self", "李秀英"))
    assert published.body("Consent", first)["status"] == "inactive", "it takes the consent's place"
    assert titles(doctor, both) == OWN
    assert titles(desk(county), both) == OWN
    break_glass(doctor, resident=both, reason="emergency", words="胸痛昏迷", hours=1)
    assert titles(doctor, both) == ALL
    Relation.objects.unscoped("test").filter(basis="break_glass").update(until=since + timedelta(hours=1), since=since)
    assert titles(doctor, both) == OWN
    withdraw(desk(county), resident=both, consent=key)
    assert titles(doctor, both) == ALL


def test_its_last_day_ends_it(both: UUID, county: UUID) -> None:
    record(desk(county), resident=both, signed=Signed(county, True, "self", "李秀英", clock.today()))
    assert titles(member(county), both) == ALL
    relation = Relation.objects.unscoped("test").get()
    assert relation.until is not None
    assert relation.until.astimezone(clock.CHINA).date() == clock.today() + timedelta(days=1)
    assert titles(replace(member(county), at=clock.now()), both) == ALL
    ago = timedelta(days=2)
    Relation.objects.unscoped("test").update(since=relation.since - ago, until=relation.until - ago)
    assert titles(member(county), both) == OWN


def test_who_may_not(both: UUID, county: UUID, township: UUID) -> None:
    signed = Signed(county, True, "self", "李秀英")
    yesterday = clock.today() - timedelta(days=1)
    for call, given_, reason in (
        (desk(county), replace(signed, until=yesterday), "consent.past"),
        (desk(county), replace(signed, until=date.max), "consent.far"),
        (desk(county), replace(signed, organisation=uuid4()), "consent.where"),
        (desk(uuid4()), signed, "not_found"),
        (member(county, ["consents.read"]), signed, "permission"),
        (replace(desk(county), organisation=None), signed, "consent.no_desk"),
    ):
        with pytest.raises(Refused) as refused:
            record(call, resident=both, signed=given_)
        assert refused.value.decision.reason == reason
    key = record(desk(county), resident=both, signed=signed)
    send(township, patient("other", number="", name="王五"))
    from doorstep.registers.residents import api as residents

    other = residents.residents_of(["other"])["other"]
    for call, whose in ((desk(township), other), (desk(uuid4()), both)):
        with pytest.raises(Refused) as refused:
            withdraw(call, resident=whose, consent=key)
        assert refused.value.decision.reason == "not_found"
    assert titles(member(county), both) == ALL


@given(st.none() | st.integers(0, 100), st.sampled_from(["self", "guardian"]), st.booleans())
def test_for_a_child_a_guardian_signs(age: int | None, signer: str, permit: bool) -> None:
    """个人信息保护法 art. 31."""
    allowed = rules.consent(signer=signer, age=age, permit=permit, until=None, today=clock.today()).allowed
    assert allowed == (not permit or signer == "guardian" or age is None or age >= 14)


def test_the_effect_is_told_before(both: UUID, county: UUID, township: UUID) -> None:
    found = effect(desk(county), resident=both, organisation=county)
    assert (found.more, found.own, found.sources) == ({"Condition": 1}, {"Condition": 1}, ("清溪镇卫生院",))


def test_by_hand(both: UUID, county: UUID, township: UUID, as_caller: Any, django_assert_max_num_queries: Any) -> None:
    """The form, its effect, what holds, and one press."""
    as_caller(desk(county))
    client = Client()
    form = {"decision": "permit", "organisation": str(county), "signer": "self", "signer_name": "李秀英"}
    told = client.post(f"/consents/{both}/new", form).content.decode()
    assert "诊断 1" in told
    assert "清溪镇卫生院" in told
    assert not Consent.objects.unscoped("test").exists(), "nothing holds before it is confirmed"
    assert client.post(f"/consents/{both}/new", {**form, "confirm": "1"}).status_code == 302
    with django_assert_max_num_queries(11):
        assert "李秀英" in client.get(f"/consents/{both}/").content.decode()
    for bad in ({"organisation": ""}, {"other": "x"}, {"until": "2020-01-01"}, {"signer_name": ""}):
        assert client.post(f"/consents/{both}/new", {**form, **bad, "confirm": "1"}).status_code == 422
    key = Consent.objects.unscoped("test").get().pk
    as_caller(desk(county))
    assert client.post(f"/consents/{both}/{key}/withdraw").status_code == 302
    assert titles(member(county), both) == OWN


def test_the_list_is_paged(both: UUID, county: UUID) -> None:
    signed = Signed(county, True, "self", "李秀英")
    keys = [record(desk(county), resident=both, signed=signed) for _ in range(5)]
    seen: list[UUID] = []
    page = Page(limit=2)
    while True:
        _head, found = consents(desk(county), resident=both, page=page)
        seen += [line.id for line in found.items]
        if found.next is None:
            break
        page = Page.read(found.next, 2, parts=1)
    assert seen == keys[::-1]
    assert [line.active for line in consents(desk(county), resident=both, page=Page())[1].items] == [True] + [False] * 4
