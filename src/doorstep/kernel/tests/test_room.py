"""The manifests of the rooms that are installed, and what the kernel reads from them."""

from __future__ import annotations

from dataclasses import is_dataclass

import pytest
from django.urls import reverse

from doorstep.events.exchange import RecordsArrived
from doorstep.kernel import room
from doorstep.kernel.ids import new_id
from doorstep.kernel.testing.callers import everyone_permissions, member, stranger, system

ROOMS = room.installed()
HERE = new_id()


def test_no_two_rooms_share_a_name_or_a_permission():
    names = [r.name for r in ROOMS]
    held = [str(p) for r in ROOMS for p in (r.permissions or ())]
    assert len(set(names)) == len(names)
    assert len(set(held)) == len(held)
    assert everyone_permissions() == set(held)


@pytest.mark.parametrize("one", ROOMS, ids=lambda r: r.name)
def test_a_manifest_is_whole(one):
    assert one.title
    for permission in one.permissions or ():
        assert one.sentences.get(str(permission), "").strip(), f"{permission} has no sentence for people"
    for entry in one.menu:
        assert reverse(entry.url)
        assert str(entry.permission) in everyone_permissions() | {"anyone", "signed_in"}
    for kind, handlers in one.reactions.items():
        assert is_dataclass(kind)
        assert kind.__module__.startswith("doorstep.events.")
        assert isinstance(getattr(kind, "subject", None), property) or "subject" in kind.__dataclass_fields__
        assert handlers
    assert len({job.name for job in one.jobs}) == len(one.jobs)


def test_events_are_known_by_their_room_and_name():
    assert room.event_name(RecordsArrived) == "exchange.RecordsArrived"
    assert room.event_types()["exchange.RecordsArrived"] is RecordsArrived
    assert list(room.reactions("exchange.RecordsArrived"))
    assert room.reactions("nothing.Happened") == {}


def test_callers_of_tests_are_what_they_say():
    assert system().may("exchange.read").allowed
    assert stranger().permissions == frozenset()
    one = member(HERE, ["exchange.read"])
    assert (one.permissions, one.scope.organisations, one.organisation) == ({"exchange.read"}, {HERE}, HERE)
