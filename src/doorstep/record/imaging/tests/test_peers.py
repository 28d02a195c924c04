"""Other people's programs, over real sockets: dcmtk and pynetdicom to Orthanc, dicomweb-client to the house's door."""

from __future__ import annotations

import gc
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from dicomweb_client import DICOMwebClient
from dicomweb_client.session_utils import create_session_from_auth
from pydicom.uid import CTImageStorage
from pynetdicom import AE
from requests import HTTPError, PreparedRequest
from requests.auth import AuthBase

from doorstep.kernel.testing.callers import system
from doorstep.record.imaging.models import Study
from doorstep.record.imaging.reads import parts
from doorstep.record.imaging.tests import images, kit
from doorstep.registers.staff import api as staff
from tools import orthanc as tool

pytestmark = pytest.mark.django_db(transaction=True)


def dcmtk(*command: str) -> str:
    """What one of dcmtk's tools says; skipped only where it is not there and not demanded."""
    if shutil.which(command[0]) is None:
        (pytest.fail if os.environ.get("DOORSTEP_ORTHANC_MUST") else pytest.skip)("no dcmtk: apt-get install dcmtk")
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return ran.stdout + ran.stderr


class Bearer(AuthBase):
    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


@pytest.fixture(autouse=True)
def nothing_known() -> None:
    parts.forget()


@pytest.fixture
def web(live_server: Any, county: UUID) -> Iterator[DICOMwebClient]:
    """The door as a system of the county hospital knows it."""
    _, token = staff.issue_key(system(), organisation=county, name="工作站")
    session = create_session_from_auth(Bearer(token))
    yield DICOMwebClient(f"{live_server.url}/dicomweb", session=session)
    session.close()
    gc.collect()  # the client leaves answers half read, and their connections, to the collector


def test_dcmtk_sends_and_asks_and_the_study_is_in_the_chart(
    orthanc: tool.Running, archive: UUID, resident: UUID, folder: Path
) -> None:
    file = folder / "one.dcm"
    file.write_bytes(images.slices("dcmtk", 1)[0])
    dcmtk("storescu", "-aet", "STORESCU", "-aec", tool.TITLE, "127.0.0.1", str(orthanc.dicom), str(file))
    uid = images.uid("dcmtk")
    said = dcmtk(
        "findscu", "-v", "-S", "-aet", "FINDSCU", "-aec", tool.TITLE, "-k", "QueryRetrieveLevel=STUDY", "-k",
        f"StudyInstanceUID={uid}", "-k", "PatientID", "127.0.0.1", str(orthanc.dicom),
    )  # fmt: skip
    assert "[P1]" in said or "P1 " in said
    kit.follow()
    assert kit.study(uid).patient == "pc"


def test_pynetdicom_sends_and_a_stranger_may_not(orthanc: tool.Running, archive: UUID, resident: UUID) -> None:
    for title, lets in (("PYNETDICOM", True), ("STRANGER", False)):
        peer = AE(ae_title=title)
        peer.add_requested_context(CTImageStorage)
        line = peer.associate("127.0.0.1", orthanc.dicom, ae_title=tool.TITLE)
        sent = [line.send_c_store(images.image(title, number=n)) for n in (1, 2)] if line.is_established else []
        if line.is_established:
            line.release()
        assert [getattr(one, "Status", None) for one in sent if one] == ([0, 0] if lets else [])
    kit.follow()
    assert kit.study(images.uid("PYNETDICOM")).series[0]["instances"] == 2
    assert Study.objects.unscoped("test").count() == 1


def test_dicomweb_client_stores_finds_and_fetches(
    web: DICOMwebClient, live_server: Any, orthanc: tool.Running, archive: UUID, resident: UUID
) -> None:
    made = [images.image("web", number=n) for n in (1, 2, 3)]
    web.store_instances(made)
    kit.follow()
    study, series, instance = images.uid("web"), images.uid("web", "1"), images.uid("web", "1", 2)
    [found] = web.search_for_studies(search_filters={"PatientID": "P1", "PatientName": "李*"}, limit=10)
    assert found["0020000D"]["Value"] == [study]
    assert web.search_for_studies(search_filters={"PatientID": "P9"}) == []
    assert [each["0020000E"]["Value"][0] for each in web.search_for_series(study)] == [series]
    assert len(web.search_for_instances(study, series)) == 3
    metadata = web.retrieve_study_metadata(study)
    assert len(metadata) == 3
    got = web.retrieve_instance(study, series, instance)
    assert (got.PatientName.ideographic, got.PixelData) == ("李^秀英", made[1].PixelData)
    assert len(web.retrieve_study(study)) == 3
    [frame] = web.retrieve_instance_frames(study, series, instance, [1])
    assert frame == made[1].PixelData
    assert web.retrieve_instance_rendered(study, series, instance, media_types=("image/jpeg",)).startswith(b"\xff\xd8")
    bulk = urlsplit(metadata[0]["7FE00010"]["BulkDataURI"]).path
    assert bulk.startswith("/dicomweb/")
    # the client says Host without its port, so that the address has none either
    [pixels] = web.retrieve_bulkdata(f"{live_server.url}{bulk}")
    assert pixels == made[0].PixelData
    with pytest.raises(HTTPError) as refused:
        web.retrieve_study_metadata("1.2.3")
    with refused.value.response as answer:  # else its connection, and the server's thread, stay
        assert answer.status_code == 404


def test_a_sender_who_hangs_up_has_stored_nothing(
    live_server: Any, orthanc: tool.Running, archive: UUID, county: UUID
) -> None:
    _, token = staff.issue_key(system(), organisation=county, name="CT")
    there = urlsplit(live_server.url)
    head = (
        f"POST /dicomweb/studies HTTP/1.1\r\nHost: {there.netloc}\r\nAuthorization: Bearer {token}\r\n"
        'Content-Type: multipart/related; type="application/dicom"; boundary=b\r\nContent-Length: 100000\r\n\r\n'
        "--b\r\nContent-Type: application/dicom\r\n\r\n"
    )
    with socket.create_connection((there.hostname or "", there.port or 0)) as line:
        line.sendall(head.encode() + images.slices("cut", 1)[0][:900])
        time.sleep(0.3)
    time.sleep(0.5)
    assert tool.get(orthanc, "/studies") == []
    assert not Study.objects.unscoped("test").exists()
