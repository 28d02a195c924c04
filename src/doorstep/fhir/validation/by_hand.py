"""Invariants that need more than FHIRPath on the resource alone, in Python."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from doorstep.fhir.fhirpath.trouble import NotEvaluated
from doorstep.fhir.fhirpath.values import Env
from doorstep.fhir.validation.narrative import is_filled, is_plain

_RELATIVE: Final = re.compile(r"(?:[a-z]+://\S*/)?([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/\S+)?")


_ALONE: Final = frozenset(("id",))


def has_content(value: Any, env: Env) -> bool:
    """Say whether an element has a value or children other than its id (ele-1)."""
    return type(value) is not dict or not value.keys() <= _ALONE


def contained_is_used(value: Any, env: Env) -> bool:
    """Say whether each contained resource is referred to from elsewhere, or refers to its container (dom-3).

    References, canonicals, uris and urls all name it as `#id`; no other text that begins so is told from them.
    """
    contained = value.get("contained")
    if type(contained) is not list:
        return True
    named = {each for each in texts(value) if each.startswith("#")}
    return all(_used(each, named) for each in contained if type(each) is dict)


def _used(contained: dict[str, Any], named: set[str]) -> bool:
    return f"#{contained.get('id')}" in named or "#" in texts(contained)


def texts(value: Any) -> Iterator[str]:
    """Yield all strings in a value, at any depth."""
    todo = [value]
    while todo:
        each = todo.pop()
        if type(each) is str:
            yield each
        elif type(each) is dict:
            todo.extend(each.values())
        elif type(each) is list:
            todo.extend(each)


def on_behalf_of_practitioner(value: Any, env: Env) -> bool:
    """Say whether who acts on behalf of somebody is a practitioner (ctm-1); what cannot be told raises NotEvaluated."""
    member = value.get("member")
    if "onBehalfOf" not in value or type(member) is not dict:
        return True
    kind = _kind_of(member, env)
    if kind is None:
        raise NotEvaluated("a reference that is not resolved")
    return kind == "Practitioner"


def _kind_of(reference: dict[str, Any], env: Env) -> str | None:
    link = reference.get("reference")
    if type(link) is str and link.startswith("#"):
        inside = (c for c in env.root.get("contained", ()) if type(c) is dict and f"#{c.get('id')}" == link)
        return next((c.get("resourceType") for c in inside), None)
    match = _RELATIVE.fullmatch(link) if type(link) is str else None
    stated = reference.get("type")
    return match[1] if match else stated if type(stated) is str else None


BY_HAND: Final[dict[str, Callable[[Any, Env], bool | None]]] = {
    "ele-1": has_content,
    "txt-1": lambda value, env: is_plain(value),
    "txt-2": lambda value, env: is_filled(value),
    "dom-3": contained_is_used,
    "ctm-1": on_behalf_of_practitioner,
}
