"""Two hospitals, and what their systems send."""

from __future__ import annotations

from uuid import UUID

import pytest

from doorstep.record.charts.tests.conftest import organisation, patient, send
from doorstep.registers.residents import api as residents


@pytest.fixture
def county(db: None) -> UUID:
    """The county hospital."""
    return organisation("县人民医院")


@pytest.fixture
def township(db: None) -> UUID:
    """The township health centre."""
    return organisation("清溪镇卫生院")


@pytest.fixture
def resident(county: UUID) -> UUID:
    """One person whom the county hospital alone has sent: FHIR id ``pc``."""
    send(county, patient("pc"))
    return residents.residents_of(["pc"])["pc"]
