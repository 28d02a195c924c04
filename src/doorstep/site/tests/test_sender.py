"""What goes out, to others' receivers and to our own listener, over real sockets, plain and with TLS."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import hl7
import pytest
from hl7.mllp import HL7StreamReader, HL7StreamWriter, start_hl7_server
from hl7apy.mllp import AbstractHandler, MLLPServer
from hl7apy.parser import parse_message

from doorstep.record.endpoints.actions.dispatching import Dispatcher
from doorstep.record.endpoints.models import Outbound
from doorstep.record.endpoints.tests import kit
from doorstep.record.endpoints.tests.receiver import Receiver
from doorstep.record.endpoints.tests.test_sending import queue, row, states, work
from doorstep.record.exchange.tests.kit import make_organisation
from doorstep.site.tests.test_mllp import certify, listening

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def source(transactional_db: None) -> UUID:
    return make_organisation("甲医院")


class Accept(AbstractHandler):
    """Answers as the examples of hl7apy do; ``came`` is filled by the test."""

    def __init__(self, message: str, came: list[str]) -> None:
        super().__init__(message)
        self.came = came

    def reply(self) -> str:
        read = parse_message(self.incoming_message, find_groups=False)
        number = read.msh.msh_10.value
        self.came.append(number)
        text = f"MSH|^~\\&|HIS|W|D|H|20260301||ACK^R01|1|P|2.5.1\rMSA|AA|{number}\r"
        return f"\x0b{text}\x1c\r"


@contextmanager
def hl7apy_server() -> Iterator[tuple[int, list[str]]]:
    """The MLLP server of hl7apy: a connection for each message."""
    came: list[str] = []
    port = kit.free_port()
    server = MLLPServer("127.0.0.1", port, {"ORU^R01^ORU_R01": (Accept, came)})
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield port, came
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def hl7_server() -> Iterator[tuple[int, list[str]]]:
    """The asyncio server of python-hl7: connections that stay."""
    came: list[str] = []
    port, loop, ready = kit.free_port(), asyncio.new_event_loop(), threading.Event()
    stop = asyncio.Event()

    async def answer(reader: HL7StreamReader, writer: HL7StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                message = await reader.readmessage()
                came.append(str(message.segment("MSH")[10]))
                writer.writemessage(message.create_ack())
                await writer.drain()

    async def serve() -> None:
        server: Any = await start_hl7_server(answer, "127.0.0.1", port, encoding="utf-8")
        ready.set()
        await stop.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield port, came
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


@pytest.mark.parametrize("server", [hl7apy_server, hl7_server])
def test_receivers_of_other_people_take_what_we_send(source: UUID, server: Callable[..., Any]):
    with server() as (port, came):
        target = kit.make_target(source, port)
        for number in range(20):
            queue(target, number, f"P{number % 3}")
        work(Dispatcher(), lambda: states() == {"taken": 20})
    assert sorted(came) == sorted(f"C{n}" for n in range(20))
    for key in range(3):
        mine = [int(each[1:]) for each in came if int(each[1:]) % 3 == key]
        assert mine == sorted(mine)
    assert {each.tries for each in Outbound.objects.unscoped("test")} == {1}


def test_our_own_listener_takes_what_we_send_to_the_byte(source: UUID):
    port = kit.free_port()
    endpoint = kit.make_endpoint(source, port=port)
    target = kit.make_target(source, port)
    with listening(port):
        for number in range(10):
            queue(target, number, f"P{number}")
        work(Dispatcher(), lambda: states() == {"taken": 10})
    came = {bytes(each.raw) for each in kit.inbound() if each.endpoint_id == endpoint}
    assert came == {bytes(each.body) for each in Outbound.objects.unscoped("test")}
    answers = [hl7.parse(bytes(each.answer or b"").decode()) for each in Outbound.objects.unscoped("test")]
    assert {str(each.segment("MSA")[1]) for each in answers} == {"AA"}


def test_with_tls_to_whom_we_believe_and_with_our_own_certificate(source: UUID, tmp_path: Path):
    certificate, key = certify(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificate))
    context.load_cert_chain(certificate, key)
    context.verify_mode = ssl.CERT_REQUIRED
    there = Receiver(secured=context)
    ours = {"certificate": str(certificate), "key": str(key)}
    believed = {"secured": True, "authority": str(certificate), "host": "localhost"}
    good = queue(kit.make_target(source, there.port, believed, **ours), 1)
    stranger = queue(kit.make_target(source, there.port, {"secured": True, "host": "localhost"}, **ours), 2)
    misnamed = queue(kit.make_target(source, there.port, {**believed, "host": "127.0.0.1"}, **ours), 3)
    missing = queue(kit.make_target(source, there.port, {**believed, "authority": "/nowhere.pem"}, **ours), 4)
    plain = queue(kit.make_target(source, there.port, {"patience": 2}), 5)
    failing = (stranger, misnamed, missing, plain)
    work(Dispatcher(), lambda: row(good).state == "taken" and all(row(each).reason for each in failing))
    assert [row(each).reason for each in failing[:3]] == ["tls-failed", "tls-failed", "tls-files"]
    assert row(plain).reason in ("closed", "too-slow")
    assert there.controls() == ["C1"]
    there.close()
