"""The pages: archives, what rests and is tied and untied, the studies of a chart; and the pictures in a browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from doorstep.kernel import ledger
from doorstep.kernel.call import Call, Scope
from doorstep.kernel.models import TrailLine
from doorstep.kernel.testing.browser import at_widths, axe
from doorstep.kernel.testing.callers import member, stranger
from doorstep.record.charts.tests.conftest import organisation, send
from doorstep.record.imaging.models import Archive
from doorstep.record.imaging.reads import parts
from doorstep.record.imaging.tests import images, kit
from doorstep.registers.residents import api as residents
from doorstep.registers.residents.actions import registration
from doorstep.registers.residents.shapes import Incoming, Name
from tools import orthanc as tool

pytestmark = pytest.mark.django_db
Entering = Callable[[Call | None], Client]


@pytest.fixture
def entering(as_caller: Any) -> Entering:
    def make(call: Call | None) -> Client:
        as_caller(call)
        return Client()

    return make


@pytest.fixture(autouse=True)
def nothing_known() -> None:
    parts.forget()


def form(organisation: UUID, **more: object) -> dict[str, object]:
    said = {"name": "影像中心", "organisation": organisation, "address": "http://127.0.0.1:8042/dicom-web"}
    return said | {"is_orthanc": "on", "user": "doorstep", "credential": "/run/secrets/pacs", "owner": "信息科"} | more


def test_an_archive_is_registered_changed_tried_and_switched(
    entering: Entering, county: UUID, orthanc: tool.Running
) -> None:
    web = entering(member(county))
    assert "还没有影像归档" in web.get("/imaging/archives").content.decode()
    bad = web.post("/imaging/archives/add", form(county, address="http://pacs.example/dicom-web"))
    assert bad.status_code == 422
    assert "要用 https" in bad.content.decode()
    assert "/run/secrets/pacs" in bad.content.decode(), "what was typed is still there"
    assert not Archive.objects.unscoped("test").exists()
    made = web.post("/imaging/archives/add", form(county))
    assert made.status_code == 302
    assert web.post("/imaging/archives/add", form(county)).status_code == 422, "it is registered already"
    key = Archive.objects.unscoped("test").get().pk
    one = f"/imaging/archives/{key}/"
    web.post(f"{one}try")
    assert "密码文件无法读取" in web.get(one).content.decode()
    said = {"address": orthanc.address, "credential": str(orthanc.folder / "password")}
    assert web.post(f"{one}edit", form(county, expect=1, **said)).status_code == 302
    assert web.post(f"{one}edit", form(county, expect=1, **said)).status_code == 409, "somebody else was first"
    web.post(f"{one}try")
    assert "归档答复正常" in web.get(one).content.decode()
    assert web.post(f"{one}switch", {"expect": 2, "on": "0"}).status_code == 302
    assert "停用" in web.get(one).content.decode()
    stored = ledger.read("Endpoint", str(key))
    assert stored is not None
    assert b'"status":"off"' in stored.body
    assert b"8042" not in stored.body
    assert "影像中心" in web.get("/imaging/archives").content.decode()
    elsewhere = entering(member(organisation("外县医院")))
    assert elsewhere.get(one).status_code == 404
    assert elsewhere.post(f"{one}switch", {"expect": 3, "on": "1"}).status_code == 404
    assert entering(stranger()).get("/imaging/archives").status_code == 403


def test_what_rests_is_tied_by_hand_and_untied(
    entering: Entering, orthanc: tool.Running, archive: UUID, county: UUID, resident: UUID
) -> None:
    kit.store(orthanc, images.slices("s1", 1, patient="P9"))
    kit.follow()
    row = kit.study(images.uid("s1"))
    web = entering(member(county))
    listed = web.get("/imaging/resting").content.decode()
    assert "没有居民有这个病人号" in listed
    assert "胸部平扫" in listed
    one = f"/imaging/resting/{row.pk}/"
    assert "李秀英" in web.get(one, {"q": "李秀英"}).content.decode()
    assert web.post(f"{one}tie", {"expect": 1, "resident": "x"}).status_code == 302
    assert web.post(f"{one}tie", {"expect": 7, "resident": resident}).status_code == 409
    assert web.post(f"{one}tie", {"expect": 1, "resident": resident}).status_code == 302
    row = kit.study(row.uid)
    assert (row.state, row.patient, row.tied_name) == ("placed", "pc", "成员")
    assert "已归到" in web.get(one).content.decode()
    stored = ledger.read("ImagingStudy", str(row.pk))
    assert stored is not None
    assert stored.patient == "pc"
    kit.hurry()
    kit.follow()
    assert kit.study(row.uid).state == "placed", "a person's word stands"
    kit.hurry()
    Archive.objects.unscoped("test").update(due_at=row.seen_at)
    assert web.post(f"{one}untie", {"expect": row.version}).status_code == 302
    kit.hurry()
    kit.follow()
    row = kit.study(row.uid)
    assert (row.state, row.reason) == ("resting", "untied")
    gone = ledger.read("ImagingStudy", str(row.pk))
    assert gone is not None
    assert gone.deleted
    other = entering(member(organisation("外县医院")))
    assert "胸部平扫" not in other.get("/imaging/resting").content.decode()
    assert other.get(one).status_code == 404
    assert other.post(f"{one}tie", {"expect": row.version, "resident": resident}).status_code == 404
    assert entering(member(county, {"imaging.view"})).get("/imaging/resting").status_code == 403


def test_a_study_tied_by_hand_whose_patient_is_changed_in_the_archive_rests(
    entering: Entering, orthanc: tool.Running, archive: UUID, county: UUID, resident: UUID
) -> None:
    kit.store(orthanc, images.slices("s1", 1, patient="P9"))
    kit.follow()
    row = kit.study(images.uid("s1"))
    entering(member(county)).post(f"/imaging/resting/{row.pk}/tie", {"expect": 1, "resident": resident})
    for key in tool.get(orthanc, "/studies"):
        tool.delete(orthanc, f"/studies/{key}")
    kit.store(orthanc, images.slices("s1", 1, patient="P10", name="Wang^Gang=王^刚"))
    kit.hurry()
    kit.follow()
    assert (kit.study(row.uid).state, kit.study(row.uid).reason) == ("resting", "changed")


def test_a_resident_without_a_record_cannot_have_a_study(
    entering: Entering, orthanc: tool.Running, archive: UUID, county: UUID
) -> None:
    kit.store(orthanc, images.slices("s1", 1))
    kit.follow()
    row = kit.study(images.uid("s1"))
    whose = registration.register(member(county), said=Incoming("", county, names=(Name("李秀英"),))).resident
    web = entering(member(county))
    web.post(f"/imaging/resting/{row.pk}/tie", {"expect": 1, "resident": whose})
    assert "还没有机构送来的档案" in web.get(f"/imaging/resting/{row.pk}/").content.decode()
    assert kit.study(row.uid).state == "resting"


def test_the_studies_of_a_chart(
    entering: Entering, orthanc: tool.Running, archive: UUID, county: UUID, township: UUID, resident: UUID
) -> None:
    web = entering(member(township))
    home = f"/imaging/residents/{resident}/"
    assert "没有影像检查" in web.get(home).content.decode()
    kit.store(orthanc, [*images.slices("s1", 3), images.written(images.image("s1", "2", modality="MR"))])
    kit.follow()
    row = kit.study(images.uid("s1"))
    listed = web.get(home).content.decode()
    assert "胸部平扫" in listed
    assert "4 幅" in listed
    assert f"/dicomweb/studies/{row.uid}/thumbnail" in listed
    page = web.get(f"{home}{row.pk}/", {"at": "2", "window": "40,400,linear"}).content.decode()
    assert "仅供浏览，不作诊断" in page
    assert f"instances/{images.uid('s1', '1', 2)}/rendered?window=40,400,linear" in page
    assert "第 2 幅，共 3 幅" in page
    other = web.get(f"{home}{row.pk}/", {"series": images.uid("s1", "2"), "at": "99"}).content.decode()
    assert images.uid("s1", "2", 1) in other
    assert TrailLine.objects.filter(action="imaging.view", resident=resident).count() == 2
    assert "影像检查" in web.get(f"/charts/{resident}/").content.decode()
    Archive.objects.unscoped("test").update(address="http://127.0.0.1:1/dicom-web")
    parts.forget()
    assert "影像归档连接不上" in web.get(f"{home}{row.pk}/").content.decode()
    reader = entering(member(organisation("外县医院")))
    assert reader.get(f"{home}{row.pk}/").status_code == 404


def test_without_a_reason_the_chart_says_so(
    entering: Entering, orthanc: tool.Running, archive: UUID, county: UUID, township: UUID
) -> None:
    send(county, kit.patient("pc", "P1"))
    whose = residents.residents_of(["pc"])["pc"]
    web = entering(replace(member(township), scope=Scope(frozenset({county, township}))))
    answer = web.get(f"/imaging/residents/{whose}/")
    assert answer.status_code == 403
    assert "李秀英" in answer.content.decode()
    assert not TrailLine.objects.filter(action="imaging.list", outcome="done").exists()


@pytest.mark.django_db(transaction=True)
def test_pictures_in_a_browser(
    open_page: Any, as_caller: Any, orthanc: tool.Running, archive: UUID, county: UUID, resident: UUID
) -> None:
    """No serious finding of axe, nothing wider than a phone; keys and buttons step through real pictures."""
    kit.store(orthanc, images.slices("s1", 3))
    kit.store(orthanc, images.slices("s9", 1, patient="P9"))
    kit.follow()
    row, rests = kit.study(images.uid("s1")), kit.study(images.uid("s9"))
    as_caller(member(county))
    page = open_page()
    home = f"/imaging/residents/{resident}/"
    for path in (
        "/imaging/archives", f"/imaging/archives/{archive}/", "/imaging/archives/add", "/imaging/resting",
        f"/imaging/resting/{rests.pk}/?q=李秀英", home, f"{home}{row.pk}/",
    ):  # fmt: skip
        page.goto(path)
        for _width in at_widths(page):
            axe(page)
    drawn = "document.querySelector('.picture').complete && document.querySelector('.picture').naturalWidth"
    assert page.evaluate(drawn) == 32
    page.keyboard.press("ArrowRight")
    page.get_by_alt_text("第 2 幅，共 3 幅").wait_for()
    page.get_by_role("link", name="下一幅").click()
    page.get_by_alt_text("第 3 幅，共 3 幅").wait_for()
    assert "at=3" in page.url
    assert (
        page.evaluate("document.querySelector('.picture').src")
        .split("/instances/")[1]
        .startswith(images.uid("s1", "1", 3))
    )
    page.get_by_role("link", name="肺").click()
    page.wait_for_url("**window=-600*1500*linear**")
    page.get_by_alt_text("第 3 幅，共 3 幅").wait_for()
    page.keyboard.press("Home")
    page.get_by_alt_text("第 1 幅，共 3 幅").wait_for()
