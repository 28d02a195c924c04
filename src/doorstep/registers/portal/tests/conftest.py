"""A hospital, a resident whom it has sent, and the file of short messages."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from doorstep.kernel import outbox
from doorstep.record.charts.tests.conftest import organisation
from doorstep.registers.portal.tests import factory


@pytest.fixture
def county(db: None) -> UUID:
    """The county hospital."""
    return organisation("县人民医院")


@pytest.fixture
def resident(county: UUID) -> UUID:
    """Somebody with a number and a telephone."""
    return factory.resident(county)


@pytest.fixture
def messages(tmp_path: Path, settings: Any) -> Callable[[], list[dict[str, str]]]:
    """What was sent so far, after the worker has delivered what waits."""
    settings.DOORSTEP_MESSAGES = str(tmp_path / "messages.json")

    def read() -> list[dict[str, str]]:
        outbox.drain()
        path = tmp_path / "messages.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    return read
