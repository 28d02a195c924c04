"""Who may see and move: each of the two sides, the office, and nobody else."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from doorstep.kernel import clock
from doorstep.kernel.call import EVERYWHERE, Call, Scope
from doorstep.services.referrals.access import Permission, Sides, is_house, may_move, may_see, side_of
from doorstep.services.referrals.flow import FLOW, MOVER
from doorstep.services.referrals.rules.kinds import Side

HERE, THERE, ELSEWHERE = UUID(int=1), UUID(int=2), UUID(int=3)
SIDES = Sides(HERE, THERE)
ALL = frozenset(map(str, Permission))


def call(organisation: UUID | None, permissions: frozenset[str] = ALL - {Permission.OVERSEE}) -> Call:
    bounds = Scope(frozenset({HERE, THERE, ELSEWHERE}))
    return Call("staff:x", "某", clock.now(), bounds, permissions, organisation=organisation)


def test_both_sides_see_it_and_no_third() -> None:
    assert [may_see(call(o), SIDES).allowed for o in (HERE, THERE, ELSEWHERE, None)] == [True, True, False, False]
    assert may_see(call(ELSEWHERE), SIDES).reason == "not_found"
    assert may_see(call(HERE, frozenset()), SIDES).reason == "permission"
    assert side_of(call(THERE), SIDES) is Side.DESTINATION


def test_a_draft_is_the_origin_s_alone() -> None:
    draft = replace(SIDES, sent=False)
    assert [may_see(call(o, ALL), draft).allowed for o in (HERE, THERE, ELSEWHERE)] == [True, False, False]
    assert not may_see(call(HERE), Sides(THERE, None, sent=False)).allowed


def test_the_office_sees_what_was_sent_within_its_bounds() -> None:
    office = call(ELSEWHERE, ALL)
    assert may_see(office, SIDES).allowed
    assert may_see(replace(office, scope=EVERYWHERE), SIDES).allowed
    assert not may_see(replace(office, scope=Scope(frozenset({ELSEWHERE}))), SIDES).allowed
    assert not may_move(office, Side.ORIGIN, Permission.SEND, SIDES).allowed, "it sees, it does not move"


@pytest.mark.parametrize("move", FLOW.moves, ids=lambda m: m.name)
def test_each_move_is_its_own_side_s(move: object) -> None:
    name, permission = move.name, move.permission  # type: ignore[attr-defined]  # a Move
    for organisation, side in ((HERE, Side.ORIGIN), (THERE, Side.DESTINATION), (ELSEWHERE, None)):
        verdict = may_move(call(organisation), MOVER[name], permission, SIDES)
        assert verdict.allowed == (MOVER[name] is side and side is not None), (name, side)
        assert not may_move(call(organisation, ALL - {permission}), MOVER[name], permission, SIDES).allowed
    house = replace(call(None), actor="system:worker")
    assert is_house(house)
    assert may_move(house, MOVER[name], permission, SIDES).allowed
