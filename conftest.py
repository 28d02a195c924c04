"""What holds for all tests: properties are searched without a clock, and their findings are kept out of the tree."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

pytest_plugins = ["doorstep.kernel.testing.browser", "doorstep.kernel.testing.flush"]

settings.register_profile(
    "doorstep",
    deadline=None,  # the machines of continuous integration are busy
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],  # contract tests are inherited
    database=DirectoryBasedExampleDatabase(Path(__file__).parent / ".cache" / "hypothesis"),
)
settings.load_profile("doorstep")
