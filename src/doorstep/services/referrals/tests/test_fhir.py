"""Request and task: valid whatever the facts, their status maps total."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from hypothesis import strategies as st

from doorstep.kernel.testing.contracts import ProjectionContract
from doorstep.services.referrals import fhir
from doorstep.services.referrals.flow import Status
from doorstep.services.referrals.rules.kinds import CRITERIA, Kind, Service, Urgency
from doorstep.services.referrals.shapes import Appointed, Detail, Letter, Line, Person, Picked, Times, Wish

REQUEST: Final = {"draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown"}
TASK: Final = {
    "draft", "requested", "received", "accepted", "rejected", "ready", "cancelled", "in-progress", "on-hold",
    "failed", "completed", "entered-in-error",
}  # fmt: skip
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
TEXT = st.text(max_size=40)
LINES = st.builds(
    Line,
    id=st.uuids(), version=st.just(1), number=st.from_regex(r"ZZ[0-9]{6}-[0-9]{5}", fullmatch=True), name=TEXT,
    kind=st.sampled_from(Kind), service=st.sampled_from(Service), urgency=st.sampled_from(Urgency),
    status=st.sampled_from(Status), origin=st.uuids(), destination=st.none() | st.uuids(), origin_name=TEXT,
    destination_name=TEXT, department_name=TEXT, due_at=st.none() | MOMENTS, sent_at=st.none() | MOMENTS,
    changed_at=MOMENTS, side=st.none(), mine=st.booleans(), overdue=st.booleans(), soon=st.booleans(), holder=TEXT,
    holder_name=TEXT, escalated=st.booleans(),
)  # fmt: skip
DETAILS = st.builds(
    Detail,
    line=LINES, resident=st.uuids(), person=st.just(Person("某某")), sender=TEXT, sender_name=TEXT, sender_phone=TEXT,
    wish=st.builds(
        Wish, criteria=st.lists(st.sampled_from(sorted(CRITERIA)), unique=True).map(tuple),
        enclosures=st.lists(st.just(Picked("Observation", "o1", "血压")), max_size=2).map(tuple),
    ),
    consent_at=st.none(), appointed=st.builds(Appointed, st.none(), st.none(), st.none() | MOMENTS, TEXT),
    times=st.just(Times()), back=st.none(),
    out=st.none() | st.builds(
        Letter, st.just("out"), st.just(1), st.fixed_dictionaries({"impression": TEXT, "present": TEXT}), TEXT, MOMENTS,
        st.just(True),
    ),
    patient=st.from_regex(r"[A-Za-z0-9\-.]{1,64}", fullmatch=True) | st.just(""),
)  # fmt: skip


class TestProjections(ProjectionContract):
    room = "referrals"

    def projected(self) -> Mapping[str, st.SearchStrategy[Mapping[str, Any]]]:
        return {"ServiceRequest": DETAILS.map(fhir.service_request), "Task": DETAILS.map(fhir.task)}


def test_every_state_has_a_status_of_both_and_every_urgency_a_priority() -> None:
    assert set(fhir.REQUEST_STATUS) == set(fhir.TASK_STATUS) == set(Status)
    assert set(fhir.REQUEST_STATUS.values()) <= REQUEST
    assert set(fhir.TASK_STATUS.values()) <= TASK
    assert set(fhir.PRIORITY) == set(Urgency)
