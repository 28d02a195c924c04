"""Places in a message as people write them: ``PID-5.1``, ``PID-3[2].4.1``, ``OBX[3]-5``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_FORM = re.compile(
    r"([A-Z][A-Z0-9]{2})(?:\[([1-9][0-9]{0,5})\])?-([0-9]{1,3})(?:\[([1-9][0-9]{0,5})\])?(?:\.([0-9]{1,3}))?(?:\.([0-9]{1,3}))?"
)


@dataclass(frozen=True, slots=True)
class Path:
    """A place: the n-th segment of a name (0: any), field, repetition (0: any), component and subcomponent (0: all)."""

    segment: str
    occurrence: int
    field: int
    repetition: int
    component: int
    subcomponent: int


@lru_cache(maxsize=4096)
def path_of(text: str) -> Path:
    """The place that a text names. Raises ``ValueError`` where it names none."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"no place in a message: {text}")
    name, *numbers = match.groups()
    return Path(str(name), *(int(number or 0) for number in numbers))
