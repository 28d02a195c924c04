"""What a value set holds: its compose worked out against the code systems that are loaded.

The rules are those of R4's "Value Set Expansion" (4.9.4): all of one include must hold, any include lets a code in,
any exclude puts it out; a system that is not loaded gives no codes but those that are listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.terminology.definitions import Definitions, Resource, split_canonical
from doorstep.fhir.terminology.filters import passes, select
from doorstep.fhir.terminology.systems import System, listed_system, system_of

Part = Mapping[str, Any]
Key = tuple[str, str]
# system, code, version
Asked = tuple[str, str, str | None]
_MOST_ITEMS: Final = 2_000_000
_DEEPEST: Final = 40
_WHOLE_SYSTEM: Final = "?fhir_vs"


class Item(NamedTuple):
    """A concept of an expansion; `listed` is what the value set itself says of it (display, designations)."""

    system: System
    position: int
    listed: Part | None = None

    @property
    def code(self) -> str:
        """The code as the system writes it."""
        return self.system.code(self.position)

    @property
    def key(self) -> Key:
        """What makes two items the same concept."""
        return self.system.url, self.system.code(self.position)

    def display(self, language: str | None) -> str | None:
        """Return the display in a language; what the value set lists goes before the system's own."""
        own = self.system.display(self.position, language)
        if self.listed is None or "display" not in self.listed:
            return own
        # the value set's word is in no language that is known; a translation that was asked for says more
        return own if language and own != self.system.display(self.position) else str(self.listed["display"])


@dataclass(frozen=True, slots=True)
class Versions:
    """Versions by system: `given` where the value set says none, `force` in any case, `check` to refuse others."""

    given: Mapping[str, str] = field(default_factory=dict)
    force: Mapping[str, str] = field(default_factory=dict)
    check: Mapping[str, str] = field(default_factory=dict)

    def choose(self, system: str, stated: str | None) -> str | None:
        """Return the version to take; FhirProblem where it is not the one to be checked."""
        chosen = self.force.get(system) or stated or self.given.get(system) or self.check.get(system)
        if system in self.check and chosen != self.check[system]:
            raise FhirProblem("bad-input", name="check-system-version", value=f"{system}|{chosen}")
        return chosen


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
        found = self.definitions.value_set(url, version) or _implicit(url, version)
        if found is None:
            raise FhirProblem("value-set-not-loaded", url=canonical)
        return found

    def select(self, value_set: Resource) -> dict[Key, Item]:
        """Return all concepts of a value set in its order, active or not."""
        compose = _compose(value_set)
        try:
            found: dict[Key, Item] = {}
            for part in _parts(value_set, compose, "include"):
                for item in self._chosen(value_set, part):
                    found.setdefault(item.key, item)
            for part in _parts(value_set, compose, "exclude"):
                for item in self._chosen(value_set, part):
                    found.pop(item.key, None)
        except FhirProblem as problem:
            if problem.code != "system-not-loaded" or not _is_whole(value_set):
                raise
            return self.select({**value_set, "compose": _expanded(value_set)})
        if compose.get("inactive") is False:
            return {key: item for key, item in found.items() if not item.system.inactive(item.position)}
        return found

    def find(self, value_set: Resource, system: str, code: str, version: str | None = None) -> Item | None:
        """Return the concept where the value set holds it, without working out the others."""
        compose = _compose(value_set)
        try:
            found = self._find_in(value_set, _parts(value_set, compose, "include"), (system, code, version))
            barred = found and self._find_in(
                value_set, _parts(value_set, compose, "exclude"), (system, found.code, version)
            )
        except FhirProblem as problem:
            if problem.code != "system-not-loaded" or not _is_whole(value_set):
                raise
            return self.find({**value_set, "compose": _expanded(value_set)}, system, code, version)
        if found is None or barred:
            return None
        return None if compose.get("inactive") is False and found.system.inactive(found.position) else found

    def systems(self, value_set: Resource) -> set[str]:
        """Return the code systems that the value set and those that it imports name."""
        found: set[str] = set()
        for part in _parts(value_set, _compose(value_set), "include"):
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

    def _chosen(self, value_set: Resource, part: Part) -> Iterable[Item]:
        items: Iterable[Item] | None = self._of_system(value_set, part) if "system" in part else None
        for canonical in part.get("valueSet", ()):
            other = self._imported(canonical)
            items = other.values() if items is None else [item for item in items if item.key in other]
        if items is None:
            raise _wrong(value_set, "include.system | include.valueSet")
        return items

    def _imported(self, canonical: str) -> dict[Key, Item]:
        if canonical not in self._known:
            with self._entered(canonical) as imported:
                self._known[canonical] = self.select(imported)
        return self._known[canonical]

    def _of_system(self, value_set: Resource, part: Part) -> list[Item]:
        system = self._system(part)
        if "concept" in part:
            return list(self._listed(value_set, part, system))
        system = _loaded(part, system)
        filters = part.get("filter", ())
        chosen: Sequence[int] = select(system, filters) if filters else range(len(system))
        self._items += len(chosen)
        if self._items > _MOST_ITEMS:
            raise FhirProblem("too-many-codes", limit=_MOST_ITEMS)
        return [Item(system, position) for position in chosen]

    def _system(self, part: Part) -> System | None:
        url, stated = split_canonical(part["system"])
        version = self._versions.choose(url, part.get("version") or stated)
        system = system_of(self.definitions, url, version)
        return system if system is None or system.loaded else None

    def _listed(self, value_set: Resource, part: Part, system: System | None) -> Iterator[Item]:
        if "filter" in part:
            raise _wrong(value_set, "include.concept & include.filter")
        concepts = part["concept"]
        beside = listed_system(part["system"], part.get("version"), concepts)
        for concept in concepts:
            item = _item(concept, system, beside)
            if item is not None:
                yield item

    # one of it

    def _find_in(self, value_set: Resource, parts: Iterable[Part], asked: Asked) -> Item | None:
        return next((item for part in parts if (item := self._find(value_set, part, asked)) is not None), None)

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
            raise _wrong(value_set, "include.system | include.valueSet")
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
    wanted = {code} if system is None or position is None else {code, system.code(position)}
    concept = next((each for each in part["concept"] if each["code"] in wanted), None)
    return None if concept is None else _item(concept, system, listed_system(part["system"], None, [concept]))


