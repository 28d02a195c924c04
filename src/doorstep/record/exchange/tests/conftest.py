"""Two institutions that send."""

from __future__ import annotations

from uuid import UUID

import pytest

from doorstep.record.exchange.tests import kit


@pytest.fixture
def source(db: None) -> UUID:
    return kit.make_organisation("甲医院")


@pytest.fixture
def other(db: None) -> UUID:
    return kit.make_organisation("乙医院")
