"""The life of an export, who may see one, and its words."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.fhir import tables
from doorstep.fhir.problems import KINDS
from doorstep.kernel import ledger
from doorstep.kernel.call import EVERYWHERE, Scope
from doorstep.kernel.fhir_search import OPEN_TYPES
from doorstep.kernel.testing.callers import member, system
from doorstep.kernel.testing.contracts import FlowContract, WordsContract
from doorstep.record.exchange.access import may_see_export
from doorstep.record.exchange.flow import AT_WORK, EXPORT_FLOW, LIVE, ExportState
from doorstep.record.exchange.forms import EXPORT_STATES
from doorstep.registers.staff.rules import ROLES, SOURCE_PERMISSIONS

HERE, THERE = UUID(int=1), UUID(int=2)
SCOPES = st.builds(Scope, st.frozensets(st.sampled_from([HERE, THERE])), st.booleans())


class TestFlow(FlowContract):
    flow = EXPORT_FLOW
    column = ("exchange_export", "export_state")

    @given(data=st.data())
    def test_a_walk_stays_on_the_map(self, data):
        """The contract's, as a test of its own: Hypothesis holds one that two classes share to be flaky."""
        FlowContract.test_a_walk_stays_on_the_map.hypothesis.inner_test(self, data)


class TestWords(WordsContract):
    states = ExportState
    words = EXPORT_STATES


def test_what_can_be_cancelled_is_what_there_is():
    assert {s for s in ExportState if "cancel" in {m.name for m in EXPORT_FLOW.open_moves(s)}} == {
        *LIVE, ExportState.FAILED,
    }  # fmt: skip
    assert set(LIVE) > AT_WORK


@given(scope=SCOPES, bounds=SCOPES, own=st.booleans(), source=st.booleans())
def test_nobody_sees_what_holds_more_than_their_bounds(scope, bounds, own, source):
    call = replace(member(HERE), scope=scope, actor="source:1" if source else "staff:1")
    seen = may_see_export(call, call.actor if own else "staff:2", bounds).allowed
    if seen:
        assert scope.everywhere or not bounds.everywhere
        assert all(scope.holds(o) for o in bounds.organisations)
        assert own or not source
    assert may_see_export(replace(call, scope=EVERYWHERE), call.actor, bounds).allowed


def test_who_may_export():
    assert "exchange.export" in SOURCE_PERMISSIONS
    assert {name for name, role in ROLES.items() if "exchange.export" in role.permissions} == {"exchange_operator"}
    assert may_see_export(system(), "staff:other", EVERYWHERE).allowed


def test_what_anyone_may_read_is_about_nobody():
    assert ledger.SHARED < OPEN_TYPES
    assert not [t for t in OPEN_TYPES if tables.table(t).patient is not None]


@pytest.mark.parametrize("code", sorted(k for k in KINDS if k.startswith("export-")))
def test_every_refusal_has_words_in_both_languages(code):
    assert KINDS[code].zh
    assert KINDS[code].en.isascii() or "“" in KINDS[code].en
    assert KINDS[code].status >= 400
