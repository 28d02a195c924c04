"""The search itself: every clause asked of every resource, the rest sorted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cmp_to_key
from typing import Any
from urllib.parse import parse_qsl

from doorstep.fhir.parameters import Parameter, compartments, parameters
from tests.conformance.reference import house, matching
from tests.conformance.reference.syntax import parts, plain
from tests.conformance.reference.values import Reference, Token, raw, values

Json = dict[str, Any]
Key = tuple[str, str]
Codes = frozenset[tuple[str | None, str]]
RESULT = ("_sort", "_count", "_include", "_revinclude", "_total", "_format")


class Terminology:
    """What `:in`, `:below` and `:above` mean: value sets by url, and (system, code) with all below it."""

    def __init__(self, sets: Mapping[str, Codes], below: Mapping[tuple[str, str], Codes]) -> None:
        self.sets, self.lower = sets, below

    def meant(self, modifier: str, text: str) -> Codes:
        """The codes that a value stands for."""
        if modifier in ("in", "not-in"):
            return self.sets[plain(text)]
        system, code = (plain(each) for each in parts(text, "|"))
        if modifier == "below":
            return self.lower[system, code]
        return frozenset(key for key, low in self.lower.items() if (system, code) in low)


class Memory:
    """Resources as they stand, with `meta.lastUpdated`, and what can be asked of them."""

    def __init__(self, resources: Iterable[Json], terms: Terminology | None = None) -> None:
        self.all: dict[Key, Json] = {(each["resourceType"], each["id"]): each for each in resources}
        self.terms = terms or Terminology({}, {})
        self._known: dict[tuple[str, str, str], list[Any]] = {}

    def of(self, kind: str) -> list[Json]:
        """The resources of a type."""
        return [each for (name, _), each in self.all.items() if name == kind]

    def held(self, resource: Json, code: str) -> list[Any]:
        """The values of a parameter, remembered."""
        key = resource["resourceType"], resource["id"], code
        if key not in self._known:
            self._known[key] = values(code, resource)
        return self._known[key]

    def search(self, kind: str, query: str, within: Key | None = None) -> list[str]:
        """The ids that a query finds, in order; `within`: of a compartment."""
        asked = [(name, value) for name, value in parse_qsl(query) if value]
        clauses = [pair for pair in asked if pair[0].split(":")[0] not in RESULT]
        found = [
            each
            for each in self.of(kind)
            if all(self.fits(each, name, value) for name, value in clauses)
            and (within is None or self.in_compartment(each, within))
        ]
        return self.ordered(kind, found, dict(asked).get("_sort", ""), clauses)

    def fits(self, resource: Json, name: str, value: str) -> bool:
        """Whether one clause holds."""
        kind = resource["resourceType"]
        if name == "_list":
            return any(self._listed(resource, plain(each)) for each in parts(value, ","))
        if name.startswith("_has:"):
            _, source, code, rest = name.split(":", 3)
            return any(
                self._leads(each, code, "", resource) and self.fits(each, rest, value) for each in self.of(source)
            )
        head, dot, rest = name.partition(".")
        code, _, modifier = head.partition(":")
        if dot:
            return any(
                self._leads(resource, code, modifier, target)
                and self._may(target, rest)
                and self.fits(target, rest, value)
                for target in self.all.values()
            )
        return self._leaf(resource, parameters(kind)[code], modifier, value)

    def _may(self, target: Json, rest: str) -> bool:
        code = rest.split(".")[0].split(":")[0]
        return code in ("_has", "_list") or code in parameters(target["resourceType"])

    def _leads(self, resource: Json, code: str, only: str, target: Json) -> bool:
        kind = target["resourceType"]
        param = parameters(resource["resourceType"])[code]
        if only not in ("", kind) or kind not in param.targets:
            return False
        return any(each.target == f"{kind}/{target['id']}" for each in self.held(resource, code))

    def _listed(self, resource: Json, name: str) -> bool:
        wanted = f"{resource['resourceType']}/{resource['id']}"
        entries = self.all.get(("List", name), {}).get("entry", [])
        led = [each["item"].get("reference", "").split("/_history/")[0] for each in entries if not each.get("deleted")]
        return wanted in led

    def in_compartment(self, resource: Json, owner: Key) -> bool:
        """By one of the parameters of R4's compartment definition, or by being the owner."""
        kind, whose = resource["resourceType"], f"{owner[0]}/{owner[1]}"
        codes = compartments()[owner[0]].get(kind, [])
        linked = [each for code in codes for each in self.held(resource, code)]
        return (not codes and (kind, resource["id"]) == owner) or any(each.target == whose for each in linked)

    def _leaf(self, resource: Json, param: Parameter, modifier: str, value: str) -> bool:
        if modifier == "missing":
            return self._missing(resource, param) == (value == "true")
        said = parts(value, ",")
        if param.code in ("_text", "_content"):
            return any(_somewhere(resource, param.code, plain(each)) for each in said)
        held = self.held(resource, param.code)
        if param.type == "composite":
            return any(matching.composite(param, one, each) for one in said for each in held)
        if param.type == "token" and modifier in ("in", "not-in", "below", "above"):
            meant = {pair for one in said for pair in self.terms.meant(modifier, one)}
            inside = any(_means(resource, param, each, pair) for each in held for pair in meant)
            return inside != (modifier == "not-in")
        if param.type == "token" and modifier == "not":
            return not any(self._one(resource, param, "", one, each) for one in said for each in held)
        if modifier == "" and self._reads(resource, param, said):
            return True
        return any(self._one(resource, param, modifier, one, each) for one in said for each in held)

    def _missing(self, resource: Json, param: Parameter) -> bool:
        """Whether nothing stands where the parameter looks; a reference is there also where it only shows a text."""
        if param.type in ("token", "reference", "composite"):
            return not self.held(resource, param.code) and not any(True for _ in _standing(resource, param))
        return not self.held(resource, param.code)

    def _one(self, resource: Json, param: Parameter, modifier: str, text: str, held: Any) -> bool:
        if isinstance(held, Token) and held.bare:
            held = held._replace(system=_implied(resource, param, text))
        return matching.TESTS[param.type](param, modifier, text, held)

    def _reads(self, resource: Json, param: Parameter, said: list[str]) -> bool:
        return any(each.startswith(house.folded(plain(one))) for one in said for each in _typed(resource, param))

    def ordered(self, kind: str, found: list[Json], sort: str, clauses: list[tuple[str, str]]) -> list[str]:
        """Sorted as asked for; else by change where changes are asked for, by the main date, by the string that was
        found, or by id."""
        main = house.MAIN_DATES.get(kind, ("", ()))[0]
        keys = [(key.lstrip("-"), key.startswith("-")) for key in sort.split(",") if key]
        if not keys and any(name == "_lastUpdated" for name, _ in clauses):
            keys = [("_lastUpdated", False)]
        if not keys and main:
            keys = [(main, True)]
        if not keys and (name := _lone_prefix(kind, clauses)):
            return [each["id"] for each in sorted(found, key=lambda r: (self._matched(r, *name), r["id"]))]
        rows: list[tuple[list[Any], str]] = [
            ([self._sort(each, code, down) for code, down in keys], each["id"]) for each in found
        ]

        sorts = parameters(kind)[keys[0][0]].type if keys else ""

        def compared(a: tuple[list[Any], str], b: tuple[list[Any], str]) -> int:
            return _compared(a, b, keys, main, sorts)

        return [row[1] for row in sorted(rows, key=cmp_to_key(compared))]

    def _matched(self, resource: Json, code: str, value: str) -> str:
        """The first of the strings, or URIs, that made it fit."""
        param = parameters(resource["resourceType"])[code]
        held, wanted = list(self.held(resource, code)), [plain(each) for each in parts(value, ",")]
        if param.type == "string":
            held = [house.folded(each) for each in held] + _typed(resource, param)
            wanted = [house.folded(each) for each in wanted]
        return min(str(each) for each in held if any(each.startswith(one) for one in wanted))

    def _sort(self, resource: Json, code: str, down: bool) -> Any:
        kind = resource["resourceType"]
        if code == house.MAIN_DATES.get(kind, ("",))[0]:
            return _main_date(resource)
        return matching.sort_value(parameters(kind)[code].type, self.held(resource, code), down)


