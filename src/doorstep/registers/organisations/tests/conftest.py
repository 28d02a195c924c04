"""The small district for the room's tests."""

from __future__ import annotations

import pytest

from doorstep.registers.organisations.tests import factory


@pytest.fixture
def district(db: None) -> factory.District:
    """The small district, loaded."""
    return factory.make()
