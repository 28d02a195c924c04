"""The Parameters of operations: read from a resource or from the query of a URL, and written.

Both ways in give the same `Inputs`, so that an operation never knows by which it was called.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import msgspec
import orjson

from doorstep.fhir import structure
from doorstep.fhir.dates import interval
from doorstep.fhir.problems import FhirProblem

RESOURCE: Final = "resource"
PARTS: Final = "part"
_QUERY: Final = ""
_PARAMETER: Final = "Parameters.parameter"
_DATES: Final = frozenset(["date", "dateTime", "instant"])
_WHOLE: Final = frozenset(["integer", "positiveInt", "unsignedInt"])
_NUMBERS: Final = frozenset([*_WHOLE, "decimal"])
_TEXT: Final = structure.PRIMITIVES - _DATES - _NUMBERS - {"boolean"}
_FAMILIES: Final = (_TEXT, _DATES, _NUMBERS)
_MOST: Final = 10_000
_DECIMAL: Final = re.compile(r"[-0-9.]{1,100}(?:[eE][+-]?[0-9]{1,3})?", re.ASCII)
# the pattern of base64Binary in R4 takes time without bounds on long input
_BASE64: Final = re.compile(r"[0-9a-zA-Z+/=\s]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Input:
    """One parameter: `kind` is a FHIR type, `resource`, `part`, or "" for text from a query; `place` its expression."""

    name: str
    kind: str
    value: Any
    place: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """The parameters of one call, or the parts of one parameter, in order; `place` is where they stand."""

    given: Sequence[Input]
    place: str = "Parameters"

    def names(self) -> frozenset[str]:
        """Return the names of all parameters."""
        return frozenset(each.name for each in self.given)

    def all(self, name: str, kind: str) -> list[Any]:
        """Return the values of a parameter that may repeat; FhirProblem where one is not of this type.

        Primitives come as str, bool, int or Decimal, complex types and resources as dict, parts as Inputs.
        """
        return [_value(each, kind) for each in self.given if each.name == name]

    def maybe(self, name: str, kind: str) -> Any:
        """Return the value of a parameter, or None; FhirProblem where it comes twice or is not of this type."""
        found = [each for each in self.given if each.name == name]
        if len(found) > 1:
            raise FhirProblem("parameter-repeated", found[1].place, name=name)
        return _value(found[0], kind) if found else None

    def one(self, name: str, kind: str) -> Any:
        """Return the value of a parameter that must be there once; FhirProblem otherwise."""
        value = self.maybe(name, kind)
        if value is None:
            raise FhirProblem("parameter-missing", self.place, name=name)
        return value

    def resources(self, name: str, type_name: str | None = None) -> list[dict[str, Any]]:
        """Return the resources of a parameter; FhirProblem where one is of another type than asked for."""
        found: list[dict[str, Any]] = self.all(name, RESOURCE)
        for each, resource in zip([each for each in self.given if each.name == name], found, strict=True):
            if type_name is not None and resource.get("resourceType") != type_name:
                said = str(resource.get("resourceType"))
                raise FhirProblem("parameter-wrong-type", each.place, name=name, wanted=type_name, given=said)
        return found

    def parts(self, name: str) -> list[Inputs]:
        """Return each occurrence of a parameter made of parts."""
        return self.all(name, PARTS)

    def refuse_others(self, *known: str) -> None:
        """Raise FhirProblem for the first parameter with a name that the operation does not have."""
        for each in self.given:
            if each.name not in known:
                raise FhirProblem("parameter-unknown", each.place, name=each.name)


def read_parameters(resource: object) -> Inputs:
    """Return what a parsed Parameters resource holds; FhirProblem with the expression of its first fault of form."""
    if not isinstance(resource, Mapping) or resource.get("resourceType") != "Parameters":
        raise FhirProblem("not-parameters")
    return _inputs(resource.get("parameter", []), "Parameters.parameter", "Parameters")


def read_body(resource: dict[str, Any]) -> Inputs:
    """Return the parameters of a parsed body: Parameters, or any other resource as the one parameter `resource`.

    R4 (operations) lets a call with a single resource as its parameter send that resource itself.
    """
    if resource.get("resourceType") == "Parameters":
        return read_parameters(resource)
    return Inputs([Input(RESOURCE, RESOURCE, resource, str(resource.get("resourceType")))])


def from_query(pairs: Iterable[tuple[str, str]]) -> Inputs:
    """Return the pairs of a URL's query as parameters; each is read as the type that the operation asks for."""
    found = [Input(name, _QUERY, value, name) for name, value in pairs]
    _bound(len(found), "Parameters")
    return Inputs(found)


def _bound(count: int, place: str) -> None:
    if count > _MOST:
        raise FhirProblem("parameters-too-many", place, limit=_MOST)


def _inputs(given: object, place: str, above: str) -> Inputs:
    if not isinstance(given, list):
        raise FhirProblem("wrong-shape", place, expected="array")
    _bound(len(given), place)
    return Inputs([_input(each, f"{place}[{number}]") for number, each in enumerate(given)], above)


