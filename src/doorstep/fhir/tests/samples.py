"""Other people's FHIR, where this machine has it: DOORSTEP_TEST_DATA, or a folder `shared/data` beside the checkout."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("DOORSTEP_TEST_DATA", Path(__file__).resolve().parents[5] / "shared" / "data"))
EXAMPLES = "fhir-r4-examples/hl7.fhir.r4.examples-4.0.1.zip"
SYNTHEA = "synthea-bundles/smart-generated-R4-bundles.zip"


def members(archive: str, every: int = 1) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of every n-th JSON file of an archive; skips the test, saying why, where it is absent."""
    path = ROOT / archive
    if not path.exists():
        pytest.skip(f"test data is not on this machine: {archive}")
    with zipfile.ZipFile(path) as opened:
        names = sorted(name for name in opened.namelist() if name.endswith(".json"))
        for name in names[::every]:
            yield name, opened.read(name)
