"""What the search modifiers :in, :not-in, :below and :above ask of terminology."""

from __future__ import annotations

from typing import Final

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.terminology.compose import Composer
from doorstep.fhir.terminology.definitions import Definitions
from doorstep.fhir.terminology.lookup import loaded, located
from doorstep.fhir.terminology.systems import System

Token = tuple[str, str]
MOST_TOKENS: Final = 10_000


def members(definitions: Definitions, value_set_url: str, limit: int = MOST_TOKENS) -> list[Token]:
    """Return (system, code) of all that is in a value set (`url` or `url|version`), in its order.

    FhirProblem where it, or what it needs, is not loaded, or where it has more codes than the limit.
    """
    composer = Composer(definitions)
    return list(composer.select(composer.value_set(value_set_url), limit))


def below(definitions: Definitions, system: str, code: str, limit: int = MOST_TOKENS) -> list[Token]:
    """Return (system, code) of a concept and all its descendants; FhirProblem as for `members`, or no such code."""
    found = loaded(definitions, system)
    return _tokens(found, found.below(located(found, code)), limit)


def above(definitions: Definitions, system: str, code: str, limit: int = MOST_TOKENS) -> list[Token]:
    """Return (system, code) of a concept and all its ancestors; FhirProblem as for `members`, or no such code."""
    found = loaded(definitions, system)
    return _tokens(found, found.above(located(found, code)), limit)


def _tokens(system: System, positions: frozenset[int], limit: int) -> list[Token]:
    if len(positions) > limit:
        raise FhirProblem("too-many-codes", limit=limit)
    return [(system.url, system.code(position)) for position in sorted(positions)]
