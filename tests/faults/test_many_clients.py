"""500 clients that write at once: each gets its answer, none a 5xx, and the sign of life is there throughout."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from doorstep.kernel.testing.loops import run
from doorstep.record.exchange.tests import kit
from tests.faults.house import House, ended, until

CLIENTS, PORT = 500, 8150
URL = f"http://127.0.0.1:{PORT}"
KEYS = """
from datetime import date
from doorstep.site import cli, demo_house
with cli.house():
    from doorstep.registers.organisations import api as organisations
    from doorstep.registers.staff import api as staff
    for uscc in {sources!r}:
        found = organisations.source(uscc)
        print(found, staff.issue_key(demo_house.call(), organisation=found, name="HIS", since=date(2020, 1, 1))[1])
"""


@dataclass
class Seen:
    """What the clients saw: answers by status, seconds of each, and those of the sign of life."""

    answers: dict[int, httpx.Response] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    pulse: list[tuple[int, float]] = field(default_factory=list)

    @property
    def statuses(self) -> Counter[int]:
        """How many answers of each status."""
        return Counter(answer.status_code for answer in self.answers.values())


@pytest.fixture
def served(home: House) -> Iterator[list[tuple[str, str]]]:
    """The house serves; the institutions (id, token) that may send."""
    sources = [
        row[0] for row in home.rows("SELECT uscc FROM organisations_organisation WHERE uscc IS NOT NULL LIMIT 5")
    ]
    keys = [tuple(line.split()) for line in home.python(KEYS.format(sources=sources)).splitlines()]
    process = home.start("serve", "--port", str(PORT))
    try:
        until(lambda: process.poll() is not None or alive())
        yield keys
    finally:
        process.terminate()
        until(ended(process), 40)


def alive() -> bool:
    try:
        return httpx.get(f"{URL}/healthz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


async def storm(keys: list[tuple[str, str]]) -> Seen:
    seen, over = Seen(), asyncio.Event()
    limits = httpx.Limits(max_connections=CLIENTS + 10, max_keepalive_connections=0)
    async with httpx.AsyncClient(limits=limits, timeout=120) as client, asyncio.TaskGroup() as group:
        pulse = group.create_task(watch(seen, over))
        await asyncio.gather(*[send(client, n, keys[n % len(keys)][1], seen) for n in range(CLIENTS)])
        over.set()
        await pulse
    return seen


async def send(client: httpx.AsyncClient, number: int, token: str, seen: Seen) -> None:
    started = time.monotonic()
    headers = {"authorization": f"Bearer {token}", "content-type": "application/fhir+json"}
    seen.answers[number] = await client.post(f"{URL}/fhir", content=bundle(number), headers=headers)
    seen.seconds.append(time.monotonic() - started)


def bundle(number: int) -> bytes:
    """A patient of their own and two results for each client."""
    first = 10 * number
    who = kit.patient(number, f"王{number}")
    results = [kit.entry(kit.observation(kit.urn(first), 36 + n), first + n) for n in (1, 2)]
    return kit.bundle("transaction", kit.entry(who, first), *results)


async def watch(seen: Seen, over: asyncio.Event) -> None:
    async with httpx.AsyncClient(timeout=30) as client:
        while not over.is_set():
            started = time.monotonic()
            answer = await client.get(f"{URL}/healthz")
            seen.pulse.append((answer.status_code, time.monotonic() - started))
            await asyncio.sleep(0.05)


def test_five_hundred_at_once(home: House, served: list[tuple[str, str]]):
    started = time.monotonic()
    seen = run(storm(served))
    spent, slowest = time.monotonic() - started, max(seen.seconds)
    print(f"{CLIENTS} clients: {spent:.1f} s, slowest {slowest:.1f} s, pulse {max(p for _, p in seen.pulse):.2f} s")
    assert seen.statuses == {200: CLIENTS}, [a.text for a in seen.answers.values() if a.status_code != 200][:3]
    assert {status for status, _ in seen.pulse} == {200}
    assert len(seen.pulse) > 5
    assert home.count("fhir_patient") == CLIENTS
    assert home.count("fhir_observation") == 2 * CLIENTS
    # the same again is answered as before
    again = run(storm(served))
    assert {n: a.content for n, a in again.answers.items()} == {n: a.content for n, a in seen.answers.items()}
    assert home.count("exchange_message") == CLIENTS


def test_bad_callers_get_their_answer_too(home: House, served: list[tuple[str, str]]):
    token = served[0][1]
    good = {"authorization": f"Bearer {token}", "content-type": "application/fhir+json"}
    future = kit.entry(kit.patient(1, birthDate="2999-01-01"))
    cases = [
        (b"{", good, 400),
        (b"", good, 400),
        (b"\xff\xfe{", good, 400),
        (bundle(1), {}, 401),
        (bundle(1), good | {"authorization": "Bearer x"}, 401),
        (b"<a/>", good | {"content-type": "text/xml"}, 400),
        (b"a,b", good | {"content-type": "text/csv"}, 415),
        (bundle(1), good | {"content-encoding": "br"}, 415),
        (b'{"resourceType":"Patient"}', good, 400),
        (kit.bundle("batch", future), good, 200),
        (kit.bundle("transaction", future), good, 422),
    ]
    for body, headers, status in cases:
        answer = httpx.post(f"{URL}/fhir", content=body, headers=headers, timeout=30)
        assert answer.status_code == status, (body[:40], answer.text)
        assert answer.json()["resourceType"] in ("OperationOutcome", "Bundle")
