"""What Django's system check refuses at start-up: keys that point up, doors without a rule, rows without bounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, Tags, register
from django.db.models import ForeignKey, ManyToManyField, Model
from django.urls import URLPattern, URLResolver, get_resolver

from doorstep.kernel.store import ScopedQuerySet, ScopedRow

TIERS = ("fhir", "linkage", "kernel", "registers", "record", "resources", "services", "management", "insight", "site")
FLOORS = frozenset(TIERS[3:9])
"""The tiers that are made of rooms."""
PUBLISHED = frozenset({"residents.Resident", "organisations.Organisation", "staff.Post"})
"""The only tables of a room that another room's key may point to."""

Place = tuple[int, str]
"""How high a table stands, and its room (the tier itself where a tier has no rooms)."""


def place_of(module: str) -> Place | None:
    """Where a module of the house stands; None for what is not of the house."""
    parts = module.split(".")
    if parts[0] != "doorstep" or len(parts) < 2 or parts[1] not in TIERS:
        return None
    return TIERS.index(parts[1]), ".".join(parts[1:3]) if parts[1] in FLOORS else parts[1]


def keys_of(model: type[Model]) -> Iterator[tuple[str, type[Model]]]:
    """The keys that a table holds itself, by name, each with the table it points to."""
    for field in (*model._meta.local_fields, *model._meta.local_many_to_many):
        target: Any = field.remote_field.model if isinstance(field, ForeignKey | ManyToManyField) else None
        if isinstance(target, type):
            yield field.name, target


def why_refused(model: type[Model], target: type[Model]) -> str | None:
    """Why a key between two tables is refused; None where it may be."""
    here, there = place_of(model.__module__), place_of(target.__module__)
    if here is None or there is None or here == there:
        return None
    if there[0] > here[0]:
        return f"points up, from {here[1]} to {there[1]}"
    if there[1].partition(".")[0] in FLOORS and target._meta.label not in PUBLISHED:
        return f"points into {there[1]}, but not to what that room publishes"
    return None


def key_errors(models: Iterable[type[Model]]) -> list[CheckMessage]:
    """An error for every key that points up, or into another room past its published table."""
    return [
        Error(
            f"{model._meta.label}.{name} {reason}.",
            hint=f"Keys point down, and to {sorted(PUBLISHED)}.",
            id="doorstep.E001",
        )
        for model in models
        for name, target in keys_of(model)
        if (reason := why_refused(model, target))
    ]


def views(patterns: Sequence[URLPattern | URLResolver], before: str = "") -> Iterator[tuple[str, Any]]:
    """Every address under these patterns, with its view."""
    for pattern in patterns:
        address = f"{before}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from views(pattern.url_patterns, address)
        else:
            yield address, pattern.callback


def door_errors(patterns: Sequence[URLPattern | URLResolver]) -> list[CheckMessage]:
    """An error for every address whose view carries no access rule."""
    return [
        Error(
            f"/{address} has no access rule.",
            hint="Put the view under @page(rule) of kernel.web.pages.",
            id="doorstep.E002",
        )
        for address, view in views(patterns)
        if getattr(view, "access_rule", None) is None
    ]


def scope_errors(models: Iterable[type[Model]]) -> list[CheckMessage]:
    """An error for every scoped table that does not say what bounds it, or whose manager would not ask."""
    found: list[CheckMessage] = []
    for model in models:
        if not issubclass(model, ScopedRow):
            continue
        if model.scope_filter.__func__ is ScopedRow.scope_filter.__func__:  # type: ignore[attr-defined]  # a class method
            found.append(Error(f"{model._meta.label} has no scope_filter.", id="doorstep.E003"))
        if not isinstance(model._default_manager.get_queryset(), ScopedQuerySet):
            found.append(Error(f"{model._meta.label} can be asked without a scope.", id="doorstep.E004"))
    return found


@register(Tags.models)
def check_keys(app_configs: object, **_: object) -> list[CheckMessage]:
    """Keys point down, and into other rooms only to what they publish (DESIGN §3)."""
    return key_errors(apps.get_models(include_auto_created=True))


@register(Tags.urls)
def check_doors(app_configs: object, **_: object) -> list[CheckMessage]:
    """Every address has an access rule: nothing is allowed by default (DESIGN §4)."""
    return door_errors(get_resolver().url_patterns)


@register(Tags.models)
def check_scopes(app_configs: object, **_: object) -> list[CheckMessage]:
    """Every scoped table says what bounds a query, and its manager insists."""
    return scope_errors(apps.get_models())
