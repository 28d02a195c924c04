"""Compiles FHIRPath to closures. The tests compare their answers with those of another interpreter of FHIRPath."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Final

from doorstep.fhir.fhirpath import functions, operators, special
from doorstep.fhir.fhirpath.amounts import literal
from doorstep.fhir.fhirpath.elements import Element, has_element, is_a
from doorstep.fhir.fhirpath.grammar import Node, parse
from doorstep.fhir.fhirpath.moments import moment
from doorstep.fhir.fhirpath.scope import Run, Scope
from doorstep.fhir.fhirpath.trouble import NotEvaluated, Unknown
from doorstep.fhir.fhirpath.types import name_of, told_by_json, typed
from doorstep.fhir.fhirpath.values import Env, Items, Meter, below, single, truth

UCUM: Final = "http://unitsofmeasure.org"
_CODES: Final = {"%ucum": UCUM, "%sct": "http://snomed.info/sct", "%loinc": "http://loinc.org"}
_FHIR: Final = {"vs-": "http://hl7.org/fhir/ValueSet/", "ext-": "http://hl7.org/fhir/StructureDefinition/"}
_PLACES: Final = {"%resource": 0, "%rootResource": 1, "%context": 2, "$this": 3, "$index": 5}


@cache
def compiled(expression: str) -> Callable[[Any, Env], bool | None]:
    """Return the test of a rule: asked of a JSON value, None where the answer is empty; raises Unknown.

    Rules may ask only for types that JSON tells.
    """
    tree = parse(expression)
    for name in _types(tree):
        if not told_by_json(name):
            raise Unknown(name)
    run = _compile(tree)

    def test(value: Any, env: Env) -> bool | None:
        return truth(run([value], Scope(env.resource, env.root, value, value, env.meter)))

    return test


def _types(node: Node) -> list[str]:
    here = [node.parts[1].text] if node.kind == "type" else []
    if node.kind == "call" and node.text in _TYPED and len(node.parts) == 1:
        here = [name_of(node.parts[0])]
    return here + [name for part in node.parts for name in _types(part)]


@lru_cache(maxsize=1024)
def program(expression: str) -> Run:
    """Return an expression made ready for any items; raises Unknown."""
    return _compile(parse(expression))


def begin(resource: Any, strict: bool) -> Scope:
    """Return the scope of an expression that is asked of a whole resource."""
    return Scope(resource, resource, resource, resource, Meter(), strict=strict)


def _compile(node: Node) -> Run:
    return _MAKERS[node.kind](node)


def _path(node: Node) -> Run:
    name = node.text
    if name[0].isupper():
        return lambda items, scope: [
            i for i in items if (i.get("resourceType") == name if type(i) is dict else _is_named(i, name, scope))
        ]

    def run(items: Items, scope: Scope) -> Items:
        found = [each for item in items for each in below(item, name)]
        if scope.strict and not found:
            _check(items, name)
        return scope.meter.spend(found)

    return run


def _is_named(item: Any, name: str, scope: Scope) -> bool:
    if type(item) is not Element or type(item.value) is not dict:
        return False
    if scope.strict and item is scope.resource and not is_a(item.kind, name):
        raise NotEvaluated(f"a {item.kind} is no {name}")
    return is_a(item.kind, name)


def _check(items: Items, name: str) -> None:
    known = [type(item) is not Element or item.knows(name) for item in items]
    if items and not any(known):
        raise NotEvaluated(f"there is no element {name}")


def _dot(node: Node) -> Run:
    left, right = (_compile(part) for part in node.parts)
    if _leads_nowhere(*node.parts):
        return _nowhere
    return lambda items, scope: right(left(items, scope), scope)


def _leads_nowhere(left: Node, right: Node) -> bool:
    """Whether an element is asked of a type that has none of that name: `(value as Period).unit`."""
    kinds = _types(left) if left.kind == "type" and left.text == "as" else []
    return right.kind == "path" and kinds[:1] != [] and not has_element(kinds[0].removeprefix("FHIR."), right.text)


def _nowhere(items: Items, scope: Scope) -> Items:
    if scope.strict:
        raise NotEvaluated("an element that the type does not have")
    return []


def _in_order(function: Run) -> Run:
    def run(items: Items, scope: Scope) -> Items:
        if scope.strict and any(type(item) is Element and item.loose for item in items):
            raise NotEvaluated("items that are in no order")
        return function(items, scope)

    return run


def _index(node: Node) -> Run:
    left, place = (_compile(part) for part in node.parts)

    def run(items: Items, scope: Scope) -> Items:
        number = single(place([scope.this], scope))
        found = left(items, scope)
        return found[number : number + 1] if type(number) is int and number >= 0 else []

    return run


def _constant(value: Any) -> Run:
    return lambda items, scope: [value]


def _number(node: Node) -> Run:
    return _constant(Decimal(node.text) if "." in node.text else int(node.text))


def _moment(node: Node) -> Run:
    value = moment(node.text[1:])
    if value is None:
        raise Unknown(node.text)
    return _constant(value)


def _quantity(node: Node) -> Run:
    return _constant(literal(node.text, node.parts[0].text, quoted=node.parts[0].kind == "text"))


def _sign(node: Node) -> Run:
    inner, sign = _compile(node.parts[0]), operators.signed(node.text)
    return lambda items, scope: sign(inner(items, scope))


def _variable(node: Node) -> Run:
    if node.text in _CODES:
        return _constant(_CODES[node.text])
    name = node.text[1:].strip("`'")
    for start, url in _FHIR.items():
        if name.startswith(start):
            return _constant(url + name.removeprefix(start))
    place = _PLACES.get(node.text)
    if place is None:
        raise Unknown(node.text)
    return lambda items, scope: [scope[place]]


def _this(node: Node) -> Run:
    return (lambda items, scope: scope.total or []) if node.text == "$total" else _variable(node)


def _type(node: Node) -> Run:
    return typed(_compile(node.parts[0]), node.parts[1].text, node.text)


def _call(node: Node) -> Run:
    name, parts = node.text, node.parts
    if name == "exists" and not parts:
        return lambda items, scope: [bool(items)]
    if name in functions.EACH and len(parts) == 1:
        return special.each(name, _compile(parts[0]), _numbered(parts[0]))
    if name in _TYPED and len(parts) == 1:
        return typed(lambda items, scope: items, name_of(parts[0]), name)
    make, counts = special.SPECIAL.get(name, (None, functions.ARGUMENTS.get(name, (0,))))
    if len(parts) not in counts:
        raise Unknown(name)
    if make is not None:
        return make(_compile, parts)
    if name not in functions.PLAIN:
        raise Unknown(name)
    run = _plain(functions.PLAIN[name], [_compile(part) for part in parts])
    return _in_order(run) if name in _ORDERED else run


def _numbered(node: Node) -> bool:
    return node == Node("this", "$index") or any(_numbered(part) for part in node.parts)


def _plain(function: Callable[..., Items], arguments: list[Run]) -> Run:
    if not arguments:
        return lambda items, scope: scope.meter.spend(function(items))

    # arguments are worked out where the expression stands, not on what the function is called on
    def run(items: Items, scope: Scope) -> Items:
        worked_out = [scope.meter.spend(argument([scope.this], scope)) for argument in arguments]
        return scope.meter.spend(function(items, *worked_out))

    return run


def _operator(node: Node) -> Run:
    left, right = (_compile(part) for part in node.parts)
    logic = operators.LOGIC.get(node.text)
    if logic is not None:
        return lambda items, scope: _answer(logic(truth(left(items, scope)), lambda: truth(right(items, scope))))
    operation = operators.OPERATIONS[node.text]
    return lambda items, scope: operation(left(items, scope), right(items, scope))


def _answer(value: bool | None) -> Items:
    return [] if value is None else [value]


# they ask for the order of what they are called on
_ORDERED: Final = ("skip", "take", "last")
_TYPED: Final = ("is", "as", "ofType")
_MAKERS: Final[dict[str, Callable[[Node], Run]]] = {
    "path": _path,
    "call": _call,
    "dot": _dot,
    "index": _index,
    "operator": _operator,
    "sign": _sign,
    "type": _type,
    "text": lambda node: _constant(node.text),
    "number": _number,
    "quantity": _quantity,
    "moment": _moment,
    "truth": lambda node: _constant(node.text == "true"),
    "empty": lambda node: lambda items, scope: [],
    "variable": _variable,
    "this": _this,
}
