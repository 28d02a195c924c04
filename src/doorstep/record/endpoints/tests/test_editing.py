"""Endpoints made, changed, switched, paused: by those who may, for the institutions within their scope."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from doorstep.kernel.decision import Refused, Stale
from doorstep.kernel.models import TrailLine
from doorstep.kernel.paging import Page
from doorstep.kernel.testing.callers import member, stranger, system
from doorstep.record.endpoints import reads
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.actions import editing
from doorstep.record.endpoints.models import Endpoint
from doorstep.record.endpoints.shapes import Facts
from doorstep.record.endpoints.tests import kit


def refused(call, **said) -> str:
    before = list(Endpoint.objects.unscoped("test").values())
    with pytest.raises(Refused) as found:
        editing.make(call, facts=Facts(name="x", port=3000, **said))
    assert list(Endpoint.objects.unscoped("test").values()) == before
    return found.value.decision.reason


def test_an_endpoint_is_made_changed_and_trailed(source: UUID):
    call = member(source)
    endpoint = kit.make_endpoint(source, port=2600, addresses=("10.0.0.0/8",), authorities={"LAB": "urn:lab"})
    known = reads.one(call, endpoint)
    assert (known.facts.port, known.facts.authorities, known.is_on, known.paused) == (
        2600,
        {"LAB": "urn:lab"},
        True,
        False,
    )
    editing.edit(call, endpoint=endpoint, expect=1, facts=replace(known.facts, name="新检验系统"))
    editing.pause(call, endpoint=endpoint, expect=2, paused=True)
    editing.switch(call, endpoint=endpoint, expect=3, on=False)
    known = reads.one(call, endpoint)
    assert (known.facts.name, known.is_on, known.paused, known.version) == ("新检验系统", False, True, 4)
    assert list(TrailLine.objects.order_by("pk").values_list("action", flat=True)) == [
        "endpoints.make", "endpoints.edit", "endpoints.pause", "endpoints.switch",
    ]  # fmt: skip
    with pytest.raises(Stale):
        editing.switch(call, endpoint=endpoint, expect=3, on=True)


def test_who_may_not_changes_nothing(source: UUID, other: UUID):
    endpoint = kit.make_endpoint(source)
    assert refused(stranger(), organisation=source) == "permission"
    assert refused(member(source, {Permission.READ}), organisation=source) == "permission"
    assert refused(member(other), organisation=source) == "not_found"
    for act in (
        lambda call: editing.switch(call, endpoint=endpoint, expect=1, on=False),
        lambda call: editing.pause(call, endpoint=endpoint, expect=1, paused=True),
        lambda call: editing.edit(call, endpoint=endpoint, expect=1, facts=Facts("x", other, 9000)),
        lambda call: reads.one(call, endpoint),
    ):
        with pytest.raises(Refused) as found:
            act(member(other))
        assert found.value.decision.reason == "not_found"
    assert reads.listed(member(other), page=Page()).items == ()
    assert Endpoint.objects.unscoped("test").get().version == 1


def test_what_is_not_sound_is_refused(source: UUID, other: UUID):
    endpoint = kit.make_endpoint(source, port=3000, application="LIS")
    assert refused(system(), organisation=source, application="LIS") == "endpoint.taken"
    assert refused(member(other), organisation=other, application="LIS") == "endpoint.taken"
    assert refused(system(), organisation=source, addresses=("nowhere",)) == "endpoint.address"
    assert refused(system(), organisation=source, certificate="c") == "endpoint.tls"
    assert refused(system(), organisation=source, certificate="c", key="k") == "endpoint.port_tls"
    with pytest.raises(Refused, match=r"endpoint\.moved"):
        editing.edit(system(), endpoint=endpoint, expect=1, facts=Facts("x", other, 3000))
    with pytest.raises(Refused, match=r"endpoint\.port"):
        editing.make(system(), facts=Facts("x", source, 80))


def test_the_listener_knows_those_that_are_on_and_how_much_waits(source: UUID):
    endpoint = kit.make_endpoint(source, port=3000, depth=10)
    kit.keep(endpoint, *[kit.oru(n) for n in range(12)])
    [door] = reads.doors()
    assert (door.id, door.port, door.waiting) == (endpoint, 3000, 11)
    editing.switch(system(), endpoint=endpoint, expect=1, on=False)
    assert reads.doors() == ()
