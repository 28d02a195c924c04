"""`:below` and `:above` of references: through places that are part of places, and no further."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conformance.reference.search import Json
from tests.conformance.test_search import ids
from tests.door import RunningDoor, running, two_keys

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def door() -> Iterator[RunningDoor]:
    with running(two_keys()["a"][1]) as running_door:
        yield running_door


def place(key: str, parent: str = "") -> Json:
    found: Json = {"resourceType": "Location", "id": key, "name": key}
    return found | ({"partOf": {"reference": f"Location/{parent}"}} if parent else {})


def visit(key: str, at: str) -> Json:
    return {
        "resourceType": "Encounter", "id": key, "status": "finished", "class": {"code": "AMB"},
        "location": [{"location": {"reference": f"Location/{at}"}}],
    }  # fmt: skip


def put(door: RunningDoor, *resources: Json) -> None:
    for each in resources:
        assert door.send("PUT", f"{each['resourceType']}/{each['id']}", each).status_code in (200, 201)


def found(door: RunningDoor, address: str) -> set[str]:
    answer = door.get(address)
    assert answer.status_code == 200, answer.text
    return set(ids(answer))


def test_below_and_above_go_through_places(door: RunningDoor) -> None:
    put(door, place("site"), place("house", "site"), place("ward", "house"), place("bed", "ward"), place("other"))
    put(door, *(visit(f"at-{key}", key) for key in ("site", "house", "ward", "bed", "other")))
    assert found(door, "Encounter?location:below=Location/house") == {"at-house", "at-ward", "at-bed"}
    assert found(door, "Encounter?location:below=bed") == {"at-bed"}
    assert found(door, "Encounter?location:above=ward") == {"at-ward", "at-house", "at-site"}
    assert found(door, "Encounter?location:above=ward,other") == {"at-ward", "at-house", "at-site", "at-other"}
    assert found(door, "Location?partof:below=site") == {"house", "ward", "bed"}
    assert found(door, "Location?partof:above=ward") == {"house", "ward", "bed"}
    assert found(door, "Encounter?location:below=nowhere") == set()
    assert found(door, "Encounter?location.partof:below=house") == {"at-ward", "at-bed"}


def test_a_ring_ends(door: RunningDoor) -> None:
    put(door, place("a"), place("b", "a"), place("a", "b"), visit("v", "b"))
    assert found(door, "Encounter?location:below=a") == found(door, "Encounter?location:above=a") == {"v"}


def test_where_nothing_is_part_of_anything_it_is_refused(door: RunningDoor) -> None:
    answer = door.get("Observation?patient:below=Patient/p")
    assert answer.status_code == 400
    assert "below" in answer.text


def test_any_tree(door: RunningDoor) -> None:
    numbers = st.lists(st.integers(0, 100), min_size=1, max_size=8)

    @settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(numbers, st.integers(0, 1_000_000))
    def judge(parents: list[int], mark: int) -> None:
        names = [f"t{mark}-{n}" for n in range(len(parents))]
        above = {n: (parents[n] % n if n and parents[n] % 3 else None) for n in range(len(parents))}
        put(door, *(place(names[n], names[p] if (p := above[n]) is not None else "") for n in above))
        put(door, *(visit(f"v-{name}", name) for name in names))

        def line(n: int) -> list[int]:
            return [n] + (line(p) if (p := above[n]) is not None else [])

        for n in above:
            under = {f"v-{names[m]}" for m in above if n in line(m)}
            assert found(door, f"Encounter?location:below={names[n]}&_count=100") == under
            over = {f"v-{names[m]}" for m in line(n)}
            assert found(door, f"Encounter?location:above={names[n]}&_count=100") == over

    judge()
