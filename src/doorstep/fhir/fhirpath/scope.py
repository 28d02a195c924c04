"""Where an expression stands while it is evaluated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from doorstep.fhir.fhirpath.values import Items, Meter


class Scope(NamedTuple):
    """What `%variables` stand for, and `$this`, `$index` (`place`) and `$total`; `strict`: unknown elements raise."""

    resource: Any
    root: Any
    context: Any
    this: Any
    meter: Meter
    place: int = 0
    total: Items | None = None
    strict: bool = False


Run = Callable[[Items, Scope], Items]
