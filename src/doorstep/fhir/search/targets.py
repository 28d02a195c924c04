"""Where a search by reference may lead: what its values mean, as the index holds it."""

from __future__ import annotations

import re
from datetime import tzinfo
from typing import Final

import orjson

from doorstep.fhir.extraction_values import values
from doorstep.fhir.extraction_walk import type_of
from doorstep.fhir.parameters import Parameter
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


def referred(type_name: str, param: Parameter, body: str, zone: tzinfo) -> list[str]:
    """Return what a stored resource refers to by a parameter (`Type/id` or a URL), without versions."""
    found = values(type_name, orjson.loads(body), zone).references.get(param.code, ())
    return [(each.target or "").partition("/_history/")[0] for each in found]


def _may_lead(modifier: str, url: str) -> bool:
    return not modifier or type_of(url, None) in (None, modifier)
