"""The life of a message, its words, and its picture in the documentation."""

from __future__ import annotations

from pathlib import Path

from doorstep.kernel.testing.contracts import FlowContract, WordsContract
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.flow import FLOW, OUTWARD, Sending, State
from doorstep.record.endpoints.forms import SENDING, STATES
from doorstep.record.endpoints.room import ROOM


class TestFlow(FlowContract):
    flow = FLOW
    column = ("endpoints_inbound", "inbound_state")


class TestSending(FlowContract):
    flow = OUTWARD
    column = ("endpoints_outbound", "outbound_state")


class TestSendingWords(WordsContract):
    states = Sending
    words = SENDING


class TestWords(WordsContract):
    states = State
    words = STATES


def test_what_rests_can_be_replayed_mended_or_dismissed_and_nothing_else_can():
    assert [m.name for m in FLOW.open_moves(State.RESTING)] == ["replay", "mend", "dismiss"]
    assert {s for s in State if not FLOW.open_moves(s)} == {State.APPLIED, State.MENDED, State.DISMISSED}


def test_every_permission_has_a_sentence():
    assert {str(p) for p in Permission} <= set(map(str, ROOM.sentences))


def test_the_page_of_the_room_shows_the_flow_as_it_is():
    page = Path(__file__).parents[5] / "docs" / "rooms" / "endpoints.md"
    assert FLOW.mermaid() in page.read_text()
    assert OUTWARD.mermaid() in page.read_text()
