"""The small world of this room."""

from __future__ import annotations

import pytest

from doorstep.services.referrals.tests import factory


@pytest.fixture
def here(db: None) -> factory.World:
    """A township centre, a county hospital, a resident."""
    return factory.world()
