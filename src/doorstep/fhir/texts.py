"""The texts that R4 searches as strings, and the form in which they are compared."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

_NAME: Final = (("text", False), ("family", False), ("given", True), ("prefix", True), ("suffix", True))
_ADDRESS: Final = (
    ("text", False), ("line", True), ("city", False), ("district", False), ("state", False), ("postalCode", False),
    ("country", False),
)  # fmt: skip
_PARTS: Final[Mapping[str, tuple[tuple[str, bool], ...]]] = {"HumanName": _NAME, "Address": _ADDRESS}
_LONG: Final = 100


def texts(fhir_type: str) -> Callable[[Any], Iterator[str]]:
    """Return what lists the texts of a value: of a HumanName and an Address its parts (R4, search: string).

    The list raises TypeError or AttributeError where R4 has another shape.
    """
    parts = _PARTS.get(fhir_type)
    if parts is None:
        return _plain

    def found(value: Any) -> Iterator[str]:
        for name, many in parts:
            below = value.get(name)
            if below is not None:
                yield from _many(below) if many else _plain(below)

    return found


def _plain(value: Any) -> Iterator[str]:
    if type(value) is not str:
        raise TypeError(value)
    if value:
        yield value


def _many(value: Any) -> Iterator[str]:
    if type(value) is not list:
        raise TypeError(value)
    for each in value:
        if each is not None:
            yield from _plain(each)


def normalise(text: str) -> str:
    """Return a text as strings are compared: no case, no accents on Latin letters, half width, single spaces."""
    return _cached(text) if len(text) < _LONG else _normal(text)


def _normal(text: str) -> str:
    if text.isascii():
        return " ".join(text.lower().split())
    plain = unicodedata.normalize("NFKD", text).casefold()
    # folding the case may bring marks and compatible forms to light
    plain = unicodedata.normalize("NFKD", plain).casefold()
    composed = unicodedata.normalize("NFC", "".join(_without_marks(unicodedata.normalize("NFKD", plain))))
    return " ".join(composed.split())


_cached = lru_cache(maxsize=16_384)(_normal)


def _without_marks(text: str) -> Iterator[str]:
    latin = False
    for letter in text:
        if not unicodedata.combining(letter):
            latin = _is_latin(letter)
        elif latin:
            continue
        yield letter


def _is_latin(letter: str) -> bool:
    return letter.isascii() or unicodedata.name(letter, "").startswith("LATIN ")
