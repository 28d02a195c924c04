"""What a search asks for: read from the pairs of its query string, checked against the parameters of the type."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from doorstep.fhir.parameters import Parameter, parameters
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.search.text import split
from doorstep.fhir.tables import known_types

MODIFIERS: Final = {
    "string": {"exact", "contains", "missing"},
    "token": {"not", "text", "in", "not-in", "of-type", "above", "below", "missing"},
    "reference": {"identifier", "above", "below", "missing"},
    "uri": {"above", "below", "missing"},
    "date": {"missing"},
    "number": {"missing"},
    "quantity": {"missing"},
    "composite": {"missing"},
    "special": {"missing"},
}
_SHAPE: Final = ("_format", "_pretty", "_cursor")
_LEFT: Final = ("_contained", "_containedType", "_query", "_score")
"""What R4 has and this door has not: told as if it were unknown."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a search may ask for before it is refused as too costly."""

    clauses: int = 40
    values: int = 1000
    length: int = 4000
    depth: int = 3
    includes: int = 30
    sorts: int = 5
    count: int = 1000


LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Leaf:
    """A parameter of a type, its modifier, and its values (one of them must hold; still escaped)."""

    type: str
    param: Parameter
    modifier: str
    values: tuple[str, ...]
    place: str

    @property
    def missing(self) -> bool | None:
        """What `:missing` asks, None where it is another modifier."""
        return None if self.modifier != "missing" else self.values[0] == "true"


@dataclass(frozen=True, slots=True)
class Chain:
    """A reference whose target must fit: one of `branches` (target type, what it must fit)."""

    type: str
    param: Parameter
    branches: tuple[tuple[str, Clause], ...]
    place: str


@dataclass(frozen=True, slots=True)
class Has:
    """Something of type `source` that fits must refer to it by the parameter."""

    type: str
    source: str
    param: Parameter
    inner: Clause
    place: str


@dataclass(frozen=True, slots=True)
class OnList:
    """It must stand in one of the lists (ids of List)."""

    lists: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InCompartment:
    """It must refer to the owner of a compartment by one of the parameters; none: it is the owner itself."""

    type: str
    owner: str
    params: tuple[Parameter, ...]


Clause = Leaf | Chain | Has | OnList | InCompartment


@dataclass(frozen=True, slots=True)
class Order:
    """A sort key."""

    param: Parameter
    descending: bool


@dataclass(frozen=True, slots=True)
class Include:
    """`_include` or `_revinclude`: what of type `source` refers by `code` ("*" any) to `target` ("" any type)."""

    source: str
    code: str
    target: str
    iterate: bool
    reverse: bool


@dataclass(frozen=True, slots=True)
class Query:
    """A search of one type. `ignored`: parameters that are not known; `pairs`: those that were used."""

    type: str
    where: tuple[Clause, ...] = ()
    order: tuple[Order, ...] = ()
    count: int = 20
    includes: tuple[Include, ...] = ()
    total: str = "none"
    summary: str = ""
    elements: tuple[str, ...] = ()
    cursor: str = ""
    ignored: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class _Draft:
    type: str
    limits: Limits
    where: list[Clause] = field(default_factory=list)
    order: list[Order] = field(default_factory=list)
    includes: list[Include] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    result: dict[str, str] = field(default_factory=dict)


def read_query(
    type_name: str, pairs: Iterable[tuple[str, str]], *, strict: bool = False, limits: Limits = LIMITS
) -> Query:
    """Read a search of a known type; FhirProblem for what cannot be asked, or (`strict`) is not known."""
    draft = _Draft(type_name, limits)
    for name, value in pairs:
        if not value and not name.startswith("_cursor"):
            continue  # R4 leaves an empty value to the server: it asks for nothing
        if len(value) > limits.length * 10 or len(name) > limits.length:
            raise FhirProblem("too-costly-search", name[:100], limit=limits.length)
        _take(draft, name, value)
    if strict and draft.ignored:
        raise FhirProblem("unknown-parameter", draft.ignored[0], name=draft.ignored[0], type=type_name)
    if len(draft.where) > limits.clauses:
        raise FhirProblem("too-costly-search", limit=limits.clauses)
    return _finished(draft)


def _take(draft: _Draft, name: str, value: str) -> None:
    base, _, modifier = name.partition(":")
    if base in _RESULT:
        # R4, search: a modifier that is not supported is refused
        if modifier and base not in _MODIFIED:
            raise FhirProblem("bad-modifier", name, modifier=modifier, name=base)
        _RESULT[base](draft, modifier, value)
        draft.pairs.append((name, value))
    elif base in _SHAPE:
        draft.result[base] = value
    elif base in _LEFT:
        if (base, value) != ("_contained", "false"):
            draft.ignored.append(name)
    else:
        try:
            draft.where.append(_clause(draft.type, name, value, draft.limits, draft.limits.depth))
            draft.pairs.append((name, value))
        except _UnknownParameter:
            draft.ignored.append(name)


class _UnknownParameter(Exception):
    pass


def _clause(type_name: str, name: str, value: str, limits: Limits, depth: int) -> Clause:
    if name == "_list":
        return OnList(tuple(split(value, ",")))
    if name.startswith("_has:"):
        return _has(type_name, name, value, limits, depth)
    head, dot, rest = name.partition(".")
    code, _, modifier = head.partition(":")
    param = parameters(type_name).get(code)
    if param is None:
        raise _UnknownParameter
    if dot:
        return _chain(type_name, param, modifier, rest, value, limits, depth, name)
    return _leaf(type_name, param, modifier, value, limits, name)


