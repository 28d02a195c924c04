"""The four flows, by the contract of all flows; the pictures of the room's page are theirs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import strategies as st

from doorstep.kernel.decision import Decision, allow, refuse
from doorstep.kernel.testing.contracts import FlowContract
from doorstep.resources.booking import flow

DECISIONS: st.SearchStrategy[Decision] = st.sampled_from([allow(), refuse("check_in.early")])


class TestSession(FlowContract):
    """From planned to summarised, or stopped."""

    flow = flow.SESSION
    column = ("booking_session", "session_status")

    def facts(self) -> st.SearchStrategy[flow.SittingFacts]:
        return st.builds(flow.SittingFacts, st.booleans(), st.booleans(), st.booleans(), st.booleans())


class TestAppointment(FlowContract):
    """From held to fulfilled, cancelled, missed or expired."""

    flow = flow.APPOINTMENT
    column = ("booking_appointment", "appointment_status")

    def facts(self) -> st.SearchStrategy[flow.Facts]:
        return st.builds(flow.Facts, st.booleans(), DECISIONS, st.booleans())


class TestWaiting(FlowContract):
    """From waiting to accepted, declined, lapsed or withdrawn."""

    flow = flow.WAITING
    column = ("booking_waiting", "waiting_status")

    def facts(self) -> st.SearchStrategy[flow.Facts]:
        return st.builds(flow.Facts, st.booleans())


class TestSanction(FlowContract):
    """Standing, appealed, upheld or lifted."""

    flow = flow.SANCTION
    column = ("booking_sanction", "sanction_status")


class TestQueue(FlowContract):
    """From waiting to one answer."""

    flow = flow.QUEUE
    column = ("booking_ticket", "ticket_status")


def test_what_has_its_place_is_all_but_what_gave_it_back() -> None:
    assert set(flow.TAKES) == {s.value for s in flow.Status} - {"cancelled", "expired"}
    assert set(flow.ONCE) == set(flow.TAKES) - {"no_show"}


@pytest.mark.parametrize(
    "drawn", [flow.SESSION, flow.APPOINTMENT, flow.WAITING, flow.SANCTION, flow.QUEUE], ids=lambda f: f.name
)
def test_the_page_of_the_room_shows_the_flow(drawn: flow.Flow) -> None:  # type: ignore[type-arg]  # of any states
    page = Path(__file__).parents[5] / "docs" / "rooms" / "booking.md"
    assert f"```mermaid\n{drawn.mermaid()}\n```" in page.read_text()
