"""The DICOMweb door: who sees what of whom, what goes through, what of the archive does not leak. A real Orthanc."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from doorstep.adapters.dicomweb import client as dicomweb
from doorstep.adapters.dicomweb.tests.archives import misbehaving
from doorstep.fhir.smart import parse
from doorstep.kernel.call import Call, Grant
from doorstep.kernel.models import TrailLine
from doorstep.kernel.testing.callers import member, stranger, system
from doorstep.record.charts.tests.conftest import organisation, send
from doorstep.record.imaging.models import Archive, Study
from doorstep.record.imaging.reads import parts
from doorstep.record.imaging.tests import images, kit
from doorstep.registers.residents import api as residents
from doorstep.registers.staff import api as staff
from tools import orthanc as tool

pytestmark = pytest.mark.django_db
Entering = Callable[[Call | None], Client]
DICOM = 'multipart/related; type="application/dicom"'
FRAMES = 'multipart/related; type="application/octet-stream"'


@pytest.fixture
def entering(as_caller: Any) -> Entering:
    def make(call: Call | None) -> Client:
        as_caller(call)
        return Client(enforce_csrf_checks=True)

    return make


@pytest.fixture(autouse=True)
def nothing_known() -> None:
    parts.forget()


@pytest.fixture
def study(orthanc: tool.Running, archive: UUID, resident: UUID) -> str:
    """A study of three slices of the resident, known to the house; and one of somebody else, placed too."""
    send(archive_owner(), kit.patient("px", "P7", "", name=[{"text": "王刚"}], gender="male", birthDate="1970-01-01"))
    kit.store(orthanc, images.slices("s1", 3))
    other = {"patient": "P7", "name": "Wang^Gang=王^刚", "sex": "M", "born": "19700101"}
    kit.store(orthanc, images.slices("s2", 1, **other))
    kit.follow()
    assert kit.study(images.uid("s2")).state == "placed"
    return images.uid("s1")


def archive_owner() -> UUID:
    return Archive.objects.unscoped("test").get().organisation_id  # type: ignore[no-any-return]  # a manager is Any


def lines() -> list[tuple[str, str, UUID | None]]:
    found = TrailLine.objects.filter(action__in=("imaging.fetch", "imaging.search", "imaging.store"))
    return [(line.action, line.outcome, line.resident) for line in found.order_by("pk")]


def body(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_all_that_is_fetched_comes_through_and_says_nothing_of_the_archive(
    entering: Entering, orthanc: tool.Running, county: UUID, resident: UUID, study: str
) -> None:
    web = entering(member(county))
    series, instance = images.uid("s1", "1"), images.uid("s1", "1", 2)
    root = f"/dicomweb/studies/{study}"
    inner = f"{root}/series/{series}/instances/{instance}"
    wanted = {
        root: (DICOM, DICOM), f"{root}/metadata": ("", "application/dicom+json"),
        f"{root}/series": ("application/json", "application/dicom+json"),
        f"{root}/series/{series}/instances": ("*/*", "application/dicom+json"),
        f"{root}/rendered": ("image/avif,image/webp,image/*", "image/jpeg"), f"{root}/thumbnail": ("*/*", "image/jpeg"),
        f"{root}/series/{series}/thumbnail": ("", "image/jpeg"), inner: ("", DICOM),
        f"{inner}/metadata": ("application/dicom+json", "application/dicom+json"),
        f"{inner}/rendered?window=400,800,linear&viewport=64,64": ("image/png", "image/png"),
        f"{inner}/frames/1": (FRAMES, FRAMES), f"{inner}/frames/1/rendered": ("", "image/jpeg"),
        f"{inner}/bulk/7fe00010": ("", FRAMES), f"{inner}/thumbnail": ("", "image/jpeg"),
    }  # fmt: skip
    for path, (accept, kind) in wanted.items():
        answer = web.get(path, HTTP_ACCEPT=accept)
        said = body(answer)
        assert answer.status_code == 200, (path, said)
        assert answer["Content-Type"].startswith(kind), path
        assert said, path
        for secret in (str(orthanc.http), orthanc.password, "/dicom-web"):
            assert secret.encode() not in said.replace(study.encode(), b""), path
        assert "no-store" in answer["Cache-Control"]
    assert lines() == [("imaging.fetch", "done", resident)] * len(wanted)
    whole = body(web.get(root))
    assert whole.count(b"DICM") == 3
    metadata = json.loads(body(web.get(f"{root}/metadata")))
    assert {each["00100010"]["Value"][0]["Ideographic"] for each in metadata} == {"李^秀英"}
    assert all(each["7FE00010"]["BulkDataURI"].startswith(f"http://testserver{root}/") for each in metadata)


@pytest.mark.parametrize(
    "path",
    [
        "{s1}/../{s2}", "{s1}/series/{s2.1}", "{s1}/series/{s2.1}/metadata", "{s1}/series/{s2.1}/instances/{s2.1.1}",
        "{s1}/series/{s1.1}/instances/{s2.1.1}/rendered", "{s1}/series/{s2.1}/instances",
        "{s1}/series/%2e%2e/metadata",
        "{s1}%2f..%2f{s2}/metadata", "{s1}/instances/{s2.1.1}", "1.2.3.4.5/metadata", "{s1}/metadata/",
        "{s1}//metadata",
        "{s1}/series/{s1.1}/instances/{s1.1.1}/frames/0", "{s1}/series/{s1.1}/instances/{s1.1.1}/bulk/../../..",
        "{s1}/tools/find", "*", "{s1}\\..\\{s2}", "{s1}/series/*", "{s1};x/metadata",
    ],
)  # fmt: skip
def test_nothing_else_is_reached_through_an_allowed_study(
    entering: Entering, county: UUID, study: str, path: str
) -> None:
    for key, words in {"s1.1.1": ("s1", "1", 1), "s2.1.1": ("s2", "1", 1), "s1.1": ("s1", "1"), "s2.1": ("s2", "1"),
                       "s1": ("s1",), "s2": ("s2",)}.items():  # fmt: skip
        path = path.replace("{" + key + "}", images.uid(*words))
    answer = entering(member(county)).get(f"/dicomweb/studies/{path}")
    assert answer.status_code == 404, path
    assert "没有" in body(answer).decode()


@pytest.mark.parametrize(
    "query", ["viewport=1", "window=1;2", "quality=200", "viewport=99999,1", "x=1", "accept=text/html", "%00=1"]
)
def test_what_a_picture_is_asked_with_is_looked_at(entering: Entering, county: UUID, study: str, query: str) -> None:
    assert entering(member(county)).get(f"/dicomweb/studies/{study}/rendered?{query}").status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "PatientID=*", "limit=x", "StudyDate=2026", "PatientName=*伟", "Foo=1", "offset=99999", "PatientID=P1%00",
        "StudyInstanceUID=1.2' OR '1'='1", "StudyDate=20260231",
    ],
)  # fmt: skip
def test_what_is_searched_for_is_looked_at(entering: Entering, county: UUID, study: str, query: str) -> None:
    answer = entering(member(county)).get(f"/dicomweb/studies?{query}")
    assert answer.status_code == 400
    assert query.split("=")[0] in answer.content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["s1", "s2"]), ("PatientID=P1", ["s1"]), ("PatientName=李秀英", ["s1"]), ("PatientName=李*", ["s1"]),
        ("PatientName=li^xiu*", ["s1"]), ("PatientName=李", []), ("00100020=P7", ["s2"]),
        ("limit=1&PatientID=P7", ["s2"]),
        ("StudyDate=20260312", ["s1", "s2"]), ("StudyDate=20260313-", []), ("ModalitiesInStudy=MR", []),
        ("ModalitiesInStudy=MR,CT&PatientID=P1", ["s1"]), ("AccessionNumber=X", []), ("offset=2", []),
    ],
)  # fmt: skip
def test_searches(entering: Entering, county: UUID, study: str, query: str, found: list[str]) -> None:
    answer = entering(member(county)).get(f"/dicomweb/studies?{query}&includefield=00081030")
    said = json.loads(answer.content)
    assert sorted(each["0020000D"]["Value"][0] for each in said) == sorted(images.uid(word) for word in found)
    for each in said:
        assert each["00081190"]["Value"][0].startswith("http://testserver/dicomweb/studies/")


def test_a_search_names_each_whose_studies_it_tells(entering: Entering, county: UUID, study: str) -> None:
    """One line, as of every list of people; each of them is named in it."""
    told = json.loads(entering(member(county)).get("/dicomweb/studies").content)
    uids = [each["0020000D"]["Value"][0] for each in told]
    rows = Study.objects.unscoped("test").filter(uid__in=uids)
    whose = residents.residents_of([row.patient for row in rows])
    line = TrailLine.objects.get(action="imaging.search")
    assert len(set(whose.values())) == 2
    assert sorted(line.detail["residents"]) == sorted(str(each) for each in whose.values())
    assert (line.resident, line.detail["studies"]) == (None, 2)


def test_searches_end_and_go_on(entering: Entering, county: UUID, study: str) -> None:
    web = entering(member(county))
    pages = [json.loads(web.get(f"/dicomweb/studies?limit=1&offset={n}").content) for n in range(3)]
    assert [len(page) for page in pages] == [1, 1, 0]
    assert pages[0] != pages[1]


def test_another_institution_sees_what_its_chart_shows_and_nothing_else(
    entering: Entering, township: UUID, county: UUID, resident: UUID, study: str
) -> None:
    web = entering(member(township))
    assert web.get(f"/dicomweb/studies/{study}/metadata").status_code == 200
    assert web.get(f"/dicomweb/studies/{images.uid('s2')}/metadata").status_code == 404
    assert json.loads(web.get("/dicomweb/studies").content) == []
    found = json.loads(web.get("/dicomweb/studies?PatientID=P1").content)
    assert [each["0020000D"]["Value"][0] for each in found] == [study]
    assert json.loads(web.get("/dicomweb/studies?PatientID=P7").content) == []
    elsewhere = entering(member(organisation("外县医院")))
    assert elsewhere.get(f"/dicomweb/studies/{study}/metadata").status_code == 404
    assert json.loads(elsewhere.get(f"/dicomweb/studies?StudyInstanceUID={study}").content) == []
    assert ("imaging.fetch", "refused", resident) in lines() or ("imaging.fetch", "refused", None) in lines()


def test_what_tells_of_a_sensitive_kind_is_withheld_from_others(
    entering: Entering, orthanc: tool.Running, archive: UUID, township: UUID, county: UUID, resident: UUID
) -> None:
    kit.store(orthanc, images.slices("s3", 1, description="HIV 感染者胸部CT"))
    kit.follow()
    uid = images.uid("s3")
    assert entering(member(county)).get(f"/dicomweb/studies/{uid}/metadata").status_code == 200
    outside = member(township, {"imaging.view", "charts.read"})
    assert entering(outside).get(f"/dicomweb/studies/{uid}/metadata").status_code == 404
    assert json.loads(entering(outside).get("/dicomweb/studies?PatientID=P1").content) == []


def test_a_study_that_rests_is_nobodys(entering: Entering, county: UUID, study: str) -> None:
    Study.objects.unscoped("test").filter(uid=study).update(state="resting", patient="", reason="unknown")
    web = entering(member(county))
    assert web.get(f"/dicomweb/studies/{study}/metadata").status_code == 404
    assert json.loads(web.get("/dicomweb/studies?PatientID=P1").content) == []


def test_who_may_not_and_who_is_nobody(entering: Entering, county: UUID, study: str) -> None:
    path = f"/dicomweb/studies/{study}/metadata"
    unknown = entering(None).get(path)
    assert (unknown.status_code, unknown["WWW-Authenticate"]) == (401, 'Bearer realm="doorstep"')
    assert entering(stranger()).get(path).status_code == 403
    assert entering(member(county, {"charts.read"})).get(path).status_code == 403
    assert entering(None).get(path, HTTP_AUTHORIZATION="Bearer nonsense").status_code == 401
    assert entering(member(county)).put(path).status_code == 405
    assert entering(member(county)).delete(path).status_code == 405
    assert entering(member(county)).get(path, HTTP_ACCEPT="text/html").status_code == 406


def test_a_systems_key_sees_its_own_institutions(entering: Entering, county: UUID, township: UUID, study: str) -> None:
    for place, status in ((county, 200), (township, 404)):
        _, token = staff.issue_key(system(), organisation=place, name="工作站")
        answer = entering(None).get(f"/dicomweb/studies/{study}/metadata", HTTP_AUTHORIZATION=f"Bearer {token}")
        assert answer.status_code == (status if place == county else 200), body(answer)


@pytest.mark.parametrize(
    ("scope", "patients", "whole", "sees"),
    [
        ("patient/ImagingStudy.rs", ("pt", "pc"), True, True), ("patient/ImagingStudy.rs", ("pt",), False, False),
        ("patient/ImagingStudy.rs", (), False, False), ("patient/Observation.rs", ("pc",), True, False),
        ("user/ImagingStudy.rs", (), False, False), ("user/*.rs", ("pc",), True, True),
        ("patient/ImagingStudy.s", ("pc",), True, False),
    ],
)  # fmt: skip
def test_an_app_sees_what_its_token_opens(
    entering: Entering, township: UUID, study: str, scope: str, patients: tuple[str, ...], whole: bool, sees: bool
) -> None:
    from dataclasses import replace

    read = parse(scope)
    assert read is not None
    call = replace(member(township), grant=Grant("app", (read,), patients, whole))
    web = entering(call)
    assert (web.get(f"/dicomweb/studies/{study}/metadata").status_code == 200) is sees
    found = json.loads(web.get("/dicomweb/studies").content)
    assert bool(found) is (sees or scope.endswith(".s"))


@pytest.mark.parametrize(
    ("how", "status"),
    [("garbage", 502), ("redirect", 502), ("unauthorised", 502), ("cut", 502), ("status", 502), ("silent", 504),
     ("not-http", 502), ("dribble", 504)],
)  # fmt: skip
def test_an_archive_that_misbehaves_is_told_in_words_and_never_waited_for(
    entering: Entering, county: UUID, study: str, how: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SILENCE", "WHOLE", "STREAM"):
        monkeypatch.setattr(dicomweb, name, 0.4)
    with misbehaving(how) as bad:
        Archive.objects.unscoped("test").update(address=bad.address)
        answer = entering(member(county)).get(f"/dicomweb/studies/{study}/series/{images.uid('s1', '1')}/rendered")
    assert answer.status_code == status
    assert "影像归档" in answer.content.decode()
    assert "127.0.0.1" not in answer.content.decode()


def posted(files: list[bytes], boundary: str = "b0und") -> tuple[bytes, str]:
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    sent = b"".join(head + file + b"\r\n" for file in files) + f"--{boundary}--\r\n".encode()
    return sent, f'multipart/related; type="application/dicom"; boundary={boundary}'


def test_what_is_stored_is_in_the_archive_and_looked_at_before_the_sender_is_told(
    entering: Entering, orthanc: tool.Running, archive: UUID, county: UUID, resident: UUID
) -> None:
    _, token = staff.issue_key(system(), organisation=county, name="CT")
    sent, kind = posted(images.slices("s5", 2))
    web, auth = entering(None), {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    answer = web.post("/dicomweb/studies", sent, content_type=kind, **auth)
    assert answer.status_code == 200, answer.content
    said = json.loads(answer.content)
    assert len(said["00081199"]["Value"]) == 2
    assert str(orthanc.http) not in answer.content.decode()
    assert Study.objects.unscoped("test").filter(uid=images.uid("s5"), due_at__isnull=False).exists()
    kit.follow()
    assert kit.study(images.uid("s5")).patient == "pc"
    again = web.post(f"/dicomweb/studies/{images.uid('s5')}", sent, content_type=kind, **auth)
    assert again.status_code == 200
    kit.follow()
    assert kit.study(images.uid("s5")).series[0]["instances"] == 2
    assert lines() == [("imaging.store", "done", None)] * 2


def test_what_is_not_stored(entering: Entering, archive: UUID, county: UUID, township: UUID) -> None:
    sent, kind = posted(images.slices("s5", 1))
    web = entering(member(county))
    assert web.post("/dicomweb/studies", sent, content_type=kind).status_code == 403, "a page of another site"
    _, token = staff.issue_key(system(), organisation=county, name="CT")
    _, other = staff.issue_key(system(), organisation=township, name="CT")
    web, auth = entering(None), {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    path = "/dicomweb/studies"
    assert web.post(path, sent, content_type="application/dicom", **auth).status_code == 415
    assert web.post(path, sent, content_type=kind.replace("application/dicom", "text/html"), **auth).status_code == 415
    assert web.post(path, sent, content_type=kind, HTTP_AUTHORIZATION=f"Bearer {other}").status_code == 409
    assert web.post(path, sent, content_type=kind, CONTENT_LENGTH=str(3 << 30), **auth).status_code == 413
    assert web.post(path, sent, content_type=kind, CONTENT_LENGTH="", **auth).status_code == 411
    assert web.post(f"{path}/1.2.3/metadata", sent, content_type=kind, **auth).status_code == 404
    assert entering(member(county, {"imaging.view"})).post(path, sent, content_type=kind).status_code == 403
    assert not Study.objects.unscoped("test").exists()
