"""What holds for all tests: properties are searched without a clock, their findings are kept out of the tree, and no
test leaves its language to the next."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation
from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

from doorstep.kernel.testing import database
from doorstep.site.sharing import calm_collector

pytest_plugins = ["doorstep.kernel.testing.browser", "doorstep.kernel.testing.flush"]

settings.register_profile(
    "doorstep",
    deadline=None,  # the machines of continuous integration are busy
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],  # contract tests are inherited
    database=DirectoryBasedExampleDatabase(Path(__file__).parent / ".cache" / "hypothesis"),
)
settings.load_profile("doorstep")


def pytest_collection_finish() -> None:
    """The collector need not walk again and again over the house, its definitions and thousands of collected tests."""
    calm_collector()


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """The test database stands already, where it is our own."""
    return database.MADE


@pytest.fixture(autouse=True)
def own_language() -> Iterator[None]:
    """A page that a test asked for in English leaves English with the thread."""
    yield
    translation.deactivate()
