"""Gives the entries of a bundle their ids and turns the references between them into Type/id."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from doorstep.fhir import faults
from doorstep.fhir.bundle import BundlePlan, ConditionalReference, Item
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import ID
from doorstep.fhir.references import rewrite
from doorstep.fhir.splice import add_id, set_id
from doorstep.fhir.tables import known_types

_URN: Final = ("urn:uuid:", "urn:oid:")
_CONDITIONAL: Final = re.compile(r"([A-Z][A-Za-z]+)\?(.+)", re.DOTALL)
_BASED: Final = re.compile(r"(https?://\S+?/)([A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})")
_RELATIVE: Final = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?")


@dataclass(slots=True)
class _Links:
    """What one item's references lead to: other items, unknown URNs, searches."""

    items: list[tuple[str, Item]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    searches: list[tuple[str, str, str]] = field(default_factory=list)


def resolve(plan: BundlePlan, assign: Callable[[Item], str]) -> None:
    """Give every sound item with a resource the id that `assign` says, also in its bytes; resolve what refers to it.

    References by the fullUrl of an entry (`urn:uuid:`, `urn:oid:`, absolute, or relative to the base of the referring
    entry's own fullUrl) become Type/id; so do those by the Type/id of an entry that has no fullUrl. A URN that no entry
    has, or whose entry is at fault, is the problem of the item that refers to it. Searches are listed in
    `plan.conditional`; contained and foreign references stay.
    """
    sound = [item for item in plan.items if item.body and item.problem is None]
    sent = {item.index: _assigned(item, assign) for item in sound}
    known = {_key(item.full_url): item for item in plan.items if item.full_url is not None}
    # what has no fullUrl is known by the id it was sent with
    known |= {f"{item.type}/{sent[item.index]}": item for item in sound if item.full_url is None and sent[item.index]}
    links = [(item, _follow(item, known, any(sent.values()))) for item in sound]
    for item, found in links:
        _note_unknown(item, found)
    _spread(plan.items, links)
    for item, found in links:
        plan.conditional.extend(_conditional(item, found.searches))


def _assigned(item: Item, assign: Callable[[Item], str]) -> str | None:
    """Set the id; returns the sender's, where it had one and it is another."""
    if item.method == "PATCH":
        return None
    new = assign(item)
    if not ID.fullmatch(new):
        raise ValueError(f"{new!r} is not a resource id")
    sent, item.id = item.resource.get("id"), new
    if sent == new:
        return None
    known, parsed = "id" in item.resource, item.resource
    item.replace_body(set_id(item.body, new) if known else add_id(item.body, item.type, new))
    item._resource = {**parsed, "id": new}  # parsing the whole again would find the same
    return sent if isinstance(sent, str) else _last(item.full_url)


def _last(url: str | None) -> str | None:
    match = _BASED.fullmatch(url or "")
    return match[2].partition("/")[2] if match else None


def _follow(item: Item, known: dict[str, Item], moved: bool) -> _Links:
    links = _Links()
    based = _BASED.fullmatch(item.full_url or "") if moved else None
    base = based[1] if based else None

    def change(reference: str) -> str | None:
        target = known.get(_key(reference))
        if target is None and base is not None and _RELATIVE.fullmatch(reference):
            target = known.get(base + reference.partition("/_history/")[0])
        if target is not None and (target.body or target.problem):
            links.items.append((reference, target))
            return None if target.problem else f"{target.type}/{target.id}"
        if reference.startswith(_URN):
            links.unknown.append(reference)
        elif "?" in reference:
            _note_search(reference, links)
        return None

    if b'"reference":' in item.body:
        body = rewrite(item.body, change)
        if links.items:
            item.replace_body(body)
    return links


def _key(url: str) -> str:
    # RFC 9562: letters of a UUID are read in either case
    return url.lower() if url[:9].lower() == "urn:uuid:" else url


def _note_search(reference: str, links: _Links) -> None:
    match = _CONDITIONAL.fullmatch(reference)
    if match and match[1] in known_types():
        links.searches.append((reference, match[1], match[2]))


def _note_unknown(item: Item, links: _Links) -> None:
    if links.unknown:
        reference = links.unknown[0]
        item.problem = FhirProblem("unresolved-reference", _where(item, reference), reference=reference)


def _spread(items: Iterable[Item], links: Iterable[tuple[Item, _Links]]) -> None:
    """Let the fault of an entry be the fault of all that refer to it, however far."""
    referring: dict[int, list[tuple[Item, str]]] = {}
    for item, found in links:
        for reference, target in found.items:
            referring.setdefault(target.index, []).append((item, reference))
    failed = [item for item in items if item.problem is not None]
    while failed:
        target = failed.pop()
        for item, reference in referring.get(target.index, ()):
            if item.problem is None:
                place = _where(item, reference, f"{target.type}/{target.id}")
                item.problem = FhirProblem("depends-on-failed", place, reference=reference)
                failed.append(item)


def _where(item: Item, *references: str) -> str:
    places = faults.paths(item.resource, lambda value: isinstance(value, str) and value in references)
    found = next((path for path in places if path == "reference" or path.endswith(".reference")), None)
    return f"{item.expression}.{found}" if found else item.expression


def _conditional(item: Item, searches: Iterable[tuple[str, str, str]]) -> Iterable[ConditionalReference]:
    if item.problem is not None:
        return
    for reference, kind, query in dict.fromkeys(searches):
        yield ConditionalReference(item, _where(item, reference), kind, query)
