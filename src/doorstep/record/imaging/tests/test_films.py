"""Films as devices wrote them (PyPI pydicom-data): stored through the door, known, tied by hand and looked at."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from doorstep.kernel.testing.callers import system
from doorstep.record.imaging.actions import tying
from doorstep.record.imaging.flow import State
from doorstep.record.imaging.models import Study
from doorstep.record.imaging.reads import parts
from doorstep.record.imaging.tests import kit
from doorstep.registers.staff import api as staff
from tools import orthanc as tool

pytestmark = pytest.mark.django_db(transaction=True)
MOST = 1_100_000  # bytes of a film: the larger ones are the same pictures without compression
REFUSED = {"emri_small_jpeg_2k_lossless_too_short.dcm", "explicit_VR-UN.dcm"}
"""What ends too early, or where lengths are wrong: not DICOM for Orthanc, and its sender is told so."""
NO_UID = "05fa52f0e599f17b8186ff18fcdf2b5570a52206a75c4d03afebf5c475dc8758"
"""What one film has where a UID should be (PS3.5, 9): the archive keeps it, the house cannot tell of it."""


def films() -> list[Path]:
    """The files of the package, those without a preamble left out."""
    found = importlib.util.find_spec("data_store")
    assert found is not None
    assert found.origin
    every = sorted((Path(found.origin).parent / "data").rglob("*.dcm"))
    return [path for path in every if path.stat().st_size < MOST and path.read_bytes()[128:132] == b"DICM"]


def test_every_film_is_taken_known_and_looked_at(
    live_server: Any, orthanc: tool.Running, archive: UUID, county: UUID, resident: UUID
) -> None:
    parts.forget()
    _, token = staff.issue_key(system(), organisation=county, name="影像科")
    kind = 'multipart/related; type="application/dicom"; boundary=film'
    with httpx.Client(base_url=f"{live_server.url}/dicomweb", headers={"Authorization": f"Bearer {token}"}) as web:
        told = {}
        for path in films():
            body = b"--film\r\nContent-Type: application/dicom\r\n\r\n" + path.read_bytes() + b"\r\n--film--\r\n"
            told[path.name] = web.post("/studies", content=body, headers={"Content-Type": kind}).status_code
        assert {name: status for name, status in told.items() if status != 200} == dict.fromkeys(REFUSED, 415)
        assert len(told) > 50
        kit.follow()
        rows = list(Study.objects.unscoped("test"))
        assert {row.uid for row in rows} | {NO_UID} == {
            tool.get(orthanc, f"/studies/{each}")["MainDicomTags"]["StudyInstanceUID"]
            for each in tool.get(orthanc, "/studies")
        }
        assert {row.state for row in rows} == {State.RESTING}  # nobody here has these numbers
        assert web.get("/studies").json() == []
        seen, whole = {}, {}
        for row in rows:
            tying.tie(system(), study=row.pk, resident=resident, expect=row.version)
            picture = web.get(f"/studies/{row.uid}/thumbnail")
            seen[row.uid] = (picture.status_code, picture.content[:2])
            whole[row.uid] = web.get(f"/studies/{row.uid}/metadata").status_code
        refused = [status for status, _ in seen.values() if status != 200]
        assert len(refused) <= 2, seen  # colours that neither Orthanc nor GDCM draws: an answer in words
        assert set(refused) <= {406, 502}
        assert {begins for status, begins in seen.values() if status == 200} == {b"\xff\xd8"}
        assert set(whole.values()) == {200}
        assert {
            each["0020000D"]["Value"][0] for each in web.get("/studies", params={"limit": "100"}).json()
        } == seen.keys()
