"""A code system made ready for questions: codes, hierarchy and properties by position, indexed once and kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from threading import Lock
from typing import Any, Final

from doorstep.fhir.terminology.definitions import Definitions, Resource
from doorstep.fhir.terminology.languages import matching
from doorstep.fhir.texts import normalise

Concept = Mapping[str, Any]
Spelling = Callable[[str], Iterable[str]]
_STANDARD: Final = "http://hl7.org/fhir/concept-properties#"
# Properties by which R4 states what the hierarchy, activity and selectability of a concept are.
_ROLES: Final = {
    "parent": "parent",
    "subsumedBy": "parent",
    "child": "child",
    "inactive": "inactive",
    "status": "status",
    "notSelectable": "notSelectable",
    "abstract": "notSelectable",
}
_RETIRED: Final = frozenset({"retired", "inactive"})
_WALKS_KEPT: Final = 64
_SPELLINGS_KEPT: Final = 2
# What a system takes besides its concepts, in concepts.
_AT_LEAST: Final = 50


class System:
    """A code system: concepts are known by their position in the order of the resource (from 0)."""

    def __init__(self, resource: Resource, supplements: Sequence[Resource] = ()) -> None:
        self.url: Final[str] = resource.get("url", "")
        self.version: Final[str | None] = resource.get("version")
        self.name: Final[str] = resource.get("title") or resource.get("name") or self.url
        self.content: Final[str] = resource.get("content", "complete")
        self.language: Final[str | None] = resource.get("language")
        self.meaning: Final[str | None] = resource.get("hierarchyMeaning")
        self._fold = resource.get("caseSensitive") is not True
        self._roles = _roles(resource.get("property", ()))
        self.declared: Final = frozenset(each["code"] for each in resource.get("property", ()))
        self.concepts: Final[list[Concept]] = []
        self._codes: list[str] = []
        self._positions: dict[str, int] = {}
        self._folded: dict[str, int] = {}
        self._parents: dict[int, dict[int, None]] = {}
        self._children: dict[int, dict[int, None]] = {}
        self._added: dict[int, list[Concept]] = {}
        self._texts: OrderedDict[Spelling | None, list[str]] = OrderedDict()
        self._walks: OrderedDict[int, frozenset[int]] = OrderedDict()
        self._take(resource.get("concept", ()))
        self._tie()
        self._supplement(supplements)

    def _take(self, concepts: Sequence[Concept]) -> None:
        todo: list[tuple[int, Concept]] = [(-1, concept) for concept in reversed(concepts)]
        while todo:
            parent, concept = todo.pop()
            code = concept.get("code")
            if not isinstance(code, str):
                continue
            position = self._positions.get(code)
            if position is None:
                position = self._positions[code] = len(self.concepts)
                self.concepts.append(concept)
                self._codes.append(code)
                if self._fold:
                    self._folded.setdefault(code.casefold(), position)
            if parent >= 0:
                self._link(parent, position)
            todo += [(position, below) for below in reversed(concept.get("concept", ()))]

    def _tie(self) -> None:
        ties = {code: role for code, role in self._roles.items() if role in ("parent", "child")}
        for position, concept in enumerate(self.concepts):
            for each in concept.get("property", ()):
                role = ties.get(each["code"])
                other = self._positions.get(str(value_of(each))) if role else None
                if other is not None:
                    self._link(*((other, position) if role == "parent" else (position, other)))

    def _link(self, parent: int, child: int) -> None:
        if parent != child:
            self._children.setdefault(parent, {})[child] = None
            self._parents.setdefault(child, {})[parent] = None

    def _supplement(self, supplements: Sequence[Resource]) -> None:
        for supplement in supplements:
            todo = list(supplement.get("concept", ()))
            while todo:
                concept = todo.pop()
                position = self.find(concept["code"])
                if position is not None:
                    self._added.setdefault(position, []).append(concept)
                todo.extend(concept.get("concept", ()))

    def __len__(self) -> int:
        """Return the number of concepts."""
        return len(self.concepts)

    def find(self, code: str) -> int | None:
        """Return the position of a code, by the system's rule of upper and lower case; None where there is none."""
        position = self._positions.get(code)
        return self._folded.get(code.casefold()) if position is None and self._fold else position

    def code(self, position: int) -> str:
        """Return a code as the system writes it."""
        return self._codes[position]

    def parents(self, position: int) -> Sequence[int]:
        """Return the direct parents."""
        return tuple(self._parents.get(position, ()))

    def children(self, position: int) -> Sequence[int]:
        """Return the direct children, in order."""
        return tuple(self._children.get(position, ()))

    def above(self, position: int) -> frozenset[int]:
        """Return a concept and all its ancestors."""
        return _reached(position, self._parents)

    def below(self, position: int) -> frozenset[int]:
        """Return a concept and all its descendants."""
        found = self._walks.pop(position, None)
        if found is None:
            found = _reached(position, self._children)
        self._walks[position] = found
        while len(self._walks) > _WALKS_KEPT:
            self._walks.popitem(last=False)
        return found

    @cached_property
    def subsuming(self) -> bool:
        """Whether the hierarchy says what is a kind of what; parts and mere groups do not."""
        return self.meaning not in ("part-of", "grouped-by")

    @cached_property
    def loaded(self) -> bool:
        """Whether the concepts are here at all."""
        return self.content != "not-present"

    def properties(self, position: int) -> Iterator[Concept]:
        """Yield the concept's properties, and those that supplements add."""
        yield from self.concepts[position].get("property", ())
        for added in self._added.get(position, ()):
            yield from added.get("property", ())

    def designations(self, position: int) -> list[Concept]:
        """Return the concept's designations and those that supplements add."""
        found = list(self.concepts[position].get("designation", ()))
        for added in self._added.get(position, ()):
            found += added.get("designation", ())
        return found

    def display(self, position: int, language: str | None = None) -> str | None:
        """Return the display in a language (BCP 47, `zh` also finds `zh-CN`), else the system's own."""
        concept = self.concepts[position]
        if language and not (self.language and matching(self.language, language)):
            for designation in self.designations(position):
                if "language" in designation and matching(designation["language"], language):
                    return str(designation["value"])
        display = concept.get("display")
        return None if display is None else str(display)

    def displays(self, position: int) -> Iterator[str]:
        """Yield everything that the concept is called."""
        display = self.concepts[position].get("display")
        if display:
            yield display
        for designation in self.designations(position):
            yield designation["value"]

    def texts(self, spelling: Spelling | None = None) -> Sequence[str]:
        """Return by position what a concept is found by: its names and their spellings, a line each.

        Made once, and kept for the two spellings last used: tens of thousands of Chinese names take seconds.
        """
        found = self._texts.pop(spelling, None)
        if found is None:
            found = ["\n".join(spelt(self.displays(position), spelling)) for position in range(len(self))]
        self._texts[spelling] = found
        while len(self._texts) > _SPELLINGS_KEPT:
            self._texts.popitem(last=False)
        return found

    def role(self, position: int, role: str) -> Iterator[Any]:
        """Yield the values of the properties that have this role, such as `status`."""
        return (value_of(each) for each in self.properties(position) if self._roles.get(each["code"]) == role)

    def inactive(self, position: int) -> bool:
        """Whether a concept is out of use: its property `inactive`, or a status of retired or inactive."""
        return True in self.role(position, "inactive") or any(s in _RETIRED for s in self.role(position, "status"))

    def abstract(self, position: int) -> bool:
        """Whether a concept only groups others, and may not be chosen."""
        return True in self.role(position, "notSelectable")


