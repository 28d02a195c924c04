"""Flows: what is refused when they are loaded, and what their steps answer."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel.decision import Decision, allow, refuse
from doorstep.kernel.flow import Flow, Move


class Light(StrEnum):
    RED = "red"
    GREEN = "green"
    OFF = "off"


def needs_power(facts: bool) -> Decision:
    return allow() if facts else refuse("no_power", volts=0)


def due(facts: bool) -> datetime | None:
    return datetime(2026, 1, 1, tzinfo=UTC) if facts else None


GO = Move("go", frozenset({Light.RED}), Light.GREEN, "light.go", (needs_power,), due)
STOP = Move("stop", frozenset({Light.GREEN}), Light.RED, "light.stop")
END = Move("end", frozenset({Light.RED, Light.GREEN}), Light.OFF, "light.end")


def flow(*moves: Move, ends: frozenset[Light] = frozenset({Light.OFF})) -> Flow:
    return Flow("light", Light, Light.RED, ends, moves)


SOUND = flow(GO, STOP, END)


@pytest.mark.parametrize(
    ("moves", "ends", "words"),
    [
        ((GO, STOP), {Light.OFF}, "unreachable states"),
        ((GO, END, Move("back", frozenset({Light.OFF}), Light.RED, "x")), {Light.OFF}, "leave an end"),
        ((GO, GO, END), {Light.OFF}, "share a name"),
        ((GO, Move("end", frozenset({Light.RED}), Light.OFF, "x")), {Light.OFF}, "no way out of"),
    ],
)
def test_a_flow_that_cannot_work_is_not_loaded(moves, ends, words):
    with pytest.raises(ValueError, match=words):
        flow(*moves, ends=frozenset(ends))


def test_a_step_leads_on_or_says_why_not():
    assert SOUND.step("go", Light.RED, True) == (allow(), Light.GREEN)
    verdict, state = SOUND.step("go", Light.RED, False)
    assert (verdict.allowed, verdict.reason, dict(verdict.detail), state) == (
        False,
        "no_power",
        {"volts": 0},
        Light.RED,
    )
    verdict, state = SOUND.step("go", Light.OFF, True)
    assert (verdict.reason, dict(verdict.detail), state) == ("wrong_state", {"move": "go", "state": "off"}, Light.OFF)
    with pytest.raises(KeyError):
        SOUND.step("fly", Light.RED, True)


def test_the_buttons_and_the_deadline():
    assert [m.name for m in SOUND.open_moves(Light.RED)] == ["go", "end"]
    assert SOUND.open_moves(Light.OFF) == ()
    assert SOUND.move("go").due(True) == datetime(2026, 1, 1, tzinfo=UTC)


def test_the_picture():
    assert SOUND.mermaid().splitlines() == [
        "stateDiagram-v2", "  [*] --> red", "  red --> green: go", "  green --> red: stop", "  green --> off: end",
        "  red --> off: end", "  off --> [*]",
    ]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(["go", "stop", "end"]), st.booleans())))
def test_power_and_place_decide_and_nothing_else(tries):
    state = SOUND.start
    for name, power in tries:
        verdict, after = SOUND.step(name, state, power)
        may = state in SOUND.move(name).at and (power or name != "go")
        assert (verdict.allowed, after) == (may, SOUND.move(name).to if may else state)
        state = after
