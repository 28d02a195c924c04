"""One house for all tests of faults, and the records that are sent into it."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from doorstep.site.demo.bundles import bundles
from doorstep.site.demo.district import make_district
from doorstep.site.demo.issues import issues
from doorstep.site.demo.people import residents
from tests.faults.house import House, house

RESIDENTS = 1600


class Sent(NamedTuple):
    """What is sent: the credit code of the source, the archive with all, the names of its members, what it leaves."""

    source: str
    archive: Path
    names: list[str]
    state: dict[str, Any]


@pytest.fixture(scope="session")
def built() -> Iterator[House]:
    with house() as made:
        yield made


@pytest.fixture(scope="session")
def sent(built: House, tmp_path_factory: pytest.TempPathFactory) -> Sent:
    """Bundles of many hundred residents, some of them at fault, and what they leave without any fault on the way; it is
    kept in the house as "ingested"."""
    district = make_district()
    archive = tmp_path_factory.mktemp("sent") / "bundles.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for uscc, name, body in bundles(district, residents(district, RESIDENTS, 1)):
            packed.writestr(f"{name[:4]}{uscc}-{name}", body)
        for issue in issues(district):
            packed.writestr(f"900-{issue.name}", issue.body)
        names = packed.namelist()
    source = district.institutions[0].uscc
    built.reset()
    done = built.run("ingest", str(archive), "--source", source, "--quiet")
    assert done.returncode == 1, done.stderr
    built.keep("ingested")
    return Sent(source, archive, names, built.state())


@pytest.fixture
def home(built: House) -> House:
    """The house without any records."""
    built.reset()
    return built
