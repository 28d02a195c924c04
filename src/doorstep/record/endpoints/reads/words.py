"""Why a message rests, in words: this room's, or those of exchange and whom it asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doorstep.record.endpoints.rules import words
from doorstep.record.exchange import api as exchange


def say(code: str, params: Mapping[str, Any], language: str) -> str:
    """Why it rests."""
    if words.has_words(code):
        return words.words(code, params, language)
    return exchange.say(exchange.Problem(code, params=dict(params)), language)


def advice(code: str, language: str) -> str:
    """What a person can do about it; empty where the words say it already."""
    return words.advice(code, language) if words.has_words(code) else exchange.advice(code, language)


def named(code: str, language: str) -> str:
    """The name of a reason, in a choice of reasons."""
    return words.named(say(code, {}, language)) or code
