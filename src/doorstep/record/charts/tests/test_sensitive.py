"""What tells of a sensitive kind is shown to its sender, by a consent that names it, or behind broken glass: else only
that something is withheld."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from doorstep.kernel import clock
from doorstep.kernel.call import EVERYWHERE, Call
from doorstep.kernel.models import TrailLine
from doorstep.kernel.sensitive import Kind
from doorstep.kernel.testing import callers
from doorstep.kernel.testing.callers import everyone_permissions, system
from doorstep.record.charts import reads
from doorstep.record.charts.tests.conftest import send
from doorstep.record.charts.tests.samples import condition, observation
from doorstep.registers.consents.actions.consenting import record, withdraw
from doorstep.registers.consents.actions.glass import break_glass
from doorstep.registers.consents.shapes import Signed

pytestmark = pytest.mark.django_db
WORDS = {"psy": "精神分裂症", "hiv": "HIV抗体", "plain": "糖尿病", "visit": "随机血糖"}
PAGES = ("", "timeline/", "results/", "Condition/plain/")
VISIT = {
    "resourceType": "Encounter", "id": "visit-e", "status": "finished", "class": {"code": "AMB"},
    "subject": {"reference": "Patient/pt"}, "serviceType": {"text": "精神科门诊"},
    "period": {"start": "2024-03-01", "end": "2024-03-01"},
}  # fmt: skip
AT_VISIT = {"reference": "Encounter/visit-e"}


def member(organisation: UUID) -> Call:
    """Who holds every permission but the one that opens all of it."""
    return callers.member(organisation, everyone_permissions() - {"charts.sensitive"})


@pytest.fixture
def whole(resident: UUID, township: UUID) -> UUID:
    """The township has sent a plain diagnosis, a psychiatric one, an HIV test, and a glucose of a psychiatric visit,
    of one who has an appointment at the county hospital too."""
    send(
        township,
        VISIT,
        condition("plain", "pt", "2024-01-01", "E11.9", "糖尿病"),
        condition("psy", "pt", "2024-01-01", "F20.900", "精神分裂症"),
        observation("hiv", "pt", "2024-02-01", 1, "COI", "56888-1", "HIV抗体"),
        observation("visit", "pt", "2024-03-01", 6, code="15074-8", name="随机血糖", encounter=AT_VISIT),
    )
    return resident


def shown(client: Client, resident: UUID, page: str) -> set[str]:
    """Which of the four are named anywhere on a page; ``withheld N`` where it says so."""
    answer = client.get(f"/charts/{resident}/{page}")
    assert answer.status_code == 200
    text = answer.content.decode()
    found = {key for key, word in WORDS.items() if word in text}
    return found | {f"withheld {n}" for n in range(1, 9) if f"有 {n} 条受特别保护的记录未显示" in text}


def everywhere(client: Client, resident: UUID) -> set[str]:
    """What the summary, the timeline and the results name together."""
    return set[str]().union(*(shown(client, resident, page) for page in PAGES))


def opened(client: Client, resident: UUID) -> set[str]:
    """Which can be opened by their address, in words, raw, and between versions."""
    found = set()
    for kind, key in (("Condition", "psy"), ("Observation", "hiv"), ("Observation", "visit"), ("Condition", "plain")):
        place = f"/charts/{resident}/{kind}/{key}/"
        answers = {client.get(place + tail).status_code for tail in ("", "raw", "?version=1", "changes/?from=1&to=1")}
        assert answers in ({200}, {404}), (key, answers)
        found |= {key} if answers == {200} else set()
    return found


@pytest.fixture
def enter(as_caller: Callable[..., Any]) -> Callable[[Call], Client]:
    def made(call: Call) -> Client:
        as_caller(replace(call, at=clock.now()))
        return Client()

    return made


ALL = {"psy", "hiv", "visit", "plain"}


def test_care_alone_opens_none_of_it(whole: UUID, county: UUID, enter: Callable[[Call], Client]) -> None:
    client = enter(member(county))
    assert everywhere(client, whole) == {"plain", "withheld 4"}
    assert opened(client, whole) == {"plain"}
    assert client.get(f"/charts/{whole}/results/all/?code=http://loinc.org|56888-1").status_code == 404
    assert client.get(f"/charts/{whole}/results/all/?code=text:HIV抗体").status_code == 404
    assert "sensitive" not in TrailLine.objects.filter(action="charts.read").latest("pk").detail


def test_its_sender_sees_it(whole: UUID, township: UUID, enter: Callable[[Call], Client]) -> None:
    client = enter(member(township))
    assert everywhere(client, whole) == ALL
    assert opened(client, whole) == ALL
    assert TrailLine.objects.filter(action="charts.read").latest("pk").detail["sensitive"] is True


def test_a_consent_opens_the_kinds_that_it_names(
    whole: UUID, county: UUID, township: UUID, enter: Callable[[Call], Client]
) -> None:
    desk = replace(member(township), actor="staff:desk", at=clock.now())
    signed = Signed(county, True, "self", "李秀英", kinds=Kind.HIV)
    record(desk, resident=whole, signed=replace(signed, kinds=0))
    assert everywhere(enter(member(county)), whole) == {"plain", "withheld 4"}
    record(desk, resident=whole, signed=signed)
    client = enter(member(county))
    assert everywhere(client, whole) == {"hiv", "plain", "withheld 3"}
    assert opened(client, whole) == {"hiv", "plain"}
    assert TrailLine.objects.filter(action="charts.read").latest("pk").detail["sensitive"] is True
    key = record(desk, resident=whole, signed=replace(signed, kinds=Kind.HIV | Kind.PSY))
    client = enter(member(county))
    assert everywhere(client, whole) == ALL
    assert opened(client, whole) == ALL
    withdraw(desk, resident=whole, consent=key)
    assert everywhere(enter(member(county)), whole) == {"plain", "withheld 4"}


def test_broken_glass_opens_all_of_it(whole: UUID, county: UUID, enter: Callable[[Call], Client]) -> None:
    doctor = replace(member(county), at=clock.now())
    break_glass(doctor, resident=whole, reason="emergency", words="胸痛昏迷", hours=1)
    client = enter(doctor)
    assert everywhere(client, whole) == ALL
    assert opened(client, whole) == ALL
    assert everywhere(enter(replace(doctor, actor="staff:other")), whole) == {"plain", "withheld 4"}


def test_who_runs_the_house_needs_the_permission(whole: UUID, county: UUID, enter: Callable[[Call], Client]) -> None:
    operator = replace(member(county), scope=EVERYWHERE, purpose="HOPERAT", organisation=None)
    assert everywhere(enter(operator), whole) == {"plain", "withheld 4"}
    assert everywhere(enter(replace(operator, permissions=everyone_permissions())), whole) == ALL
    itself = replace(system(), at=clock.now(), permissions=operator.permissions)
    assert len(reads.summary(itself, resident=whole).problems) == 2


def test_what_was_not_weighed_yet_is_withheld(whole: UUID, county: UUID, enter: Callable[[Call], Client]) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE fhir_condition SET sensitive = -1")
        cursor.execute("UPDATE fhir_condition_code SET sensitive = -1")
    assert everywhere_of(enter(member(county)), whole) == {"withheld 5"}


def everywhere_of(client: Client, resident: UUID) -> set[str]:
    return set[str]().union(*(shown(client, resident, page) for page in PAGES[:3]))


def test_an_older_version_that_told_of_it_stays_withheld(
    whole: UUID, county: UUID, township: UUID, enter: Callable[[Call], Client]
) -> None:
    send(township, condition("psy", "pt", "2024-01-01", "E11.9", "糖尿病"))
    client = enter(member(county))
    place = f"/charts/{whole}/Condition/psy/"
    assert client.get(place).status_code == 200
    for tail in ("?version=1", "raw?version=1", "changes/?from=1&to=2"):
        assert client.get(place + tail).status_code == 404
