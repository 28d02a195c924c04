"""Pages of a search: each resource once while others write, whichever way is taken; links only the house can make."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings

from doorstep.fhir.search import engine, resolve
from doorstep.fhir.tables import known_types
from tests.conformance.reference.asking import searches
from tests.conformance.reference.search import Json
from tests.conformance.test_search import SEARCHES, ids, loaded, put, walked
from tests.door import RunningDoor, running, two_keys

pytestmark = pytest.mark.django_db(transaction=True)
STEADY, TOUCHED, RESTLESS = 90, 30, 20
LOINC = "http://loinc.org"


class Everything(frozenset[int]):
    """Holds every token: as if many resources carried each."""

    def __contains__(self, token: object) -> bool:
        return True


def every_token_common(door: RunningDoor, yes: bool) -> None:
    """What statistics would say of a large house, or of a small one."""
    common = door.house._common
    common._read_at = time.monotonic() + 1e6
    common._tokens = {kind.lower(): Everything() for kind in known_types()} if yes else {}


def test_a_rare_token_beside_a_code_is_asked_for() -> None:
    """A code has a narrow table of its own, which knows nothing of other tokens."""
    with running(two_keys()["a"][1]) as door:
        every_token_common(door, False)
        put(door, [{"resourceType": "Patient", "id": f"p{n}"} for n in range(3)])
        visit = {"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"}}
        put(door, [{**visit, "id": f"e{n}"} for n in range(4)])
        put(door, [{**observation(f"o{n}", n), "encounter": {"reference": f"Encounter/e{n}"}} for n in range(4)])
        assert ids(door.get("Observation?code=8480-6&encounter=Encounter/e2")) == ["o2"]
        assert ids(door.get("Patient/p2/Observation?code=8480-6&encounter=Encounter/e2")) == ["o2"]
        assert ids(door.get("Encounter/e2/Observation?code=8480-6")) == ["o2"]
        assert ids(door.get("Observation?code=8480-6&encounter=Encounter/e9&_summary=count")) == []


def observation(key: str, day: int, code: str = "8480-6", value: int = 1) -> Json:
    """About one of three patients, of a day of 2020."""
    return {
        "resourceType": "Observation", "id": key, "status": "final", "valueQuantity": {"value": value, "unit": "mmHg"},
        "code": {"coding": [{"system": LOINC, "code": code, "display": "Pressure"}]},
        "subject": {"reference": f"Patient/p{day % 3}"},
        "effectiveDateTime": f"2020-{day % 12 + 1:02}-{day % 28 + 1:02}",
    }  # fmt: skip


def person(key: str, n: int, gender: str = "male") -> Json:
    """Of a name that several have."""
    family = f"Mu{'lr'[n % 2]}{n % 7}"
    return {
        "resourceType": "Patient",
        "id": key,
        "name": [{"family": family, "given": [f"A{n % 3}"]}],
        "gender": gender,
    }


WALKS = (
    "Observation?_count=7",
    "Observation?code=8480-6&_count=7",
    f"Observation?code={LOINC}|8480-6&date=ge2020-02&_count=5",
    "Observation?patient=p0,p1,p2&code=8480-6&_sort=date&_count=9",
    "Observation?patient=p0,p1,p2&_count=11",
    "Observation?date=ge2019&_sort=date&_count=8",
    "Observation?status=final&_sort=_id&_count=10",
    "Observation?status=final&_sort=-_id&_count=10",
    "Observation?_sort=value-quantity,date&_count=9",
    "Observation?_sort=code,-date&_count=9",
    "Observation?code:text=pressure&_count=6",
    "Patient?name=mu&_count=5",
    "Patient?name=mu&gender=male&_count=6",
    "Patient?_sort=-family&_count=6",
    "Patient?_sort=family,-given&_count=6",
)
BY_CHANGE = ("Observation?_sort=_lastUpdated&_count=7", "Observation?_sort=-_lastUpdated&_count=7")


async def walk(door: RunningDoor, address: str) -> list[str]:
    """All pages, from within the loop; a breath between them."""
    found, at = [], f"/fhir/{address}"
    while at:
        answer = await door.ask("GET", at)
        found += ids(answer)
        after = [link["url"] for link in answer.json()["link"] if link["relation"] == "next"]
        at = after[0].removeprefix("http://testserver") if after else ""
        await asyncio.sleep(0.002)
    return found


async def disturb(door: RunningDoor, done: asyncio.Event, writer: int, written: Counter[str]) -> None:
    """Create, move, touch and delete until told to stop."""
    for n in count(writer, 4):
        if done.is_set():
            return
        fresh, moved, touched = f"new-{n}", f"r{n % RESTLESS}", f"t{n % TOUCHED}"
        writes: list[tuple[str, str, Json | None]] = [
            ("PUT", f"Observation/{fresh}", observation(fresh, n)),
            ("PUT", f"Observation/{moved}", observation(moved, n, code="8480-6" if n % 3 else "0-0")),
            ("PUT", f"Observation/{touched}", observation(touched, int(touched[1:])) | {"note": [{"text": f"{n}"}]}),
            ("PUT", f"Patient/{fresh}", person(fresh, n)),
            ("PUT", f"Patient/{moved}", person(moved, n, "female" if n % 2 else "male")),
            ("PUT", f"Patient/{touched}", person(touched, int(touched[1:])) | {"birthDate": f"19{10 + n % 90}"}),
            ("DELETE", f"Observation/{fresh}", None),
            ("DELETE", f"Patient/new-{n - 4}", None),
        ]
        for method, path, body in writes:
            more: dict[str, Any] = {"json": body, "headers": {"Content-Type": "application/fhir+json"}} if body else {}
            answer = await door.ask(method, f"/fhir/{path}", **more)
            assert answer.status_code in (200, 201, 204), (path, answer.text[:500])
            written[method] += 1


def test_each_is_seen_once_while_others_write() -> None:
    with running(two_keys()["a"][1]) as door:
        patients = [person(f"p{n}", n) for n in range(STEADY)] + [person(f"t{n}", n) for n in range(TOUCHED)]
        observations = [observation(f"o{n}", n) for n in range(STEADY)]
        observations += [observation(f"t{n}", n) for n in range(TOUCHED)]
        put(door, patients + observations)
        written: Counter[str] = Counter()

        async def all_at_once() -> dict[str, list[list[str]]]:
            done = asyncio.Event()
            writers = [asyncio.create_task(disturb(door, done, n, written)) for n in range(4)]
            seen: dict[str, list[list[str]]] = {address: [] for address in (*WALKS, *BY_CHANGE)}
            for address, found in seen.items():
                found += await asyncio.gather(walk(door, address), walk(door, address))
            done.set()
            await asyncio.gather(*writers)
            return seen

        for address, walks in door.run(all_at_once()).items():
            for found in walks:
                _each_once(address, found)
        print(
            f"{sum(written.values())} writes while {len(WALKS) + len(BY_CHANGE)} searches were walked twice: {written}"
        )
        assert written.total() > 200


def _each_once(address: str, found: list[str]) -> None:
    steady = [f"{'p' if address.startswith('Patient') else 'o'}{n}" for n in range(STEADY)]
    steady += [] if address in BY_CHANGE else [f"t{n}" for n in range(TOUCHED)]
    if "date=ge2020-02" in address:
        steady = [each for each in steady if int(each[1:]) % 12]
    seen = Counter(found)
    assert {each: seen[each] for each in steady if seen[each] != 1} == {}, address


@pytest.fixture
def door() -> Iterator[RunningDoor]:
    """Ninety people and as many observations."""
    with running(two_keys()["a"][1]) as running_door:
        put(running_door, [person(f"p{n}", n) for n in range(STEADY)])
        put(running_door, [observation(f"o{n}", n) for n in range(STEADY)])
        yield running_door


def following(door: RunningDoor, address: str) -> str:
    """The address of the second page."""
    links = {link["relation"]: link["url"] for link in door.get(address).json()["link"]}
    return str(links["next"]).removeprefix("http://testserver")


@pytest.mark.parametrize("address", [*WALKS, *BY_CHANGE])
def test_pages_are_the_whole_whatever_statistics_say(
    door: RunningDoor, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two pages a token may have become common, or rare; a page may end early where much was looked through."""
    every_token_common(door, yes=False)
    base = address.rsplit("&_count=", 1)[0].rsplit("?_count=", 1)[0]
    wanted = ids(door.get(f"{base}{'&' if '?' in base else '?'}_count=1000"))
    monkeypatch.setattr(engine, "SCANNED", 30)
    for first in (True, False):
        found, at, common = [], f"/fhir/{address}", first
        while at:
            every_token_common(door, yes=common)
            answer = door.get(at)
            found += ids(answer)
            after = [link["url"] for link in answer.json()["link"] if link["relation"] == "next"]
            at, common = (after[0].removeprefix("http://testserver") if after else ""), not common
        assert found == wanted


