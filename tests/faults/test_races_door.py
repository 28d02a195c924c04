"""Many clients of the FHIR door at the same moment: nothing is lost, nothing doubled, and all are answered."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Awaitable
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.served import JSON, Served, entry, following, fresh, ids, json_of, said, served

__all__ = ["served"]
pytestmark = pytest.mark.django_db
CLIENTS = 50
BODY = {"Content-Type": JSON}


def at_once(served: Served, *asked: Awaitable[httpx.Response], seconds: float = 60) -> list[httpx.Response]:
    """Ask all at the same moment; fails where one has no answer in time."""

    async def all_of_them() -> list[httpx.Response]:
        return await asyncio.wait_for(asyncio.gather(*asked), seconds)

    return served.door.run(all_of_them())


def writing(served: Served, method: str, path: str, body: Any = None, **headers: str) -> Awaitable[httpx.Response]:
    content = None if body is None else json.dumps(body).encode()
    given = {**BODY, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return served.door.ask(method, path, content=content, headers=given)


def patient(value: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", "identifier": [{"system": "urn:race", "value": value}], **more}


def versions(served: Served, at: str) -> list[tuple[int, str]]:
    """Number and method of all versions, newest first."""
    entries = json_of(served.get(f"{at}/_history?_count=1000"))["entry"]
    tags = [each["response"]["etag"].removeprefix('W/"').rstrip('"') for each in entries]
    return [(int(tag), each["request"]["method"]) for tag, each in zip(tags, entries, strict=True)]


@pytest.mark.parametrize("how", ["header", "put", "bundle"])
def test_one_condition_makes_one(served: Served, how: str) -> None:
    value = fresh("one")
    query = f"identifier=urn:race|{value}"
    bodies = [patient(value, language=f"zh-{n:02d}") for n in range(CLIENTS)]
    if how == "header":
        answers = at_once(served, *[writing(served, "POST", "Patient", b, If_None_Exist=query) for b in bodies])
        assert Counter(a.status_code for a in answers) == {201: 1, 200: CLIENTS - 1}
        assert len({a.json()["id"] for a in answers}) == 1
    elif how == "put":
        answers = at_once(served, *[writing(served, "PUT", f"Patient?{quote(query, safe='=')}", b) for b in bodies])
        assert Counter(a.status_code for a in answers) == {201: 1, 200: CLIENTS - 1}
        assert sorted(int(a.json()["meta"]["versionId"]) for a in answers) == list(range(1, CLIENTS + 1))
    else:
        entries = [entry("POST", "Patient", b, ifNoneExist=query) for b in bodies]
        bundles = [{"resourceType": "Bundle", "type": "transaction", "entry": [e]} for e in entries]
        answers = at_once(served, *[writing(served, "POST", "", b) for b in bundles])
        assert {a.status_code for a in answers} == {200}, [a.text for a in answers if a.status_code != 200][:1]
        status = [a.json()["entry"][0]["response"]["status"][:3] for a in answers]
        assert Counter(status) == {"201": 1, "200": CLIENTS - 1}
    assert len(ids(served.get(f"Patient?{query}"))) == 1


def test_each_version_is_replaced_by_one(served: Served) -> None:
    """Fifty that read, add one and write under If-Match, and try again where they lose: no addition is lost."""
    at = f"Basic/{served.made('Basic', code={'text': '0'})['id']}"
    won: list[int] = []
    chance = random.Random(20261126)

    async def client() -> httpx.Response:
        while True:
            read = await served.door.ask("GET", at)
            body = read.json()
            body["code"]["text"] = str(int(body["code"]["text"]) + 1)
            content = json.dumps(body).encode()
            headers = {**BODY, "If-Match": read.headers["etag"]}
            answer = await served.door.ask("PUT", at, content=content, headers=headers)
            if answer.status_code == 200:
                won.append(int(answer.json()["meta"]["versionId"]))
                return answer
            assert answer.status_code == 412, answer.text
            # as clients do that lose: not all again at once
            await asyncio.sleep(chance.random() * (CLIENTS - len(won)) / 30)

    at_once(served, *[client() for _ in range(CLIENTS)])
    assert sorted(won) == list(range(2, CLIENTS + 2))
    assert served.get(at).json()["code"]["text"] == str(CLIENTS)
    assert [number for number, _ in versions(served, at)] == list(range(CLIENTS + 1, 0, -1))


def test_one_version_is_replaced_once(served: Served) -> None:
    at = f"Basic/{served.made('Basic', code={'text': 'x'})['id']}"
    bodies = [{"resourceType": "Basic", "id": at[6:], "code": {"text": str(n)}} for n in range(CLIENTS)]
    answers = at_once(served, *[writing(served, "PUT", at, b, If_Match='W/"1"') for b in bodies])
    assert Counter(a.status_code for a in answers) == {200: 1, 412: CLIENTS - 1}
    [won] = [a for a in answers if a.status_code == 200]
    assert served.get(at).json() == won.json()
    for lost in (a for a in answers if a.status_code == 412):
        assert said(lost)[1] == "version-conflict"


def test_an_id_is_made_once(served: Served) -> None:
    at = f"Basic/{fresh('same')}"
    bodies = [{"resourceType": "Basic", "id": at[6:], "code": {"text": str(n)}} for n in range(CLIENTS)]
    answers = at_once(served, *[writing(served, "PUT", at, b) for b in bodies])
    assert Counter(a.status_code for a in answers) == {201: 1, 200: CLIENTS - 1}
    assert sorted(int(a.json()["meta"]["versionId"]) for a in answers) == list(range(1, CLIENTS + 1))
    guarded = f"Basic/{fresh('guarded')}"
    bodies = [b | {"id": guarded[6:]} for b in bodies]
    answers = at_once(served, *[writing(served, "PUT", guarded, b, If_None_Match="*") for b in bodies])
    assert Counter(a.status_code for a in answers) == {201: 1, 412: CLIENTS - 1}


def test_made_changed_and_deleted_at_once(served: Served) -> None:
    """Whatever the order: each is answered, and the history tells one without gaps."""
    at = f"Basic/{fresh('mixed')}"
    asked = []
    for n in range(20):
        body = {"resourceType": "Basic", "id": at[6:], "code": {"text": str(n)}}
        patch = [{"op": "replace", "path": "/code/text", "value": f"patched {n}"}]
        asked += [
            writing(served, "PUT", at, body),
            writing(served, "DELETE", at),
            writing(served, "PATCH", at, patch, Content_Type="application/json-patch+json"),
        ]
    answers = at_once(served, *asked)
    for number, answer in enumerate(answers):
        wanted = [(200, 201), (204,), (200, 404, 410)][number % 3]
        assert answer.status_code in wanted, (number % 3, answer.status_code, answer.text)
    told = versions(served, at)
    assert [number for number, _ in told] == list(range(len(told), 0, -1))
    puts = [a for n, a in enumerate(answers) if n % 3 == 0]
    patched = [a for n, a in enumerate(answers) if n % 3 == 2 and a.status_code == 200]
    numbers = [int(a.json()["meta"]["versionId"]) for a in (*puts, *patched)]
    assert len(numbers) == len(set(numbers))
    assert sum(method != "DELETE" for _, method in told) == len(numbers)


def test_more_bundles_than_connections(served: Served) -> None:
    """Three times more transactions at once than threads and connections together, with reads in them: all end."""
    from doorstep.site import fhir_house, fhir_rows, fhir_writer

    count = 3 * (fhir_house.THREADS + fhir_rows.CONNECTIONS + fhir_writer.THREADS)
    shared = [fresh("shared") for _ in range(4)]

    def bundle(n: int) -> dict[str, Any]:
        value, urn = fresh("many"), f"urn:uuid:00000000-0000-4000-8000-{n:012d}"
        about = {"status": "final", "code": {"text": "x"}, "subject": {"reference": urn}}
        # the same resources in another order each time, which is what makes deadlocks
        order = shared if n % 2 else shared[::-1]
        entries = [entry("POST", "Patient", patient(value), urn)]
        entries += [entry("PUT", f"Basic/{key}", {"resourceType": "Basic", "id": key, "code": {"text": value}})
                    for key in order]  # fmt: skip
        entries += [entry("POST", "Observation", {"resourceType": "Observation", **about}) for _ in range(5)]
        entries += [entry("GET", f"Patient?identifier=urn:race|{value}"), entry("GET", f"Basic/{shared[0]}")]
        return {"resourceType": "Bundle", "type": "transaction", "entry": entries}

    turns: list[int] = []

    async def client(n: int) -> httpx.Response:
        content = json.dumps(bundle(n)).encode()
        for turn in range(20):
            answer = await served.door.ask("POST", "", content=content, headers=BODY)
            if answer.status_code != 503:
                turns.append(turn)
                return answer
            # all of it is refused, nothing done: to be sent again, as the answer says
            assert said(answer) == (503, "overloaded")
            await asyncio.sleep(0.1 * int(answer.headers["retry-after"]))
        return answer

    started = time.monotonic()
    reads = [served.door.ask("GET", f"Patient?_count={n}") for n in range(1, count)]
    answers = at_once(served, *[client(n) for n in range(count)], *reads, seconds=100)
    spent = time.monotonic() - started
    print(f"{count} transactions at once: {spent:.1f} s, sent again {sum(turns)} times")
    assert Counter(a.status_code for a in answers) == {200: len(answers)}
    for answer in answers[:count]:
        listed = [each["response"]["status"][:3] for each in answer.json()["entry"]]
        assert set(listed) <= {"200", "201"}
        assert len(answer.json()["entry"][-2]["resource"]["entry"]) == 1
    for key in shared:
        numbers = [number for number, _ in versions(served, f"Basic/{key}")]
        assert numbers == list(range(count, 0, -1))


@pytest.mark.parametrize("order", ["", "&_sort=-_lastUpdated", "&_sort=birthdate", "&_sort=-birthdate,_id"])
def test_a_reader_pages_while_writers_write(served: Served, order: str) -> None:
    """What matches throughout comes once; what is written meanwhile, at most once."""
    value = fresh("paged")
    tag = {"tag": [{"system": "urn:race", "code": value}]}
    made = {
        served.made(meta=tag, birthDate=f"19{50 + n % 7}-01-{n % 28 + 1:02d}")["id"] for n in range(30)
    }  # fmt: skip
    over = asyncio.Event()
    found: list[str] = []

    async def read() -> httpx.Response:
        at: str | None = f"Patient?_tag=urn:race|{value}&_count=4{order}"
        while at is not None:
            answer = await served.door.ask("GET", at)
            assert answer.status_code == 200, answer.text
            found.extend(each.partition("/")[2] for each in ids(answer))
            at = following(answer)
            await asyncio.sleep(0.01)
        over.set()
        return answer

    async def write(n: int) -> httpx.Response:
        answer = await served.door.ask("GET", "metadata")
        while not over.is_set():
            more = patient(value, meta=tag, birthDate=f"19{50 + n}-01-01")
            answer = await writing(served, "POST", "Patient", more)
            assert answer.status_code == 201
            if n == 0:
                gone = await served.door.ask("DELETE", f"Patient/{answer.json()['id']}")
                assert gone.status_code == 204
        return answer

    at_once(served, read(), *[write(n) for n in range(4)])
    seen = Counter(found)
    assert {ident: seen[ident] for ident in made} == dict.fromkeys(made, 1)
    assert max(seen.values()) == 1
