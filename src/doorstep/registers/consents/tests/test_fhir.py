"""Every consent that the rules allow is a valid FHIR Consent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from doorstep.kernel.testing.contracts import ProjectionContract
from doorstep.registers.consents import fhir
from doorstep.registers.consents.shapes import Agreed

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
AGREED = st.builds(
    Agreed,
    id=st.uuids(), resident=st.uuids(), organisation=st.uuids(), desk=st.uuids(), permit=st.booleans(),
    signer=st.sampled_from(["self", "guardian"]), signer_name=st.text(max_size=20), since=MOMENTS,
    until=st.none() | st.just(datetime(2100, 1, 2, tzinfo=UTC)), active=st.booleans(),
    patient=st.from_regex(r"[A-Za-z0-9\-.]{1,64}", fullmatch=True) | st.just(""),
)  # fmt: skip


class TestProjections(ProjectionContract):
    room = "consents"

    def projected(self) -> Mapping[str, st.SearchStrategy[Mapping[str, Any]]]:
        return {"Consent": AGREED.map(fhir.consent)}
