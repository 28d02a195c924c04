"""Random resources that are right by the structure of R4: required elements, formats, codes of required bindings.

The invariants of the specification are not looked at. A decimal is a `Decimal`, which keeps its digits; `body` writes a
resource as it is stored. References lead to ids of a small set, so that some of them meet.
"""

from __future__ import annotations

import base64
import string
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from html import escape
from typing import Any, Final

import msgspec
import orjson
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from doorstep.fhir.build_paths import DEFINITIONS
from doorstep.fhir.structure import Element, TypeRef, is_primitive, kind, kind_names

Drawn = Callable[[SearchStrategy[Any]], Any]

IDS: Final = (*(f"id-{number}" for number in range(12)), "0a.B-9", "a" * 64)
TYPES: Final = tuple(
    sorted(n for n in kind_names() if "." not in n and kind(n).kind == "resource" and not kind(n).abstract)
)
DEEPEST: Final = 4
_SMALL: Final = ("Basic", "Organization", "Patient", "Observation")
_EXTENSION_VALUES: Final = ("string", "code", "decimal", "boolean", "dateTime", "Coding", "Quantity", "Reference")
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_WORDS: Final = "张三李四王小明欧阳娜娜社区卫生服务中心高血压𠮷㐀龘ñé—“”😀"
_CHARACTERS: Final = st.sampled_from(_WORDS + string.ascii_letters + string.digits + " &<>\"'\\/\n\t\r()[]{}:;,.-_")


def resources(type_name: str | None = None) -> SearchStrategy[dict[str, Any]]:
    """Return a strategy for resources of one type, or of any of the 146."""
    return st.sampled_from(TYPES).flatmap(_resource) if type_name is None else _resource(type_name)


def body(resource: dict[str, Any]) -> bytes:
    """Return a resource as minified JSON, decimals with the digits they have."""
    return _ENCODER.encode(resource)


@cache
def _resource(type_name: str, depth: int = 0) -> SearchStrategy[dict[str, Any]]:
    return _object(type_name, depth).map(lambda members: {"resourceType": type_name, **members})


@cache
def _object(type_name: str, depth: int) -> SearchStrategy[dict[str, Any]]:
    @st.composite
    def draw_object(draw: Drawn) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for element in _chosen(draw, type_name, depth):
            _add(draw, made, element, depth)
        return made

    return draw_object()


def _chosen(draw: Drawn, type_name: str, depth: int) -> list[Element]:
    """The required elements and some of the others, in order; at least one, since an object may not be empty."""
    elements = [each for each in kind(type_name).elements if each.max != 0]
    required = [each for each in elements if each.min]
    others = [each for each in elements if not each.min and _may_stand(each, type_name, depth)]
    most = (6, 3, 2, 1, 0)[min(depth, DEEPEST)]
    least = 0 if required or kind(type_name).kind == "resource" else 1
    if depth >= DEEPEST:
        others = [each for each in others if is_primitive(each.types[0].code)] or others
    names = st.sampled_from([each.name for each in others]) if others else st.nothing()
    picked = draw(st.lists(names, min_size=least, max_size=max(least, most), unique=True)) if others else []
    return [each for each in elements if each.min or each.name in picked]


def _may_stand(element: Element, type_name: str, depth: int) -> bool:
    if element.name == "contained":
        return depth == 0
    if type_name == "Extension":
        # either a value or extensions, and the value is drawn as if it were required
        return element.name == "id"
    return element.name not in ("extension", "modifierExtension") or depth < DEEPEST


def _add(draw: Drawn, made: dict[str, Any], element: Element, depth: int) -> None:
    type_ = draw(st.sampled_from(element.types))
    key = element.name + type_.code[0].upper() + type_.code[1:] if element.choice else element.name
    one = st.sampled_from(IDS) if element.name == "id" else _value(type_, element.binding, depth)
    if element.max == 1:
        made[key] = draw(one)
    else:
        made[key] = draw(st.lists(one, min_size=max(1, element.min), max_size=max(2, element.min)))
    if _extends(draw, element, type_, depth):
        _extend(draw, made, key)


def _extends(draw: Drawn, element: Element, type_: TypeRef, depth: int) -> bool:
    plain = element.attribute or element.name == "id" or type_.code == "xhtml" or not is_primitive(type_.code)
    return not plain and depth < DEEPEST and draw(st.integers(0, 9)) == 0


def _extend(draw: Drawn, made: dict[str, Any], key: str) -> None:
    extra = {"extension": [draw(_extension(DEEPEST))]}
    if not isinstance(made[key], list):
        made[f"_{key}"] = extra
        return
    # a value that is not known stands as null, and beside it stands why
    made[key] = [*made[key], None, made[key][0]]
    made[f"_{key}"] = [*([None] * (len(made[key]) - 2)), extra, None]


def _value(type_: TypeRef, binding: str | None, depth: int) -> SearchStrategy[Any]:
    name = type_.code
    if name == "Reference":
        return _reference(tuple(type_.targets))
    if name == "Extension":
        return _extension(depth + 1)
    if name == "Resource":
        return st.sampled_from(_SMALL).flatmap(lambda small: _resource(small, max(depth + 1, 2)))
    if name in TYPES:
        return _resource(name, max(depth + 1, 2))
    if binding is not None and codes(binding):
        return _coded(name, binding, depth)
    return _PRIMITIVES[name] if is_primitive(name) else _object(name, depth + 1)


@cache
def _reference(targets: tuple[str, ...]) -> SearchStrategy[dict[str, Any]]:
    names = [name for name in targets if name in TYPES] or ["Patient", "Observation"]
    led = st.builds(lambda name, ident: {"reference": f"{name}/{ident}"}, st.sampled_from(names), st.sampled_from(IDS))
    return st.one_of(led, led, st.builds(lambda shown: {"display": shown}, _TEXT))


