"""Messages as rows of a list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import get_language

from doorstep.record.endpoints import reads
from doorstep.record.endpoints.flow import Sending, State
from doorstep.record.endpoints.forms import SENDING, SENDING_TONES, STATES, TONES
from doorstep.record.endpoints.rules import alert_words
from doorstep.record.endpoints.rules.watching import Kind
from doorstep.record.endpoints.shapes import Alert, Line, Sent


def titles(kinds: Iterable[Kind]) -> list[str]:
    """The names of alerts."""
    return [alert_words.title(kind, get_language() or "zh") for kind in kinds]


def alert(each: Alert) -> dict[str, Any]:
    """An alert in words: its name, what is so, what to do."""
    language = get_language() or "zh"
    what = alert_words.what(each.kind, value=each.value, limit=each.limit, minutes=each.minutes, language=language)
    return {
        "alert": each, "title": alert_words.title(each.kind, language), "what": what,
        "advice": alert_words.advice(each.kind, language),
    }  # fmt: skip


def lines(found: Iterable[Line]) -> list[dict[str, Any]]:
    """Each with its state in words and why it rests."""
    return [told(line) for line in found]


def told(line: Line) -> dict[str, Any]:
    """One with its state in words and why it rests."""
    language, state = get_language() or "zh", State(line.state)
    why = reads.say(line.reason, line.params, language) if line.reason else ""
    advice = reads.advice(line.reason, line.params, language) if line.reason else ""
    return {"line": line, "state": STATES[state], "tone": TONES.get(state, ""), "why": why, "advice": advice}


def sent(found: Iterable[Sent]) -> list[dict[str, Any]]:
    """Messages that go out, each with its state in words and why it was not taken."""
    return [of_sent(line) for line in found]


def of_sent(line: Sent) -> dict[str, Any]:
    """One with its state in words and why it was not taken."""
    language, state = get_language() or "zh", Sending(line.state)
    why = reads.say_sent(line.reason, line.params, language) if line.reason else ""
    advice = reads.advice(line.reason, {}, language) if line.reason else ""
    return {"line": line, "state": SENDING[state], "tone": SENDING_TONES.get(state, ""), "why": why, "advice": advice}


def segments(text: str) -> list[tuple[str, str]]:
    """A message by its lines: of HL7 v2 the name of the segment and the rest, of FHIR the line as it is."""
    cut = 0 if text.lstrip("\ufeff \r\n\t")[:1] in ("<", "{") else 3
    return [(line[:cut], line[cut:]) for line in text.splitlines() if line]