def _input(given: object, place: str) -> Input:
    if not isinstance(given, dict):
        raise FhirProblem("wrong-shape", place, expected="object")
    name = given.get("name")
    if not isinstance(name, str):
        raise FhirProblem("wrong-shape", f"{place}.name", expected="string")
    keys = [key for key in given if key in (RESOURCE, PARTS) or key.startswith("value")]
    if len(keys) != 1:
        raise FhirProblem("parameter-not-one-value", place, name=name)
    return Input(name, *_read(keys[0], given[keys[0]], place))


def _read(key: str, value: Any, place: str) -> tuple[str, Any, str]:
    place = f"{place}.{key}"
    if key == PARTS:
        return PARTS, _inputs(value, place, place), place
    if key == RESOURCE:
        kind = RESOURCE
    elif key in structure.fields(_PARAMETER):
        kind = structure.fields(_PARAMETER)[key].type.code
    else:
        raise FhirProblem("unknown-value-type", place, key=key)
    if not structure.is_primitive(kind) and not isinstance(value, dict):
        raise FhirProblem("wrong-shape", place, expected="object")
    return kind, value, place


def _value(given: Input, kind: str) -> Any:
    """Return a value as the type asked for: itself, of the same family, or the text of a query that spells it."""
    if given.kind != kind and not _alike(given, kind):
        raise FhirProblem(
            "parameter-wrong-type", given.place, name=given.name, wanted=kind, given=given.kind or "query"
        )
    if not structure.is_primitive(kind):
        return given.value
    return _primitive(given, kind)


def _alike(given: Input, kind: str) -> bool:
    if given.kind == _QUERY:
        return structure.is_primitive(kind)
    return any({given.kind, kind} <= family for family in _FAMILIES)


def _primitive(given: Input, kind: str) -> Any:
    text = _spelt(given.value)
    written = given.kind == _QUERY or isinstance(given.value, bool if kind == "boolean" else _form(kind))
    if written and (kind == "boolean" or not isinstance(given.value, bool)) and _spells(text, kind):
        return _MADE.get(kind, str)(text)
    raise FhirProblem("parameter-bad-value", given.place, name=given.name, wanted=kind, value=text)


def _form(kind: str) -> type | tuple[type, ...]:
    """Return what the JSON of a primitive is parsed to."""
    return (int, float, Decimal) if kind in _NUMBERS else str


def _spells(text: str, kind: str) -> bool:
    """Say whether a text is one of a primitive: in form, and for dates and numbers also in range."""
    if not _pattern(kind).fullmatch(text):
        return False
    if kind in _NUMBERS:
        # FHIR's integers have 32 bits; no decimal of use has an exponent of more than three digits
        whole = kind in _WHOLE
        return len(text) < 12 and abs(int(text)) < 1 << 31 if whole else _DECIMAL.fullmatch(text) is not None
    return kind not in _DATES or interval(text) is not None


def _spelt(value: object) -> str:
    """Return a parsed JSON value as its text."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, Decimal) else orjson.dumps(value, default=str).decode()


def _pattern(kind: str) -> re.Pattern[str]:
    return _BASE64 if kind == "base64Binary" else re.compile(structure.kind(kind).pattern or ".*", re.ASCII | re.DOTALL)


_MADE: Final[Mapping[str, Callable[[str], Any]]] = {
    "boolean": lambda text: text == "true",
    "decimal": Decimal,
    **dict.fromkeys(_WHOLE, int),
}


def value(name: str, kind: str, content: object) -> bytes:
    """Return one parameter with a value of a FHIR type; `content` is JSON-ready, Decimal or msgspec.Raw."""
    key = "value" + kind[0].upper() + kind[1:]
    if key not in structure.fields(_PARAMETER):
        raise ValueError(f"Parameters have no {key}")
    text = str(content).encode() if isinstance(content, Decimal) else msgspec.json.encode(content)
    return _named(name, key, text)


def resource(name: str, body: bytes) -> bytes:
    """Return one parameter with a resource, whose minified text goes in as it is."""
    return _named(name, RESOURCE, body)


def part(name: str, *members: bytes) -> bytes:
    """Return one parameter made of parts, each from `value`, `resource` or `part`."""
    return _named(name, PARTS, b"[" + b",".join(members) + b"]")


def parameters(*members: bytes) -> bytes:
    """Return a Parameters resource as minified JSON, of members from `value`, `resource` and `part`."""
    # R4 knows no empty array: a call that answers nothing has no `parameter` at all
    held = b',"parameter":[' + b",".join(members) + b"]" if members else b""
    return b'{"resourceType":"Parameters"' + held + b"}"


def _named(name: str, key: str, text: bytes) -> bytes:
    return b'{"name":' + orjson.dumps(name) + b',"' + key.encode() + b'":' + text + b"}"
