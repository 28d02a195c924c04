"""Every contract of the house catches the import that it is meant for."""

from __future__ import annotations

import pytest

from tests.architecture.copies import ROOT, broken_contracts, copy_house, plant

ROOM = "ROOM = None"
PLANTS = {
    "kernel/planted_up.py": "import doorstep.services.planted_a.api",
    "kernel/planted_frame.py": "import django.db",
    "fhir/planted_frame.py": "import django",
    "fhir/planted_house.py": "import doorstep.kernel.decision",
    "services/planted_a/room.py": ROOM,
    "services/planted_a/api.py": "",
    "services/planted_a/helpers.py": "",
    "services/planted_a/utils.py": "",
    "services/planted_a/pages.py": "import doorstep.services.planted_a.models",
    "services/planted_a/reads.py": "import doorstep.services.planted_a.actions",
    "services/planted_a/models.py": "",
    "services/planted_a/actions.py": "import doorstep.registers.planted_d.models",
    "services/planted_a/rules.py": "import django.utils.timezone",
    "services/planted_b/room.py": ROOM,
    "services/planted_b/jobs.py": "import doorstep.services.planted_a.api",
    "services/planted_b/rules.py": "import doorstep.kernel.planted_frame",
    "services/planted_b/flow.py": "import socket",
    "services/planted_c/pages.py": "",
    "management/planted_e/room.py": ROOM,
    "management/planted_e/api.py": "",
    "management/planted_f/room.py": ROOM,
    "management/planted_f/jobs.py": "import doorstep.management.planted_e.api",
    "registers/planted_d/room.py": ROOM,
    "registers/planted_d/models.py": "",
    "registers/planted_d/api.py": "import doorstep.registers.planted_g.api",
    "registers/planted_g/room.py": ROOM,
    "registers/planted_g/api.py": "",
    "registers/planted_g/jobs.py": "import doorstep.registers.planted_d.api",
    "events/planted.py": "import django.db",
    "planted_attic/__init__.py": "",
}
CAUGHT = [
    ("The house is built upwards", "doorstep.kernel.planted_up -> doorstep.services.planted_a.api"),
    ("The house is built upwards", "planted_attic"),
    ("Services never call one another", "doorstep.services.planted_b.jobs -> doorstep.services.planted_a.api"),
    (
        "Rooms of management never call one another",
        "doorstep.management.planted_f.jobs -> doorstep.management.planted_e.api",
    ),
    ("No circles within a tier", "planted_d"),
    ("A room is entered by its api", "doorstep.services.planted_a.actions -> doorstep.registers.planted_d.models"),
    ("A room is entered by its api", "doorstep.kernel.planted_up -> doorstep.services.planted_a.api"),
    ("Every room has the one plan", "doorstep.services.planted_a.helpers"),
    ("Every room has the one plan", "doorstep.services.planted_a.utils"),
    ("Every room has the one plan", "doorstep.services.planted_a.reads -> doorstep.services.planted_a.actions"),
    ("Every room has its manifest", "doorstep.services.planted_c"),
    ("The pure half knows no frame, no database and no network", "doorstep.services.planted_a.rules -> django"),
    (
        "The pure half knows no frame, no database and no network",
        "doorstep.services.planted_b.rules -> doorstep.kernel.planted_frame",
    ),
    ("The pure half knows no frame, no database and no network", "doorstep.services.planted_b.flow -> socket"),
    ("The pure half knows no frame, no database and no network", "doorstep.events.planted -> django"),
    ("Pages never touch tables", "doorstep.services.planted_a.pages -> doorstep.services.planted_a.models"),
    ("FHIR and linkage are libraries that could leave the house", "doorstep.fhir.planted_frame -> django"),
    (
        "FHIR and linkage are libraries that could leave the house",
        "doorstep.fhir.planted_house -> doorstep.kernel.decision",
    ),
]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each contract says of a copy that breaks them all."""
    house = copy_house(tmp_path_factory.mktemp("house"))
    plant(house, PLANTS)
    return broken_contracts(house)


@pytest.mark.parametrize(("contract", "evidence"), CAUGHT)
def test_a_planted_import_is_caught_by_its_contract(broken: dict[str, str], contract: str, evidence: str) -> None:
    assert evidence in broken.get(contract, ""), "\n".join(broken)


def test_the_house_itself_breaks_none() -> None:
    assert broken_contracts(ROOT) == {}
