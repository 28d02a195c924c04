"""Records without a card: the same again for a seed, of people whom the demo has, each a whole bundle."""

from __future__ import annotations

import orjson

from doorstep.site.demo.district import make_district
from doorstep.site.demo.doubles import PEOPLE, doubles
from doorstep.site.demo.people import residents


def test_they_are_of_people_of_the_demo_and_the_same_again() -> None:
    district = make_district()
    made = list(doubles(district))
    assert made == list(doubles(district))
    assert len(made) == PEOPLE + PEOPLE // 3
    names = {person.name for person in residents(district, 200, 1)}
    told = [orjson.loads(body)["entry"][0]["resource"] for _, _, body in made]
    assert {resource["name"][0]["text"] for resource in told} <= names
    assert sum(len(resource["identifier"]) == 2 for resource in told) == PEOPLE // 3
    assert len({resource["id"] for resource in told}) == len(told)
    assert {source for source, _, _ in made} == {district.institutions[0].uscc}


def test_a_small_demo_has_fewer() -> None:
    assert 0 < len(list(doubles(make_district(), 1, 20))) < PEOPLE
