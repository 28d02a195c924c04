"""The part of FHIRPath that the R4 search parameters use, as a list of verbs a compiler can follow."""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class Uncompilable(Exception):
    """An expression outside the part that is compiled."""


class Verb(NamedTuple):
    """One step: child (name), as (type), where (field, value), target (resource type), truth, first."""

    name: str
    argument: str = ""
    value: str = ""


_STEPS: Final = re.compile(
    r"\.(?P<cast>as|ofType)\((?P<cast_type>\w+)\)"
    r"|\.where\(resolve\(\) is (?P<target>\w+)\)"
    r"|\.where\((?P<field>\w+)\s*=\s*'(?P<value>[^']*)'\)"
    r"|\.extension\('(?P<url>[^']*)'\)"
    r"|\s+as\s+(?P<as_type>\w+)"
    r"|\.(?P<child>\w+)(?!\w*\()"
    r"|\[(?P<index>0)\]"
)
# The R4 file writes the type of Observation's code-value-date so; there is no such type.
_MISSPELT: Final = {"DateTime": "dateTime"}
_TRUTH: Final = re.compile(r"(?P<path>\w+(?:\.\w+)+)\.exists\(\) and (?P=path) != false")


def parse_union(part: str, root: str) -> list[Verb] | None:
    """Read one part of a union as verbs from the root type; None where it starts from another type.

    Raises Uncompilable for what is outside the compiled part of the language.
    """
    text = _opened(part.strip())
    start = re.match(r"\w+", text)
    if start is None:
        raise Uncompilable(part)
    if start[0][0].islower():
        return _verbs(f".{text}", 0)
    if start[0] not in (root, "Resource", "DomainResource"):
        return None
    truth = _TRUTH.fullmatch(text)
    if truth:
        return [*_verbs(truth["path"], len(start[0])), Verb("truth")]
    return _verbs(text, len(start[0]))


def parse_component(part: str) -> tuple[bool, list[Verb]]:
    """Read one part of a composite's component: whether it starts from the resource, and the verbs from there."""
    text = _opened(part.strip())
    from_resource = text.startswith("%resource")
    return from_resource, _verbs(text.removeprefix("%resource") if from_resource else f".{text}", 0)


def _opened(text: str) -> str:
    """Take off the parentheses around the beginning: `(A.b as C).d` is `A.b as C.d` to the steps."""
    depth = 0
    for position, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return text[1:position] + text[position + 1 :] if position else text
    return text


def _verbs(text: str, position: int) -> list[Verb]:
    verbs: list[Verb] = []
    while position < len(text):
        match = _STEPS.match(text, position)
        if match is None:
            raise Uncompilable(text)
        verbs.extend(_verb(match))
        position = match.end()
    return verbs


def _verb(match: re.Match[str]) -> list[Verb]:
    if match["child"]:
        return [Verb("child", match["child"])]
    if match["target"]:
        return [Verb("target", match["target"])]
    if match["field"]:
        return [Verb("where", match["field"], match["value"])]
    if match["url"]:
        return [Verb("child", "extension"), Verb("where", "url", match["url"])]
    if match["index"]:
        return [Verb("first")]
    cast = match["cast_type"] or match["as_type"]
    return [Verb("as", _MISSPELT.get(cast, cast))]
