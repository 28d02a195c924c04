"""Single writes that share commits: many clients, few connections, accidents of the database, clients that leave."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
import pytest
from django.db import connection

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.write import Write
from doorstep.kernel.call import Call
from doorstep.kernel.testing.callers import member
from doorstep.kernel.testing.loops import run
from doorstep.record.exchange import api as exchange
from doorstep.record.exchange.api import Answer, Interaction
from doorstep.record.exchange.tests import kit
from doorstep.site.fhir_writer import MOST, Writer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def source(transactional_db: None) -> UUID:
    return kit.make_organisation("甲医院")


@pytest.fixture
def other(transactional_db: None) -> UUID:
    return kit.make_organisation("乙医院")


class Watched:
    """The real thing, and what it was handed; ``before`` is done in the thread before each turn."""

    def __init__(self, before: Callable[[Sequence[Interaction]], None] = lambda _: None) -> None:
        self.sizes: list[int] = []
        self.most = self._now = 0
        self._before = before

    def __call__(self, call: Call, source: UUID, what: Sequence[Interaction]) -> list[Answer]:
        self._now += 1
        self.most = max(self.most, self._now)
        self.sizes.append(len(what))
        try:
            self._before(what)
            return exchange.interact(call, source, what)
        finally:
            self._now -= 1


def create(resource: dict[str, Any]) -> Interaction:
    return Interaction(Write("POST", resource["resourceType"], body=orjson.dumps(resource), resource=resource))


def update(key: str, resource: dict[str, Any], **more: Any) -> Interaction:
    resource = {**resource, "id": key}
    return Interaction(
        Write("PUT", resource["resourceType"], key, body=orjson.dumps(resource), resource=resource, **more)
    )


def all_of(work: Watched, pairs: Sequence[tuple[Call, Interaction]], **more: Any) -> list[Answer | BaseException]:
    """Submit all at once and wait for all."""

    async def go() -> list[Answer | BaseException]:
        writer = Writer(interact=work, **more)
        try:
            return await asyncio.gather(*[writer.submit(*pair) for pair in pairs], return_exceptions=True)
        finally:
            await writer.close()

    return run(go())


def statuses(answers: Sequence[Answer | BaseException]) -> list[int]:
    assert all(isinstance(a, Answer) for a in answers), answers
    return [a.status for a in answers if isinstance(a, Answer)]


def test_many_more_clients_than_connections_share_commits(source, other):
    work = Watched()
    callers = [member(source), member(other)]
    pairs = [(callers[n % 2], create(kit.observation(None, 30 + n / 10))) for n in range(300)]
    answers = all_of(work, pairs)
    assert statuses(answers) == [201] * 300
    assert kit.count("fhir_observation") == kit.count("exchange_message") == 300
    assert work.most <= 2
    assert max(work.sizes) <= MOST
    assert len(work.sizes) < 30
    # each client got the answer to its own
    for (_, what), answer in zip(pairs, answers, strict=True):
        assert orjson.loads(answer.body)["valueQuantity"] == what.write.resource["valueQuantity"]


def test_the_trail_knows_each_request_though_they_share_a_commit(source):
    work, call = Watched(), member(source)
    pairs = [(replace(call, request=f"r{n}"), create(kit.observation(None, n))) for n in range(12)]
    assert statuses(all_of(work, pairs)) == [201] * 12
    assert len(work.sizes) < 12
    with connection.cursor() as cursor:
        cursor.execute("SELECT request FROM kernel_trailline WHERE action = 'exchange.message'")
        assert {row[0] for row in cursor.fetchall()} == {f"r{n}" for n in range(12)}


def test_one_alone_starts_at_once(source):
    work = Watched()
    [answer] = all_of(work, [(member(source), create(kit.patient(1)))])
    assert (answer.status, work.sizes) == (201, [1])


def test_clients_that_write_again_and_again_stay_in_one_commit(source):
    work, call = Watched(), member(source)

    async def go() -> None:
        writer = Writer(interact=work)

        async def client(number: int) -> None:
            for turn in range(5):
                await writer.submit(call, create(kit.observation(None, number + turn / 10)))

        try:
            await asyncio.gather(*[client(number) for number in range(12)])
        finally:
            await writer.close()

    run(go())
    assert kit.count("fhir_observation") == 60
    assert len(work.sizes) <= 7


def test_a_poisoned_write_fails_no_neighbour(source):
    def poison(what: Sequence[Interaction]) -> None:
        if any(b"poison" in one.write.body for one in what):
            raise ZeroDivisionError("a fault of the program")

    values = [kit.observation(None, n, note=[{"text": "poison" if n == 7 else "x"}]) for n in range(20)]
    answers = all_of(Watched(poison), [(member(source), create(v)) for v in values])
    assert isinstance(answers.pop(7), ZeroDivisionError)
    assert statuses(answers) == [201] * 19
    assert kit.count("fhir_observation") == 19


def test_a_connection_that_is_killed_loses_nothing_and_doubles_nothing(source):
    turns = []

    def cut(what: Sequence[Interaction]) -> None:
        turns.append(len(what))
        if len(turns) == 2:
            _kill_own()

    answers = all_of(Watched(cut), [(member(source), create(kit.patient(n))) for n in range(1, 30)])
    assert statuses(answers) == [201] * 29
    assert kit.count("fhir_patient") == kit.count("exchange_message") == 29


def test_a_connection_that_breaks_after_the_commit_doubles_nothing(source):
    broken = []

    def breaking(call: Call, source: UUID, what: Sequence[Interaction]) -> list[Answer]:
        answers = exchange.interact(call, source, what)
        if not broken:
            broken.append(len(what))
            from django.db import OperationalError

            raise OperationalError("server closed the connection unexpectedly")
        return answers

    answers = all_of(breaking, [(member(source), create(kit.observation(None, n))) for n in range(10)])
    assert statuses(answers) == [201] * 10
    assert kit.count("fhir_observation") == 10
    assert len({a.id for a in answers}) == 10


def _kill_own() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    import psycopg

    settings = connection.settings_dict
    plain = connection.get_connection_params()
    assert settings
    keep = {k: plain[k] for k in ("dbname", "user", "password", "host", "port") if k in plain}
    with psycopg.connect(**keep, autocommit=True) as second:
        second.execute("SELECT pg_terminate_backend(%s)", [pid])
    time.sleep(0.2)


def test_a_client_that_leaves_cancels_no_commit(source):
    started, go_on = threading.Event(), threading.Event()

    def slow(what: Sequence[Interaction]) -> None:
        started.set()
        assert go_on.wait(20)

    async def go() -> None:
        writer = Writer(interact=Watched(slow))
        leaving = asyncio.create_task(writer.submit(member(source), create(kit.patient(1))))
        await asyncio.to_thread(started.wait, 20)
        behind = asyncio.create_task(writer.submit(member(source), create(kit.patient(2))))
        gone = asyncio.create_task(writer.submit(member(source), create(kit.patient(3))))
        await asyncio.sleep(0)
        leaving.cancel()
        gone.cancel()
        go_on.set()
        answer = await behind
        await writer.close()
        assert answer.status == 201
        assert leaving.cancelled()

    run(go())
    # the first was under way, the last had not begun
    assert kit.count("fhir_patient") == 2


def test_too_many_are_told_to_come_back(source):
    gate = threading.Event()

    async def go() -> None:
        writer = Writer(interact=Watched(lambda _: _must(gate.wait(20))), waiting=5)
        waiting = [
            asyncio.create_task(writer.submit(member(source), create(kit.observation(None, n)))) for n in range(5)
        ]
        await asyncio.sleep(0)
        with pytest.raises(FhirProblem) as refused:
            await writer.submit(member(source), create(kit.observation(None)))
        assert refused.value.code == "overloaded"
        gate.set()
        assert [a.status for a in await asyncio.gather(*waiting)] == [201] * 5
        assert (await writer.submit(member(source), create(kit.observation(None)))).status == 201
        await writer.close()

    run(go())


def _must(truth: bool) -> None:
    assert truth


def test_who_may_not_write_is_told_so(source, other):
    foreign = replace(member(source, []), organisation=other)
    nobody = replace(member(source), organisation=None)
    answers = all_of(Watched(), [(foreign, create(kit.patient(1))), (nobody, create(kit.patient(1)))])
    assert [a.code for a in answers] == ["forbidden", "forbidden"]
    assert kit.count("fhir_patient") == 0


def test_updates_under_a_version_are_lost_by_none(source):
    """Fifty count one up, each reading again after a refusal: all fifty are counted."""
    call = member(source)

    async def count_up(writer: Writer) -> None:
        while True:
            now = await asyncio.to_thread(_read)
            raised = kit.observation(None, now[1] + 1)
            answer = await writer.submit(call, update("a", raised, if_match=f'W/"{now[0]}"'))
            if answer.status == 200:
                return
            assert answer.status == 412, answer

    async def go() -> None:
        writer = Writer()
        await writer.submit(call, update("a", kit.observation(None, 0)))
        await asyncio.gather(*[count_up(writer) for _ in range(50)])
        await writer.close()

    run(go())
    assert _read() == (51, 50)


def _read() -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT version, body FROM fhir_observation WHERE id = 'a'")
        version, body = cursor.fetchone()
    if threading.current_thread() is not threading.main_thread():
        connection.close()
    return version, int(orjson.loads(body)["valueQuantity"]["value"])
