"""Random searches that often hit: their values are those of the resources, bent a little, and now and then others."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final
from urllib.parse import quote

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from doorstep.fhir.parameters import Parameter, parameters
from tests.conformance.reference import house
from tests.conformance.reference.making import DATES, TEXTS, TYPES
from tests.conformance.reference.search import Memory
from tests.conformance.reference.syntax import PREFIXES

Drawn = Callable[[SearchStrategy[Any]], Any]
Pair = tuple[str, str]
BASE: Final = "http://testserver/fhir/"
NUMBERS: Final = (
    "5",
    "5.0",
    "5.4",
    "5.40",
    "4.5",
    "100",
    "1e2",
    "99.5",
    "105",
    "0",
    "-3",
    "5.4e-3",
    "5.40e-3",
    "0.005404",
)
WHEN: Final = (*DATES, "2020-02-29T23:30:00", "2020-03", "1988", "2022-10-10", "2024")
PLACES: Final = ("39.9|116.4|10|km", "39.9|116.4|2000|km", "39.95|116.41|500|m", "31.2|121.5", "0|0|1|km")
MEANT: Final = {
    "in": ("http://example.cn/sets/tree", "http://example.cn/sets/loinc"),
    "below": ("http://example.cn/tree|root", "http://example.cn/tree|branch", "http://example.cn/tree|leaf"),
}


def escaped(text: str) -> str:
    r"""With the escapes of R4."""
    return re.sub(r"([\\,|$])", r"\\\1", text)


def value_of(memory: Memory, kind: str, param: Parameter, modifier: str) -> SearchStrategy[str]:
    """A search value for a parameter under a modifier."""
    if modifier == "missing":
        return st.sampled_from(("true", "false"))
    makers: dict[str, Callable[[], SearchStrategy[str]]] = {
        "token": lambda: _token(memory, kind, param, modifier),
        "string": lambda: _string(memory, kind, param, modifier),
        "date": lambda: st.builds("{}{}".format, st.sampled_from(("", *PREFIXES)), st.sampled_from(_dates(param))),
        "number": _number,
        "quantity": _quantity,
        "reference": lambda: _reference(memory, kind, param, modifier),
        "uri": lambda: _uri(memory, kind, param, modifier),
        "composite": lambda: _composite(memory, kind, param),
        "special": lambda: st.sampled_from(PLACES if param.code == "near" else ("pressure", "high", "感冒", "nothing")),
    }
    return makers[param.type]()


def _dates(param: Parameter) -> tuple[str, ...]:
    return (*WHEN, "2026", "2030-01-01") if param.code == "_lastUpdated" else WHEN


def _found(memory: Memory, kind: str, param: Parameter) -> list[Any]:
    """The values that resources have, once each."""
    return list(dict.fromkeys(each for one in memory.of(kind) for each in memory.held(one, param.code)))


def _among(pool: Sequence[str]) -> SearchStrategy[str]:
    return st.sampled_from(sorted(set(pool))) if pool else st.just("nothing")


def _token(memory: Memory, kind: str, param: Parameter, modifier: str) -> SearchStrategy[str]:
    held = [(each.system, each.code, each.types) for each in _found(memory, kind, param)]
    if modifier in ("in", "not-in"):
        return st.sampled_from(MEANT["in"])
    if modifier in ("below", "above"):
        return st.sampled_from(MEANT["below"])
    if modifier == "text":
        return _among([escaped(text[:5]) for text in (*TEXTS, "Systolic", "NO SYSTEM", "高血", "Record")])
    if modifier == "of-type":
        whole = [f"{s}|{c}|{escaped(code)}" for _, code, types in held if code for s, c in types if s and c]
        return _among([*whole, "http://x|MR|A1"])
    implied = house.CODES.get((kind, param.code))
    forms = ["nothing", "http://loinc.org|nothing"]
    for system, code, _ in held:
        forms += [escaped(code), f"|{escaped(code)}"] if code else []
        forms += [f"{escaped(system)}|", f"{escaped(system)}|{escaped(code or '')}"] if system else []
        forms += [f"{implied}|{code}", f"{implied}|"] if implied else []
    return _among(forms)


def _string(memory: Memory, kind: str, param: Parameter, modifier: str) -> SearchStrategy[str]:
    held = _found(memory, kind, param)
    if modifier == "exact":
        return _among([escaped(each) for text in held for each in (text, text.lower())])
    typed = ["zhang", "zs", "wxm", "z", "SHAN", "zengguoqiang"] if param.code in house.NAME_PARAMS else []
    pieces = [text[start:end] for text in held for start, end in ((0, 1), (0, 3), (0, 99), (1, 4))]
    bent = [
        each for text in pieces for each in (text, text.upper(), house.folded(text)) if text.strip() == text and each
    ]
    return _among([escaped(each) for each in (*bent, *typed)])


def _number() -> SearchStrategy[str]:
    return st.builds("{}{}".format, st.sampled_from(("", *PREFIXES)), st.sampled_from(NUMBERS))


def _quantity() -> SearchStrategy[str]:
    units = ("", "", "||mg", "|http://unitsofmeasure.org|mg", "||kilo", "|http://unitsofmeasure.org|", "|http://x|mg")
    return st.builds("{}{}".format, _number(), st.sampled_from(units))


def _reference(memory: Memory, kind: str, param: Parameter, modifier: str) -> SearchStrategy[str]:
    held = _found(memory, kind, param)
    if modifier == "identifier":
        pairs = [each.identifier for each in held if each.identifier]
        forms = [
            f for s, v in pairs for f in (escaped(v), f"{s or ''}|{escaped(v)}", f"{s or ''}|" if s else escaped(v))
        ]
        return _among(forms)
    targets = [each.target for each in held if each.target]
    forms = []
    for target in targets:
        forms += [escaped(target), target.split("|")[0]]
        if "://" not in target and "/" in target:
            forms += [target.split("/")[1], f"{BASE}{target}", f"{target}/_history/3"]
    return _among(forms)


def _uri(memory: Memory, kind: str, param: Parameter, modifier: str) -> SearchStrategy[str]:
    held = _found(memory, kind, param)
    longer = [f"{each}/more" for each in held] if modifier == "above" else []
    shorter = [each[:end] for each in held for end in (12, 20, 22)] if modifier == "below" else []
    return _among([escaped(each) for each in (*held, *longer, *shorter)])


def _composite(memory: Memory, kind: str, param: Parameter) -> SearchStrategy[str]:
    own = parameters(kind)
    # a component is asked for as the parameter that it is, without a modifier
    each = [value_of(memory, kind, own[component.code], "") for component in param.components]
    return st.tuples(*each).map(lambda parts: "$".join(parts))


MODIFIERS: Final = {
    "token": ("", "", "", "not", "text", "in", "not-in", "below", "above", "missing"),
    "string": ("", "", "exact", "contains", "missing"),
    "date": ("", "", "", "missing"),
    "number": ("", "missing"),
    "quantity": ("", "", "", "missing"),
    "reference": ("", "", "", "identifier", "missing", "type"),
    "uri": ("", "below", "above", "missing"),
    "composite": ("", "", "missing"),
    "special": ("",),
}
UNASKED: Final = frozenset(("_content", "expansion"))


@cache
def codes(kind: str) -> tuple[str, ...]:
    """The parameters of a type that are asked about."""
    return tuple(sorted(set(parameters(kind)) - UNASKED))


def clause(draw: Drawn, memory: Memory, kind: str, depth: int = 2) -> Pair:
    """One clause: a parameter with a modifier, a chain, `_has` or `_list`."""
    way = draw(st.integers(0, 11)) if depth else 9
    if way == 0:
        return "_list", draw(st.sampled_from(("list-0", "list-1", "list-2,list-3", "list-99")))
    if way == 1:
        source, code = draw(st.sampled_from(referring(kind)))
        name, value = clause(draw, memory, source, depth - 1)
        return f"_has:{source}:{code}:{name}", value
    links = [c for c in codes(kind) if targets(kind, c)]
    if way in (2, 3) and links:
        return _chained(draw, memory, kind, draw(st.sampled_from(links)), depth)
    return _plain(draw, memory, kind)


def _chained(draw: Drawn, memory: Memory, kind: str, code: str, depth: int) -> Pair:
    target = draw(st.sampled_from(targets(kind, code)))
    name, value = clause(draw, memory, target, depth - 1)
    only = f":{target}" if len(parameters(kind)[code].targets) > 1 else ""
    return f"{code}{only}.{name}", value


def _plain(draw: Drawn, memory: Memory, kind: str) -> Pair:
    param = parameters(kind)[draw(st.sampled_from(codes(kind)))]
    modifier = draw(st.sampled_from(_modifiers(param)))
    if modifier == "type":
        kinds = targets(kind, param.code)
        modifier = draw(st.sampled_from(kinds)) if kinds else ""
    one = value_of(memory, kind, param, modifier)
    few = 1 if modifier == "missing" else 3
    held = draw(st.lists(one, min_size=1, max_size=few))
    return param.code + (f":{modifier}" if modifier else ""), ",".join(held)


def _modifiers(param: Parameter) -> tuple[str, ...]:
    if param.code == "_id":
        return "", "", "not", "missing"
    if param.code in ("identifier", "requisition"):
        return (*MODIFIERS["token"], "of-type")
    return MODIFIERS[param.type]


@cache
def targets(kind: str, code: str) -> list[str]:
    """The types of ours that a reference parameter may lead to."""
    param = parameters(kind)[code]
    return [each for each in TYPES if each in param.targets] if param.type == "reference" else []


@cache
def referring(kind: str) -> list[tuple[str, str]]:
    """(type, parameter) of what may refer to a type."""
    return [(source, code) for source in TYPES for code in codes(source) if kind in targets(source, code)]


def sort(draw: Drawn, kind: str) -> str:
    """One to three keys, each perhaps descending."""
    fitting = [code for code in codes(kind) if parameters(kind)[code].type not in ("composite", "special")]
    keys = draw(st.lists(st.sampled_from(fitting), min_size=1, max_size=3, unique=True))
    return ",".join(draw(st.sampled_from(("", "-"))) + key for key in keys)


@st.composite
def searches(draw: Drawn, memory: Memory) -> tuple[str, str]:
    """A type and a query of one to three clauses, sorted now and then."""
    kind = draw(st.sampled_from(TYPES))
    pairs = [clause(draw, memory, kind) for _ in range(draw(st.sampled_from((0, 1, 1, 1, 2, 2, 3))))]
    if draw(st.integers(0, 2)) == 0:
        pairs.append(("_sort", sort(draw, kind)))
    return kind, encoded(pairs)


@st.composite
def wishes(draw: Drawn) -> tuple[str, list[tuple[bool, bool, str]]]:
    """A type and what is to come with what is found of it."""
    kind = draw(st.sampled_from(TYPES))
    return kind, [_wish(draw, kind) for _ in range(draw(st.integers(1, 3)))]


def _wish(draw: Drawn, kind: str) -> tuple[bool, bool, str]:
    reverse, iterate = draw(st.booleans()), draw(st.booleans())
    if reverse:
        source, code = draw(st.sampled_from(referring(kind)))
    else:
        source = draw(st.sampled_from((kind, kind, *TYPES))) if iterate else kind
        code = draw(st.sampled_from(["*", *(each for each in codes(source) if targets(source, each))]))
    only = [] if code == "*" else targets(source, code)
    target = draw(st.sampled_from(["", "", *only]))
    return reverse, iterate, f"{source}:{code}" + (f":{target}" if target else "")


def encoded(pairs: Sequence[Pair]) -> str:
    """As it goes over the wire."""
    return "&".join(f"{quote(name, safe=':.')}={quote(value, safe='')}" for name, value in pairs)
