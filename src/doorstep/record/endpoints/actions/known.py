"""What messages repeat and is there already: nearly every result names its patient anew, "to be made if there is none".

Such an entry, where the resource that it would make is there, is left out and what refers to it refers to that. It is
what the condition would come to, found for a whole batch in one query, and the rest can share a transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from doorstep.kernel.standing import standing

Json = dict[str, Any]
URN = "urn:uuid:"


def leave_out(bundles: Sequence[Json], source: UUID) -> list[tuple[str, ...]]:
    """Change the transactions in place; of each, the references to what was left out of it."""
    there = {key for key, now in standing(_keys(bundles)).items() if not (now.deleted or now.is_closed_to(source))}
    return [_without(bundle, there) for bundle in bundles]


def _keys(bundles: Sequence[Json]) -> set[tuple[str, str]]:
    return {key for bundle in bundles for entry in bundle["entry"] if (key := _key(entry)) is not None}


def _key(entry: Json) -> tuple[str, str] | None:
    """What the entry would make, if there is none: its id is that of its fullUrl, which the mapping made of the same
    identifier."""
    url: str = entry.get("fullUrl", "")
    if "ifNoneExist" not in entry["request"] or not url.startswith(URN):
        return None
    return entry["resource"]["resourceType"], url.removeprefix(URN)


def _without(bundle: Json, there: set[tuple[str, str]]) -> tuple[str, ...]:
    known = {entry["fullUrl"]: "/".join(key) for entry in bundle["entry"] if (key := _key(entry)) in there and key}
    left = [entry for entry in bundle["entry"] if entry["fullUrl"] not in known]
    if not left:  # it says no more than that there is somebody
        return ()
    bundle["entry"] = _referring(left, known)
    return tuple(known.values())


def _referring(node: Any, known: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {
            name: known.get(each, each) if name == "reference" and isinstance(each, str) else _referring(each, known)
            for name, each in node.items()
        }
    return [_referring(each, known) for each in node] if isinstance(node, list) else node
