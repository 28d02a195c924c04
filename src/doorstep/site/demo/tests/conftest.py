"""One small district for all tests of the demo."""

from __future__ import annotations

import pytest

from doorstep.site.demo.bundles import bundles
from doorstep.site.demo.district import make_district
from doorstep.site.demo.people import Person, residents
from doorstep.site.demo.shapes import District


@pytest.fixture(scope="session")
def district() -> District:
    """The district of seed 1."""
    return make_district()


@pytest.fixture(scope="session")
def people(district: District) -> list[Person]:
    """Its first 3,000 residents."""
    return list(residents(district, 3000))


@pytest.fixture(scope="session")
def sent(district: District, people: list[Person]) -> list[tuple[str, str, bytes]]:
    """The bundles of the first 1,200."""
    return list(bundles(district, people[:1200]))
