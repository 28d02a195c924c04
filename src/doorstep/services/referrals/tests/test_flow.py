"""The flow: the walk that every room inherits, whose turn each state is, and its picture on the room's page."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

from doorstep.kernel.testing.contracts import FlowContract
from doorstep.services.referrals.flow import FLOW, MOVER, OPEN, RELATED, TURN, Facts, Status
from doorstep.services.referrals.rules.kinds import Side

PAGE = Path(__file__).parents[5] / "docs" / "rooms" / "referrals.md"


class TestFlow(FlowContract):
    flow = FLOW
    column = ("referrals_referral", "referral_status")

    def facts(self) -> st.SearchStrategy[Facts]:
        return st.builds(Facts)


def test_every_move_has_a_mover_and_every_state_a_turn() -> None:
    assert set(MOVER) == {m.name for m in FLOW.moves}
    assert set(TURN) == set(Status)
    assert {s for s, side in TURN.items() if side is None} == FLOW.ends


def test_whose_turn_it_is_can_move_it() -> None:
    for status, side in TURN.items():
        if side is not None:
            assert side in {MOVER[m.name] for m in FLOW.open_moves(status)}, status


def test_only_the_receiver_says_that_somebody_came() -> None:
    """Nobody is moved as a side effect."""
    for move in FLOW.moves:
        if move.to in (Status.ARRIVED, Status.IN_CARE, Status.REPORTED):
            assert MOVER[move.name] is Side.DESTINATION


def test_what_has_ended_opens_no_chart() -> None:
    assert not RELATED & FLOW.ends
    assert RELATED <= OPEN
    assert Status.DRAFT not in OPEN


def test_the_page_shows_the_flow_as_it_is() -> None:
    assert FLOW.mermaid() in PAGE.read_text()
