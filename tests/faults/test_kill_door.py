"""The database killed with -9 under the FHIR door: answers are right or 503, and nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx

from doorstep.kernel.testing.loops import run
from tests.faults.house import House, ended, until

PORT, CLIENTS = 8155, 8
URL = f"http://127.0.0.1:{PORT}"
KEY = """
from datetime import date
from doorstep.site import cli, demo_house
with cli.house():
    from doorstep.registers.organisations import api as organisations
    from doorstep.registers.staff import api as staff
    found = organisations.source({uscc!r})
    print(staff.issue_key(demo_house.call(), organisation=found, name="HIS", since=date(2020, 1, 1))[1])
"""


@dataclass
class Seen:
    """What was answered: statuses, and for each resource the last version that the door has acknowledged."""

    statuses: Counter[int] = field(default_factory=Counter)
    bundles: Counter[int] = field(default_factory=Counter)
    kept: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    after: Counter[int] = field(default_factory=Counter)


def alive() -> bool:
    try:
        return httpx.get(f"{URL}/healthz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


async def writer(client: httpx.AsyncClient, number: int, seen: Seen, over: asyncio.Event) -> None:
    """Make and change resources of its own, one after the other, and read each back; every tenth is a transaction."""
    turn = 0
    while not over.is_set():
        turn += 1
        at = f"Basic/k{number}-{turn // 2}"
        body = {"resourceType": "Basic", "id": at[6:], "code": {"text": f"{turn}"}}
        if turn % 10 == 0:
            entry = {"resource": body, "request": {"method": "PUT", "url": at}}
            bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
            answer = await client.post(f"{URL}/fhir", content=json.dumps(bundle))
            seen.bundles[answer.status_code] += 1
            if answer.status_code == 200:
                tag = answer.json()["entry"][0]["response"]["etag"]
                seen.kept[at] = int(tag.removeprefix('W/"').rstrip('"'))
            continue
        answer = await client.put(f"{URL}/fhir/{at}", content=json.dumps(body))
        seen.statuses[answer.status_code] += 1
        if answer.status_code not in (200, 201):
            if answer.status_code != 503 or answer.json()["resourceType"] != "OperationOutcome":
                seen.wrong.append(answer.text)
            await asyncio.sleep(0.05)
            continue
        seen.kept[at] = int(answer.json()["meta"]["versionId"])
        read = await client.get(f"{URL}/fhir/{at}")
        seen.statuses[read.status_code] += 1
        if read.status_code == 200 and read.json()["code"]["text"] != f"{turn}":
            seen.wrong.append(f"{at}: {read.text}")
        elif read.status_code not in (200, 503):
            seen.wrong.append(f"{at}: {read.status_code} {read.text}")


async def storm(home: House, token: str) -> Seen:
    seen, over = Seen(), asyncio.Event()
    headers = {"authorization": f"Bearer {token}", "content-type": "application/fhir+json"}
    loop = asyncio.get_running_loop()
    async with httpx.AsyncClient(headers=headers, timeout=60) as client, asyncio.TaskGroup() as group:
        for number in range(CLIENTS):
            group.create_task(writer(client, number, seen, over))
        await asyncio.sleep(2)
        await loop.run_in_executor(None, home.kill_server)
        await asyncio.sleep(0.5)
        await loop.run_in_executor(None, home.join)
        await asyncio.sleep(2.5)
        over.set()
    async with httpx.AsyncClient(headers=headers, timeout=60) as client:
        for at, version in seen.kept.items():
            answer = await client.get(f"{URL}/fhir/{at}")
            seen.after[answer.status_code] += 1
            if answer.status_code != 200 or int(answer.json()["meta"]["versionId"]) < version:
                seen.wrong.append(f"{at} was acknowledged in version {version}: {answer.text}")
    return seen


def test_a_killed_database_loses_nothing(home: House) -> None:
    [[uscc]] = home.rows("SELECT uscc FROM organisations_organisation WHERE uscc IS NOT NULL LIMIT 1")
    token = home.python(KEY.format(uscc=uscc)).strip()
    process = home.start("serve", "--port", str(PORT))
    try:
        until(lambda: process.poll() is not None or alive())
        started = time.monotonic()
        seen = run(storm(home, token))
        print(f"{time.monotonic() - started:.1f} s, {dict(seen.statuses)}, bundles {dict(seen.bundles)}")
        until(alive, seconds=10)
    finally:
        process.terminate()
        until(ended(process), 40)
    assert seen.wrong == []
    assert set(seen.statuses) <= {200, 201, 503}
    assert set(seen.bundles) <= {200, 503}
    assert seen.statuses[503] > 0, "the kills were not noticed"
    assert seen.after == {200: len(seen.kept)}
    assert len(seen.kept) > 20
