"""The search parameters of each type, as a server's search needs to know them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from doorstep.fhir.build_definitions import Elements, Step
from doorstep.fhir.build_expressions import Uncompilable, parse_union

Definition = Mapping[str, Any]
# Which R4 calls strings, or a token, and which have no expression: a search over all of the text, or a named query.
TEXTUAL: Final = ("_text", "_content")
UNCOMPILED: Final[Mapping[str, str]] = {
    "_text": "the whole narrative, no element",
    "_content": "the whole resource, no element",
    "_query": "the name of a server's own query, no element",
}
# DocumentReference's `relationship` has the paths of its two components the wrong way round; R5 has them so.
_ERRATA: Final[Mapping[tuple[str, str], str]] = {
    ("relationship", "relatesto"): "target",
    ("relationship", "relation"): "code",
}
_ROOT: Final = "Resource"
_DOMAIN: Final = "DomainResource"


def concerning(name: str, definitions: Iterable[Definition], elements: Elements) -> list[Definition]:
    """Return the definitions whose base is this type, or one of its bases."""
    bases = {name, _ROOT}
    if any(step.type == "Narrative" for step in elements.children(Step("", False, name, name), "text")):
        bases.add(_DOMAIN)
    return [each for each in definitions if not bases.isdisjoint(each["base"]) and each["code"] != "_query"]


def components(parameter: Definition, by_url: Mapping[str, Definition]) -> list[tuple[str, str, str]]:
    """Return code, type and expression of each component of a composite."""
    named = [(by_url[each["definition"]], each["expression"]) for each in parameter.get("component", ())]
    return [
        (definition["code"], definition["type"], _ERRATA.get((parameter["code"], definition["code"]), expression))
        for definition, expression in named
    ]


def described(name: str, own: Sequence[Definition], by_url: Mapping[str, Definition]) -> dict[str, Any]:
    """Return code → what is known of each parameter of a type, its expression cut to the parts of this type."""
    return {
        each["code"]: {
            "code": each["code"],
            "type": "special" if each["code"] in TEXTUAL else each["type"],
            "targets": each.get("target", []),
            "components": [
                {"code": code, "type": kind, "expression": expression}
                for code, kind, expression in components(each, by_url)
            ],
            "expression": " | ".join(_parts(each.get("expression", ""), name)),
        }
        for each in own
    }


def _parts(expression: str, name: str) -> list[str]:
    return [part.strip() for part in expression.split(" | ") if part and _is_own(part, name)]


def _is_own(part: str, name: str) -> bool:
    try:
        return parse_union(part, name) is not None
    except Uncompilable:
        return True
