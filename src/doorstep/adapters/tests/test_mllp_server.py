"""The sockets of MLLP with a house that answers when it is told to: order, limits of time, back-pressure, ends."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvloop

from doorstep.adapters.hl7v2.frames import frame
from doorstep.adapters.mllp import server
from doorstep.adapters.mllp.server import Limits, Listener, Peer
from doorstep.kernel.testing import loops

QUICK = Limits(first=5, idle=5, frame=5, send=0.5)
Taken = list[tuple[bytes, "asyncio.Future[bytes | None]"]]


class Quiet:
    """Takes all, and answers when a test does."""

    def __init__(self) -> None:
        self.taken: Taken = []
        self.begun: list[bytes] = []
        self.gone = 0

    def admit(self, peer: Peer, others: int) -> bool:
        return others < 3

    def limit(self, peer: Peer) -> int:
        return 1 << 20

    def take(self, peer: Peer, raw: bytes) -> asyncio.Future[bytes | None]:
        self.taken.append((raw, asyncio.get_running_loop().create_future()))
        return self.taken[-1][1]

    def too_long(self, peer: Peer, limit: int, begin: bytes) -> asyncio.Future[bytes | None]:
        return self.take(peer, b"too long")

    def left(self, peer: Peer) -> None:
        self.gone += 1

    async def broken(self, peer: Peer, begin: bytes) -> None:
        self.begun.append(begin)


@asynccontextmanager
async def listening(house: Quiet, limits: Limits = QUICK) -> AsyncIterator[tuple[Listener, int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    listener = Listener(house, "127.0.0.1", limits)
    await listener.open(port, None)
    try:
        yield listener, port
    finally:
        for each in listener.ports:
            await listener.close(each)


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110  by what the house has seen
            await asyncio.sleep(0.01)


def run(work: Coroutine[Any, Any, None]) -> None:
    loops.run(work, uvloop.run)


def test_answers_go_out_in_the_order_of_the_messages_whichever_is_ready_first() -> None:
    async def work() -> None:
        house = Quiet()
        async with listening(house) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"".join(frame(b"m%d" % n) for n in range(3)))
            await until(lambda: len(house.taken) == 3)
            for n in (2, 1, 0):
                house.taken[n][1].set_result(b"" if n == 1 else b"a%d" % n)
            assert await reader.readexactly(10) == frame(b"a0") + frame(b"a2")
            writer.close()

    run(work())


def test_after_one_that_could_not_be_kept_nothing_is_answered() -> None:
    async def work() -> None:
        house = Quiet()
        async with listening(house) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"".join(frame(b"m%d" % n) for n in range(3)))
            await until(lambda: len(house.taken) == 3)
            for (_, answer), told in zip(house.taken, (b"a0", None, b"a2"), strict=True):
                answer.set_result(told)
            assert await reader.read() == frame(b"a0")
            await until(lambda: house.gone)
            writer.close()

    run(work())


def test_a_sender_that_has_ended_its_half_is_answered_and_a_rest_is_kept() -> None:
    async def work() -> None:
        house = Quiet()
        async with listening(house) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(frame(b"m0") + b"\x0bMSH|half")
            writer.write_eof()
            await until(lambda: house.taken)
            house.taken[0][1].set_result(b"a0")
            assert await reader.read() == frame(b"a0")
            await until(lambda: house.begun)
            assert house.begun == [b"MSH|half"]
            writer.close()

    run(work())


def test_nothing_more_is_read_while_much_is_owed_and_all_of_it_afterwards() -> None:
    async def work() -> None:
        house, count = Quiet(), 8000
        async with listening(house) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"".join(frame(b"%06d" % n + b"x" * 994) for n in range(count)))
            await until(lambda: len(house.taken) > 60)
            held = -1
            while held != len(house.taken):
                held = len(house.taken)
                await asyncio.sleep(0.3)
            assert held * 1000 <= server.HELD + (1 << 18)  # what is held, and what one read of the loop may bring
            answered = 0
            async with asyncio.timeout(60):
                while answered < count:
                    await until(lambda: len(house.taken) > answered)  # noqa: B023  asked at once
                    for raw, answer in house.taken[answered:]:
                        answer.set_result(raw[:6])
                        answered += 1
                    await asyncio.sleep(0)
                told = await reader.readexactly(count * 9)
            assert told == b"".join(frame(b"%06d" % n) for n in range(count))
            writer.close()

    run(work())


def test_who_takes_no_answers_is_cut_off_and_others_go_on() -> None:
    async def work() -> None:
        house = Quiet()
        async with listening(house) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
            writer.write(frame(b"m0"))
            await until(lambda: house.taken)
            house.taken[0][1].set_result(b"a" * (64 << 20))
            other, said = await asyncio.open_connection("127.0.0.1", port)
            said.write(frame(b"m1"))
            await until(lambda: len(house.taken) == 2)
            house.taken[1][1].set_result(b"a1")
            assert await other.readexactly(5) == frame(b"a1")
            await until(lambda: house.gone == 1)
            writer.close()
            said.close()
            del reader

    run(work())


@pytest.mark.parametrize("limits", [Limits(first=0.2), Limits(first=9, idle=0.2), Limits(first=9, idle=9, frame=0.2)])
def test_who_sends_nothing_in_time_is_cut_off_but_not_while_something_is_owed(limits: Limits) -> None:
    async def work() -> None:
        house = Quiet()
        async with listening(house, limits) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            if limits.first > 1:
                writer.write(frame(b"m0") + (b"\x0bMSH" if limits.idle > 1 else b""))
                await until(lambda: house.taken)
                await asyncio.sleep(3 * server.LOOK)
                assert not house.gone
                house.taken[0][1].set_result(b"a0")
            await until(lambda: house.gone)
            assert await reader.read() == (frame(b"a0") if limits.first > 1 else b"")
            assert house.begun == ([b"MSH"] if limits.idle > 1 and limits.first > 1 else [])
            writer.close()

    run(work())


def test_a_listener_that_closes_answers_what_is_whole() -> None:
    async def work() -> None:
        house = Quiet()
        async with listening(house) as (listener, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            idle, quiet = await asyncio.open_connection("127.0.0.1", port)
            writer.write(frame(b"m0"))
            await until(lambda: house.taken)
            closing = asyncio.create_task(listener.close(port))
            assert await idle.read() == b""
            house.taken[0][1].set_result(b"a0")
            assert await reader.read() == frame(b"a0")
            await closing
            assert (house.gone, listener.ports) == (2, frozenset())
            writer.close()
            quiet.close()

    run(work())


def test_what_is_too_long_is_answered_though_its_sender_goes_on_sending() -> None:
    async def work() -> None:
        house = Quiet()
        async with listening(house) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(frame(b"m0") + b"\x0b" + b"x" * (3 << 20))
            await until(lambda: house.taken)
            house.taken[0][1].set_result(b"a0")
            await until(lambda: len(house.taken) == 2)
            assert [raw for raw, _ in house.taken] == [b"m0", b"too long"]
            house.taken[1][1].set_result(b"no")
            writer.write(b"x" * (3 << 20))
            assert await reader.readexactly(10) == frame(b"a0") + frame(b"no")
            writer.write_eof()
            assert await reader.read() == b""
            writer.close()

    run(work())


def test_no_more_connections_than_are_admitted() -> None:
    async def work() -> None:
        house = Quiet()
        async with listening(house) as (_, port):
            made = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
            assert await made[3][0].read() == b""
            await until(lambda: house.gone == 1)
            for _, writer in made:
                writer.close()

    run(work())
