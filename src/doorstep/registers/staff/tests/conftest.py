"""The small district for the room's tests."""

from __future__ import annotations

import pytest

from doorstep.registers.organisations.tests import factory as places


@pytest.fixture
def district(db: None) -> places.District:
    """The small district, loaded."""
    return places.make()
