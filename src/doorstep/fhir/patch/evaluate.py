"""Where a path of FHIRPath Patch leads: to elements that can be changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from doorstep.fhir import structure
from doorstep.fhir.patch.elements import Element, children, has
from doorstep.fhir.patch.nodes import Budget, plain
from doorstep.fhir.patch.steps import At, Both, Child, Compare, Exists, Not, OfType, Path, Step, Test, Where
from doorstep.fhir.problems import FhirProblem

_ANY: tuple[str, ...] = ("Resource", "DomainResource")


def find(root: Element, path: Path, budget: Budget) -> list[Element]:
    """Return the elements a path leads to, from a resource; FhirProblem where it is a path of another type."""
    first = path[0] if path else None
    if isinstance(first, Child) and first.name[:1].isupper():
        if first.name not in (root.type, *_ANY):
            raise FhirProblem("patch-other-type", type=root.type, name=first.name)
        path = path[1:]
    return _follow([root], path, budget)


def _follow(elements: list[Element], path: Sequence[Step], budget: Budget) -> list[Element]:
    for step in path:
        elements = list(_step(elements, step, budget))
        budget.spend(len(elements) + 1)
    return elements


def _step(elements: list[Element], step: Step, budget: Budget) -> Iterator[Element]:
    if isinstance(step, Child):
        for element in elements:
            if not _of_any_type(element) or has(element.type, step.name):
                yield from children(element, step.name)
    elif isinstance(step, At):
        yield from elements[step.index :][:1]
    elif isinstance(step, OfType):
        yield from (element for element in elements if element.type == _known(step.type))
    else:
        yield from _where(elements, step, budget)


def _of_any_type(element: Element) -> bool:
    """Say whether an element is a resource in a resource: beside it may stand others, that know other names."""
    return element.up is not None and structure.kind(element.type).kind == "resource"


def _where(elements: list[Element], step: Where, budget: Budget) -> Iterator[Element]:
    for element in elements:
        if _holds(element, step.test, budget):
            yield element


def _known(type_name: str) -> str:
    """Return the FHIR type that a name means; FHIRPath's own `System.String` is FHIR's string."""
    lowered = type_name[:1].lower() + type_name[1:]
    found = lowered if structure.is_primitive(lowered) else type_name
    if found not in structure.kind_names():
        raise FhirProblem("patch-path-unsupported", what=f"ofType({type_name})")
    return found


def _holds(element: Element, test: Test, budget: Budget) -> bool | None:
    """Answer a test about one element: yes, no, or None where FHIRPath's answer is empty."""
    if isinstance(test, Exists):
        return bool(_follow([element], test.path, budget)) == test.wanted
    if isinstance(test, Compare):
        return _compared(_follow([element], test.path, budget), test)
    if isinstance(test, Not):
        answer = _holds(element, test.test, budget)
        return None if answer is None else not answer
    return _joined(element, test, budget)


def _compared(found: list[Element], test: Compare) -> bool | None:
    values = [element.pair.value for element in found]
    if not values or values == [None]:
        return None
    return (len(values) == 1 and values[0] is not None and plain(values[0]) == test.literal) == test.equal


def _joined(element: Element, test: Both, budget: Budget) -> bool | None:
    answers = {_holds(element, test.left, budget), _holds(element, test.right, budget)}
    decisive = test.word == "or"
    if decisive in answers:
        return decisive
    return None if None in answers else not decisive
