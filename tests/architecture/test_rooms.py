"""The contract that every room inherits: who may nothing gets nothing, and each right has words in both languages."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.utils import translation

from doorstep.kernel import room
from doorstep.kernel.decision import Refused
from doorstep.kernel.models import OutboxEvent, TrailLine
from doorstep.kernel.testing.callers import stranger
from doorstep.site.rooms import APPS

ROOMS = {name.rsplit(".", 1)[-1]: name for name in APPS}
LAYERS = ("actions", "reads")


def _modules(package: str) -> Iterator[Any]:
    """The modules of the layers that touch data."""
    for layer in LAYERS:
        try:
            found = import_module(f"{package}.{layer}")
        except ModuleNotFoundError:
            continue
        yield found
        for inside in pkgutil.iter_modules(getattr(found, "__path__", ())):
            yield import_module(f"{found.__name__}.{inside.name}")


def _functions(package: str) -> dict[str, Callable[..., Any]]:
    """Every public function that stands in those layers, by its full name."""
    found: dict[str, Callable[..., Any]] = {}
    for module in _modules(package):
        for name, thing in inspect.getmembers(module, inspect.isfunction):
            if thing.__module__ == module.__name__ and not name.startswith("_"):
                found[f"{module.__name__}.{name}"] = thing
    return found


def _guarded() -> dict[str, Callable[..., Any]]:
    return {name: f for package in APPS for name, f in _functions(package).items() if hasattr(f, "audits")}


def test_there_are_rooms_and_they_guard_something() -> None:
    assert {"organisations", "staff", "residents", "charts", "exchange"} <= set(ROOMS)
    assert len(_guarded()) > 40


@pytest.mark.parametrize("name", sorted(_guarded()))
@pytest.mark.django_db(transaction=True)
def test_a_stranger_is_refused_nothing_happens_and_the_trail_tells_it(name: str) -> None:
    guarded = _guarded()[name]
    with pytest.raises(Refused) as refused:
        guarded(stranger())
    assert refused.value.decision.reason == "permission"
    [line] = TrailLine.objects.all()
    assert (line.action, line.outcome, line.actor) == (guarded.audits, "refused", "staff:stranger")  # type: ignore[attr-defined]  # set by @action
    assert not OutboxEvent.objects.exists()
    assert not connection.in_atomic_block


@pytest.mark.parametrize("name", sorted(_guarded()))
def test_what_is_guarded_names_a_right_of_its_own_room(name: str) -> None:
    guarded = _guarded()[name]
    package = next(p for p in APPS if name.startswith(f"{p}."))
    own = next(r for r in room.installed() if r.name == package.rsplit(".", 1)[-1])
    assert own.permissions is not None
    assert guarded.permission in own.permissions  # type: ignore[attr-defined]  # set by @action
    prefixes = {str(permission).partition(".")[0] for permission in own.permissions}
    assert guarded.audits.partition(".")[0] in prefixes  # type: ignore[attr-defined]  # set by @action


@pytest.mark.parametrize("installed", room.installed(), ids=lambda r: r.name)
def test_every_right_is_told_in_a_sentence_of_both_languages(installed: room.Room) -> None:
    for permission in installed.permissions or ():
        sentence = str(installed.sentences[str(permission)])
        assert sentence
        with translation.override("en"):
            assert translation.gettext(sentence).isascii(), sentence
