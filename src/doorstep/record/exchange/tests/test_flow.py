"""The life of a message, and who may move it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from doorstep.kernel.call import EVERYWHERE
from doorstep.kernel.testing.callers import member, system
from doorstep.kernel.testing.contracts import FlowContract, WordsContract
from doorstep.record.exchange.access import SENTENCES, Permission, may_send_for
from doorstep.record.exchange.flow import FLOW, State
from doorstep.record.exchange.forms import STATES

HERE, THERE = UUID(int=1), UUID(int=2)


class TestFlow(FlowContract):
    flow = FLOW
    column = ("exchange_message", "message_state")


class TestWords(WordsContract):
    states = State
    words = STATES
    hidden = frozenset({State.KEPT})


def test_what_was_used_mended_or_dismissed_is_done_with():
    assert {s for s in State if not FLOW.open_moves(s)} == {State.APPLIED, State.MENDED, State.DISMISSED}
    assert [m.name for m in FLOW.open_moves(State.SET_ASIDE)] == ["retry", "mend", "dismiss"]


def test_every_permission_has_a_sentence():
    assert set(SENTENCES) == set(Permission)


@pytest.mark.parametrize(
    ("actor", "organisation", "allowed"),
    [("source:x", HERE, True), ("source:x", THERE, False), ("source:x", None, False)],
)
def test_a_system_sends_for_its_own_institution_whatever_its_scope(actor, organisation, allowed):
    call = replace(system(), actor=actor, organisation=organisation, scope=EVERYWHERE)
    assert may_send_for(call, HERE).allowed is allowed


def test_people_send_for_those_within_their_scope():
    assert may_send_for(member(HERE), HERE).allowed
    assert may_send_for(member(HERE), THERE).reason == "out_of_scope"
    assert may_send_for(system(), THERE).allowed