@st.composite
def _extension(draw: Drawn, depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {"url": draw(_PRIMITIVES["uri"])}
    if depth < 2 and draw(st.booleans()):
        return {"extension": [draw(_extension(DEEPEST))], **made}
    name = draw(st.sampled_from(_EXTENSION_VALUES))
    return {**made, f"value{name[0].upper()}{name[1:]}": draw(_value(TypeRef(name), None, DEEPEST))}


def _coded(name: str, binding: str, depth: int) -> SearchStrategy[Any]:
    pairs = st.sampled_from(codes(binding))
    coding = pairs.map(lambda pair: {"system": pair[0], "code": pair[1]})
    if name == "CodeableConcept":
        return coding.map(lambda made: {"coding": [made]})
    if name == "Coding":
        return coding
    if name == "Quantity" or not is_primitive(name):
        return _object(name, depth + 1)
    return pairs.map(lambda pair: pair[1])


@cache
def codes(value_set: str) -> tuple[tuple[str, str], ...]:
    """Return (system, code) of a value set as far as the definitions list its codes; empty where they do not."""
    if value_set in _LISTED_ELSEWHERE:
        return _LISTED_ELSEWHERE[value_set]
    found: list[tuple[str, str]] = []
    for included in _definitions().get(value_set, {}).get("compose", {}).get("include", ()):
        system = included.get("system", "")
        if "filter" in included:
            return ()
        listed = included.get("concept") or _concepts(_definitions().get(system, {}).get("concept", ()))
        found += [(system, each["code"]) for each in listed]
        for other in included.get("valueSet", ()):
            found += codes(other)
    return tuple(found)


_UCUM: Final = "http://unitsofmeasure.org"
_LISTED_ELSEWHERE: Final = {
    "http://hl7.org/fhir/ValueSet/mimetypes": (("urn:ietf:bcp:13", "text/plain"), ("urn:ietf:bcp:13", "image/png")),
    "http://hl7.org/fhir/ValueSet/currencies": (("urn:iso:std:iso:4217", "CNY"), ("urn:iso:std:iso:4217", "EUR")),
    "http://hl7.org/fhir/ValueSet/all-languages": (("urn:ietf:bcp:47", "zh-CN"), ("urn:ietf:bcp:47", "en")),
    "http://hl7.org/fhir/ValueSet/ucum-units": (
        ("http://unitsofmeasure.org", "mm[Hg]"),
        ("http://unitsofmeasure.org", "a"),
    ),
    "http://hl7.org/fhir/ValueSet/units-of-time": tuple(
        (_UCUM, unit) for unit in ("s", "min", "h", "d", "wk", "mo", "a")
    ),
}


def _concepts(concepts: Any) -> list[Any]:
    return [each for top in concepts for each in (top, *_concepts(top.get("concept", ())))]


@cache
def _definitions() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("valuesets.json", "v3-codesystems.json"):
        for entry in orjson.loads((DEFINITIONS / name).read_bytes())["entry"]:
            resource = entry["resource"]
            # a value set and its code system may share their address but for a word of it
            found.setdefault(resource.get("url", ""), resource)
    return found


def _decimal(sign: str, whole: int, digits: str) -> Decimal:
    return Decimal(f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}")


_TEXT: Final = st.text(_CHARACTERS, min_size=1, max_size=12).filter(lambda text: text.strip() == text)
_DIGITS: Final = st.text(string.digits, max_size=4)
_YEAR: Final = st.integers(1900, 2099).map(str)
_MONTH: Final = st.builds("{}-{:02}".format, _YEAR, st.integers(1, 12))
_DAY: Final = st.builds("{}-{:02}".format, _MONTH, st.integers(1, 28))
_CLOCK: Final = st.builds("{:02}:{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
_INSTANT: Final = st.builds(
    "{}T{}{}{}".format, _DAY, _CLOCK, st.sampled_from(["", ".5", ".123"]), st.sampled_from(["Z", "+08:00", "-05:30"])
)
_DATE: Final = st.one_of(_DAY, _DAY, _MONTH, _YEAR)
_URI: Final = st.sampled_from(
    ["http://example.cn/a", "https://例子.中国/词?x=1&y=%20", "urn:oid:2.16.156.10011.1.3", "http://example.cn/x|2.0"]
)
_UUID: Final = st.uuids().map(lambda value: f"urn:uuid:{value}")
_OID: Final = st.integers(0, 99999).map(lambda number: f"urn:oid:2.16.156.{number}")
_PRIMITIVES: Final[dict[str, SearchStrategy[Any]]] = {
    "base64Binary": st.binary(min_size=1, max_size=9).map(lambda data: base64.b64encode(data).decode()),
    "boolean": st.booleans(),
    "canonical": _URI,
    "code": st.sampled_from(["final", "male", "a-b.c", "mm[Hg]", "two words", "汉字"]),
    "date": _DATE,
    "dateTime": st.one_of(_DATE, _INSTANT),
    "decimal": st.builds(_decimal, st.sampled_from(["", "-"]), st.integers(0, 10**9), _DIGITS),
    "id": st.sampled_from(IDS),
    "instant": _INSTANT,
    "integer": st.integers(-(2**31), 2**31 - 1),
    "markdown": _TEXT,
    "oid": _OID,
    "positiveInt": st.integers(1, 2**31 - 1),
    "string": _TEXT,
    "time": _CLOCK,
    "unsignedInt": st.integers(0, 2**31 - 1),
    "uri": st.one_of(_URI, _UUID, _OID),
    "url": _URI,
    "uuid": _UUID,
    "xhtml": _TEXT.map(lambda text: f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{escape(text)}</p></div>'),
}
