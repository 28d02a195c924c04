"""Compiles the invariants to closures. The tests compare their answers with those of an interpreter of FHIRPath."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final, NamedTuple

from doorstep.fhir.validation import functions
from doorstep.fhir.validation.grammar import Node, Unknown, parse
from doorstep.fhir.validation.values import Env, Items, Meter, below, compare, same, single, truth

UCUM: Final = "http://unitsofmeasure.org"


class Scope(NamedTuple):
    """What `%variables` stand for, and `$this`."""

    resource: Any
    root: Any
    context: Any
    this: Any
    meter: Meter


Run = Callable[[Items, Scope], Items]


@cache
def compiled(expression: str) -> Callable[[Any, Env], bool | None]:
    """Return the test of an expression: asked of a value, None where the answer is empty; raises Unknown."""
    run = _compile(parse(expression))

    def test(value: Any, env: Env) -> bool | None:
        return truth(run([value], Scope(env.resource, env.root, value, value, env.meter)))

    return test


def _compile(node: Node) -> Run:
    maker = _MAKERS.get(node.kind)
    if maker is None:
        raise Unknown(node.kind)
    return maker(node)


def _path(node: Node) -> Run:
    name = node.text
    if name[0].isupper():
        return lambda items, scope: [i for i in items if type(i) is dict and i.get("resourceType") == name]
    return lambda items, scope: scope.meter.spend([found for item in items for found in below(item, name)])


def _dot(node: Node) -> Run:
    left, right = (_compile(part) for part in node.parts)
    return lambda items, scope: right(left(items, scope), scope)


def _constant(value: Any) -> Run:
    return lambda items, scope: [value]


def _number(node: Node) -> Run:
    return _constant(float(node.text) if "." in node.text else int(node.text))


def _variable(node: Node) -> Run:
    if node.text == "%ucum":
        return _constant(UCUM)
    place = {"%resource": 0, "%rootResource": 1, "%context": 2}.get(node.text)
    if place is None:
        raise Unknown(node.text)
    return lambda items, scope: [scope[place]]


def _type(node: Node) -> Run:
    left, name = _compile(node.parts[0]), node.parts[1].text
    return functions.typed(left, name, node.text)


def _call(node: Node) -> Run:
    name, parts = node.text, node.parts
    if name in functions.PLAIN:
        return _plain(functions.PLAIN[name], [_compile(part) for part in parts])
    if name == "exists" and not parts:
        return lambda items, scope: [bool(items)]
    if name in functions.EACH and len(parts) == 1:
        return _each(functions.EACH[name], _compile(parts[0]))
    if name in ("is", "as", "ofType") and len(parts) == 1:
        return functions.typed(lambda items, scope: items, parts[0].text, name)
    if name == "iif":
        return _iif(*(_compile(part) for part in parts))
    if name == "trace":
        return lambda items, scope: items
    raise Unknown(name)


def _plain(function: Callable[..., Items], arguments: list[Run]) -> Run:
    if not arguments:
        return lambda items, scope: scope.meter.spend(function(items))

    # arguments are worked out where the expression stands, not on what the function is called on
    def run(items: Items, scope: Scope) -> Items:
        worked_out = [scope.meter.spend(argument([scope.this], scope)) for argument in arguments]
        return scope.meter.spend(function(items, *worked_out))

    return run


def _each(each: Callable[[Items, functions.Criterion], Items], criterion: Run) -> Run:
    return lambda items, scope: each(items, lambda item: criterion([item], scope._replace(this=item)))


def _iif(test: Run, yes: Run, no: Run | None = None) -> Run:
    def run(items: Items, scope: Scope) -> Items:
        inner = scope if len(items) != 1 else scope._replace(this=items[0])
        if truth(test(items, inner)):
            return yes(items, inner)
        return no(items, inner) if no is not None else []

    return run


def _operator(node: Node) -> Run:
    left, right = (_compile(part) for part in node.parts)
    logic = _LOGIC.get(node.text)
    if logic is not None:
        return lambda items, scope: _answer(logic(truth(left(items, scope)), lambda: truth(right(items, scope))))
    operation = _OPERATIONS[node.text]
    return lambda items, scope: operation(left(items, scope), right(items, scope))


def _answer(value: bool | None) -> Items:
    return [] if value is None else [value]


def _and(left: bool | None, right: Callable[[], bool | None]) -> bool | None:
    if left is False:
        return False
    other = right()
    return other if left else False if other is False else None


def _or(left: bool | None, right: Callable[[], bool | None]) -> bool | None:
    if left:
        return True
    other = right()
    return True if other else other if left is False else None


def _xor(left: bool | None, right: Callable[[], bool | None]) -> bool | None:
    other = right()
    return None if left is None or other is None else left is not other


def _implies(left: bool | None, right: Callable[[], bool | None]) -> bool | None:
    if left is False:
        return True
    other = right()
    return True if other else other if left else None


def _equal(left: Items, right: Items) -> Items:
    if not left or not right:
        return []
    return [len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))]


def _unequal(left: Items, right: Items) -> Items:
    return [not answer for answer in _equal(left, right)]


def _ordered(wanted: Callable[[int], bool]) -> Callable[[Items, Items], Items]:
    def run(left: Items, right: Items) -> Items:
        first, second = single(left), single(right)
        order = None if first is None or second is None else compare(first, second)
        return [] if order is None else [wanted(order)]

    return run


def _within(left: Items, right: Items) -> Items:
    item = single(left)
    return [] if item is None else [any(same(item, each) for each in right)]


def _joined(left: Items, right: Items) -> Items:
    first, second = single(left), single(right)
    return [("" if first is None else str(first)) + ("" if second is None else str(second))]


def _sum(left: Items, right: Items) -> Items:
    first, second = single(left), single(right)
    return [] if first is None or second is None else [first + second]


_LOGIC: Final = {"and": _and, "or": _or, "xor": _xor, "implies": _implies}
_OPERATIONS: Final[dict[str, Callable[[Items, Items], Items]]] = {
    "=": _equal,
    "!=": _unequal,
    "<": _ordered(lambda order: order < 0),
    ">": _ordered(lambda order: order > 0),
    "<=": _ordered(lambda order: order <= 0),
    ">=": _ordered(lambda order: order >= 0),
    "in": _within,
    "contains": lambda left, right: _within(right, left),
    "|": functions.union,
    "&": _joined,
    "+": _sum,
}
_MAKERS: Final[dict[str, Callable[[Node], Run]]] = {
    "path": _path,
    "call": _call,
    "dot": _dot,
    "operator": _operator,
    "type": _type,
    "text": lambda node: _constant(node.text),
    "number": _number,
    "truth": lambda node: _constant(node.text == "true"),
    "variable": _variable,
    "this": lambda node: lambda items, scope: [scope.this],
}
