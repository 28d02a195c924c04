"""Why a message rests, in words: this room's, those of the reader of HL7 v2, or those of exchange and whom it asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doorstep.adapters.fhirmessaging import words as messaging
from doorstep.adapters.hl7v2 import words as hl7v2
from doorstep.record.endpoints.rules import words
from doorstep.record.exchange import api as exchange


def say(code: str, params: Mapping[str, Any], language: str) -> str:
    """Why it rests."""
    if code.startswith("message-"):
        return words.words(code, {"detail": params.get("en" if language.startswith("en") else "zh", "—")}, language)
    if words.has_words(code):
        told = {**params, "detail": hl7v2.say(str(params["detail"]), language)} if "detail" in params else params
        return words.words(code, told, language)
    return exchange.say(exchange.Problem(code, params=dict(params)), language)


def say_sent(code: str, params: Mapping[str, Any], language: str) -> str:
    """Why it was not taken; without the other side's own words, which may tell of a person."""
    if not words.has_words(code):
        return code
    filled = {"detail": "—", "code": "", **params, "error_words": words.error(str(params.get("error", "")), language)}
    return words.words(code, filled, language)


def advice(code: str, params: Mapping[str, Any], language: str) -> str:
    """What a person can do about it; empty where the words say it already."""
    if found := hl7v2.advice(str(params.get("detail", "")), language):
        return found
    return words.advice(code, language) if words.has_words(code) else exchange.advice(code, language)


def left(params: Mapping[str, Any], language: str) -> list[tuple[str, str]]:
    """What of a message went nowhere: why, and the place."""
    return [(_left(reason, language), place) for reason, place in params.get("left", ())]


def _left(reason: str, language: str) -> str:
    return messaging.say(reason, {}, language) if messaging.has_words(reason) else hl7v2.say(reason, language)


def named(code: str, language: str) -> str:
    """The name of a reason, in a choice of reasons."""
    return words.named(say(code, {}, language)) or code
