"""FHIR JSON to FHIR XML: elements in the order of the specification, literals as they are, nothing dropped."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import msgspec

from doorstep.fhir import faults
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import LIMITS, Limits, text_of
from doorstep.fhir.xml.narrative import embedded
from doorstep.fhir.xml.plans import FHIR, Form, Plan, Shape, resource_types, shape

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
# what an attribute may not hold bare, and what XML cannot hold at all
_SPECIAL: Final = re.compile('[&<"\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]')
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", '"': "&quot;"} | {chr(n): f"&#{n};" for n in (9, 10, 13, *range(0x7F, 0xA0))}
)
# objects of one type mostly have one of a few sets of keys; how many sets are remembered for a type
ORDERS: Final = 500
_NEGATIVE_ZERO: Final = re.compile(rb"[:,\[]-0[,\]}]")
_WHOLE: Final = re.compile(r"-?[0-9]+")
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_]\w*")


class Literal(str):
    """A number as it was written."""

    __slots__ = ()


_DECODER: Final = msgspec.json.Decoder(dict[str, Any], float_hook=Literal)


def write(body: bytes, limits: Limits = LIMITS) -> bytes:
    """Return one resource, given as minified JSON, as UTF-8 XML; FhirProblem with the path of what is not R4."""
    resource = _parsed(body, limits.depth)
    out = [_HEAD]
    try:
        _resource(resource, out, limits.depth, f' xmlns="{FHIR}"')
    except FhirProblem as problem:
        if problem.code == "too-deep":
            raise FhirProblem("too-deep", problem.expression, limit=limits.depth) from None
        raise
    return "".join(out).encode()


def _parsed(body: bytes, depth: int) -> dict[str, Any]:
    try:
        # the fast parser keeps all literals but this one, and takes no integer of more than 4,300 digits
        parsed = _DECODER.decode(body) if _NEGATIVE_ZERO.search(body) is None else _slowly(body, depth)
    except msgspec.ValidationError:
        parsed = _slowly(body, depth)
    except (msgspec.DecodeError, RecursionError):
        raise faults.syntax(text_of(body), depth) from None
    return parsed


def _slowly(body: bytes, depth: int) -> dict[str, Any]:
    try:
        parsed = json.loads(text_of(body), parse_int=Literal, parse_float=Literal)
    except (json.JSONDecodeError, RecursionError):
        raise faults.syntax(text_of(body), depth) from None
    if not isinstance(parsed, dict):
        raise FhirProblem("not-object")
    return parsed


def _resource(value: Any, out: list[str], depth: int, namespace: str = "") -> None:
    if type(value) is not dict:
        raise FhirProblem("wrong-shape", expected="JSON object")
    name = value.get("resourceType")
    if name is None:
        raise FhirProblem("no-resource-type")
    if type(name) is not str or name not in resource_types():
        raise FhirProblem("unknown-type", "resourceType", type=str(name))
    out.append(f"<{name}{namespace}>")
    _members(value, shape(name), out, depth - 1)
    out.append(f"</{name}>")


def _members(value: dict[str, Any], form: Shape, out: list[str], depth: int) -> None:
    if depth < 0:
        raise FhirProblem("too-deep", limit=LIMITS.depth)
    for plan, key in form.orders.get(tuple(value)) or _ordered(value, form):
        item = value[key]
        if plan.primitive:
            if plan.plain and type(item) is str and plan.extra not in value:
                text = _escaped(item, key) if _SPECIAL.search(item) else item
                out.append(f'{plan.start} value="{text}"/>')
            elif plan.many:
                _primitives(value.get(plan.key), value.get(plan.extra), plan, out, depth)
            else:
                _primitive(value.get(plan.key), value.get(plan.extra), plan, out, depth, plan.key)
        elif plan.many:
            _several(item, plan, out, depth)
        else:
            _single(item, plan, out, depth)


def _ordered(value: dict[str, Any], form: Shape) -> list[tuple[Plan, str]]:
    found: list[tuple[Plan, str]] = []
    for key in value:
        if key not in form.known:
            raise FhirProblem("xml-unknown-key", _step(key), key=key)
        plan = form.known[key]
        if plan is not None and (key == plan.key or plan.key not in value):
            found.append((plan, key))
    found.sort(key=_place)
    if len(form.orders) < ORDERS:
        form.orders[tuple(value)] = found
    return found


def _place(pair: tuple[Plan, str]) -> int:
    return pair[0].place


def _step(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) else f"`{key}`"


def _several(items: Any, plan: Plan, out: list[str], depth: int) -> None:
    for number, item in enumerate(_named_list(items, plan.key)):
        try:
            _element(item, plan, out, depth)
        except FhirProblem as problem:
            raise problem.at(f"{plan.key}[{number}]") from None


def _single(item: Any, plan: Plan, out: list[str], depth: int) -> None:
    try:
        _element(item, plan, out, depth)
    except FhirProblem as problem:
        raise problem.at(plan.key) from None


def _element(item: Any, plan: Plan, out: list[str], depth: int) -> None:
    if plan.form is Form.COMPLEX:
        _complex(item, plan, out, depth)
    elif plan.form is Form.RESOURCE:
        out.append(plan.start + ">")
        _resource(item, out, depth - 1)
        out.append(plan.end)
    elif type(item) is str:
        out.append(embedded(item))
    else:
        raise FhirProblem("wrong-shape", expected="JSON string")


def _complex(item: Any, plan: Plan, out: list[str], depth: int) -> None:
    if type(item) is not dict:
        raise FhirProblem("wrong-shape", expected="JSON object")
    if not item:
        raise FhirProblem("xml-empty")
    form = shape(plan.type)
    out.append(plan.start)
    if "id" in item or form.required:
        _attributes(item, form, out)
    out.append(">")
    _members(item, form, out, depth - 1)
    out.append(plan.end)


def _attributes(item: dict[str, Any], form: Shape, out: list[str]) -> None:
    for name in ("id", "url"):
        if name not in form.attributes:
            continue
        if name in item:
            out.append(f' {name}="{_text(item[name], name)}"')
        elif name in form.required:
            raise FhirProblem("xml-attribute-missing", name, name=name)


def _primitives(values: Any, extras: Any, plan: Plan, out: list[str], depth: int) -> None:
    values = [] if values is None else _named_list(values, plan.key)
    extras = [] if extras is None else _named_list(extras, plan.extra)
    short = len(extras) - len(values)
    values = values + [None] * short
    extras = extras + [None] * -short
    for number, (value, extra) in enumerate(zip(values, extras, strict=True)):
        _primitive(value, extra, plan, out, depth, f"{plan.key}[{number}]")


def _named_list(items: Any, key: str) -> list[Any]:
    if type(items) is not list:
        raise FhirProblem("wrong-shape", key, expected="JSON array")
    if not items:
        raise FhirProblem("xml-empty", key)
    return items


def _primitive(value: Any, extra: Any, plan: Plan, out: list[str], depth: int, path: str) -> None:
    if value is None and extra is None:
        raise FhirProblem("xml-empty", path)
    said = "" if value is None else f' value="{_literal(value, plan, path)}"'
    if extra is None:
        out.append(f"{plan.start}{said}/>")
        return
    try:
        if type(extra) is not dict:
            raise FhirProblem("wrong-shape", expected="JSON object")
        if not extra:
            raise FhirProblem("xml-empty")
        form = shape("Element")
        out.append(plan.start)
        _attributes(extra, form, out)
        out.append(f"{said}>")
        _members(extra, form, out, depth - 1)
        out.append(plan.end)
    except FhirProblem as problem:
        raise problem.at(path) from None


def _literal(value: Any, plan: Plan, path: str) -> str:
    if plan.plain:
        return _text(value, path)
    if plan.form is Form.BOOLEAN:
        if type(value) is bool:
            return "true" if value else "false"
    elif type(value) is int or (type(value) is Literal and (plan.form is Form.DECIMAL or _WHOLE.fullmatch(value))):
        return str(value)
    raise FhirProblem("wrong-shape", path, expected=plan.type)


def _text(value: Any, path: str) -> str:
    if type(value) is not str:
        raise FhirProblem("wrong-shape", path, expected="JSON string")
    return _escaped(value, path) if _SPECIAL.search(value) else value


def _escaped(value: str, path: str) -> str:
    bad = _FORBIDDEN.search(value)
    if bad:
        raise FhirProblem("xml-character", path, character=f"U+{ord(bad[0]):04X}")
    return value.translate(_ESCAPES)
