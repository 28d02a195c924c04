"""Messages as rows of a list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import get_language

from doorstep.record.endpoints import reads
from doorstep.record.endpoints.flow import State
from doorstep.record.endpoints.forms import STATES, TONES
from doorstep.record.endpoints.shapes import Line


def lines(found: Iterable[Line]) -> list[dict[str, Any]]:
    """Each with its state in words and why it rests."""
    return [told(line) for line in found]


def told(line: Line) -> dict[str, Any]:
    """One with its state in words and why it rests."""
    language, state = get_language() or "zh", State(line.state)
    why = reads.say(line.reason, line.params, language) if line.reason else ""
    advice = reads.advice(line.reason, line.params, language) if line.reason else ""
    return {"line": line, "state": STATES[state], "tone": TONES.get(state, ""), "why": why, "advice": advice}
