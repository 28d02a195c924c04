"""Two institutions, an endpoint each, and tables that know temperatures."""

from __future__ import annotations

from uuid import UUID

import pytest

from doorstep.record.endpoints.tests import kit
from doorstep.record.exchange.tests.kit import make_organisation


@pytest.fixture
def source(db: None) -> UUID:
    return make_organisation("甲医院")


@pytest.fixture
def other(db: None) -> UUID:
    return make_organisation("乙医院")


@pytest.fixture
def endpoint(source: UUID) -> UUID:
    return kit.make_endpoint(source)
