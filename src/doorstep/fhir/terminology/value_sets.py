"""How value sets are written: their compose, what they list themselves, and those that an address means by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.terminology.definitions import Resource

Part = Mapping[str, Any]
_WHOLE_SYSTEM: Final = "?fhir_vs"


def compose_of(value_set: Resource) -> Part:
    """Return the compose, or what lists the set's own expansion; FhirProblem where it has neither."""
    compose: Part | None = value_set.get("compose")
    if compose is not None:
        return compose
    if "expansion" not in value_set:
        raise FhirProblem("empty-value-set", url=value_set.get("url", ""))
    return expanded(value_set)


def parts_of(value_set: Resource, compose: Part, name: str) -> Sequence[Part]:
    """Return the includes or excludes of a compose; FhirProblem where they are no list of objects."""
    parts = compose.get(name, ())
    if not isinstance(parts, Sequence) or not all(isinstance(part, Mapping) for part in parts):
        raise wrong_compose(value_set, f"compose.{name}")
    return parts


def is_whole(value_set: Resource) -> bool:
    """Whether a value set brings an expansion of its own that leaves nothing out."""
    expansion = value_set.get("expansion", {})
    count = sum("code" in each for each in _flat(expansion.get("contains", ())))
    narrowed = any(each.get("name") in ("filter", "activeOnly", "count") for each in expansion.get("parameter", ()))
    return 0 < count >= expansion.get("total", 0) and not expansion.get("offset") and not narrowed


def expanded(value_set: Resource) -> Part:
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


def implicit(url: str, version: str | None) -> Resource | None:
    """Return the value set that an address such as `[system]?fhir_vs=isa/73211009` means by itself."""
    system, mark, rest = url.partition(_WHOLE_SYSTEM)
    include: dict[str, Any] = {"system": system} | ({"version": version} if version else {})
    if mark and rest.startswith("=isa/"):
        include["filter"] = [{"property": "concept", "op": "is-a", "value": unquote(rest[5:])}]
    elif not mark or rest:
        return None
    return {"resourceType": "ValueSet", "url": url, "status": "active", "compose": {"include": [include]}}


def wrong_compose(value_set: Resource, detail: str) -> FhirProblem:
    """Return the problem that a compose breaks a rule of R4 in these elements."""
    return FhirProblem("bad-compose", url=value_set.get("url", ""), detail=detail)
