"""ValueSet/$expand: the expansion of a value set, filtered, in pages, nested or flat."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final
from uuid import uuid4

from doorstep.fhir.outcome import instant
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.terminology.compose import Composer
from doorstep.fhir.terminology.definitions import Definitions, Resource
from doorstep.fhir.terminology.filters import values
from doorstep.fhir.terminology.items import Item, Key, Versions
from doorstep.fhir.terminology.languages import matching
from doorstep.fhir.terminology.systems import Spelling, spelt, value_of
from doorstep.fhir.texts import normalise

# More codes than these are given in pages only.
MOST_AT_ONCE: Final = 10_000
# Deeper than this nobody reads, and writers of JSON give up.
_DEEPEST: Final = 100
_PROPERTY: Final = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.expansion.contains.property"
_LEFT_OUT: Final = frozenset({"compose", "expansion", "text"})


@dataclass(frozen=True, slots=True)
class Wish:
    """The parameters of $expand, as R4 names them; `property` adds properties as R5's extension.

    `spelling` gives what else a Chinese display is found by, in lower-case letters: whole pinyin, initials.
    """

    filter: str = ""
    offset: int = 0
    count: int | None = None
    include_designations: bool = False
    designation: Sequence[str] = ()
    include_definition: bool = False
    active_only: bool = False
    exclude_nested: bool = False
    exclude_not_for_ui: bool = False
    display_language: str | None = None
    exclude_system: Sequence[str] = ()
    property: Sequence[str] = ()
    versions: Versions = field(default_factory=Versions)
    spelling: Spelling | None = None


def expand(definitions: Definitions, value_set: Resource, wish: Wish, moment: datetime | None = None) -> dict[str, Any]:
    """Return the value set with its expansion; `moment` is now, where it is not given.

    FhirProblem where a system or value set is not loaded, sets import one another in a circle, or the codes are more
    than MOST_AT_ONCE and not asked for in pages.
    """
    if wish.offset < 0 or (wish.count or 0) < 0:
        raise FhirProblem("bad-input", name="offset, count", value=f"{wish.offset}, {wish.count}")
    composer = Composer(definitions, wish.versions)
    whole = composer.select(value_set, wish.offset + MOST_AT_ONCE) if _is_all(wish) else composer.select(value_set)
    items = _wanted(whole, wish)
    if wish.count is None and len(items) - wish.offset > MOST_AT_ONCE:
        raise FhirProblem("too-many-codes", limit=MOST_AT_ONCE)
    expansion = {
        "identifier": f"urn:uuid:{uuid4()}",
        "timestamp": instant(moment or datetime.now(UTC)),
        "total": len(items),
        **({"offset": wish.offset} if _is_paged(wish) else {}),
    }
    _put(expansion, "parameter", _parameters(items.values(), wish))
    _put(expansion, "contains", _page(items, wish))
    kept = {key: value for key, value in value_set.items() if key not in _LEFT_OUT}
    if wish.include_definition:
        _put(kept, "compose", value_set.get("compose"))
    return {"resourceType": "ValueSet", "status": "active", **kept, "expansion": expansion}


def _page(items: Mapping[Key, Item], wish: Wish) -> list[dict[str, Any]]:
    if not (_is_paged(wish) or wish.exclude_nested or wish.exclude_not_for_ui or wish.filter):
        return _nested(items, wish)
    end = None if wish.count is None else wish.offset + wish.count
    return [_contained(item, wish) for item in islice(items.values(), wish.offset, end)]


def _is_paged(wish: Wish) -> bool:
    return bool(wish.offset) or wish.count is not None


def _is_all(wish: Wish) -> bool:
    """Whether all that the value set holds is asked for at once."""
    narrowed = wish.active_only or wish.exclude_not_for_ui or wish.exclude_system or wish.filter.strip()
    return wish.count is None and not narrowed


def _wanted(found: Mapping[Key, Item], wish: Wish) -> Mapping[Key, Item]:
    if wish.exclude_system:
        found = {k: i for k, i in found.items() if not _is_of(i, wish.exclude_system)}
    if wish.active_only:
        found = {k: i for k, i in found.items() if not i.system.inactive(i.position)}
    if wish.exclude_not_for_ui:
        found = {k: i for k, i in found.items() if not i.system.abstract(i.position)}
    if wish.filter.strip():
        fits = _finder(wish)
        found = {k: i for k, i in found.items() if fits(i)}
    return found


def _is_of(item: Item, systems: Sequence[str]) -> bool:
    return item.system.url in systems or f"{item.system.url}|{item.system.version}" in systems


def _finder(wish: Wish) -> Callable[[Item], bool]:
    """Return the test by text: every word in a name (or its spelling), or the code beginning with the whole text."""
    whole = normalise(wish.filter)
    words = whole.split()
    spelling = wish.spelling if whole.isascii() else None

    def fits(item: Item) -> bool:
        if item.code.casefold().startswith(whole):
            return True
        if item.listed is not None and any(_all_in(words, name) for name in _listed_names(item.listed, spelling)):
            return True
        text = item.system.texts(spelling)[item.position]
        # mostly one look at the whole tells; only names that share the words among them are looked at apart
        return _all_in(words, text) and any(_all_in(words, name) for name in text.split("\n"))

    return fits


def _all_in(words: Sequence[str], text: str) -> bool:
    return all(word in text for word in words)


def _listed_names(listed: Mapping[str, Any], spelling: Spelling | None) -> list[str]:
    names = [listed.get("display"), *(each["value"] for each in listed.get("designation", ()))]
    return spelt((name for name in names if name), spelling)


def _contained(item: Item, wish: Wish) -> dict[str, Any]:
    system, position = item.system, item.position
    entry: dict[str, Any] = {"system": system.url}
    if system.abstract(position):
        entry["abstract"] = True
    if system.inactive(position):
        entry["inactive"] = True
    _put(entry, "version", system.version)
    entry["code"] = item.code
    _put(entry, "display", item.display(wish.display_language))
    if wish.include_designations:
        _put(entry, "designation", _designations(item, wish.designation))
    _put(entry, "extension", [each for name in wish.property for each in _property(item, name)])
    return entry


def _put(holder: dict[str, Any], name: str, value: Any) -> None:
    if value not in (None, []):
        holder[name] = value


def _designations(item: Item, wanted: Sequence[str]) -> list[Mapping[str, Any]]:
    listed = () if item.listed is None else item.listed.get("designation", ())
    found = {
        (each.get("language"), each["value"]): each for each in (*item.system.designations(item.position), *listed)
    }
    return [each for each in found.values() if not wanted or any(_is_designated(each, token) for token in wanted)]


def _is_designated(designation: Mapping[str, Any], token: str) -> bool:
    """Say whether a designation has the use or language of a token: `urn:ietf:bcp:47|zh`, `[system]|[code]`, `zh`."""
    system, _, code = token.rpartition("|")
    if system in ("", "urn:ietf:bcp:47") and "language" in designation and matching(designation["language"], code):
        return True
    use = designation.get("use", {})
    return use.get("code") == code and system in ("", use.get("system"))


def _property(item: Item, name: str) -> Iterable[dict[str, Any]]:
    own = [each for each in item.system.properties(item.position) if each["code"] == name]
    plain = [{"valueString": text} for text in values(item.system, name, item.position)] if not own else ()
    for each in own or plain:
        key = next(key for key in each if key.startswith("value"))
        parts = [{"url": "code", "valueCode": name}, {"url": "value", key: value_of(each)}]
        yield {"extension": parts, "url": _PROPERTY}


def _nested(items: Mapping[Key, Item], wish: Wish) -> list[dict[str, Any]]:
    """Put every concept below its first parent that is in the expansion too; flat, where that would go too deep."""
    entries = {key: _contained(item, wish) for key, item in items.items()}
    above = {key: _parent(item, key, items) for key, item in items.items()}
    if _untangled(above) > _DEEPEST:
        return list(entries.values())
    top: list[dict[str, Any]] = []
    for key, entry in entries.items():
        parent = above[key]
        (top if parent is None else entries[parent].setdefault("contains", [])).append(entry)
    return top


def _untangled(above: dict[Key, Key | None]) -> int:
    """Cut circles open, and return the number of levels."""
    depths: dict[Key, int] = {}
    for key in above:
        path: dict[Key, None] = {}
        here: Key | None = key
        while here is not None and here not in depths:
            path[here] = None
            parent = above[here]
            if parent in path:
                above[here] = parent = None
            here = parent
        depth = 0 if here is None else depths[here]
        for each in reversed(path):
            depth += 1
            depths[each] = depth
    return max(depths.values(), default=0)


def _parent(item: Item, key: Key, items: Mapping[Key, Item]) -> Key | None:
    # an order that the value set lists is its own; only what was taken from the system as a whole has the system's
    if item.listed is not None:
        return None
    keys = ((key[0], item.system.code(parent)) for parent in item.system.parents(item.position))
    return next((each for each in keys if each in items and items[each].listed is None), None)


def _parameters(items: Iterable[Item], wish: Wish) -> list[dict[str, Any]]:
    said: dict[str, Any] = {
        "valueString": {"filter": wish.filter},
        "valueInteger": {"count": wish.count} if wish.count is not None else {},
        "valueCode": {"displayLanguage": wish.display_language},
        "valueBoolean": {
            "includeDesignations": wish.include_designations,
            "activeOnly": wish.active_only,
            "excludeNested": wish.exclude_nested,
            "excludeNotForUI": wish.exclude_not_for_ui,
        },
    }
    found = [
        {"name": n, kind: v} for kind, named in said.items() for n, v in named.items() if v or kind == "valueInteger"
    ]
    found += [{"name": "exclude-system", "valueUri": each} for each in wish.exclude_system]
    systems = {id(item.system): item.system for item in items}
    used = {(system.url, system.version) for system in systems.values() if system.version is not None}
    return found + [{"name": "version", "valueUri": f"{url}|{version}"} for url, version in sorted(used)]
