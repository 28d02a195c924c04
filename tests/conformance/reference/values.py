"""The values of a parameter in a resource: what fhirpathpy finds by the official expression, told by their looks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from math import inf
from typing import Any, NamedTuple

import fhirpathpy
from fhirpathpy.models import models

from doorstep.fhir.parameters import Parameter, parameters
from tests.conformance.reference.syntax import Interval, exact, interval

R4 = models["r4"]
ONLY = re.compile(r"\.where\(resolve\(\) is (\w+)\)")
DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T.*)?)?)?")
CONTACTS = {"phone", "fax", "email", "pager", "url", "sms", "other"}
LEADS = re.compile(r"(?:(?:https?|urn):.*/)?([A-Z]\w+)/[A-Za-z0-9.-]{1,64}(?:/_history/.*)?")
NAME_PARTS = ("text", "family", "given", "prefix", "suffix")
ADDRESS_PARTS = ("text", "line", "city", "district", "state", "postalCode", "country")


class Token(NamedTuple):
    """A code in a system, the texts beside it, and the (system, code) of the type of an Identifier."""

    system: str | None
    code: str | None
    texts: tuple[str, ...] = ()
    types: tuple[tuple[str | None, str | None], ...] = ()
    bare: bool = False


class Number(NamedTuple):
    """From low to high, both within, and the unit."""

    low: Any
    high: Any
    system: str | None = None
    code: str | None = None
    unit: str | None = None


class Reference(NamedTuple):
    """Where it leads (no version), of which type that is, and the (system, value) of a logical one."""

    target: str | None
    type: str | None
    identifier: tuple[str | None, str] | None = None
    sent: str | None = None


@cache
def _compiled(expression: str) -> tuple[Any, str | None]:
    only = ONLY.search(expression)
    return fhirpathpy.compile(ONLY.sub("", expression), R4), only[1] if only else None


def raw(param: Parameter, resource: dict[str, Any]) -> Iterator[tuple[Any, str | None]]:
    """What the expression yields, with the only type that a reference may then lead to."""
    for part in param.expression.split(" | "):
        evaluate, only = _compiled(re.sub(r"^(\(*)Resource\b", rf"\1{resource['resourceType']}", part.strip()))
        for value in evaluate(resource):
            yield value, only


def values(code: str, resource: dict[str, Any]) -> list[Any]:
    """All values of a parameter."""
    name = resource["resourceType"]
    param = parameters(name)[code]
    if code == "_id":
        return [Token(None, resource["id"])]
    if param.type == "composite":
        return list(_groups(param, resource))
    return [each for value, only in raw(param, resource) for each in READ[param.type](value, only)]


def _tokens(value: Any, _: str | None) -> Iterator[Token]:
    if isinstance(value, bool):
        yield Token(None, str(value).lower())
    elif isinstance(value, str):
        # a string that is searched as a token is its own text, a code has none; tests ask no text of a bare one
        yield Token(None, value, bare=True)
    elif "coding" in value or "text" in value:
        text = (value["text"],) if "text" in value else ()
        for each in value.get("coding", []):
            yield Token(each.get("system"), each.get("code"), (*_some(each, "display"), *text))
        if not value.get("coding") and text:
            yield Token(None, None, text)
    elif "value" in value or "type" in value:
        yield _identifier(value)
    else:
        yield Token(value.get("system"), value.get("code"), _some(value, "display"))


def _identifier(value: Any) -> Token:
    if value.get("system") in CONTACTS:
        return Token(None, value.get("value"))
    kind = value.get("type", {})
    types = tuple((each.get("system"), each.get("code")) for each in kind.get("coding", []))
    return Token(value.get("system"), value.get("value"), _some(kind, "text"), types)


def _some(value: Any, name: str) -> tuple[str, ...]:
    return (value[name],) if name in value else ()


def _strings(value: Any, _: str | None) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        return
    for name in (*NAME_PARTS, *ADDRESS_PARTS[1:]):
        below = value.get(name, [])
        yield from below if isinstance(below, list) else [below]


def _dates(value: Any, _: str | None) -> Iterator[Interval]:
    if isinstance(value, str):
        if DATE.fullmatch(value):
            yield interval(value)
    elif "event" in value:
        spans = [interval(each) for each in value["event"]]
        yield min(s[0] for s in spans), max(s[1] for s in spans)
    elif "repeat" in value:
        yield from _dates(value["repeat"].get("boundsPeriod", {}), None)
    elif "start" in value or "end" in value:
        start = interval(value["start"])[0] if "start" in value else -inf
        end = interval(value["end"])[1] if "end" in value else inf
        yield start, end


def _numbers(value: Any, _: str | None) -> Iterator[Number]:
    if not isinstance(value, dict):
        yield Number(exact(value), exact(value))
    elif "low" in value or "high" in value:
        low, high = value.get("low", {}), value.get("high", {})
        unit = [(low or high).get(name) for name in ("system", "code", "unit")]
        yield Number(exact(low.get("value", -inf)), exact(high.get("value", inf)), *unit)
    elif "currency" in value:
        one, code = exact(value["value"]), value["currency"]
        yield Number(one, one, "urn:iso:std:iso:4217", code, code)
    elif "value" in value:
        one, sign = exact(value["value"]), value.get("comparator", "")
        unit = [value.get(name) for name in ("system", "code", "unit")]
        yield Number(-inf if "<" in sign else one, inf if ">" in sign else one, *unit)


def _references(value: Any, only: str | None) -> Iterator[Reference]:
    if isinstance(value, str):
        yield Reference(value, None, sent=value)
        return
    sent = value.get("reference")
    # what is contained can be named from within alone
    target = sent.split("/_history/")[0] if sent and not sent.startswith("#") else None
    leads = LEADS.fullmatch(target) if target else None
    kind = leads[1] if leads else value.get("type")
    held = value.get("identifier", {})
    logical = (held.get("system"), held["value"]) if "value" in held else None
    if only in (None, kind) or (kind is None and sent is None and logical):
        yield Reference(target, kind, logical, sent)


def _uris(value: Any, _: str | None) -> Iterator[str]:
    yield value


def _places(value: Any, _: str | None) -> Iterator[tuple[float, float]]:
    if "latitude" in value and "longitude" in value:
        yield float(value["latitude"]), float(value["longitude"])


READ = {
    "token": _tokens,
    "string": _strings,
    "date": _dates,
    "number": _numbers,
    "quantity": _numbers,
    "reference": _references,
    "uri": _uris,
    "special": _places,
}


def _groups(param: Parameter, resource: dict[str, Any]) -> Iterator[tuple[list[Any], ...]]:
    """For each element that a composite stands in, the values of each component; only where none is empty."""
    for part in param.expression.split(" | "):
        whole = part == resource["resourceType"]
        for element in [resource] if whole else fhirpathpy.evaluate(resource, part, model=R4):
            base = "UsageContext" if part.endswith("useContext") else part
            group = []
            for each in param.components:
                path = {"base": base, "expression": each.expression.replace("DateTime", "dateTime")}
                found = fhirpathpy.evaluate(element, path, {"resource": resource}, R4)
                group.append([one for value in found for one in READ[each.type](value, None)])
            if all(group):
                yield tuple(group)