def _leaf(type_name: str, param: Parameter, modifier: str, value: str, limits: Limits, place: str) -> Leaf:
    is_type = param.type == "reference" and modifier in known_types()
    if modifier and not is_type and modifier not in MODIFIERS[param.type]:
        raise FhirProblem("bad-modifier", place, modifier=modifier, name=param.code)
    values = tuple(split(value, ","))
    if len(values) > limits.values or max(map(len, values)) > limits.length:
        raise FhirProblem("too-costly-search", place, limit=limits.values)
    if modifier == "missing" and values not in (("true",), ("false",)):
        raise FhirProblem("bad-search-value", place, value=value, kind="boolean")
    return Leaf(type_name, param, modifier, values, place)


def _chain(
    type_name: str, param: Parameter, only: str, rest: str, value: str, limits: Limits, depth: int, place: str
) -> Chain:
    if param.type != "reference":
        raise FhirProblem("bad-modifier", place, modifier=rest, name=param.code)
    if depth <= 0:
        raise FhirProblem("too-costly-search", place, limit=limits.depth)
    targets = [only] if only else [t for t in param.targets if t in known_types()]
    if only and only not in known_types():
        raise FhirProblem("bad-modifier", place, modifier=only, name=param.code)
    branches = []
    for target in targets:
        try:
            branches.append((target, _clause(target, rest, value, limits, depth - 1)))
        except _UnknownParameter:
            continue
    if not branches:
        raise FhirProblem("unknown-chain", place, name=rest, type=",".join(targets[:5]))
    return Chain(type_name, param, tuple(branches), place)


def _has(type_name: str, name: str, value: str, limits: Limits, depth: int) -> Has:
    parts = name.split(":", 3)
    if len(parts) != 4 or parts[1] not in known_types():
        raise FhirProblem("bad-modifier", name, modifier=name, name="_has")
    if depth <= 0:
        raise FhirProblem("too-costly-search", name, limit=limits.depth)
    param = parameters(parts[1]).get(parts[2])
    if param is None or param.type != "reference":
        raise FhirProblem("unknown-chain", name, name=parts[2], type=parts[1])
    try:
        inner = _clause(parts[1], parts[3], value, limits, depth - 1)
    except _UnknownParameter:
        raise FhirProblem("unknown-chain", name, name=parts[3], type=parts[1]) from None
    return Has(type_name, parts[1], param, inner, name)


def _sort(draft: _Draft, _: str, value: str) -> None:
    for key in split(value, ","):
        code = key.lstrip("-")
        param = parameters(draft.type).get(code)
        if param is None or param.type in ("composite", "special"):
            raise FhirProblem("bad-sort", "_sort", name=key)
        draft.order.append(Order(param, key.startswith("-")))
    if len(draft.order) > draft.limits.sorts:
        raise FhirProblem("too-costly-search", "_sort", limit=draft.limits.sorts)


def _include(reverse: bool) -> _Taker:
    def take(draft: _Draft, modifier: str, value: str) -> None:
        name = "_revinclude" if reverse else "_include"
        if modifier not in ("", "iterate", "recurse"):
            raise FhirProblem("bad-modifier", name, modifier=modifier, name=name)
        if value == "*":
            value = f"{draft.type}:*"
        source, _, rest = value.partition(":")
        code, _, target = rest.partition(":")
        known = parameters(source).get(code) if source in known_types() else None
        if source not in known_types() or (code != "*" and (known is None or known.type != "reference")):
            raise FhirProblem("bad-include", name, value=value)
        if target and target not in known_types():
            raise FhirProblem("bad-include", name, value=value)
        draft.includes.append(Include(source, code, target, bool(modifier), reverse))
        if len(draft.includes) > draft.limits.includes:
            raise FhirProblem("too-costly-search", name, limit=draft.limits.includes)

    return take


def _count(draft: _Draft, _: str, value: str) -> None:
    if not (value.isascii() and value.isdecimal() and len(value) < 10):
        raise FhirProblem("bad-search-value", "_count", value=value, kind="number")
    draft.result["_count"] = value


def _one_of(*allowed: str) -> _Taker:
    def take(draft: _Draft, _: str, value: str) -> None:
        if value not in allowed:
            raise FhirProblem("bad-search-value", "|".join(allowed), value=value, kind="code")
        draft.result["_total" if "accurate" in allowed else "_summary"] = value

    return take


def _elements(draft: _Draft, _: str, value: str) -> None:
    draft.result["_elements"] = value


def _finished(draft: _Draft) -> Query:
    said = draft.result
    summary = said.get("_summary", "")
    count = min(int(said.get("_count", 20)), draft.limits.count)
    if count == 0:
        summary = "count"
    return Query(
        draft.type,
        tuple(draft.where),
        tuple(draft.order),
        count,
        tuple(draft.includes),
        said.get("_total", "none"),
        "" if summary == "false" else summary,
        tuple(name for name in said.get("_elements", "").split(",") if name),
        said.get("_cursor", ""),
        tuple(draft.ignored),
        tuple(draft.pairs),
    )


def with_clauses(query: Query, clauses: Sequence[Clause]) -> Query:
    """Return the query with more clauses."""
    return replace(query, where=(*clauses, *query.where))


_MODIFIED: Final = ("_include", "_revinclude", "_elements")
_Taker = Callable[[_Draft, str, str], None]
_RESULT: Final[dict[str, _Taker]] = {
    "_sort": _sort,
    "_count": _count,
    "_include": _include(False),
    "_revinclude": _include(True),
    "_total": _one_of("none", "estimate", "accurate"),
    "_summary": _one_of("true", "text", "data", "count", "false"),
    "_elements": _elements,
}
