r"""Escape sequences (HL7 v2.5.1, 2.7): ``\F\ \S\ \T\ \R\ \E\``, bytes ``\Xdd..\``, line breaks ``\.br\``.

Emphasis (``\H\``, ``\N\``), layout without a break (``\.in2\``) and changes of the character set (``\Cxxyy\``,
``\Mxxyyzz\``) have no place in plain text and are left out; what is no known sequence stays as it was sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from doorstep.adapters.hl7v2.shapes import Separators

_FORMS = r"[FSTREPHN]|X(?:[0-9A-Fa-f]{2})*|\.[a-z]{2}[+-]?[0-9]{0,4}|C[0-9A-Fa-f]{4}|M[0-9A-Fa-f]{4}(?:[0-9A-Fa-f]{2})?"
_BREAKS = frozenset({"br", "sp", "ce"})


@lru_cache(maxsize=64)
def _reader(separators: Separators, codec: str) -> Callable[[str], str]:
    mark = re.escape(separators.escape)
    pattern = re.compile(f"{mark}({_FORMS}){mark}")
    letters = {
        "F": separators.field, "S": separators.component, "T": separators.subcomponent, "R": separators.repetition,
        "E": separators.escape, "P": separators.encoding[4:5] or "#", "H": "", "N": "",
    }  # fmt: skip

    def replaced(match: re.Match[str]) -> str:
        form = match[1]
        if (plain := letters.get(form)) is not None:
            return plain
        if form[0] == "X":
            return bytes.fromhex(form[1:]).decode(codec, "replace")
        if form[0] == "." and form[1:3] in _BREAKS:
            return "\n" * min(int(form[3:].lstrip("+-") or 1), 99) if form[1:3] == "sp" else "\n"
        return ""

    return lambda text: pattern.sub(replaced, text)


@lru_cache(maxsize=64)
def _writer(separators: Separators) -> tuple[re.Pattern[str], dict[int, str]]:
    """What finds the characters that cannot stand for themselves, and what is written for each."""
    mark = separators.escape
    marks = {
        separators.field: "F", separators.component: "S", separators.subcomponent: "T", separators.repetition: "R",
        mark: "E", "\n": ".br", "\r": "X0D", "\v": "X0B", "\x1c": "X1C",
    }  # fmt: skip
    found = {ord(char): f"{mark}{form}{mark}" if mark else " " for char, form in marks.items() if char}
    return re.compile("[" + re.escape("".join(map(chr, found))) + "]"), found


def unescape(text: str, separators: Separators, codec: str = "utf-8") -> str:
    """The text that was meant."""
    if not separators.escape or separators.escape not in text:
        return text
    return _reader(separators, codec)(text)


def escape(text: str, separators: Separators) -> str:
    """The text as it may stand in a field: no separator, no end of a segment, no byte of a frame is in it.

    Without an escape character (MSH-2 may be short) such characters become spaces.
    """
    special, found = _writer(separators)
    return text.translate(found) if special.search(text) else text
