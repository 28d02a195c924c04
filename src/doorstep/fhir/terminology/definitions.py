"""Where code systems, value sets and concept maps come from: a Protocol, and catalogues that keep it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import Any, Final, NamedTuple, Protocol

from doorstep.fhir.build_paths import BUILD

Resource = Mapping[str, Any]
TERMINOLOGY: Final = BUILD / "fhir-r4-terminology.bin"
_NUMBERS: Final = re.compile(r"(\d+)")


class Definitions(Protocol):
    """What the house can look up. The same object must come back for the same content, or indexes are made anew.

    Resources are parsed JSON, never changed after they were handed out; of several versions None asks for the newest.
    """

    def code_system(self, url: str, version: str | None) -> Resource | None:
        """Return a CodeSystem that is not a supplement."""

    def value_set(self, url: str, version: str | None) -> Resource | None:
        """Return a ValueSet."""

    def concept_map(self, url: str, version: str | None) -> Resource | None:
        """Return a ConceptMap by its url."""

    def concept_maps(self, system: str) -> Sequence[Resource]:
        """Return the ConceptMaps that have a group whose source or target is this code system."""

    def supplements(self, system: str) -> Sequence[Resource]:
        """Return the CodeSystems that supplement this one."""


class Entry(NamedTuple):
    """A resource in a catalogue: `systems` are those it supplements, or maps from and to; `read` gives its content."""

    kind: str
    url: str
    version: str | None
    systems: tuple[str, ...]
    read: Callable[[], Resource]


class Catalogue:
    """Definitions that are known by url and version and read when they are asked for (and kept, as `read` likes)."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._by_url: dict[tuple[str, str], list[Entry]] = defaultdict(list)
        self._by_system: dict[tuple[str, str], list[Entry]] = defaultdict(list)
        for entry in entries:
            supplement = entry.kind == "CodeSystem" and entry.systems
            if not supplement:
                self._by_url[entry.kind, entry.url].append(entry)
            for system in dict.fromkeys(entry.systems):
                self._by_system[entry.kind, system].append(entry)
        for versions in self._by_url.values():
            versions.sort(key=lambda entry: _rank(entry.version))

    def code_system(self, url: str, version: str | None) -> Resource | None:
        """Return a CodeSystem that is not a supplement."""
        return self._find("CodeSystem", url, version)

    def value_set(self, url: str, version: str | None) -> Resource | None:
        """Return a ValueSet."""
        return self._find("ValueSet", url, version)

    def concept_map(self, url: str, version: str | None) -> Resource | None:
        """Return a ConceptMap by its url."""
        return self._find("ConceptMap", url, version)

    def concept_maps(self, system: str) -> Sequence[Resource]:
        """Return the ConceptMaps that have a group whose source or target is this code system."""
        return [entry.read() for entry in self._by_system.get(("ConceptMap", system), ())]

    def supplements(self, system: str) -> Sequence[Resource]:
        """Return the CodeSystems that supplement this one."""
        return [entry.read() for entry in self._by_system.get(("CodeSystem", system), ())]

    def urls(self, kind: str) -> list[str]:
        """Return the urls of all resources of a kind, in the order in which they came."""
        return [url for found, url in self._by_url if found == kind]

    def _find(self, kind: str, url: str, version: str | None) -> Resource | None:
        versions = self._by_url.get((kind, url), ())
        fitting = [entry for entry in versions if version is None or entry.version == version]
        return fitting[-1].read() if fitting else None


def _rank(version: str | None) -> list[tuple[int, int | str]]:
    """Order versions as people count: 4.0.1 before 4.0.10, 2023-01 before 2024-01; without a version before all."""
    parts = _NUMBERS.split(version or "")
    return [(1, int(part)) if part.isdecimal() else (0, part) for part in parts]


def systems_of(resource: Resource) -> tuple[str, ...]:
    """Return what `Entry.systems` wants: the supplemented system, or the sources and targets of a map's groups."""
    if resource["resourceType"] == "CodeSystem":
        supplemented = resource.get("supplements")
        return (split_canonical(supplemented)[0],) if supplemented else ()
    groups = resource.get("group", ()) if resource["resourceType"] == "ConceptMap" else ()
    return tuple(group[end] for group in groups for end in ("source", "target") if end in group)


def holding(resources: Iterable[Resource]) -> Catalogue:
    """Return Definitions of resources that are in memory; those without url are left out."""
    return Catalogue(
        Entry(each["resourceType"], each["url"], each.get("version"), systems_of(each), _constant(each))
        for each in resources
        if "url" in each
    )


def _constant(resource: Resource) -> Callable[[], Resource]:
    return lambda: resource


class _Layers:
    def __init__(self, first: Definitions, second: Definitions) -> None:
        self._both = (first, second)

    def code_system(self, url: str, version: str | None) -> Resource | None:
        return _first(each.code_system(url, version) for each in self._both)

    def value_set(self, url: str, version: str | None) -> Resource | None:
        return _first(each.value_set(url, version) for each in self._both)

    def concept_map(self, url: str, version: str | None) -> Resource | None:
        return _first(each.concept_map(url, version) for each in self._both)

    def concept_maps(self, system: str) -> Sequence[Resource]:
        return list(chain.from_iterable(each.concept_maps(system) for each in self._both))

    def supplements(self, system: str) -> Sequence[Resource]:
        return list(chain.from_iterable(each.supplements(system) for each in self._both))


def _first(found: Iterable[Resource | None]) -> Resource | None:
    return next((each for each in found if each is not None), None)


def layered(first: Definitions, second: Definitions) -> Definitions:
    """Return both as one: what the first has covers what the second has; maps and supplements are of both."""
    return _Layers(first, second)


@cache
def builtin() -> Catalogue:
    """Return the code systems and value sets of R4 itself, read one by one from the build."""
    from doorstep.fhir.terminology.archive import opened

    return opened(TERMINOLOGY)


def split_canonical(canonical: str) -> tuple[str, str | None]:
    """Return url and version of `url|version`, without a fragment."""
    url, _, version = canonical.partition("|")
    return url, version.partition("#")[0] or None