def _compared(
    a: tuple[list[Any], str], b: tuple[list[Any], str], keys: list[tuple[str, bool]], main: str, kind: str
) -> int:
    for one, other, (_, down) in zip(a[0], b[0], keys, strict=True):
        if one == other:
            continue
        if one is None or other is None:
            return 1 if one is None else -1
        return (1 if one > other else -1) * (-1 if down else 1)
    backwards = len(keys) == 1 and _backwards(*keys[0], main, kind)
    return (1 if a[1] > b[1] else -1) * (-1 if backwards else 1)


def _backwards(code: str, down: bool, main: str, kind: str) -> bool:
    """Whether ties fall by descending id: of the main date the other way round than the date, of others along."""
    if code == main:
        return not down
    return down and kind not in ("token", "reference")


def _main_date(resource: Json) -> int | float | None:
    """The start of the first of the elements that say it; an open start stands at the start of the end."""
    for rank in house.MAIN_DATES[resource["resourceType"]][1]:
        spans = [each for name in rank if name in resource for each in matching.opened(resource[name])]
        if spans:
            return min(spans)
    return None


def _typed(resource: Json, param: Parameter) -> list[str]:
    if resource["resourceType"] in house.NAMED and param.code in house.NAME_PARAMS:
        return house.readings(resource)
    return []


