"""Random searches over random resources find at the door what a slow, obvious reference finds: the same, in order."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from typing import Any
from urllib.parse import unquote

import orjson
import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorstep.fhir.parameters import compartments
from tests.conformance.reference.asking import encoded, searches, wishes
from tests.conformance.reference.making import CODES, TREE, batch
from tests.conformance.reference.search import Codes, Json, Memory, Terminology, included
from tests.door import RunningDoor, running, two_keys

pytestmark = pytest.mark.django_db(transaction=True)
SEARCHES = int(os.environ.get("DOORSTEP_TEST_SEARCHES", "250"))
LOWER: dict[tuple[str, str], Codes] = {
    (TREE, "root"): frozenset({(TREE, "root"), (TREE, "branch"), (TREE, "leaf")}),
    (TREE, "branch"): frozenset({(TREE, "branch"), (TREE, "leaf")}),
    (TREE, "leaf"): frozenset({(TREE, "leaf")}),
}
SETS: dict[str, Codes] = {
    "http://example.cn/sets/tree": frozenset({(TREE, "branch"), (TREE, "leaf")}),
    "http://example.cn/sets/loinc": frozenset((s, c) for s, c, _ in CODES if s == "http://loinc.org"),
}


def terminology() -> list[Json]:
    """The code system and the value sets that `:in`, `:below` and `:above` ask for."""
    leaf = {"code": "leaf"}
    branch = {"code": "branch", "concept": [leaf]}
    return [
        {
            "resourceType": "CodeSystem", "id": "tree", "url": TREE, "status": "active", "content": "complete",
            "hierarchyMeaning": "is-a", "concept": [{"code": "root", "concept": [branch]}],
        },
        *(
            {
                "resourceType": "ValueSet", "id": f"set-{n}", "url": url, "status": "active",
                "compose": {"include": [
                    {"system": system, "concept": [{"code": code} for s, code in sorted(codes) if s == system]}
                    for system in sorted({str(s) for s, _ in codes})
                ]},
            }
            for n, (url, codes) in enumerate(SETS.items())
        ),
    ]  # fmt: skip


def put(door: RunningDoor, resources: list[Json]) -> None:
    """Write them as one transaction, so that they may refer to each other."""
    entries = [
        {"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}} for r in resources
    ]
    answer = door.send("POST", "/fhir", {"resourceType": "Bundle", "type": "transaction", "entry": entries})
    assert answer.status_code == 200, answer.text[:2000]


def stored(kinds: set[str]) -> list[Json]:
    """What the ledger holds, with the moment of its last change."""
    found = []
    with connection.cursor() as cursor:
        for kind in sorted(kinds):
            cursor.execute(f"SELECT body, updated FROM fhir_{kind.lower()} WHERE NOT deleted")
            for body, updated in cursor.fetchall():
                resource = orjson.loads(body)
                resource.setdefault("meta", {})["lastUpdated"] = updated.astimezone(UTC).isoformat(
                    timespec="microseconds"
                )
                found.append(resource)
    return found


@contextmanager
def loaded(seed: int, many: int = 20) -> Iterator[tuple[RunningDoor, Memory]]:
    """A door with random resources behind it, and the reference that knows the same."""
    with running(two_keys()["a"][1]) as door:
        resources = [*batch(seed, many), *terminology()]
        put(door, resources)
        yield door, Memory(stored({each["resourceType"] for each in resources}), Terminology(SETS, LOWER))


def ids(answer: Any) -> list[str]:
    """The ids of the matches, in order."""
    assert answer.status_code == 200, answer.text[:2000]
    entries = answer.json().get("entry", [])
    notes = [e["resource"] for e in entries if e["search"]["mode"] == "outcome"]
    assert not notes, notes
    return [e["resource"]["id"] for e in entries if e["search"]["mode"] == "match"]


def walked(door: RunningDoor, address: str) -> tuple[list[str], int | None]:
    """The ids on all pages, one after the other, and the total that the first says."""
    answer = door.get(address)
    found, total = ids(answer), answer.json().get("total")
    for _ in range(1000):
        after = [link["url"] for link in answer.json()["link"] if link["relation"] == "next"]
        if not after:
            return found, total
        answer = door.get(after[0].removeprefix("http://testserver"))
        found += ids(answer)
    raise AssertionError(f"{address} has no end")


@pytest.mark.parametrize("seed", [1, 2])
def test_any_search_finds_the_same_in_the_same_order(seed: int) -> None:
    told: Counter[str] = Counter()
    with loaded(seed) as (door, memory):

        @settings(max_examples=SEARCHES, deadline=None, suppress_health_check=list(HealthCheck))
        @given(searches(memory), st.integers(1, 5))
        def asked(search: tuple[str, str], size: int) -> None:
            kind, query = search
            wanted = memory.search(kind, query)
            found = ids(door.get(f"{kind}?{query}&_count=1000"))
            assert found == wanted, f"{kind}?{unquote(query)}\n door {found}\n ours {wanted}"
            paged = walked(door, f"{kind}?{query}&_count={size}&_total=accurate")
            assert paged == (wanted, len(wanted)), f"{kind}?{unquote(query)}&_count={size}"
            told["searches"] += 1
            told["with hits"] += bool(wanted)
            told["resources"] += len(wanted)

        asked()
    print(dict(told))
    assert told["with hits"] > told["searches"] / 5


def test_compartments_by_get_and_by_post() -> None:
    with loaded(3) as (door, memory):
        owners = st.tuples(st.sampled_from(("Patient", "Practitioner", "Encounter")), st.integers(0, 6))

        @settings(max_examples=SEARCHES // 2, deadline=None, suppress_health_check=list(HealthCheck))
        @given(searches(memory), owners)
        def asked(search: tuple[str, str], whose: tuple[str, int]) -> None:
            (kind, query), owner = search, (whose[0], f"{whose[0].lower()}-{whose[1]}")
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            posted = door.send("POST", f"{kind}/_search", f"{query}&_count=1000".encode(), headers=form)
            assert ids(posted) == memory.search(kind, query), query
            if kind in compartments()[owner[0]]:
                found = ids(door.get(f"{owner[0]}/{owner[1]}/{kind}?{query}&_count=1000"))
                assert found == memory.search(kind, query, owner), f"{owner} {kind}?{unquote(query)}"

        asked()


def test_what_is_included() -> None:
    told: Counter[str] = Counter()
    with loaded(4, many=8) as (door, memory):

        @settings(max_examples=SEARCHES // 2, deadline=None, suppress_health_check=list(HealthCheck))
        @given(wishes(), st.integers(1, 6))
        def asked(wish: tuple[str, list[tuple[bool, bool, str]]], size: int) -> None:
            kind, wanted = wish
            names = [("_revinclude" if r else "_include") + (":iterate" if i else "") for r, i, _ in wanted]
            query = encoded([(name, text) for name, (_, _, text) in zip(names, wanted, strict=True)])
            answer = door.get(f"{kind}?{query}&_count={size}")
            page = memory.search(kind, "")[:size]
            assert ids(answer) == page
            entries = [e["resource"] for e in answer.json()["entry"] if e["search"]["mode"] == "include"]
            found = [(each["resourceType"], each["id"]) for each in entries]
            ours = included(memory, [(kind, each) for each in page], wanted)
            assert sorted(found) == sorted(ours), unquote(query)
            told["wishes"] += 1
            told["included"] += len(ours)

        asked()
    print(dict(told))
    assert told["included"] > told["wishes"] // 3


VISIT: Json = {"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"}}
PEOPLE: list[Json] = [
    {"resourceType": "Patient", "id": "p1", "name": [{"family": "Mull"}, {"family": "MULL"}], "gender": "male"},
    {"resourceType": "Patient", "id": "p2", "name": [{"family": "Mull"}], "gender": "male"},
    {"resourceType": "Patient", "id": "p3", "name": [{"family": "Zed"}, {"family": "Mu"}], "gender": "male"},
    {"resourceType": "List", "id": "l1", "status": "current", "mode": "working",
     "subject": {"reference": "Patient/p1"}},
    {
        "resourceType": "List", "id": "l2", "status": "current", "mode": "working",
        "subject": {"reference": "http://other.example/fhir/Patient/p9"},
    },
    VISIT | {"id": "e1", "period": {"end": "2020"}},
    VISIT | {"id": "e2", "period": {"start": "2019"}},
    VISIT | {"id": "e3"},
]  # fmt: skip
SETTLED = {
    "an id has no system": ("Patient?_id=|p1", ["p1"]),
    "an id of another system": ("Patient?_id=http://x|p1", []),
    "all but an id": ("Patient?_id:not=p1", ["p2", "p3"]),
    "a URL beside a patient": ("List?patient=http://other.example/fhir/Patient/p9,Patient/p1&_sort=_id", ["l1", "l2"]),
    "names in two spellings come once": ("Patient?_sort=-name", ["p3", "p2", "p1"]),
    "by the name that fits": ("Patient?name=mu", ["p3", "p1", "p2"]),
    "by the name that fits, few": ("Patient?name=mu&gender=male", ["p3", "p1", "p2"]),
    "ties of few fall as of many": ("Patient?_sort=-name&gender=male", ["p3", "p2", "p1"]),
    "an open start sorts by its end": ("Encounter?_sort=date", ["e2", "e1", "e3"]),
    "and so beside a token": ("Encounter?_sort=class,date", ["e2", "e1", "e3"]),
}


def test_what_was_settled() -> None:
    with running(two_keys()["a"][1]) as door:
        put(door, PEOPLE)
        found = {name: ids(door.get(query)) for name, (query, _) in SETTLED.items()}
        assert found == {name: wanted for name, (_, wanted) in SETTLED.items()}
        assert door.get("Patient?_id:text=p1").status_code == 400