def test_the_way_of_a_large_house_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """No token is rare, and a chain of more than one target is asked for by a subquery, or refused as too costly."""
    monkeypatch.setattr(resolve, "LINKED", 1)
    told: Counter[str] = Counter()
    with loaded(5) as (door, memory):
        every_token_common(door, yes=True)

        @settings(max_examples=SEARCHES, deadline=None, suppress_health_check=list(HealthCheck))
        @given(searches(memory))
        def asked(search: tuple[str, str]) -> None:
            kind, query = search
            answer = door.get(f"{kind}?{query}&_count=1000")
            if answer.status_code != 200 and ("_has" in query or "." in query):
                assert answer.json()["issue"][0]["code"] == "too-costly", answer.text
                told["refused"] += 1
                return
            wanted = memory.search(kind, query)
            assert ids(answer) == wanted, f"{kind}?{unquote(query)}"
            assert walked(door, f"{kind}?{query}&_count=3")[0] == wanted, f"{kind}?{unquote(query)}"
            told["searches"] += 1
            told["with hits"] += bool(wanted)

        asked()
    print(dict(told))


def test_links_that_were_changed_are_refused(door: RunningDoor) -> None:
    at = following(door, "Observation?code=8480-6&_count=7")
    cursor = parse_qs(urlsplit(at).query)["_cursor"][0]
    second = ids(door.get(at))
    changed = [cursor[:n] + ("A" if cursor[n] != "A" else "B") + cursor[n + 1 :] for n in range(len(cursor) - 1)]
    changed += [cursor[:n] for n in range(0, len(cursor), 7)] + [
        cursor + "AAAA",
        cursor * 2,
        "x",
        "%00",
        "号",
        "A" * 5000,
    ]
    for other in changed:
        answer = door.get(at.replace(cursor, other))
        assert answer.status_code == 400 if other else ids(answer) != second, other
        assert other == "" or answer.json()["resourceType"] == "OperationOutcome"


def test_links_serve_their_own_query_alone(door: RunningDoor) -> None:
    at = following(door, "Observation?code=8480-6&_count=7")
    for path, old, new in (
        ("other value", "8480-6", "0-0"),
        ("other count", "_count=7", "_count=8"),
        ("one more", "code=", "status=final&code="),
        ("other type", "Observation?", "Condition?"),
        ("other order", "_count=7", "_count=7&_sort=date"),
    ):
        assert door.get(at.replace(old, new)).status_code == 400, path
    people = following(door, "Patient?_sort=_id&_count=7")
    cursor, other = (parse_qs(urlsplit(each).query)["_cursor"][0] for each in (at, people))
    assert door.get(at.replace(cursor, other)).status_code == 400


def test_links_need_no_memory_of_the_server_but_its_secret(door: RunningDoor, settings: Any) -> None:
    addresses = [following(door, each) for each in WALKS]
    wanted = [ids(door.get(each)) for each in addresses]
    with running(door.key) as later:
        assert [ids(later.get(each)) for each in addresses] == wanted
    settings.SECRET_KEY = "another secret of another house"
    with running(door.key) as elsewhere:
        assert {elsewhere.get(each).status_code for each in addresses} == {400}
