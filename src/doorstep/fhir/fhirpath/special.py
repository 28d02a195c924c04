"""Functions of FHIRPath whose arguments are expressions that are evaluated more than once, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import cmp_to_key
from itertools import count
from typing import Any, Final

from doorstep.fhir import structure
from doorstep.fhir.fhirpath.elements import Element, is_a
from doorstep.fhir.fhirpath.functions import EACH, Criterion
from doorstep.fhir.fhirpath.grammar import Node
from doorstep.fhir.fhirpath.scope import Run, Scope
from doorstep.fhir.fhirpath.trouble import NotEvaluated
from doorstep.fhir.fhirpath.values import Items, compare, single, truth

_DEFINITIONS: Final = "http://hl7.org/fhir/StructureDefinition/"
Compile = Callable[[Node], Run]


def each(name: str, criterion: Run, numbered: bool) -> Run:
    """Return a function that asks its criterion of every item; `numbered` where the criterion asks for `$index`."""
    work = EACH[name]
    if numbered:
        return _numbered(work, criterion)
    if name == "repeat":
        return _metered(work, criterion)

    # a scope is made here for every item of every rule: by its places, that takes half the time of _replace
    def run(items: Items, scope: Scope) -> Items:
        before, after = scope[:3], scope[4:]
        return work(items, lambda item: criterion([item], Scope._make((*before, item, *after))))

    return run


def _metered(work: Callable[[Items, Criterion], Items], criterion: Run) -> Run:
    def run(items: Items, scope: Scope) -> Items:
        return work(items, lambda item: scope.meter.spend(criterion([item], scope._replace(this=item))))

    return run


def _numbered(work: Callable[[Items, Criterion], Items], criterion: Run) -> Run:
    def run(items: Items, scope: Scope) -> Items:
        places = count()
        return work(
            items, lambda item: scope.meter.spend(criterion([item], scope._replace(this=item, place=next(places))))
        )

    return run


def iif(compile_: Compile, parts: tuple[Node, ...]) -> Run:
    """Return `iif`: only the branch that is taken is evaluated."""
    test, yes, *rest = (compile_(part) for part in parts)

    def run(items: Items, scope: Scope) -> Items:
        if len(items) > 1:
            raise NotEvaluated("more than one value")
        inner = scope._replace(this=items[0]) if items else scope
        answer = test(items, inner)
        if scope.strict and answer and type(single(answer)) is not bool:
            raise NotEvaluated("a boolean is expected")
        if truth(answer):
            return yes(items, inner)
        return rest[0](items, inner) if rest else []

    return run


def aggregate(compile_: Compile, parts: tuple[Node, ...]) -> Run:
    """Return `aggregate`: an expression over `$this` and `$total`, from a first total."""
    step, *first = (compile_(part) for part in parts)

    def run(items: Items, scope: Scope) -> Items:
        total = first[0]([scope.this], scope) if first else []
        for place, item in enumerate(items):
            total = scope.meter.spend(step([item], scope._replace(this=item, place=place, total=total)))
        return total

    return run


def sort(compile_: Compile, parts: tuple[Node, ...]) -> Run:
    """Return `sort`: by its expressions in turn, downwards where there is a `-` before one; empty comes first."""
    signs = [-1 if part.kind == "sign" and part.text == "-" else 1 for part in parts] or [1]
    keys = [compile_(part.parts[0] if part.kind == "sign" else part) for part in parts]

    def compared(left: list[Any], right: list[Any]) -> int:
        return _order(left, right, signs)

    order = cmp_to_key(compared)

    def run(items: Items, scope: Scope) -> Items:
        rows = [(_keys(keys, item, scope), item) for item in items]
        return [item for _, item in sorted(rows, key=lambda row: order(row[0]))]

    return run


def _keys(keys: list[Run], item: Any, scope: Scope) -> list[Any]:
    inner = scope._replace(this=item)
    return [single(key([item], inner)) for key in keys] or [single([item])]


def _order(left: list[Any], right: list[Any], signs: list[int]) -> int:
    for first, second, sign in zip(left, right, signs, strict=True):
        if first is None or second is None:
            order = (first is not None) - (second is not None)
        else:
            order = sign * (compare(first, second) or 0)
        if order:
            return order
    return 0


def conforms(compile_: Compile, parts: tuple[Node, ...]) -> Run:
    """Return `conformsTo` for R4's own types: whether it is of the type. Other profiles are not known here."""
    (url,) = (compile_(part) for part in parts)

    def run(items: Items, scope: Scope) -> Items:
        wanted = single(url([scope.this], scope))
        name = wanted.removeprefix(_DEFINITIONS) if type(wanted) is str else ""
        if name not in structure.kind_names() or not items:
            raise NotEvaluated("a profile that is not known")
        return [all(type(item) is Element and is_a(item.kind, name) for item in items)]

    return run


def trace(compile_: Compile, parts: tuple[Node, ...]) -> Run:
    """Return `trace`: it hands on what it is called on; there is nobody to read it."""
    for part in parts:
        compile_(part)
    return lambda items, scope: items


SPECIAL: Final[dict[str, tuple[Callable[[Compile, tuple[Node, ...]], Run], tuple[int, ...]]]] = {
    "iif": (iif, (2, 3)),
    "aggregate": (aggregate, (1, 2)),
    "sort": (sort, (0, 1, 2, 3, 4, 5, 6)),
    "conformsTo": (conforms, (1,)),
    "trace": (trace, (1, 2)),
}
