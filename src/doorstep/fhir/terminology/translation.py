"""ConceptMap/$translate: what a code is in another system, by the maps that are loaded or given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.terminology.definitions import Definitions, Resource, split_canonical
from doorstep.fhir.terminology.parameters import Answer, compound, parameters, value, words
from doorstep.fhir.terminology.systems import system_of

Coding = Mapping[str, Any]
_NO_MATCH: Final = frozenset({"unmatched", "disjoint"})
# R4: an equivalence reads from the target ("the target is wider"), so the way back says the opposite.
_BACK: Final = {"wider": "narrower", "narrower": "wider", "subsumes": "specializes", "specializes": "subsumes"}


class Match(NamedTuple):
    """A concept that was found; `products` are further values that the mapping yields, `source` the map's url."""

    equivalence: str
    concept: dict[str, Any] | None
    products: Sequence[Mapping[str, Any]] = ()
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """From where to where: `source` and `target` are value sets, `target_system` a code system.

    `dependencies` are (element, code) that the client knows; `concept_map` a map that is to be used alone.
    """

    source: str | None = None
    target: str | None = None
    target_system: str | None = None
    reverse: bool = False
    dependencies: frozenset[tuple[str, str]] = frozenset()
    concept_map: Resource | None = None


def translate(definitions: Definitions, codings: Sequence[Coding], route: Route, language: str = "zh") -> Answer:
    """Return the Parameters of $translate: result, message where it is false, and the matches."""
    matches: list[Match] = []
    mapped = False
    for coding in codings:
        for concept_map in _maps(definitions, coding, route):
            mapped = True
            matches += _Way(definitions, route).through(concept_map, coding)
    matches = _distinct(matches)
    result = any(match.equivalence not in _NO_MATCH for match in matches)
    parts = value("result", "Boolean", result)
    if not result:
        key = "only-unmatched" if matches else "no-match" if mapped else "no-map"
        first = codings[0] if codings else {}
        said = words(key, language, code=first.get("code", ""), system=first.get("system", ""))
        parts += value("message", "String", said)
    return parameters([*parts, *(compound("match", _parts(match)) for match in matches)])


def _distinct(matches: Iterable[Match]) -> list[Match]:
    found = {(m.equivalence, str(m.concept), m.source): m for m in matches}
    return list(found.values())


def _parts(match: Match) -> list[Answer]:
    parts = value("equivalence", "Code", match.equivalence)
    parts += value("concept", "Coding", match.concept)
    parts += [compound("product", _product(each)) for each in match.products]
    return parts + value("source", "Uri", match.source)


def _product(each: Mapping[str, Any]) -> list[Answer]:
    coding = {"system": each.get("system"), "code": each["value"], "display": each.get("display")}
    parts = value("element", "Uri", each["property"])
    return parts + value("concept", "Coding", {key: text for key, text in coding.items() if text is not None})


def _maps(definitions: Definitions, coding: Coding, route: Route) -> list[Resource]:
    if route.concept_map is not None:
        return [route.concept_map]
    found = definitions.concept_maps(coding.get("system", ""))
    near, far = ("target", "source") if route.reverse else ("source", "target")
    wanted = [each for each in found if _fits(each, near, route.source) and _fits(each, far, route.target)]
    # one map has groups of several systems, and may come more than once
    return list({id(each): each for each in wanted if each.get("status") != "retired"}.values())


def _fits(concept_map: Resource, end: str, wanted: str | None) -> bool:
    stated = concept_map.get(f"{end}Canonical", concept_map.get(f"{end}Uri"))
    if wanted is None or stated is None:
        return wanted is None
    return stated == wanted or split_canonical(stated)[0] == wanted


class _Way:
    """The way of one code through a map, and the maps that it hands over to."""

    def __init__(self, definitions: Definitions, route: Route) -> None:
        self._definitions = definitions
        self._route = route
        self._seen: set[int] = set()

    def through(self, concept_map: Resource, coding: Coding) -> Iterator[Match]:
        if id(concept_map) in self._seen:
            return
        self._seen.add(id(concept_map))
        source = concept_map.get("url")
        near, far = ("target", "source") if self._route.reverse else ("source", "target")
        for group in concept_map.get("group", ()):
            if not _ends_in(group, near, coding) or self._route.target_system not in (None, group.get(far)):
                continue
            found = self._back(group, coding) if self._route.reverse else self._forth(group, coding)
            yield from (match._replace(source=match.source or source) for match in found)

    def _forth(self, group: Resource, coding: Coding) -> Iterator[Match]:
        codes = self._written(coding)
        elements = [each for each in group.get("element", ()) if each.get("code") in codes]
        if not elements and "unmapped" in group:
            yield from self._unmapped(group, coding)
        for element in elements:
            for target in element.get("target", ()):
                if self._depends(target):
                    concept = _concept(group, "target", target)
                    yield Match(target.get("equivalence", "equivalent"), concept, target.get("product", ()))

    def _back(self, group: Resource, coding: Coding) -> Iterator[Match]:
        codes = self._written(coding)
        for element in group.get("element", ()):
            for target in element.get("target", ()):
                if target.get("code") in codes and self._depends(target):
                    equivalence = target.get("equivalence", "equivalent")
                    yield Match(_BACK.get(equivalence, equivalence), _concept(group, "source", element))

    def _written(self, coding: Coding) -> frozenset[str]:
        """Return the code as it was given, and as its system writes it, where that does not mind its case."""
        system = system_of(self._definitions, coding["system"], coding.get("version"))
        position = None if system is None else system.find(coding["code"])
        return frozenset(
            {coding["code"]} if system is None or position is None else {coding["code"], system.code(position)}
        )

    def _depends(self, target: Resource) -> bool:
        return all(
            (each["property"], each["value"]) in self._route.dependencies for each in target.get("dependsOn", ())
        )

    def _unmapped(self, group: Resource, coding: Coding) -> Iterator[Match]:
        unmapped = group["unmapped"]
        mode = unmapped["mode"]
        if mode == "provided":
            yield Match("equal", _concept(group, "target", coding))
        elif mode == "fixed":
            yield Match("relatedto", _concept(group, "target", unmapped))
        elif mode == "other-map":
            other = self._definitions.concept_map(*split_canonical(unmapped["url"]))
            if other is None:
                raise FhirProblem("concept-map-not-loaded", url=unmapped["url"])
            yield from self.through(other, coding)


def _ends_in(group: Resource, end: str, coding: Coding) -> bool:
    stated, asked = group.get(f"{end}Version"), coding.get("version")
    return group.get(end) == coding.get("system") and (stated is None or asked is None or stated == asked)


def _concept(group: Resource, end: str, holder: Mapping[str, Any]) -> dict[str, Any] | None:
    if "code" not in holder:
        return None
    fields = {
        "system": group.get(end),
        "version": group.get(f"{end}Version"),
        "code": holder["code"],
        "display": holder.get("display"),
    }
    return {key: text for key, text in fields.items() if text is not None}
