"""Faults and reasons in the language of the running request."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _

from doorstep.record.imaging.rules import words


def fault(code: str, params: Mapping[str, object]) -> str:
    """What was wrong with an archive."""
    return _filled(words.FAULTS.get(code, words.FAULTS["garbage"]), params)


def reason(code: str, params: Mapping[str, object]) -> str:
    """Why a study rests; empty where it does not."""
    if code not in words.RESTS:
        return ""
    said = {name: _(words.AGAINST.get(str(value), str(value))) for name, value in params.items()}
    return _filled(words.RESTS[code], said)


def _filled(text: str, params: Mapping[str, object]) -> str:
    found = _(text)
    for name, value in params.items():
        found = found.replace("{" + name + "}", str(value))
    return found
