"""Which codes an element may have: the value sets that R4's required bindings name, and a seam for others."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Final, Protocol

import msgspec

from doorstep.fhir.build_bindings import BINDINGS

Member = Callable[[str], bool]

UCUM: Final = "http://unitsofmeasure.org"
# RFC 6838, 4.2: names of at most 127 of these letters; RFC 9110, 8.3.1: parameters. Codes carry single spaces at most.
_MIME_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
_MIME: Final = re.compile(rf"{_MIME_NAME}/{_MIME_NAME}(?: ?; ?[A-Za-z0-9!#$&^_.+*'-]+=(?:\"[ !#-~]*\"|[!#-:<-~]+))*")
# R4, CapabilityStatement.format: "xml", "json" and "ttl" are allowed beside content types.
_FORMAT: Final = re.compile(rf"xml|json|ttl|{_MIME.pattern}")
# UCUM, section 2.1: case-sensitive letters are printable ASCII without space; what stands in braces is an annotation.
_UCUM: Final = re.compile(r"(?:[!-z|~]|\{[!-z|~]*\})+")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_GRAMMARS: Final[dict[str, tuple[str, re.Pattern[str]]]] = {
    "http://hl7.org/fhir/ValueSet/mimetypes": ("urn:ietf:bcp:13", _FORMAT),
    "http://hl7.org/fhir/ValueSet/ucum-units": (UCUM, _UCUM),
    "http://hl7.org/fhir/ValueSet/currencies": ("urn:iso:std:iso:4217", _CURRENCY),
}


class Bindings(Protocol):
    """Answers which codes belong to a value set; None where that cannot be said, and then nothing is checked.

    It must be hashable and answer the same for as long as it lives: checkers are compiled once from what it says.
    """

    def __hash__(self) -> int:
        """By identity will do."""

    def codes(self, value_set: str) -> Member | None:
        """Return the test of a bare code, as elements of type code have it."""

    def systems(self, value_set: str) -> dict[str, Member] | None:
        """Return for each code system the test of its codes, for Codings."""


class _File(msgspec.Struct, frozen=True):
    sets: dict[str, dict[str, list[str]]]
    left: dict[str, str]


_FILE: Final = msgspec.json.Decoder(_File)


class ListedBindings:
    """Bindings to value sets given as lists of codes by system, with grammars for those that R4 cannot list."""

    def __init__(self, sets: dict[str, dict[str, list[str]]]) -> None:
        self._sets = {url: {system: frozenset(codes) for system, codes in each.items()} for url, each in sets.items()}

    def codes(self, value_set: str) -> Member | None:
        """Return the test of a bare code, or None."""
        listed = self._sets.get(value_set)
        if listed is not None:
            return frozenset().union(*listed.values()).__contains__
        grammar = _GRAMMARS.get(value_set)
        return _matching(grammar[1]) if grammar else None

    def systems(self, value_set: str) -> dict[str, Member] | None:
        """Return the tests of codes by system, or None."""
        listed = self._sets.get(value_set)
        if listed is not None:
            return {system: codes.__contains__ for system, codes in listed.items()}
        grammar = _GRAMMARS.get(value_set)
        return {grammar[0]: _matching(grammar[1])} if grammar else None


def _matching(pattern: re.Pattern[str]) -> Member:
    return lambda code: pattern.fullmatch(code) is not None


@cache
def r4_bindings() -> ListedBindings:
    """Return the required value sets of R4, from the build."""
    return ListedBindings(_file().sets)


def unchecked() -> dict[str, str]:
    """Return the required value sets that are not checked at all, each with the reason."""
    return {url: reason for url, reason in _file().left.items() if url not in _GRAMMARS}


@cache
def _file() -> _File:
    try:
        data = BINDINGS.read_bytes()
    except FileNotFoundError:
        raise RuntimeError(
            "the FHIR value sets are not built: run `make setup` (python -m doorstep.fhir.build_bindings)"
        ) from None
    return _FILE.decode(data)
