"""Code systems that nobody can list, because a grammar makes their codes: media types and language tags."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_MOST_LETTERS: Final = 200
# RFC 6838 (4.2) with parameters as RFC 2045 has them; RFC 5646 (2.1) without its grandfathered tags.
_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
_WORD: Final = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_MEDIA: Final = rf"{_NAME}/{_NAME}( *; *{_WORD}=({_WORD}|\"[^\"\\]*\"))*"
_LANGUAGE: Final = (
    r"([A-Za-z]{2,3}(-[A-Za-z]{3}){0,3}|[A-Za-z]{4,8})(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?"
    r"(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*(-[0-9A-WY-Za-wy-z](-[A-Za-z0-9]{2,8})+)*(-[xX](-[A-Za-z0-9]{1,8})+)?"
)
_GRAMMARS: Final[Mapping[str, re.Pattern[str]]] = {
    "urn:ietf:bcp:13": re.compile(_MEDIA, re.ASCII),
    "urn:ietf:bcp:47": re.compile(_LANGUAGE, re.ASCII),
}


def has_grammar(system: str) -> bool:
    """Say whether a grammar tells what the codes of this system are."""
    return system in _GRAMMARS


def by_grammar(system: str, code: str) -> bool:
    """Say whether a code is well-formed in a system that has a grammar; False for all other systems."""
    grammar = _GRAMMARS.get(system)
    return grammar is not None and len(code) <= _MOST_LETTERS and grammar.fullmatch(code) is not None
