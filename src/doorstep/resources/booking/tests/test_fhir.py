"""Every clinic, place and appointment that the rules allow is a valid resource, whatever its words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from doorstep.kernel.testing.contracts import ProjectionContract
from doorstep.resources.booking import fhir
from doorstep.resources.booking.flow import Status
from doorstep.resources.booking.rules import Channel
from doorstep.resources.booking.shapes import Booked, ClinicFacts, SlotFacts

MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
LATER = datetime(2100, 1, 2, tzinfo=UTC)
WORDS, CHANNELS = st.text(max_size=20), st.sampled_from(list(Channel))
CLINICS = st.builds(
    ClinicFacts, id=st.uuids(), name=WORDS, code=WORDS, department_name=WORDS, post=st.none() | st.uuids(), who=WORDS,
    ended=st.booleans(),
)  # fmt: skip
SLOTS = st.builds(
    SlotFacts, id=st.uuids(), clinic=st.uuids(), channel=CHANNELS, starts=MOMENTS, ends=st.just(LATER),
    live=st.booleans(), taken=st.booleans(), held=st.booleans(), added=st.booleans(),
)  # fmt: skip
BOOKED = st.builds(
    Booked,
    id=st.uuids(), version=st.just(1), resident=st.uuids(), organisation=st.uuids(), organisation_name=WORDS,
    session=st.uuids(), slot=st.uuids(), department=st.uuids(), department_name=WORDS, clinic_name=WORDS,
    practitioner_name=WORDS, title=WORDS, place=WORDS, day=st.just(LATER.date()), starts=MOMENTS, ends=st.just(LATER),
    number=st.just(1), channel=CHANNELS, status=st.sampled_from([s.value for s in Status]), fee=st.just(Decimal(10)),
    held_until=st.none() | st.just(LATER + timedelta(days=1)), why=WORDS, ended_why=WORDS, token=st.uuids(),
)  # fmt: skip
PATIENTS = st.from_regex(r"[A-Za-z0-9\-.]{1,64}", fullmatch=True) | st.just("")


class TestProjections(ProjectionContract):
    room = "booking"

    def projected(self) -> Mapping[str, st.SearchStrategy[Mapping[str, Any]]]:
        return {
            "Schedule": CLINICS.map(fhir.schedule),
            "Slot": SLOTS.map(fhir.slot),
            "Appointment": st.builds(fhir.appointment, BOOKED, PATIENTS),
        }


def test_every_status_is_told() -> None:
    assert set(fhir.STATUSES) == set(Status)
