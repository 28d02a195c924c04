"""What Orthanc holds becomes studies, and studies a part of charts: over real sockets."""

from __future__ import annotations

import json
import warnings
from uuid import UUID

import pytest

from doorstep.kernel import clock, ledger
from doorstep.kernel.models import TrailLine
from doorstep.kernel.outbox import drain
from doorstep.kernel.testing.callers import system
from doorstep.record.charts.tests.conftest import send
from doorstep.record.imaging import reads
from doorstep.record.imaging.actions import archives, following
from doorstep.record.imaging.flow import State
from doorstep.record.imaging.models import Archive, Study, Unreadable
from doorstep.record.imaging.tests import images, kit
from doorstep.record.imaging.tests.conftest import made
from doorstep.registers.residents import api as residents
from doorstep.registers.staff.tests import factory as staff
from tools import orthanc as tool

pytestmark = pytest.mark.django_db


def published(uid: str) -> ledger.Stored | None:
    return ledger.read("ImagingStudy", str(kit.study(uid).pk))


def test_a_study_is_placed_by_the_institutions_own_number_and_stands_in_the_chart(
    orthanc: tool.Running, archive: UUID, resident: UUID
) -> None:
    kit.store(orthanc, images.slices("s1", 3))
    kit.follow()
    row = kit.study(images.uid("s1"))
    assert (row.state, row.patient, row.hanzi, row.latin) == (State.PLACED, "pc", "李秀英", "lixiuying")
    assert (row.modalities, row.description, len(row.series)) == (["CT"], "胸部平扫", 1)
    stored = published(row.uid)
    assert stored is not None
    assert stored.patient == "pc"
    said = json.loads(stored.body)
    assert said["identifier"][0] == {"system": "urn:dicom:uid", "value": f"urn:oid:{row.uid}"}
    assert (said["numberOfSeries"], said["numberOfInstances"]) == (1, 3)
    assert said["started"] == "2026-03-12T09:30:00+08:00"
    assert said["endpoint"] == [{"reference": f"Endpoint/{archive}"}]
    line = TrailLine.objects.filter(action="imaging.settle").get()
    assert (line.resident, line.subject_id) == (resident, row.uid)


def test_followed_again_nothing_changes_and_more_images_make_a_version(
    orthanc: tool.Running, archive: UUID, resident: UUID
) -> None:
    files = images.slices("s1", 3)
    kit.store(orthanc, files[:2])
    kit.follow()
    before = published(images.uid("s1"))
    Archive.objects.unscoped("test").update(position=0)
    Study.objects.unscoped("test").exclude(uid=images.uid("s1")).delete()
    kit.follow()
    again = published(images.uid("s1"))
    assert before is not None
    assert again is not None
    assert again.version == before.version
    kit.store(orthanc, files[2:])
    kit.hurry()
    kit.follow()
    grown = published(images.uid("s1"))
    assert grown is not None
    assert json.loads(grown.body)["numberOfInstances"] == 3
    assert grown.version == before.version + 1


def test_an_order_with_its_number_is_answered(
    orthanc: tool.Running, archive: UUID, resident: UUID, county: UUID
) -> None:
    send(county, kit.order("o1", "pc", "ACC-7"))
    kit.store(orthanc, images.slices("s1", 1, accession="ACC-7", patient=""))
    kit.follow()
    row = kit.study(images.uid("s1"))
    assert (row.state, row.patient, row.order) == (State.PLACED, "pc", "o1")
    stored = published(row.uid)
    assert stored is not None
    assert json.loads(stored.body)["basedOn"] == [{"reference": "ServiceRequest/o1"}]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"patient": "P9"}, "unknown"),
        ({"patient": ""}, "no-number"),
        ({"name": "Wang^Gang=王^刚"}, "contradicts"),
        ({"sex": "M"}, "contradicts"),
        ({"born": "19900101"}, "contradicts"),
        ({"name": "", "born": ""}, "too-little"),
        ({"patient": "T1"}, "unknown"),
        ({"accession": "OTHER"}, "order-other"),
    ],
)  # fmt: skip
def test_what_is_not_certain_rests(
    orthanc: tool.Running, archive: UUID, resident: UUID, county: UUID, said: dict[str, str], reason: str
) -> None:
    send(county, kit.patient("px", "P2", "", name=[{"text": "李秀英"}]), kit.order("o2", "px", "OTHER"))
    kit.store(orthanc, images.slices("s1", 1, **said))
    kit.follow()
    row = kit.study(images.uid("s1"))
    assert (row.state, row.reason, row.patient) == (State.RESTING, reason, "")
    assert published(row.uid) is None


def test_two_patients_under_one_uid_rest(orthanc: tool.Running, archive: UUID, resident: UUID) -> None:
    kit.store(orthanc, images.slices("s1", 1))
    kit.follow()
    assert kit.study(images.uid("s1")).state == State.PLACED
    other = images.image("s1", number=2, patient="P2", name="Wang^Gang=王^刚", sex="M", born="19700101")
    kit.store(orthanc, [images.written(other)])
    kit.follow()
    row = kit.study(images.uid("s1"))
    assert (row.state, row.reason) == (State.RESTING, "two-patients")
    stored = published(row.uid)
    assert stored is not None
    assert stored.deleted


def test_records_that_come_later_find_their_study(orthanc: tool.Running, archive: UUID, county: UUID) -> None:
    kit.store(orthanc, images.slices("s1", 1))
    kit.follow()
    assert kit.study(images.uid("s1")).reason == "unknown"
    send(county, kit.patient("pc", "P1"))
    drain()
    kit.follow()
    assert kit.study(images.uid("s1")).patient == "pc"


