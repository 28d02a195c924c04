"""`$validate` (R4, Resource-validate) as a pure function."""

from __future__ import annotations

from typing import Any, Final, Protocol

from doorstep.fhir.validation.bindings import Bindings
from doorstep.fhir.validation.checking import check
from doorstep.fhir.validation.findings import Finding, capped, finding
from doorstep.fhir.validation.invariants import invariants
from doorstep.fhir.validation.links import resource_types

_BASE: Final = "http://hl7.org/fhir/StructureDefinition/"
_MODES: Final = ("create", "update", "delete", "profile")


class Profiles(Protocol):
    """The profiles of implementation guides that are loaded; the seam for an issue of its own."""

    def validate(self, profile: str, resource: dict[str, Any]) -> list[Finding] | None:
        """Return what breaks the profile (a canonical URL, with `|version` or without); None where it is not loaded."""


def validate_operation(
    body_resource: dict[str, Any],
    mode: str | None,
    profile: str | None,
    *,
    profiles: Profiles | None = None,
    bindings: Bindings | None = None,
) -> list[Finding]:
    """Return all that is wrong with a resource, by the check of every write, the invariants, the mode and the profile.

    On "delete" the content is not looked at (R4: "Delete: the server checks the content, and whether it would accept
    a delete"; there is none to check). A profile that is not loaded, in `profile` or in `meta.profile`, is reported:
    as an error where it was asked for, else as information.
    """
    name = body_resource.get("resourceType") if type(body_resource) is dict else None
    root = name if type(name) is str and name in resource_types() else "Resource"
    if mode is not None and mode not in _MODES:
        return [finding("mode-unknown", root, mode=mode)]
    if mode == "delete":
        return []
    found = [*_id_rules(body_resource, mode, root), *_content(root, body_resource, bindings)]
    for url, severity in _wanted(body_resource, mode, profile):
        found += _profile(body_resource, root, url, severity, profiles)
    return capped(sorted(found, key=lambda each: each.severity not in ("error", "fatal")), root)


def _content(root: str, resource: dict[str, Any], bindings: Bindings | None) -> list[Finding]:
    found = check(root, resource, bindings=bindings)
    # rules speak of elements that have their shape
    return found if any(each.issue_code == "structure" for each in found) else found + invariants(root, resource)


def _id_rules(resource: dict[str, Any], mode: str | None, root: str) -> list[Finding]:
    has_id = type(resource) is dict and "id" in resource
    if mode == "create" and has_id:
        return [finding("id-not-needed", f"{root}.id")]
    if mode == "update" and not has_id:
        return [finding("id-needed", f"{root}.id")]
    return []


def _wanted(resource: dict[str, Any], mode: str | None, profile: str | None) -> list[tuple[str, str]]:
    wanted = [(profile, "error")] if profile is not None else []
    if mode == "profile" and profile is None:
        wanted.append(("", "error"))
    meta = resource.get("meta") if type(resource) is dict else None
    claimed = meta.get("profile") if type(meta) is dict else None
    claims = claimed if type(claimed) is list else []
    return wanted + [(url, "information") for url in claims if type(url) is str and url != profile]


def _profile(resource: dict[str, Any], root: str, url: str, severity: str, profiles: Profiles | None) -> list[Finding]:
    plain = url.partition("|")[0]
    # the base definition of a type is what the check and the invariants have seen to
    if plain in (f"{_BASE}{root}", f"{_BASE}Resource", f"{_BASE}DomainResource"):
        return []
    other = plain.removeprefix(_BASE)
    if other in resource_types():
        return [finding("other-resource", root, expected=other, name=root)]
    found = profiles.validate(url, resource) if profiles is not None else None
    return [finding("profile-unknown", root, severity, profile=url)] if found is None else found
