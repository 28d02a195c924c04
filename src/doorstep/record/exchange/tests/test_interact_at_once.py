"""Fifty clients that write at the same moment, each on a connection of its own: the database decides, none is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from uuid import UUID

import orjson
import pytest

from doorstep.kernel import ledger
from doorstep.kernel.testing.at_once import at_once
from doorstep.kernel.testing.callers import system
from doorstep.record.exchange import api
from doorstep.record.exchange.api import Answer, Interaction
from doorstep.record.exchange.tests import kit
from doorstep.record.exchange.tests.kit import observation, patient
from doorstep.record.exchange.tests.test_interact import by, create, patched, update

pytestmark = pytest.mark.django_db(transaction=True)
CLIENTS = 50


def doing(source: UUID, what: Interaction) -> Callable[[], Answer]:
    return lambda: api.interact(system(), source, [what])[0]


def all_at_once(source: UUID, *what: Interaction) -> list[Answer]:
    answers = at_once(*[doing(source, one) for one in what])
    assert all(isinstance(a, Answer) for a in answers), answers
    return [a for a in answers if isinstance(a, Answer)]


def test_one_condition_makes_one(source):
    answers = all_at_once(source, *[create(patient(1, active=n % 2 == 0), if_none_exist=by(1)) for n in range(CLIENTS)])
    assert Counter(a.status for a in answers) == {201: 1, 200: CLIENTS - 1}
    assert len({a.id for a in answers}) == 1
    assert (kit.count("fhir_patient"), len(kit.people())) == (1, 1)


def test_a_version_is_replaced_once(source):
    api.interact(system(), source, [update("a", observation(None, 0))])
    answers = all_at_once(source, *[update("a", observation(None, n + 1), if_match='W/"1"') for n in range(CLIENTS)])
    assert Counter(a.status for a in answers) == {200: 1, 412: CLIENTS - 1}
    [won] = [a for a in answers if a.status == 200]
    stored = ledger.read("Observation", "a")
    assert (stored.version, stored.body) == (2, won.body)


def test_patches_add_up(source):
    api.interact(system(), source, [update("a", observation(None, note=[{"text": "start"}]))])
    notes = [
        patched("Observation", "a", {"op": "add", "path": "/note/-", "value": {"text": f"n{n}"}}) for n in range(20)
    ]
    answers = all_at_once(source, *notes)
    assert {a.status for a in answers} == {200}
    stored = ledger.read("Observation", "a")
    assert stored.version == 21
    assert {n["text"] for n in orjson.loads(stored.body)["note"]} == {"start", *(f"n{n}" for n in range(20))}


def test_one_key_makes_one(source):
    what = [create(observation(None, 37), key="same") for _ in range(CLIENTS)]
    answers = all_at_once(source, *what)
    assert len({(a.id, a.version, a.status) for a in answers}) == 1
    assert kit.count("fhir_observation") == 1


def test_an_id_is_made_once(source, other):
    answers = at_once(*[doing((source, other)[n % 2], update("a", observation(None, n))) for n in range(20)])
    assert all(isinstance(a, Answer) for a in answers), answers
    [(owner, version)] = [(v[2], v[1]) for k, v in kit.ledger().items()]
    won = [a for n, a in enumerate(answers) if (source, other)[n % 2] == owner]
    assert sorted(a.version for a in won) == list(range(1, 11))
    assert version == 10
    assert {a.problem.code for a in answers if a not in won} == {"other-source"}
