"""A real Orthanc, once a test process; a resident known to two institutions; an archive of one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from doorstep.kernel.testing.callers import system
from doorstep.record.charts.tests.conftest import organisation, relate, send
from doorstep.record.imaging.actions import archives
from doorstep.record.imaging.shapes import ArchiveFacts
from doorstep.record.imaging.tests import kit
from doorstep.registers.residents import api as residents
from tools import orthanc as tool


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tool.Running]:
    """Orthanc on ports of its own, killed at the end."""
    if said := tool.missing():
        if os.environ.get("DOORSTEP_ORTHANC_MUST"):
            pytest.fail(said)
        pytest.skip(said)
    running = tool.start(tmp_path_factory.mktemp("orthanc"), http=tool.free_port(), dicom=tool.free_port(), stable=1)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture
def orthanc(server: tool.Running) -> tool.Running:
    """The same, empty."""
    for key in tool.get(server, "/studies"):
        tool.delete(server, f"/studies/{key}")
    return server


@pytest.fixture
def county(db: None) -> UUID:
    """The county hospital."""
    return organisation("县人民医院")


@pytest.fixture
def township(db: None) -> UUID:
    """The township health centre."""
    return organisation("清溪镇卫生院")


@pytest.fixture
def resident(county: UUID, township: UUID) -> UUID:
    """李秀英, known to both (``pc``: number P1 at the county hospital; ``pt``: T1), who has an appointment at both."""
    send(county, kit.patient("pc", "P1"))
    send(township, kit.patient("pt", "T1"))
    found = residents.residents_of(["pc", "pt"])
    assert found["pc"] == found["pt"]
    for place in (county, township):
        relate(found["pc"], place)
    return found["pc"]


@pytest.fixture
def archive(orthanc: tool.Running, county: UUID) -> UUID:
    """Orthanc, as the county hospital's archive, followed from now on."""
    return made(orthanc, county)


def made(running: tool.Running, organisation: UUID, **more: object) -> UUID:
    """Orthanc as an archive of an institution, without what it had before."""
    facts = ArchiveFacts(organisation, "影像中心", running.address, tool.USER, str(running.folder / "password"), **more)  # type: ignore[arg-type]  # the fields that a test names
    found = archives.add(system(), facts=facts)
    kit.go_to_the_end(found)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of the test's own."""
    return tmp_path
