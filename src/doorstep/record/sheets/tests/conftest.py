"""A health centre with a clerk who may send every kind, and a colleague of another institution."""

from __future__ import annotations

from uuid import UUID

import pytest

from doorstep.kernel.call import Call
from doorstep.kernel.testing.callers import member
from doorstep.record.exchange.tests.kit import make_organisation
from doorstep.registers.organisations.tests.factory import uscc


@pytest.fixture
def source(db: None) -> UUID:
    return make_organisation("清河镇中心卫生院", uscc=uscc(1))


@pytest.fixture
def other(db: None) -> UUID:
    return make_organisation("城关卫生院", uscc=uscc(2))


@pytest.fixture
def clerk(source: UUID) -> Call:
    return member(source)
