"""Images of the demo: where `make orthanc` runs, it becomes the lead hospital's archive and gets a few studies.

The pictures are pydicom's samples, with the names of made-up residents; without pydicom, which is a tool of developers,
the archive is registered and stays empty.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Final
from uuid import UUID

from doorstep.adapters.dicomweb import client
from doorstep.adapters.dicomweb.client import Archive, ArchiveFault
from doorstep.kernel import clock, postgres
from doorstep.kernel.call import Call
from doorstep.record.imaging import api as imaging
from doorstep.record.imaging.access import Permission
from doorstep.record.imaging.models import Archive as Known
from doorstep.registers.organisations import api as organisations
from doorstep.site import demo_endpoints
from doorstep.site.demo import systems

WHY: Final = "the demo registers the archive that runs beside it"
PEOPLE: Final = 4
SAMPLES: Final = (("CT_small.dcm", "CT", "胸部CT平扫"), ("MR_small.dcm", "MR", "头颅磁共振"))
LATIN: Final = {"M": "M", "F": "F"}
BOUNDARY: Final = "doorstep-demo"


def build(call: Call, lead: str) -> int:
    """Register it for an institution (credit code), unless it has one, and store studies; how many."""
    place, folder = organisations.by_uscc((lead,)).get(lead), postgres.home() / "orthanc"
    if place is None or Known.objects.unscoped(WHY).filter(organisation=place).exists():
        return 0
    found = _running(folder)
    if found is None:
        return 0
    may = replace(call, permissions=call.permissions | {str(Permission.EDIT)})
    facts = imaging.ArchiveFacts(
        place, "影像中心", found.address, found.user, str(folder / "password"), owner="信息科"
    )  # fmt: skip
    imaging.add(may, facts=facts)
    return sum(_store(found, file) for file in _files(place, lead))


def _running(folder: Path) -> Archive | None:
    """The Orthanc of `make orthanc`, where it answers."""
    with suppress(OSError, ValueError, KeyError, ArchiveFault):
        said = json.loads((folder / "orthanc.json").read_text())
        [(user, password)] = said["RegisteredUsers"].items()
        found = Archive(f"http://127.0.0.1:{int(said['HttpPort'])}/dicom-web", user, password)
        client.json(found, "/studies?limit=1")
        return found
    return None


def _store(archive: Archive, file: bytes) -> int:
    part = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    body = part + file + f"\r\n--{BOUNDARY}--\r\n".encode()
    headers = {
        "Content-Type": f'multipart/related; type="application/dicom"; boundary={BOUNDARY}',
        "Content-Length": str(len(body)),
    }
    answer = client.ask(archive, "/studies", method="POST", body=[body], headers=headers)
    answer.whole()
    return int(answer.status == 200)


def _files(place: UUID, lead: str) -> Iterator[bytes]:
    """Samples that say they are of people whom the institution knows; and one of somebody whom nobody knows."""
    try:
        from pydicom import dcmread
        from pydicom.data import get_testdata_file
        from pydicom.uid import generate_uid
    except ImportError:
        return
    people = list(demo_endpoints.patients(place, systems.hospital_number(lead), PEOPLE))
    now = clock.now().astimezone(clock.CHINA)
    for at, one in enumerate(people):
        sample, modality, said = SAMPLES[at % len(SAMPLES)]
        made = dcmread(str(get_testdata_file(sample, download=False)))
        when: datetime = now - timedelta(days=3 * at + 1)
        stray = at and at == len(people) - 1
        made.SpecificCharacterSet = "ISO_IR 192"
        made.PatientID = "X-0001" if stray else one.number
        made.PatientName, made.PatientBirthDate, made.PatientSex = f"={one.name}", one.birth, LATIN.get(one.sex, "")
        made.StudyDate, made.StudyTime = when.strftime("%Y%m%d"), when.strftime("%H%M%S")
        made.StudyDescription, made.Modality = said, modality
        for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
            setattr(made, name, generate_uid(entropy_srcs=[lead, name, str(at)]))
        made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
        out = BytesIO()
        made.save_as(out)
        yield out.getvalue()