def spelt(names: Iterable[str], spelling: Spelling | None) -> list[str]:
    """Return names as texts are compared, each followed by its spellings where it is not of ASCII alone."""
    found: list[str] = []
    for name in names:
        found.append(normalise(name))
        if spelling is not None and not name.isascii():
            found += spelling(name)
    return found


def value_of(holder: Mapping[str, Any], stem: str = "value") -> Any:
    """Return what stands under `value[x]`; None where nothing does."""
    return next((value for key, value in holder.items() if key.startswith(stem)), None)


def _roles(properties: Iterable[Concept]) -> dict[str, str]:
    roles = dict(_ROLES)
    for each in properties:
        name = each.get("uri", "").removeprefix(_STANDARD)
        if name in _ROLES:
            roles[each["code"]] = _ROLES[name]
    return roles


def _reached(start: int, links: Mapping[int, Iterable[int]]) -> frozenset[int]:
    found, todo = {start}, [start]
    while todo:
        fresh = [each for each in links.get(todo.pop(), ()) if each not in found]
        found.update(fresh)
        todo.extend(fresh)
    return frozenset(found)


class Kept:
    """The indexes of the systems last asked for, as many as hold this number of concepts together."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._systems: OrderedDict[tuple[int, ...], tuple[System, Sequence[Resource]]] = OrderedDict()

    def get(self, resource: Resource, supplements: Sequence[Resource]) -> System:
        """Return the index of a resource with supplements. It is known by identity: what comes in must not change."""
        sources = [resource, *supplements]
        key = tuple(map(id, sources))
        with self._lock:
            if key in self._systems:
                self._systems.move_to_end(key)
                return self._systems[key][0]
        system = System(resource, supplements)
        with self._lock:
            # the sources are held, or another resource might come to have the same identity
            self._systems[key] = (system, sources)
            total = sum(len(each) + _AT_LEAST for each, _ in self._systems.values())
            while total > self._most and len(self._systems) > 1:
                total -= len(self._systems.popitem(last=False)[1][0]) + _AT_LEAST
        return system


KEPT: Final = Kept(most=400_000)


def system_of(definitions: Definitions, url: str, version: str | None = None) -> System | None:
    """Return the index of a code system that is loaded, its supplements added; None where it is not."""
    resource = definitions.code_system(url, version)
    return None if resource is None else KEPT.get(resource, definitions.supplements(url))


def listed_system(url: str, version: str | None, concepts: Sequence[Concept]) -> System:
    """Return a system of nothing but the concepts that a value set lists."""
    fields = {"url": url, "version": version, "content": "fragment", "caseSensitive": True, "concept": concepts}
    return System({key: value for key, value in fields.items() if value is not None})