def _loaded(part: Part, system: System | None) -> System:
    if system is None:
        version = f"|{part['version']}" if "version" in part else ""
        raise FhirProblem("system-not-loaded", system=part["system"] + version)
    return system


def _compose(value_set: Resource) -> Part:
    compose: Part | None = value_set.get("compose")
    if compose is not None:
        return compose
    if "expansion" not in value_set:
        raise FhirProblem("empty-value-set", url=value_set.get("url", ""))
    return _expanded(value_set)


def _parts(value_set: Resource, compose: Part, name: str) -> Sequence[Part]:
    parts = compose.get(name, ())
    if not isinstance(parts, Sequence) or not all(isinstance(part, Mapping) for part in parts):
        raise _wrong(value_set, f"compose.{name}")
    return parts


def _is_whole(value_set: Resource) -> bool:
    """Whether a value set brings an expansion of its own that leaves nothing out."""
    expansion = value_set.get("expansion", {})
    count = sum("code" in each for each in _flat(expansion.get("contains", ())))
    narrowed = any(each.get("name") in ("filter", "activeOnly", "count") for each in expansion.get("parameter", ()))
    return 0 < count >= expansion.get("total", 0) and not expansion.get("offset") and not narrowed


def _expanded(value_set: Resource) -> Part:
    """Return the compose that lists what a value set's own expansion contains."""
    by_system: dict[tuple[str, str | None], list[Part]] = {}
    for each in _flat(value_set["expansion"].get("contains", ())):
        if "code" in each and "system" in each:
            by_system.setdefault((each["system"], each.get("version")), []).append(each)
    includes = [
        {"system": url, "concept": concepts} | ({"version": version} if version else {})
        for (url, version), concepts in by_system.items()
    ]
    return {"include": includes}


def _flat(contains: Iterable[Part]) -> Iterator[Part]:
    todo = list(contains)[::-1]
    while todo:
        each = todo.pop()
        yield each
        todo += list(each.get("contains", ()))[::-1]


def _implicit(url: str, version: str | None) -> Resource | None:
    """Return the value set that an address such as `[system]?fhir_vs=isa/73211009` means by itself."""
    system, mark, rest = url.partition(_WHOLE_SYSTEM)
    include: dict[str, Any] = {"system": system} | ({"version": version} if version else {})
    if mark and rest.startswith("=isa/"):
        include["filter"] = [{"property": "concept", "op": "is-a", "value": unquote(rest[5:])}]
    elif not mark or rest:
        return None
    return {"resourceType": "ValueSet", "url": url, "status": "active", "compose": {"include": [include]}}


def _wrong(value_set: Resource, detail: str) -> FhirProblem:
    return FhirProblem("bad-compose", url=value_set.get("url", ""), detail=detail)