def test_a_study_follows_its_record_when_residents_are_merged_and_parted(
    orthanc: tool.Running, archive: UUID, county: UUID, township: UUID
) -> None:
    send(county, kit.patient("pc", "P1", ""))
    send(township, kit.patient("pt", "T1", "", name=[{"text": "李秀莹"}]))
    whose = residents.residents_of(["pc", "pt"])
    assert whose["pc"] != whose["pt"]
    kit.store(orthanc, images.slices("s1", 1))
    kit.follow()
    before = published(images.uid("s1"))
    residents.merge(system(), kept=whose["pt"], gone=whose["pc"])
    assert residents.residents_of([kit.study(images.uid("s1")).patient]) == {"pc": whose["pt"]}
    after = published(images.uid("s1"))
    assert before is not None
    assert after is not None
    assert before.body == after.body


def test_what_the_archive_has_no_more_is_gone_from_the_chart(
    orthanc: tool.Running, archive: UUID, resident: UUID
) -> None:
    kit.store(orthanc, images.slices("s1", 1))
    kit.follow()
    for key in tool.get(orthanc, "/studies"):
        tool.delete(orthanc, f"/studies/{key}")
    kit.hurry()
    kit.follow()
    assert kit.study(images.uid("s1")).state == State.GONE
    stored = published(images.uid("s1"))
    assert stored is not None
    assert stored.deleted
    kit.store(orthanc, images.slices("s1", 1))
    kit.follow()
    assert kit.study(images.uid("s1")).state == State.PLACED


def test_an_archive_that_tells_no_changes_is_asked_from_its_last_days_on(
    orthanc: tool.Running, county: UUID, resident: UUID
) -> None:
    kit.store(orthanc, images.slices("s1", 1))
    archive = made(orthanc, county, is_orthanc=False)
    kit.follow()
    assert kit.study(images.uid("s1")).patient == "pc"
    row = Archive.objects.unscoped("test").get(pk=archive)
    assert row.since is not None
    assert row.answered_at is not None


def test_an_archive_that_does_not_answer_says_why_and_is_left_alone_longer_each_time(archive: UUID) -> None:
    Archive.objects.unscoped("test").update(address="http://127.0.0.1:1/dicom-web")
    waits = []
    for _ in range(3):
        Archive.objects.unscoped("test").update(due_at="2026-01-01T00:00:00Z")
        assert following.step(system())
        row = Archive.objects.unscoped("test").get()
        assert (row.fault, row.position >= 0) == ("unreachable", True)
        assert row.failed_at is not None
        waits.append(row.due_at - row.failed_at)
    assert waits == sorted(waits)
    assert waits[0] < waits[2]


def test_another_position_is_not_overwritten(archive: UUID) -> None:
    row = Archive.objects.unscoped("test").get()
    assert following.note(system(), archive=archive, before=row.position, after=row.position + 5, uids=["1.2.3"]) == 1
    assert following.note(system(), archive=archive, before=row.position, after=row.position + 9, uids=["1.2.4"]) == 0
    assert Archive.objects.unscoped("test").get().position == row.position + 5
    assert list(Study.objects.unscoped("test").values_list("uid", flat=True)) == ["1.2.3"]


def test_an_archive_whose_changes_begin_anew_is_followed_from_the_beginning(
    orthanc: tool.Running, archive: UUID, resident: UUID
) -> None:
    kit.store(orthanc, images.slices("s1", 1))
    Archive.objects.unscoped("test").update(position=1 << 40)
    kit.follow()
    kit.follow()
    assert kit.study(images.uid("s1")).state == State.PLACED


def test_an_archive_that_is_off_is_not_asked(orthanc: tool.Running, archive: UUID) -> None:
    archives.switch(system(), archive=archive, expect=1, on=False)
    kit.store(orthanc, images.slices("s1", 1))
    kit.follow()
    assert not Study.objects.unscoped("test").exists()


def test_what_has_no_uid_is_told_to_the_operator_until_it_is_put_right(
    orthanc: tool.Running, archive: UUID, county: UUID, resident: UUID
) -> None:
    bad = images.image("s1")
    with warnings.catch_warnings():  # of pydicom, about what is the matter here
        warnings.simplefilter("ignore")
        bad.StudyInstanceUID = "CT-2026/0312"
        kit.store(orthanc, [images.written(bad), *images.slices("s2")])
    kit.follow()
    named = {tool.get(orthanc, f"/studies/{key}")["MainDicomTags"]["StudyInstanceUID"]: key
             for key in tool.get(orthanc, "/studies")}  # fmt: skip
    key = named["CT-2026/0312"]
    assert kit.study(images.uid("s2")).state == "placed", "the others do not wait for it"
    page = staff.client_of(staff.somebody(county, "exchange_operator", "接口员", "op")).get(
        f"/imaging/archives/{archive}/"
    )
    assert all(words in page.content.decode() for words in ("读不了的检查", key, "CT-2026/0312"))
    assert reads.archive(system(), archive).unreadable == 1
    kit.go_to_the_end(archive)
    Unreadable.objects.unscoped("test").update(due_at=clock.now())
    kit.follow()
    assert reads.archive(system(), archive).unreadable == 1, "it is still there"
    tool.delete(orthanc, f"/studies/{key}")
    archives.hurry(system(), archive=archive)
    kit.follow()
    assert reads.archive(system(), archive).unreadable == 0
