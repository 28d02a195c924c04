"""Whether what is referred to is there: a reference to nowhere, or to another source's patient, is not taken."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from doorstep.fhir import faults
from doorstep.fhir.bundle import Item
from doorstep.fhir.references import references
from doorstep.fhir.tables import known_types
from doorstep.kernel import ledger
from doorstep.record.exchange.actions.prepare import Prepared, alias
from doorstep.record.exchange.shapes import Problem

RELATIVE = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")
Key = tuple[str, str]


def check(batch: Iterable[Prepared], source: UUID) -> bool:
    """Set aside the items whose references lead nowhere; returns whether there were any.

    What a source calls by an id that another source holds was kept under an alias; such references are rewritten.
    """
    batch = list(batch)
    here = {(item.type, item.id or "") for p in batch for item in p.sound()}
    outside = [
        _Link(prepared, item, reference, key)
        for prepared in batch
        for item in prepared.sound()
        for reference, key in _outside(item, here)
    ]
    there = ledger.exist({link.key for link in outside})
    doubtful = [link for link in outside if there.get(link.key) != source]
    own = _own({(link.key[0], alias(source, *link.key)) for link in doubtful}, source, here)
    aside = [_settle(link, source, own, link.key in there) for link in doubtful]
    return any(aside)


class _Link(NamedTuple):
    """A reference that leaves the batch."""

    prepared: Prepared
    item: Item
    reference: str
    key: Key


def _own(aliases: set[Key], source: UUID, here: set[Key]) -> set[Key]:
    """Those of the aliases under which the source's own resources are kept, or are about to be."""
    return {key for key, owner in ledger.exist(aliases).items() if owner == source} | (aliases & here)


def _settle(link: _Link, source: UUID, own: set[Key], there: bool) -> bool:
    """Rewrite the reference to the source's own resource, or set the item aside; returns whether it was set aside."""
    kind, key = link.key
    other = alias(source, kind, key)
    if (kind, other) in own:
        link.item.replace_reference(link.reference, f"{kind}/{other}")
        return False
    if there and kind != "Patient":
        return False
    _put_aside(link.prepared, link.item, link.reference)
    return True


def absent(references: Iterable[str], source: UUID) -> set[str]:
    """Those of the references, as messages wait for them, that still lead nowhere."""
    found = {reference: RELATIVE.fullmatch(reference) for reference in references}
    keys = {reference: (m[1], m[2]) for reference, m in found.items() if m and m[1] in known_types()}
    aliases = {key: (key[0], alias(source, *key)) for key in keys.values()}
    there = ledger.exist({*aliases, *aliases.values()})

    def is_there(key: Key) -> bool:
        return there.get(aliases[key]) == source or (key in there and (there[key] == source or key[0] != "Patient"))

    return {reference for reference, key in keys.items() if not is_there(key)}


def _outside(item: Item, here: set[Key]) -> list[tuple[str, Key]]:
    if b'"reference":' not in item.body:
        return []
    found = []
    for reference in dict.fromkeys(references(item.body)):
        match = RELATIVE.fullmatch(reference)
        if match and (match[1], match[2]) not in here and match[1] in known_types():
            found.append((reference, (match[1], match[2])))
    return found


def _put_aside(prepared: Prepared, item: Item, reference: str) -> None:
    places = faults.paths(item.resource, lambda value: value == reference)
    where = next((p for p in places if p == "reference" or p.endswith(".reference")), "")
    path = f"{item.expression}.{where}".rstrip(".")
    problem = Problem("missing-reference", path, params={"reference": reference}, entry=item.index)
    prepared.aside.setdefault(item.index, problem)
