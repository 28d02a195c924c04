"""Every move against the real database: whose it is, what it needs, what it sets, whom it tells."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction

from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, Stale
from doorstep.kernel.models import OutboxEvent
from doorstep.kernel.testing.callers import system
from doorstep.registers.consents import api as consents
from doorstep.registers.consents.models import Relation
from doorstep.services.referrals import jobs
from doorstep.services.referrals.actions import drafting, following, moving, talking
from doorstep.services.referrals.models import Referral, ReferralChange, ReferralLetter
from doorstep.services.referrals.reads import one
from doorstep.services.referrals.shapes import Answer, Picked
from doorstep.services.referrals.tests import factory
from doorstep.services.referrals.tests.factory import BACK, LETTER, World, accepted, drafted, move, reported, row, sent

pytestmark = pytest.mark.django_db


def refused(call: Call, name: str, referral: UUID, **answer: Any) -> str:
    """The reason of a refusal; nothing was changed by it."""
    before = row(referral)
    with pytest.raises(Refused) as found, transaction.atomic():
        moving.MOVES[name](call, referral=referral, expect=before.version, answer=Answer(**answer))
    assert (row(referral).status, row(referral).version) == (before.status, before.version)
    return found.value.decision.reason


def reads(here: World, organisation: UUID, who: str = "reader") -> str | None:
    """What a reading by one who works there would rest on."""
    basis = consents.basis(here.call(organisation, who), here.resident, [])
    return basis.why.value if basis else None


def told() -> list[str]:
    return list(OutboxEvent.objects.filter(name__startswith="referrals.").order_by("pk").values_list("name", flat=True))


def test_the_whole_way(here: World) -> None:
    """Sent, accepted, arrived, reported, received, followed up, closed: each step logged, due and told."""
    referral = drafted(here, seen=("headache",))
    now = move(here.doctor, "send", referral)
    assert (now.status, now.desk, now.waiting) == ("sent", here.county, here.centre)
    assert now.due_at == now.answer_due == now.sent_at + timedelta(hours=24)
    soon = clock.now() + timedelta(days=2)
    now = move(here.desk, "accept", referral, starts=soon)
    assert (now.status, now.due_at, now.starts) == ("accepted", soon, soon)
    now = move(here.desk, "arrive", referral)
    assert now.due_at == now.arrived_at + timedelta(hours=24), "a visit ends on its day: the letter is due"
    now = move(here.desk, "begin_care", referral)
    now = move(here.desk, "report", referral, letter=BACK)
    assert (now.status, now.desk) == ("reported", here.centre)
    assert now.due_at == now.reported_at + timedelta(hours=72)
    assert now.follow_up_due == now.sent_at.astimezone(clock.CHINA).date() + timedelta(days=14)
    now = move(here.doctor, "receive", referral)
    assert refused(here.doctor, "close", referral) == "referral.follow_up", "the norm's follow-up is owed"
    assert refused(here.doctor, "follow_up", referral) == "referral.note"
    move(here.doctor, "follow_up", referral, note="血压 135/85")
    now = move(here.doctor, "close", referral)
    assert (now.status, now.desk, now.waiting, now.due_at) == ("closed", None, None, None)
    steps = ReferralChange.objects.unscoped("test").filter(referral=referral).order_by("at", "pk")
    assert [(s.move, s.actor_name) for s in steps] == [
        ("send", "township"), ("accept", "desk"), ("arrive", "desk"), ("begin_care", "desk"), ("report", "desk"),
        ("receive", "township"), ("follow_up", "township"), ("close", "township"),
    ]  # fmt: skip
    assert told() == ["referrals.ReferralSent", "referrals.ReferralAccepted", "referrals.ReferralReported"]


def test_what_a_draft_lacks_it_is_told(here: World) -> None:
    for more, reason in (
        ({"destination": None}, "referral.destination"),
        ({"criteria": ()}, "referral.criteria"),
        ({"criteria": ("D1",)}, "referral.criteria"),
        ({"letter": {**LETTER, "present": " "}}, "referral.letter"),
        ({"consent_channel": ""}, "referral.consent"),
        ({"consenter": "unable"}, "referral.consent"),
    ):
        assert refused(here.doctor, "send", drafted(here, **more)) == reason
    unable = drafted(here, consenter="unable", consent_name="", urgency="emergency")
    assert move(here.doctor, "send", unable).status == "sent"


def test_each_side_moves_its_own_and_no_third_anything(here: World) -> None:
    referral = sent(here)
    assert refused(here.doctor, "accept", referral) == "referral.other_side"
    assert refused(here.desk, "withdraw", referral, reason="mistake") == "referral.other_side"
    third = here.call(here.other, permissions=["referrals.read", "referrals.triage"])
    assert refused(third, "accept", referral) == "not_found"
    assert refused(here.call(here.county, permissions=["referrals.read"]), "accept", referral) == "permission"
    with pytest.raises(Stale):
        moving.accept(here.desk, referral=referral, expect=1, answer=Answer())
    draft = drafted(here)
    with pytest.raises(Refused) as hidden:
        one.detail(here.desk, referral=draft)
    assert hidden.value.decision.reason == "not_found", "a draft is the origin's alone"


def test_a_visit_needs_a_place_and_an_emergency_none(here: World) -> None:
    routine = sent(here, urgency="routine")
    assert refused(here.desk, "accept", routine) == "referral.place"
    assert refused(here.desk, "accept", routine, starts=clock.now() - timedelta(hours=1)) == "referral.past"
    assert row(accepted(here)).status == "accepted"


def test_given_back_completed_and_sent_again(here: World) -> None:
    referral = sent(here)
    assert refused(here.desk, "give_back", referral) == "referral.note"
    now = move(here.desk, "give_back", referral, note="请补充心电图")
    assert (now.status, now.desk) == ("returned", here.centre)
    better = factory.wish(here, urgency="emergency", letter={**LETTER, "treatment": "心电图正常"})
    drafting.save(here.doctor, referral=referral, expect=now.version, wish=better)
    move(here.doctor, "send", referral)
    letters = ReferralLetter.objects.unscoped("test").filter(referral=referral).order_by("revision")
    assert [(one.revision, one.body["treatment"]) for one in letters] == [(1, "硝苯地平"), (2, "心电图正常")]
    with pytest.raises(Refused) as found:
        drafting.save(here.doctor, referral=referral, expect=row(referral).version, wish=better)
    assert found.value.decision.reason == "referral.sent", "what was sent is not written again"


def test_passed_on_and_asked_again(here: World) -> None:
    referral = sent(here)
    assert refused(here.desk, "redirect", referral, destination=here.county, note="满床") == "referral.destination"
    assert refused(here.desk, "redirect", referral, note="满床") == "referral.destination"
    now = move(here.desk, "redirect", referral, destination=here.other, note="满床")
    assert (now.status, now.destination_id, now.desk) == ("sent", here.other, here.other)
    assert (reads(here, here.county), reads(here, here.other)) == (None, "referral"), "the reason to read goes with it"
    there = here.call(here.other)
    assert refused(there, "decline", referral) == "referral.reason"
    move(there, "decline", referral, reason="no_capacity")
    assert reads(here, here.other) is None
    now = move(here.doctor, "resend", referral, destination=here.county)
    assert (now.status, now.destination_id, now.answered_at) == ("sent", here.county, None)


def test_a_reason_to_read_begins_when_sent_and_ends_with_it(here: World) -> None:
    referral = drafted(here, urgency="emergency")
    assert reads(here, here.county) is None
    move(here.doctor, "send", referral)
    assert reads(here, here.county) == "referral"
    assert reads(here, here.county, "township") is None, "to whoever sent it, it opens nothing"
    relation = Relation.objects.unscoped("test").get(reference=f"ServiceRequest/{referral}")
    assert relation.until == row(referral).valid_until
    move(here.doctor, "withdraw", referral, reason="better")
    assert reads(here, here.county) is None
    other = reported(here)
    assert reads(here, here.centre, "family doctor") == "referral", "the return letter opens it to the primary side"
    move(here.doctor, "receive", other)
    move(here.doctor, "close", other)
    assert (reads(here, here.county), reads(here, here.centre)) == (None, None)


def test_missed_and_come_late(here: World) -> None:
    referral = accepted(here)
    assert move(here.desk, "miss", referral).status == "no_show"
    assert move(here.desk, "arrive", referral).status == "arrived"


def test_a_lost_place_is_asked_for_again(here: World) -> None:
    referral = accepted(here)
    now = move(here.desk, "reopen", referral, note="停诊")
    assert (now.status, now.desk, now.accepted_at) == ("sent", here.county, None)


def test_the_letter_is_due_a_day_after_discharge(here: World) -> None:
    referral = accepted(here, service="inpatient")
    now = move(here.desk, "arrive", referral)
    assert now.due_at is None
    call = here.desk
    talking.discharge(call, referral=referral, expect=now.version, at=call.at)
    assert row(referral).due_at == call.at + timedelta(hours=24)
    for at in (call.at + timedelta(days=1), call.at - timedelta(days=1)):
        with pytest.raises(Refused) as found:
            talking.discharge(here.desk, referral=referral, expect=row(referral).version, at=at)
        assert found.value.decision.reason == "referral.discharge"
    assert refused(here.desk, "report", referral, letter={}) == "referral.letter"


def test_what_nobody_moves_lapses(here: World) -> None:
    late, fresh, done = sent(here), sent(here), reported(here)
    Referral.objects.unscoped("test").filter(pk__in=[late, done]).update(valid_until=clock.now() - timedelta(hours=1))
    assert refused(here.doctor, "lapse", fresh) == "permission"
    assert jobs.lapse_overdue(system()) == 1
    assert [row(key).status for key in (late, fresh, done)] == ["lapsed", "sent", "reported"]
    assert told()[-1] == "referrals.ReferralLapsed"
    assert jobs.lapse_overdue(system()) == 0


def test_messages_hand_over_and_the_office(here: World) -> None:
    referral = sent(here)
    talking.write(here.doctor, referral=referral, text="病人已上救护车")
    talking.write(here.desk, referral=referral, text="急诊等候")
    seen = one.detail(here.desk, referral=referral)
    assert [(m.organisation, m.text) for m in seen.messages] == [
        (here.centre, "病人已上救护车"), (here.county, "急诊等候"),
    ]  # fmt: skip
    with pytest.raises(Refused):
        talking.write(here.call(here.other), referral=referral, text="我也看看")
    with pytest.raises(Refused):
        talking.write(here.doctor, referral=referral, text="  ")
    with pytest.raises(Refused) as nobody:
        talking.hand_over(here.desk, referral=referral, expect=row(referral).version, colleague=uuid4())
    assert nobody.value.decision.reason == "referral.colleague"
    from doorstep.registers.staff.tests.factory import somebody

    colleague = somebody(here.county, name="赵医生").person_id
    talking.hand_over(here.desk, referral=referral, expect=row(referral).version, colleague=colleague)
    assert row(referral).holder_name == "赵医生"
    talking.escalate(here.doctor, referral=referral, expect=row(referral).version, note="一小时没有答复")
    assert row(referral).escalation.endswith("一小时没有答复")
    move(here.desk, "accept", referral)
    assert (row(referral).escalated_at, row(referral).holder_name) == (None, "赵医生"), "it lies on the same desk"


def test_a_draft_keeps_all_that_was_written(here: World) -> None:
    chosen = (Picked("Observation", "o1", "血压", "2026-11-01"), Picked("Observation", "o1", "血压"))
    said = factory.wish(here, enclosures=chosen, service="examination", transport="ambulance", escort="nurse")
    referral = drafting.draft(here.doctor, resident=here.resident, wish=said)
    kept = one.detail(here.doctor, referral=referral)
    assert replace(kept.wish, enclosures=(), letter={}) == replace(said, enclosures=(), letter={})
    assert kept.wish.letter == LETTER
    assert [each.key for each in kept.wish.enclosures] == ["o1"]
    assert (kept.person.name, kept.person.sex, kept.line.number[:2]) == ("李秀英", "2", "ZZ")
    version = drafting.save(here.doctor, referral=referral, expect=1, wish=replace(said, urgency="urgent"))
    assert (version, row(referral).urgency) == (2, "urgent")
    with pytest.raises(Stale):
        drafting.save(here.doctor, referral=referral, expect=1, wish=said)
    with pytest.raises(Refused):
        drafting.save(here.desk, referral=referral, expect=2, wish=said)


def test_the_direction_is_that_of_the_tiers(here: World) -> None:
    assert row(drafted(here, kind="across")).kind == "up"
    assert row(drafted(here, destination=None, kind="across")).kind == "across"


def test_it_follows_a_merge_and_goes_back(here: World) -> None:
    referral, kept = sent(here), factory.another(here)
    following.follow_merge(system(), kept=kept, gone=here.resident)
    assert row(referral).resident_id == kept
    following.follow_unmerge(system(), restored=here.resident)
    assert row(referral).resident_id == here.resident
