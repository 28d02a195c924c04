"""The desk: telephones, paper cards, scans; and what a card opens."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client

from doorstep.kernel import clock
from doorstep.kernel.models import TrailLine
from doorstep.record.charts.tests.conftest import organisation
from doorstep.registers.portal.actions import scanning
from doorstep.registers.portal.models import Binding, Card
from doorstep.registers.portal.tests import factory
from doorstep.registers.residents.models import Resident
from doorstep.registers.staff.models import Person
from doorstep.registers.staff.models import Session as StaffSession
from doorstep.registers.staff.tests import factory as staff

pytestmark = pytest.mark.django_db
Messages = Callable[[], list[dict[str, str]]]
NEW, PIN = "13611112222", "294817"


@pytest.fixture
def nurse(county: UUID) -> Client:
    """A nurse at the desk."""
    return staff.client_of(staff.somebody(county, "nurse"))


def bind(client: Client, resident: UUID, phone: str = NEW, **more: str) -> int:
    return int(client.post(f"/portal/{resident}/phone", {"phone": phone, "seen": "on"} | more).status_code)


def test_a_desk_binds_a_telephone_and_the_others_are_told(resident: UUID, nurse: Client, messages: Messages) -> None:
    assert nurse.post(f"/portal/{resident}/phone", {"phone": NEW}).status_code == 422, "the card was not looked at"
    assert bind(nurse, resident) == 302
    row = Binding.objects.get()
    assert (row.resident_id, row.how, row.tail) == (resident, "desk", "2222")
    assert NEW not in row.phone + row.digest
    told = messages()
    assert [m["phone"] for m in told] == [factory.PHONE]
    assert "2222" in told[0]["text"]
    assert factory.NAME not in told[0]["text"]
    client = Client()
    client.post("/my/sign-in", {"phone": NEW})
    code = re.search(r"验证码 (\d{6})", messages()[-1]["text"])
    assert code
    assert client.post("/my/sign-in/code", {"code": code[1]}).headers["Location"] == "/my/"
    assert TrailLine.objects.get(action="portal.bind").resident == resident
    assert "绑定了登录手机" in client.get("/my/looks").content.decode(), "and the resident sees who did it"
    assert nurse.post(f"/portal/{resident}/phone/{row.pk}/end").status_code == 302
    assert client.get("/my/").status_code == 302, "whoever was signed in by it is out"


def test_nobody_makes_their_own_key(county: UUID, resident: UUID) -> None:
    somebody = staff.somebody(county, "nurse")
    Person.objects.unscoped("test").filter(pk=somebody.person_id).update(phone="136-1111-2222")
    client = staff.client_of(somebody)
    assert bind(client, resident) == 422
    assert bind(client, resident, "12345") == 422
    assert not Binding.objects.exists()


def test_binding_asks_who_one_is(county: UUID, resident: UUID) -> None:
    somebody = staff.somebody(county, "nurse")
    client = staff.client_of(somebody)
    StaffSession.objects.update(confirmed_at=clock.now() - timedelta(minutes=11))
    assert bind(client, resident) == 403
    assert not Binding.objects.exists()


def test_only_where_the_resident_is_known_and_alive(resident: UUID, nurse: Client) -> None:
    elsewhere = organisation("外县医院")
    stranger = staff.client_of(staff.somebody(elsewhere, "nurse"))
    assert bind(stranger, resident) == 404
    physician = staff.client_of(staff.somebody(elsewhere, "pharmacist"))
    assert bind(physician, resident) == 403
    Resident.objects.unscoped("test").filter(pk=resident).update(deceased=True)
    assert bind(nurse, resident) == 422
    assert not Binding.objects.exists()


def issue(nurse: Client, resident: UUID, pin: str = PIN) -> str:
    page = nurse.post(f"/portal/{resident}/card", {"pin": pin, "seen": "on"}).content.decode()
    found = re.search(r'id="card-text">([A-Z0-9 ]+)<', page)
    return found[1] if found else ""


def enter(text: str, pin: str = PIN, client: Client | None = None) -> int:
    return int((client or Client()).post("/my/sign-in/card", {"card": text, "pin": pin}).status_code)


def test_a_paper_card_and_its_pin_sign_in(resident: UUID, nurse: Client) -> None:
    assert issue(nurse, resident, "111111") == ""
    assert issue(nurse, resident, "123456") == ""
    text = issue(nurse, resident)
    row = Card.objects.get()
    assert text.replace(" ", "") not in row.digest + row.pin
    assert PIN not in row.pin
    client = Client()
    assert enter(text, client=client) == 302
    assert factory.NAME in client.get("/my/").content.decode()
    assert enter(f"https://h/my/sign-in/card#{text.replace(' ', '').lower()}") == 302, "as a scanner types it"
    assert enter(text, "294818") == 422
    assert enter("DSC1" + "A" * 32) == 422
    second = issue(nurse, resident)
    assert enter(text) == 422, "a new card ends the one before"
    assert client.get("/my/").status_code == 302
    assert nurse.post(f"/portal/{resident}/card/{Card.objects.get(ended_at=None).pk}/end").status_code == 302
    assert enter(second) == 422


def test_guesses_at_a_pin_are_slowed_from_wherever(resident: UUID, nurse: Client) -> None:
    text = issue(nurse, resident)
    seen = [
        Client().post("/my/sign-in/card", {"card": text, "pin": f"90210{n}"}, REMOTE_ADDR=f"10.0.0.{n}").status_code
        for n in range(8)
    ]
    assert seen[:4] == [422] * 4
    assert seen[-1] == 429
    assert enter(text) == 429


def test_a_shown_code_is_read_once_and_for_a_minute(
    resident: UUID, nurse: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = factory.client_of(resident)
    page = client.get("/my/card")
    assert "<svg" in page.content.decode()
    from dataclasses import replace

    from doorstep.kernel.call import NOWHERE
    from doorstep.kernel.testing import callers

    call = replace(callers.system(), actor=f"resident:{resident}", scope=NOWHERE, resident=resident)
    text = scanning.show(call).text
    assert str(resident) not in text
    assert nurse.post("/portal/scan", {"text": text}).headers["Location"] == f"/residents/{resident}/"
    assert nurse.post("/portal/scan", {"text": text}).status_code == 422, "once"
    late = scanning.show(call).text
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(seconds=61))
    assert nurse.post("/portal/scan", {"text": late}).status_code == 422
    monkeypatch.setattr(clock, "now", real)
    for forged in ("DSQ1.k1.AAAA", "DSQ1." + "A" * 90, text[:-3] + "AAA", "x"):
        assert nurse.post("/portal/scan", {"text": forged}).status_code == 422


def test_a_scan_finds_only_whom_one_may_see(resident: UUID, nurse: Client) -> None:
    text = issue(nurse, resident)
    assert nurse.post("/portal/scan", {"text": text}).headers["Location"] == f"/residents/{resident}/"
    stranger = staff.client_of(staff.somebody(organisation("外县医院"), "nurse"))
    assert stranger.post("/portal/scan", {"text": text}).status_code == 404
