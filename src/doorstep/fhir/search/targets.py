"""Where a search by reference may lead: what its values mean, as the index holds it."""

from __future__ import annotations

import re
from typing import Final

from doorstep.fhir.extraction_walk import type_of
from doorstep.fhir.search.query import Leaf
from doorstep.fhir.tables import known_types

_ID: Final = re.compile(r"[A-Za-z0-9\-.]{1,64}")


def references_to(leaf: Leaf, value: str, base: str) -> list[str]:
    """Return the references that a value may mean: `Type/id` for each type that a bare id may be of, or the URL."""
    value = value.removeprefix(base).partition("/_history/")[0]
    kind, slash, ident = value.partition("/")
    if slash and kind in known_types() and _ID.fullmatch(ident):
        return [value] if leaf.modifier in ("", kind) else []
    if not _ID.fullmatch(value) or leaf.param.type != "reference":
        return [value] if _may_lead(leaf.modifier, value) else []
    if leaf.modifier:
        return [f"{leaf.modifier}/{value}"]
    kinds = [t for t in leaf.param.targets if t in known_types()] or sorted(known_types())
    return [*(f"{each}/{value}" for each in kinds), value]


def _may_lead(modifier: str, url: str) -> bool:
    return not modifier or type_of(url, None) in (None, modifier)
