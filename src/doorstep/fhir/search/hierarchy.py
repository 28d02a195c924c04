"""`:below` and `:above` of references: what lies under a place, an organisation, an encounter, or over it.

R4, search, reference: where a resource refers to another of its type as to what it is part of, the two go transitively
through that hierarchy. `Procedure?location:below=a` asks for procedures at a, or at what is part of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Final

from doorstep.fhir.parameters import Parameter, parameters
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.search import text
from doorstep.fhir.search.conditions import Condition, Ids
from doorstep.fhir.search.leaves import refers
from doorstep.fhir.search.query import Leaf
from doorstep.fhir.search.targets import references_to, referred
from doorstep.fhir.search.walk import Context, Resolved, Steps, matching

STEPS: Final = 20
REACHED: Final = 2_000
_PARTS: Final = ("partof", "part-of")


@cache
def part_of(type_name: str) -> Parameter | None:
    """Return the parameter by which resources of a type are part of one another; None where none is."""
    own = parameters(type_name)
    return next((own[code] for code in _PARTS if code in own and type_name in own[code].targets), None)


def transitive(leaf: Leaf, context: Context) -> Steps[Condition]:
    """Return the condition of a leaf with `:below` or `:above`; FhirProblem where no hierarchy is, or too much."""
    if not any(part_of(each) for each in leaf.param.targets):
        raise FhirProblem("bad-modifier", leaf.place, modifier=leaf.modifier, name=leaf.param.code)
    plain = replace(leaf, modifier="")
    told = [each for value in leaf.values for each in references_to(plain, text.plain(value), context.setting.base)]
    reached = dict.fromkeys(told)
    next_ones = [*reached]
    for _ in range(STEPS):
        further: list[str] = []
        for kind, idents in _by_type(next_ones):
            further += yield from (_below if leaf.modifier == "below" else _above)(kind, idents, context)
        next_ones = [each for each in dict.fromkeys(further) if each not in reached]
        reached |= dict.fromkeys(next_ones)
        if len(reached) > REACHED:
            raise FhirProblem("too-costly-search", leaf.place, limit=REACHED)
        if not next_ones:
            break
    return refers(leaf.type, leaf.param, reached)


def _by_type(references: Iterable[str]) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for each in references:
        kind, _, ident = each.partition("/")
        if ident and ":" not in each and part_of(kind):
            found.setdefault(kind, []).append(ident)
    return [*found.items()]


def _below(kind: str, idents: list[str], context: Context) -> Steps[list[str]]:
    param = part_of(kind)
    assert param is not None  # types without one were left out
    fits = Resolved((refers(kind, param, [f"{kind}/{each}" for each in idents]),), ())
    rows = yield from matching(context, kind, fits, REACHED)
    return [f"{kind}/{row[0]}" for row in rows]


def _above(kind: str, idents: list[str], context: Context) -> Steps[list[str]]:
    param = part_of(kind)
    assert param is not None  # types without one were left out
    rows = yield from matching(context, kind, Resolved((Ids(tuple(idents)),), ()), REACHED)
    return [each for row in rows for each in referred(kind, param, row[3], context.setting.zone) if each]
