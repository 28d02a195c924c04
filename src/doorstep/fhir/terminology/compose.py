"""What a value set holds: its compose worked out against the code systems that are loaded.

The rules are those of R4's "Value Set Expansion" (4.9.4): all of one include must hold, any include lets a code in,
any exclude puts it out; a system that is not loaded gives no codes but those that are listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.terminology.definitions import Definitions, Resource, split_canonical
from doorstep.fhir.terminology.filters import passes, select
from doorstep.fhir.terminology.grammars import by_grammar, has_grammar
from doorstep.fhir.terminology.items import Item, Key, Versions
from doorstep.fhir.terminology.systems import System, listed_system, system_of
from doorstep.fhir.terminology.value_sets import (
    Part,
    compose_of,
    expanded,
    implicit,
    is_whole,
    parts_of,
    wrong_compose,
)

# system, code, version
Asked = tuple[str, str, str | None]
_MOST_ITEMS: Final = 2_000_000
_DEEPEST: Final = 40
_MISSING: Final = frozenset({"system-not-loaded", "value-set-not-loaded"})


class Composer:
    """One question's way through value sets; what it worked out of imported ones it keeps."""

    def __init__(self, definitions: Definitions, versions: Versions | None = None) -> None:
        self.definitions: Final = definitions
        self._versions = versions or Versions()
        self._chain: list[str] = []
        self._known: dict[str, dict[Key, Item]] = {}
        self._found: dict[tuple[str, Asked], Item | None] = {}
        self._systems: dict[str, set[str]] = {}
        self._items = 0

    def value_set(self, canonical: str) -> Resource:
        """Return a value set by `url|version`, also `[system]?fhir_vs`; FhirProblem where it is not loaded."""
        url, version = split_canonical(canonical)
        found = self.definitions.value_set(url, version) or implicit(url, version)
        if found is None:
            raise FhirProblem("value-set-not-loaded", url=canonical)
        return found

    def select(self, value_set: Resource, most: int = _MOST_ITEMS) -> dict[Key, Item]:
        """Return all concepts of a value set in its order, active or not.

        FhirProblem where there are more than `most`, before they are all looked at where that is plain.
        """
        compose = compose_of(value_set)
        try:
            found = self._gathered(value_set, compose, most)
        except FhirProblem as problem:
            if problem.code != "system-not-loaded" or not is_whole(value_set):
                raise
            return self.select({**value_set, "compose": expanded(value_set)}, most)
        if compose.get("inactive") is False:
            found = {key: item for key, item in found.items() if not item.system.inactive(item.position)}
        if len(found) > most:
            raise FhirProblem("too-many-codes", limit=most)
        return found

    def _gathered(self, value_set: Resource, compose: Part, most: int) -> dict[Key, Item]:
        found: dict[Key, Item] = {}
        some_go = "exclude" in compose or compose.get("inactive") is False
        for part in parts_of(value_set, compose, "include"):
            for item in self._chosen(value_set, part, _MOST_ITEMS if some_go or "valueSet" in part else most):
                found.setdefault(item.key, item)
        for part in parts_of(value_set, compose, "exclude"):
            for item in self._chosen(value_set, part, _MOST_ITEMS):
                found.pop(item.key, None)
        return found

    def find(self, value_set: Resource, system: str, code: str, version: str | None = None) -> Item | None:
        """Return the concept where the value set holds it, without working out the others."""
        compose = compose_of(value_set)
        try:
            found = self._find_in(value_set, parts_of(value_set, compose, "include"), (system, code, version))
            barred = found and self._find_in(
                value_set, parts_of(value_set, compose, "exclude"), (system, found.code, version)
            )
        except FhirProblem as problem:
            if problem.code != "system-not-loaded" or not is_whole(value_set):
                raise
            return self.find({**value_set, "compose": expanded(value_set)}, system, code, version)
        if found is None or barred:
            return None
        return None if compose.get("inactive") is False and found.system.inactive(found.position) else found

    def systems(self, value_set: Resource) -> set[str]:
        """Return the code systems that the value set and those that it imports name."""
        found: set[str] = set()
        for part in parts_of(value_set, compose_of(value_set), "include"):
            if "system" in part:
                found.add(split_canonical(part["system"])[0])
                continue
            for canonical in part.get("valueSet", ()):
                found |= self._imported_systems(canonical)
        return found

    def _imported_systems(self, canonical: str) -> set[str]:
        if canonical not in self._systems:
            with self._entered(canonical) as imported:
                self._systems[canonical] = self.systems(imported)
        return self._systems[canonical]

    def _entered(self, canonical: str) -> _Entered:
        return _Entered(self, canonical, self._chain)

    # all of it

    def _chosen(self, value_set: Resource, part: Part, most: int) -> Iterable[Item]:
        items: Iterable[Item] | None = self._of_system(value_set, part, most) if "system" in part else None
        for canonical in part.get("valueSet", ()):
            other = self._imported(canonical)
            items = other.values() if items is None else [item for item in items if item.key in other]
        if items is None:
            raise wrong_compose(value_set, "include.system | include.valueSet")
        return items

    def _imported(self, canonical: str) -> dict[Key, Item]:
        if canonical not in self._known:
            with self._entered(canonical) as imported:
                self._known[canonical] = self.select(imported)
        return self._known[canonical]

    def _of_system(self, value_set: Resource, part: Part, most: int) -> list[Item]:
        system = self._system(part)
        if "concept" in part:
            return list(self._listed(value_set, part, system))
        system = _loaded(part, system)
        filters = part.get("filter", ())
        chosen: Sequence[int] = select(system, filters) if filters else range(len(system))
        self._items += len(chosen)
        if len(chosen) > most or self._items > _MOST_ITEMS:
            raise FhirProblem("too-many-codes", limit=min(most, _MOST_ITEMS))
        return [Item(system, position) for position in chosen]

    def _system(self, part: Part) -> System | None:
        url, stated = split_canonical(part["system"])
        version = self._versions.choose(url, part.get("version") or stated)
        system = system_of(self.definitions, url, version)
        return system if system is None or system.loaded else None

    def _listed(self, value_set: Resource, part: Part, system: System | None) -> Iterator[Item]:
        if "filter" in part:
            raise wrong_compose(value_set, "include.concept & include.filter")
        concepts = part["concept"]
        beside = listed_system(part["system"], part.get("version"), concepts)
        for concept in concepts:
            item = _item(concept, system, beside)
            if item is not None:
                yield item

    # one of it

    def _find_in(self, value_set: Resource, parts: Iterable[Part], asked: Asked) -> Item | None:
        missing: FhirProblem | None = None
        for part in parts:
            try:
                item = self._find(value_set, part, asked)
            except FhirProblem as problem:
                if problem.code not in _MISSING:
                    raise
                # another part may hold it without what is not loaded
                missing = problem
                continue
            if item is not None:
                return item
        if missing is not None:
            raise missing
        return None

    def _find(self, value_set: Resource, part: Part, asked: Asked) -> Item | None:
        found: Item | None = None
        if "system" in part:
            found = self._find_own(value_set, part, asked)
            if found is None:
                return None
        for canonical in part.get("valueSet", ()):
            there = self._find_imported(canonical, asked)
            if there is None:
                return None
            found = found or there
        if found is None:
            raise wrong_compose(value_set, "include.system | include.valueSet")
        return found

    def _find_imported(self, canonical: str, asked: Asked) -> Item | None:
        key = (canonical, asked)
        if key not in self._found:
            with self._entered(canonical) as imported:
                self._found[key] = self.find(imported, *asked)
        return self._found[key]

    def _find_own(self, value_set: Resource, part: Part, asked: Asked) -> Item | None:
        url, code, version = asked
        if split_canonical(part["system"])[0] != url:
            return None
        system = self._system(part)
        if version is not None and system is not None and system.version not in (None, version):
            return None
        if "concept" in part:
            return _listed_one(part, system, code)
        if system is None and has_grammar(url) and "filter" not in part:
            return Item(listed_system(url, None, [{"code": code}]), 0) if by_grammar(url, code) else None
        system = _loaded(part, system)
        position = system.find(code)
        if position is None or not passes(system, part.get("filter", ()), position):
            return None
        return Item(system, position)