def _lone_prefix(kind: str, clauses: list[tuple[str, str]]) -> tuple[str, str] | None:
    for name, value in clauses:
        param = parameters(kind).get(name)
        if param is not None and param.type == "string":
            return name, value
        code, _, modifier = name.partition(":")
        if modifier == "below" and code in parameters(kind) and parameters(kind)[code].type == "uri":
            return code, value
    return None


def _implied(resource: Json, param: Parameter, text: str) -> str | None:
    """The system of a code element, as far as it is asked for; what is asked without one is not compared."""
    system = house.CODES.get((resource["resourceType"], param.code))
    return system if len(said := parts(text, "|")) == 2 and plain(said[0]) == system else None


def _means(resource: Json, param: Parameter, held: Token, pair: tuple[str | None, str]) -> bool:
    system = house.CODES.get((resource["resourceType"], param.code)) if held.bare else held.system
    return (system, held.code) == pair


def _standing(resource: Json, param: Parameter) -> Iterable[Any]:
    """References that say no more than a display text."""
    if param.type != "reference":
        return []
    return [value for value, only in raw(param, resource) if only is None and isinstance(value, dict)]


def _somewhere(resource: Json, code: str, text: str) -> bool:
    story = re.sub(r"<[^>]*>", " ", resource.get("text", {}).get("div", ""))
    return text.casefold() in (story if code == "_text" else str(resource)).casefold()


Wish = tuple[bool, bool, str]
"""Whether it is `_revinclude`, whether it goes on from what was included, and its value."""


def included(memory: Memory, found: Iterable[Key], wishes: Iterable[Wish]) -> set[Key]:
    """What `_include` and `_revinclude` add: one round, and more while those that iterate have something to add."""
    whole, fresh, wishes = set(found), set(found), list(wishes)
    begun = set(whole)
    while fresh:
        fresh = {key for reverse, _, text in wishes for key in related(memory, fresh, text, reverse)} - whole
        whole |= fresh
        wishes = [wish for wish in wishes if wish[1]]
    return whole - begun


def related(memory: Memory, found: Iterable[Key], wish: str, reverse: bool) -> set[Key]:
    """What `_include` or `_revinclude` adds to some resources, in one round."""
    source, code, target = (*wish.split(":"), "", "")[:3]
    start = list(found)
    if reverse:
        whose = {f"{kind}/{ident}" for kind, ident in start if target in ("", kind)}
        return {(source, each["id"]) for each in memory.of(source) if _links(memory, each, code) & whose}
    led = {link for key in start if key[0] == source for link in _links(memory, memory.all[key], code)}
    keys = {(link.split("/")[0], link.split("/")[-1]) for link in led}
    return {key for key in keys if key in memory.all and target in ("", key[0])}


def _links(memory: Memory, resource: Json, code: str) -> set[str]:
    own = parameters(resource["resourceType"])
    codes = [each for each, param in own.items() if param.type == "reference"] if code == "*" else [code]
    held: list[Reference] = [each for one in codes for each in memory.held(resource, one)]
    return {each.target for each in held if each.target}
