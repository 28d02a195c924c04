"""``_typeFilter`` of exports asks the door's own search, within the bounds of who asks."""

from __future__ import annotations

import json

import pytest

from doorstep.fhir.problems import FhirProblem
from doorstep.kernel.call import EVERYWHERE, Scope
from doorstep.kernel.testing.callers import system
from doorstep.record.exchange import rules
from doorstep.record.exchange.actions.export_rows import filtered
from doorstep.record.exchange.tests import kit
from doorstep.record.exchange.tests.conftest import other, source
from doorstep.record.exchange.tests.test_exports import begin, full, home, lines, put, work

pytestmark = pytest.mark.django_db
__all__ = ["home", "other", "source"]


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("gender=male", {1, 3, 5}),
        ("gender=female&birthdate=1985-03-15", {2, 4}),
        ("birthdate=gt2000", set()),
        ("gender:not=male", {2, 4}),
        ("name:contains=甲", set()),
        (f"identifier={kit.RESIDENT_ID}|{kit.resident_id(3)}", {3}),
        ("_has:Observation:patient:code=http://loinc.org|8310-5", {1, 2, 3, 4, 5}),
    ],
)
def test_an_export_holds_what_the_search_finds(source, home, monkeypatch, query, fits):
    full(source, *range(1, 6))
    monkeypatch.setattr(rules, "WINDOW", 2)
    found = work(system(), begin(system(), types=["Patient", "Observation"], type_filters=[f"Patient?{query}"]))
    said = [json.loads(line) for line in lines(home, found)]
    assert {r["id"] for r in said if r["resourceType"] == "Patient"} == {kit.key(2 * n) for n in fits}
    assert sum(r["resourceType"] == "Observation" for r in said) == 5


def test_one_of_several_filters_is_enough_and_numbers_are_compared(source, home):
    full(source, 1)
    for number in range(4):
        put(source, kit.observation(f"Patient/{kit.key(2)}", 36 + number) | {"id": f"o{number}"})
    asked = ["Observation?value-quantity=lt37", "Observation?value-quantity=ge39"]
    found = work(system(), begin(system(), types=["Observation"], type_filters=asked))
    assert {json.loads(line)["id"] for line in lines(home, found)} == {"o0", "o3", kit.key(3)}


@pytest.mark.parametrize("query", ["nothing=1", "birthdate=yesterday", "gender:foo=male"])
def test_a_wrong_search_is_refused_when_the_export_is_asked_for(source, query):
    with pytest.raises(FhirProblem):
        begin(system(), type_filters=[f"Patient?{query}"])


def test_it_finds_nothing_beyond_the_bounds(source, other):
    full(source, 1)
    ids = [kit.key(2)]
    assert filtered(Scope(frozenset({source})), "Patient", "gender=male", ids) == ids
    assert filtered(Scope(frozenset({other})), "Patient", "gender=male", ids) == []
    assert filtered(EVERYWHERE, "Patient", "gender=male", ()) == []