class _Entered:
    """The way into an imported value set and out again, which notices circles."""

    def __init__(self, composer: Composer, canonical: str, chain: list[str]) -> None:
        self._composer = composer
        self._canonical = canonical
        self._chain = chain

    def __enter__(self) -> Resource:
        if self._canonical in self._chain:
            raise FhirProblem("cyclic-value-set", chain=" → ".join([*self._chain, self._canonical]))
        if len(self._chain) >= _DEEPEST:
            raise FhirProblem("imports-too-deep", limit=_DEEPEST)
        found = self._composer.value_set(self._canonical)
        self._chain.append(self._canonical)
        return found

    def __exit__(self, *_: object) -> None:
        self._chain.pop()


def _item(concept: Part, system: System | None, beside: System) -> Item | None:
    position = system.find(concept["code"]) if system is not None else None
    if system is not None and position is not None:
        return Item(system, position, concept)
    if system is not None and system.content == "complete":
        return None
    position = beside.find(concept["code"])
    return None if position is None else Item(beside, position, concept)


def _listed_one(part: Part, system: System | None, code: str) -> Item | None:
    position = system.find(code) if system is not None else None
    concept = next((each for each in part["concept"] if each["code"] == code), None)
    if concept is None and system is not None and position is not None:
        # a system that does not mind upper and lower case: its code may be listed otherwise than it was asked for
        concept = next((each for each in part["concept"] if system.find(each["code"]) == position), None)
    return None if concept is None else _item(concept, system, listed_system(part["system"], None, [concept]))


def _loaded(part: Part, system: System | None) -> System:
    if system is None:
        version = f"|{part['version']}" if "version" in part else ""
        raise FhirProblem("system-not-loaded", system=part["system"] + version)
    return system
