"""One sort of problem."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """One sort of problem: FHIR issue type, HTTP status, message templates."""

    issue: str
    status: int
    zh: str
    en: str
