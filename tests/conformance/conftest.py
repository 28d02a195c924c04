"""The oracle starts each test as it starts a process: what other tests asked of it changes no answer."""

from __future__ import annotations

import pytest
from fhirpathpy.engine.nodes import TypeInfo


@pytest.fixture(autouse=True)
def oracle_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """fhirpathpy keeps the model of the last `is` or `as` for the process; `ofType(uri)` then takes canonicals."""
    monkeypatch.setattr(TypeInfo, "model", None)
