"""People, orders and archives for the tests of this room."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from doorstep.adapters.dicomweb import searching
from doorstep.kernel import clock
from doorstep.kernel.outbox import worker_call
from doorstep.record.charts.tests.conftest import NUMBER
from doorstep.record.charts.tests.conftest import patient as numbered
from doorstep.record.imaging.actions import asking, following
from doorstep.record.imaging.models import Archive, Study
from doorstep.record.imaging.reads import rows
from tools import orthanc as tool

HL7 = "http://terminology.hl7.org/CodeSystem/v2-0203"


def patient(key: str, mrn: str, number: str = NUMBER, **more: Any) -> dict[str, Any]:
    """A Patient with the institution's own number, and a resident ID."""
    found = numbered(key, number)
    kind = {"coding": [{"system": HL7, "code": "MR"}]}
    own = {"type": kind, "system": "urn:test:his", "value": mrn}
    return {**found, "identifier": [*found.get("identifier", []), own], **more}


def order(key: str, patient: str, accession: str) -> dict[str, Any]:
    """An order for a CT, with its number."""
    return {
        "resourceType": "ServiceRequest", "id": key, "status": "active", "intent": "order",
        "identifier": [{"system": "urn:test:ris", "value": accession}], "code": {"text": "胸部CT"},
        "subject": {"reference": f"Patient/{patient}"},
    }  # fmt: skip


def store(running: tool.Running, files: list[bytes]) -> None:
    """Have Orthanc keep files."""
    for file in files:
        tool.store(running, file)


def go_to_the_end(archive: UUID) -> None:
    """Have an archive followed from here on: what was done in it before is another test's."""
    row = Archive.objects.unscoped("test").get(pk=archive)
    if row.is_orthanc:
        last = searching.newest(asking.archive(rows.place(row)))
        Archive.objects.unscoped("test").filter(pk=archive).update(position=last)


def follow() -> None:
    """Follow all archives until nothing is due."""
    Archive.objects.unscoped("test").update(due_at=clock.now())
    for _ in range(50):
        if not following.step(worker_call()):
            return
        if not Study.objects.unscoped("test").filter(due_at__lte=clock.now()).exists():
            return
    raise AssertionError("following comes to no end")


def hurry() -> None:
    """Have every study looked at."""
    Study.objects.unscoped("test").update(due_at=clock.now())


def study(uid: str) -> Study:
    """The study as it stands."""
    found: Study = Study.objects.unscoped("test").get(uid=uid)
    return found
