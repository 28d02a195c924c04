"""The pages as a township doctor and a hospital's desk use them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from doorstep.kernel.testing.callers import member
from doorstep.record.charts.tests.conftest import send
from doorstep.record.charts.tests.samples import condition
from doorstep.registers.staff.tests.factory import client_of, somebody
from doorstep.resources.booking.tests.conftest import ahead, department, sitting, slots
from doorstep.services.referrals.models import Referral
from doorstep.services.referrals.tests.factory import BACK, LETTER, World, accepted, drafted, reported, row, sent

pytestmark = pytest.mark.django_db


@pytest.fixture
def township(here: World) -> Client:
    """A doctor of the township centre."""
    return client_of(somebody(here.centre, "township_physician", "周医生"))


@pytest.fixture
def hospital(here: World) -> Client:
    """A specialist of the county hospital."""
    return client_of(somebody(here.county, "specialist", "钱医生"))


def form(here: World, **more: Any) -> dict[str, Any]:
    """What a doctor fills in."""
    return {
        "kind": "up", "service": "outpatient", "urgency": "emergency", "criteria": ["U1"], **LETTER,
        "destination": str(here.county), "consenter": "self", "consent_name": "李秀英", "consent_channel": "in_person",
        "transport": "own", "escort": "none", "seen": ["headache"], **more,
    }  # fmt: skip


def test_from_the_resident_to_the_return_letter(here: World, township: Client, hospital: Client) -> None:
    """The whole way by the pages alone."""
    send(here.centre, condition("c1", "pt", "2024-01-01", "I10", "高血压"))
    assert township.get(f"/referrals/new/{here.resident}").status_code == 200
    made = township.post(f"/referrals/new/{here.resident}")
    referral = Referral.objects.unscoped("test").get().pk
    assert made["Location"] == f"/referrals/{referral}/write"
    page = township.get(made["Location"]).content.decode()
    assert "清禾县人民医院" in page
    saved = township.post(f"/referrals/{referral}/save", form(here, expect="1"), headers={"HX-Request": "true"})
    assert saved.status_code == 200
    assert "已保存" in saved.content.decode()
    assert "剧烈头痛或呕吐" in saved.content.decode(), "support follows what was ticked"
    stale = township.post(f"/referrals/{referral}/save", form(here, expect="1"))
    assert stale.status_code == 409
    answer = township.post(f"/referrals/{referral}/write", form(here, expect="2", act="send"))
    assert answer["Location"] == f"/referrals/{referral}/"
    desk = hospital.get("/referrals/").content.decode()
    assert "李秀英" in desk
    assert "石桥镇中心卫生院" in desk
    opened = hospital.get(f"/referrals/{referral}/").content.decode()
    assert "btn-next" in opened
    for name, said in (("accept", {}), ("arrive", {}), ("report", {f"report-{k}": v for k, v in BACK.items()})):
        version = {f"{name}-expect": row(referral).version}
        done = hospital.post(f"/referrals/{referral}/move/{name}", said | version)
        assert done.status_code == 302, done.content.decode()[:3000]
    version = {"receive-expect": row(referral).version}
    assert township.post(f"/referrals/{referral}/move/receive", version).status_code == 302
    shown = township.get(f"/referrals/{referral}/?box=all").content.decode()
    assert "头颅 CT 未见出血" in shown
    assert row(referral).status == "received"


def test_what_is_lacking_is_said_and_nothing_is_lost(here: World, township: Client) -> None:
    referral = drafted(here)
    bad = form(here, expect="1", act="send", present="", impression="写了一半")
    answer = township.post(f"/referrals/{referral}/write", bad)
    assert answer.status_code == 422
    assert "转诊单还没有填完整" in answer.content.decode()
    assert "写了一半" in answer.content.decode()
    assert row(referral).status == "draft"
    again = township.post(f"/referrals/{referral}/write", form(here, expect=str(row(referral).version), act="send"))
    assert again.status_code == 302


def test_the_desk_takes_a_slot_or_is_told(here: World, hospital: Client) -> None:
    session = sitting(member(here.county), department(here.county, "03.04", "心血管内科"), ahead(1))
    referral = sent(here, urgency="routine")
    page = hospital.get(f"/referrals/{referral}/").content.decode()
    assert "普通门诊" in page
    none = hospital.post(f"/referrals/{referral}/move/accept", {"accept-expect": row(referral).version})
    assert none.status_code == 422
    assert "请选择一个号源" in none.content.decode()
    chosen = {"accept-expect": row(referral).version, "accept-slot": str(slots(session)[0].id)}
    assert hospital.post(f"/referrals/{referral}/move/accept", chosen).status_code == 302
    assert row(referral).appointment is not None


def test_a_stranger_to_it_finds_nothing(here: World, hospital: Client) -> None:
    other = client_of(somebody(here.other, "specialist", "孙医生"))
    referral = sent(here)
    for path in ("", "paper/out", "paper/out.pdf"):
        assert other.get(f"/referrals/{referral}/{path}").status_code == 404
    assert hospital.get(f"/referrals/{drafted(here)}/").status_code == 404
    assert hospital.get(f"/referrals/{referral}/write").status_code == 422
    assert hospital.post(f"/referrals/{referral}/move/lapse").status_code == 404
    stale = hospital.post(f"/referrals/{referral}/move/accept", {"accept-expect": "1"})
    assert stale.status_code == 409


def test_the_lists(here: World, township: Client, hospital: Client, django_assert_max_num_queries: Any) -> None:
    drafted(here), sent(here), reported(here)
    numbers = {}
    for box in ("mine", "new", "soon", "overdue", "waiting", "drafts", "all", "escalated", "nonsense"):
        answer = township.get(f"/referrals/?box={box}")
        numbers[box] = answer.content.decode().count('desk-row"') if answer.status_code == 200 else answer.status_code
    assert numbers == {
        "mine": 1, "new": 1, "soon": 0, "overdue": 0, "waiting": 1, "drafts": 1, "all": 3, "escalated": 403,
        "nonsense": 1,
    }  # fmt: skip
    assert hospital.get("/referrals/?box=soon").content.decode().count("desk-row") >= 1
    for query in ("李秀英", "lixiuying", "lxy", row(sent(here)).number.lower()):
        assert "李秀英" in hospital.get("/referrals/", {"q": query}).content.decode(), query
    assert "没有找到" in hospital.get("/referrals/?q=没有这人").content.decode()
    part = hospital.get(f"/referrals/{sent(here)}/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part


def test_messages_hand_over_escalation_discharge(here: World, township: Client, hospital: Client) -> None:
    colleague = somebody(here.county, "physician", "赵医生")
    referral = accepted(here, service="inpatient")
    there = f"/referrals/{referral}"
    assert township.post(f"{there}/message", {"text": "已上车"}).status_code == 302
    assert township.post(f"{there}/message", {"text": ""}).status_code == 422
    said = {"expect": row(referral).version, "colleague": str(colleague.person_id)}
    assert hospital.post(f"{there}/hand-over", said).status_code == 302
    assert hospital.post(f"{there}/hand-over", {**said, "colleague": "x"}).status_code == 422
    assert hospital.post(f"{there}/escalate", {"note": ""}).status_code == 422
    version = {"expect": row(referral).version}
    assert township.post(f"{there}/escalate", {"note": "没有答复"} | version).status_code == 302
    hospital.post(f"{there}/move/arrive", {"arrive-expect": row(referral).version})
    late = {"at": "2020-01-01T08:00", "expect": row(referral).version}
    assert hospital.post(f"{there}/discharge", late).status_code == 422
    page = hospital.get(f"{there}/").content.decode()
    for words in ("已上车", "赵医生", "登记出院"):
        assert words in page


def test_the_forms_on_paper(here: World, township: Client, hospital: Client) -> None:
    referral = reported(here)
    for client, part, words in (
        (hospital, "out", "双向转诊（转出）单"), (township, "back", "双向转诊（回转）单"),
    ):  # fmt: skip
        page = client.get(f"/referrals/{referral}/paper/{part}").content.decode()
        assert words in page
        assert "存根" in page
        file = client.get(f"/referrals/{referral}/paper/{part}.pdf")
        assert file.content.startswith(b"%PDF-")
        assert file["Content-Disposition"].endswith(f'-{part}.pdf"')
    assert hospital.get(f"/referrals/{referral}/paper/other").status_code == 404


def test_the_measures(here: World) -> None:
    manager = client_of(somebody(here.centre, "hospital_manager", "院长"))
    sent(here), reported(here)
    page = manager.get("/referrals/measures").content.decode()
    assert "2 / 2" in page
    assert "无数据" in page
    assert manager.get("/referrals/measures?since=2030-01-01&until=2020-01-01").status_code == 200
