"""JSON Pointer (RFC 6901): its spelling, and the steps from the top of a document to a place."""

from __future__ import annotations

import re
from typing import Final, TypeAlias

from doorstep.fhir.patch.nodes import Node, item, member
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import LIMITS

Pointer: TypeAlias = tuple[str, ...]

_BAD_ESCAPE: Final = re.compile(r"~(?![01])")
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)


def read_pointer(text: str) -> Pointer:
    """Return the steps of a pointer; FhirProblem where it does not start with `/` or has a bare `~`."""
    if (text and text[0] != "/") or _BAD_ESCAPE.search(text):
        raise FhirProblem("patch-bad-pointer", target=text)
    if text.count("/") > LIMITS.depth + 1:
        raise FhirProblem("too-deep", limit=LIMITS.depth)
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:])


def spelt(pointer: Pointer) -> str:
    """Return the text of a pointer."""
    return "".join(["/" + step.replace("~", "~0").replace("/", "~1") for step in pointer])


def walk(root: Node, pointer: Pointer) -> Node:
    """Return the node at a place below an opened root, opened; FhirProblem naming the first step that is not there."""
    node = root
    for depth, step in enumerate(pointer):
        try:
            node = _step(node, step)
        except (KeyError, IndexError):
            raise FhirProblem("patch-no-target", place=spelt(pointer[: depth + 1])) from None
    return node


def _step(node: Node, step: str) -> Node:
    if isinstance(node, dict):
        return member(node, step)
    if isinstance(node, list):
        return item(node, index_of(step))
    raise KeyError(step)


def index_of(step: str) -> int:
    """Return a step as the index of an array; FhirProblem for signs, leading zeros and all that is no index."""
    if not _INDEX.fullmatch(step):
        raise FhirProblem("patch-bad-index", step=step)
    return int(step)
