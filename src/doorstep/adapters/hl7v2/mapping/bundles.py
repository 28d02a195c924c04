"""From filled resources to a transaction: ids that stay the same, requests that change nothing when they come again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID, uuid5

from doorstep.adapters.hl7v2.mapping.placing import without
from doorstep.adapters.hl7v2.mapping.rows import Made
from doorstep.adapters.hl7v2.mapping.shapes import Context, Json, Unmappable
from doorstep.adapters.hl7v2.shapes import Problem

NAMESPACE: Final = UUID("6f0c1f0e-5a49-5d0f-9e8e-3f3f6c1d7a52")


@dataclass(slots=True)
class Builder:
    """A resource being filled: what began it, where; ``full_url`` once it is named, ``query`` of a conditional one,
    ``filled`` the rules that have given something."""

    made: Made
    place: str
    resource: Json = field(default_factory=dict)
    full_url: str = ""
    query: str = ""
    filled: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.resource = {"resourceType": self.made.type}

    def missing(self) -> tuple[str, ...]:
        """The elements that it needs and has not (``value|code``: one of several)."""
        return tuple(n for n in self.made.needs if not any(each in self.resource for each in n.split("|")))


@dataclass(slots=True)
class Names:
    """The resources of a transaction by their fullUrl, and how often a key that may come again has come."""

    by_url: dict[str, Builder] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)


def name_it(builder: Builder, names: Names, context: Context, part: Callable[[str], str]) -> Builder | None:
    """Give a resource the id that its key makes; the earlier resource, where it is one and the same.

    The id is a name-based UUID of the institution, the type and the key: a replay, a correction and another endpoint of
    the institution mean the same resource.
    """
    key = _key(builder, part)
    if not key:
        return None
    url = _url(context, builder.made.type, key)
    if builder.made.write == "each" and (times := names.times.get(url, 0)):
        names.times[url] = times + 1
        url = _url(context, builder.made.type, f"{key}#{times + 1}")
    if url in names.by_url:
        return names.by_url[url]
    builder.full_url = url
    names.by_url[url] = builder
    names.times[url] = 1
    return None


def _url(context: Context, kind: str, key: str) -> str:
    return f"urn:uuid:{uuid5(NAMESPACE, '|'.join((context.institution, kind, key)))}"


def _key(builder: Builder, part: Callable[[str], str]) -> str:
    for choice in builder.made.key:
        found = [(_identifier(builder, p) if p.startswith("identifier") else part(p.rstrip("?")), p) for p in choice]
        if all(text or p.endswith("?") for text, p in found):
            return "+".join(text for text, _ in found)
    return ""


def _identifier(builder: Builder, wanted: str) -> str:
    """The identifier by which a resource is known, as a search writes it; it becomes the query of a conditional."""
    kind = wanted.partition(":")[2]
    for each in builder.resource.get("identifier", ()):
        system, value = each.get("system"), each.get("value")
        if system and value and (not kind or _type(each) == kind):
            builder.query = f"identifier={quote(f'{system}|{value}', safe=':/')}"
            return f"{system}|{value}"
    return ""


def _type(identifier: Json) -> str:
    codes = identifier.get("type", {}).get("coding", [])
    return str(codes[0].get("code", "")) if codes else ""


def bundle_of(builders: Sequence[Builder], context: Context, problems: list[Problem]) -> Json:
    """A transaction of what is whole; what is not is told, and nothing refers to it. Raises ``Unmappable``."""
    dropped = set()
    for builder in builders:
        missing = builder.missing()
        refused = [each for each in builder.made.refuses if each in missing or not builder.full_url]
        if refused:
            raise Unmappable(Problem("missing-field", builder.place, f"{builder.made.type}.{refused[0]}"))
        if missing:
            dropped.add(builder.full_url)
            problems.append(Problem("missing-field", builder.place, f"{builder.made.type}.{missing[0]}"))
    kept = [builder for builder in builders if builder.full_url not in dropped]
    urls = frozenset(dropped)
    return {"resourceType": "Bundle", "type": "transaction", "entry": [_entry(each, context, urls) for each in kept]}


def _entry(builder: Builder, context: Context, dropped: frozenset[str]) -> dict[str, Any]:
    kind = builder.made.type
    resource = without(builder.resource, dropped) if dropped else builder.resource
    body = {"resourceType": kind, "meta": {"source": context.source}, **resource}
    request = {"method": "PUT", "url": f"{kind}?{builder.query}"}
    if builder.made.write == "create" and builder.query:
        request = {"method": "POST", "url": kind, "ifNoneExist": builder.query}
    elif builder.made.write != "update" or not builder.query:
        key = builder.full_url.removeprefix("urn:uuid:")
        body, request = {"id": key, **body}, {"method": "PUT", "url": f"{kind}/{key}"}
    return {"fullUrl": builder.full_url, "resource": body, "request": request}
