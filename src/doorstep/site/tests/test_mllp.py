"""The listener over real sockets: kept before it is acknowledged, once, in order, whatever senders do."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.db import connection

from doorstep.adapters.mllp.server import Limits, Peer
from doorstep.kernel import outbox
from doorstep.kernel.testing.callers import system
from doorstep.kernel.testing.loops import run
from doorstep.record.endpoints import api, reads
from doorstep.record.endpoints.actions import editing
from doorstep.record.endpoints.models import Endpoint, Inbound
from doorstep.record.endpoints.tests import kit
from doorstep.record.endpoints.tests.kit import Sender, code, oru
from doorstep.record.exchange.tests.kit import make_organisation
from doorstep.site import mllp, mllp_house, mllp_keeper
from doorstep.site.mllp_counting import Told

pytestmark = pytest.mark.django_db(transaction=True)
PLACE = {"host", "port", "user", "password", "dbname"}
QUICK = Limits(first=5, idle=5, frame=0.5, rate=10_000_000, send=5)


@pytest.fixture
def source(transactional_db: None) -> UUID:
    return make_organisation("甲医院")


@contextmanager
def listening(*ports: int, limits: Limits | None = None) -> Iterator[mllp.Station]:
    """A station in a thread with a loop of its own, once it listens on the ports."""
    made: list[mllp.Station] = []
    loop, stop = uvloop.new_event_loop(), asyncio.Event()

    async def work() -> None:
        made.append(mllp.Station("127.0.0.1", limits))
        await made[0].run(stop)

    thread = threading.Thread(target=lambda: loop.run_until_complete(work()))
    thread.start()
    try:
        end = time.monotonic() + 10
        while not made or not made[0].listener.ports >= set(ports):
            assert time.monotonic() < end
            time.sleep(0.01)
        yield made[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()


@pytest.fixture
def port(source: UUID) -> int:
    found = kit.free_port()
    kit.make_endpoint(source, port=found)
    return found


def test_what_is_acknowledged_is_there_once_and_sent_again_is_told_the_same(port: int):
    with listening(port):
        first, again = Sender(port), Sender(port)
        told = [first.ask(oru(n)) for n in range(5)]
        assert [code(each) for each in told] == [f"AA C{n}" for n in range(5)]
        assert [again.ask(oru(n)) for n in range(5)] == told
    rows = kit.inbound()
    assert [bytes(row.raw) for row in rows] == [oru(n) for n in range(5)]
    assert [bytes(row.digest) for row in rows] == [hashlib.sha256(oru(n)).digest() for n in range(5)]
    assert {(row.state, row.kind, row.peer, row.key, row.code) for row in rows} == {
        ("kept", "ORU^R01", "127.0.0.1", "P1^LAB", "AA")
    }


def test_the_worker_is_called_once_a_message_is_kept(port: int):
    dsn = connection.get_connection_params()
    with psycopg.connect(**{n: dsn[n] for n in dsn.keys() & PLACE}, autocommit=True) as ears, listening(port):
        ears.execute(f"LISTEN {outbox.CHANNEL}")
        assert code(Sender(port).ask(oru(1))) == "AA C1"
        assert [call.channel for call in ears.notifies(timeout=20, stop_after=1)] == [outbox.CHANNEL]
        assert len(kit.inbound()) == 1


def test_many_connections_share_commits_and_none_is_lost(port: int):
    def one(at: int) -> None:
        sender = Sender(port)
        for n in range(20):
            assert code(sender.ask(oru(at * 100 + n, f"P{at}"))) == f"AA C{at * 100 + n}"

    with listening(port):
        threads = [threading.Thread(target=one, args=(at,)) for at in range(16)]
        [each.start() for each in threads]
        [each.join() for each in threads]
    rows = kit.inbound()
    assert len(rows) == len({row.control for row in rows}) == 320
    for at in range(16):
        mine = [int(row.control[1:]) for row in rows if row.key == f"P{at}^LAB"]
        assert mine == sorted(mine)
        assert len({row.slot for row in rows if row.key == f"P{at}^LAB"}) == 1


def test_messages_sent_without_waiting_are_answered_in_their_order(port: int):
    with listening(port):
        sender = Sender(port)
        sender.send(*[oru(n) for n in range(50)])
        assert [code(sender.answer()) for _ in range(50)] == [f"AA C{n}" for n in range(50)]
    assert [row.control for row in kit.inbound()] == [f"C{n}" for n in range(50)]


def test_enhanced_mode_gets_what_it_asks_for(port: int):
    with listening(port):
        sender = Sender(port)
        assert code(sender.ask(oru(1, tail="|||AL|NE"))) == "CA C1"
        sender.send(oru(2, tail="|||ER|NE"), oru(3, tail="|||AL|NE"))
        assert code(sender.answer()) == "CA C3"
    assert [row.control for row in kit.inbound()] == ["C1", "C2", "C3"]


def test_what_is_no_message_is_refused_and_rests(port: int):
    with listening(port):
        sender = Sender(port)
        assert code(sender.ask(b"good morning")).startswith("AR")
        assert code(sender.ask(oru(1, kind=""))) == "AR C1"
        assert code(sender.ask(oru(2))) == "AA C2"
    assert [(row.state, row.reason) for row in kit.inbound()] == [
        ("resting", "unreadable"), ("resting", "unreadable"), ("kept", ""),
    ]  # fmt: skip
    rests = [row for row in kit.inbound() if row.state == "resting"]
    assert [row.place for row in rests] == ["MSH", "MSH-9"]
    said = [reads.say(row.reason, row.params, "zh") for row in rests]
    assert all(words in one for words, one in zip(("开头没有 MSH 段", "缺少必需的字段"), said, strict=True)), said


def test_a_frame_that_is_cut_is_kept_and_not_acknowledged_and_can_be_sent_again(port: int):
    with listening(port):
        sender = Sender(port)
        sender.socket.sendall(b"\x0b" + oru(1)[:80])
        sender.close()
        assert code(Sender(port).ask(oru(1))) == "AA C1"
        until(lambda: Inbound.objects.unscoped("test").count() == 2)
    assert {(row.reason, row.code, bytes(row.raw)) for row in kit.inbound()} == {
        ("broken-frame", "", oru(1)[:80]), ("", "AA", oru(1)),
    }  # fmt: skip


def until(true) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_sender_that_dribbles_is_cut_off_and_others_are_not_held_up(port: int):
    with listening(port, limits=QUICK):
        slow, quick = Sender(port), Sender(port)
        began = time.monotonic()
        told: list[float] = []

        def dribble() -> None:
            with suppress(OSError):
                for byte in b"\x0b" + oru(1):
                    slow.socket.sendall(bytes([byte]))
                    time.sleep(0.02)
            told.append(time.monotonic() - began)

        thread = threading.Thread(target=dribble)
        thread.start()
        assert [code(quick.ask(oru(n))) for n in (7, 8)] == ["AA C7", "AA C8"]
        thread.join()
        assert told[0] < 4
        assert slow.answer() is None


def test_a_long_message_is_kept_and_one_beyond_the_limit_refused(source: UUID):
    small, large = kit.free_port(), kit.free_port()
    kit.make_endpoint(source, port=small, most_bytes=1 << 20)
    kit.make_endpoint(source, port=large, name="影像", most_bytes=64 << 20)
    picture = oru(1, value="A" * (50 << 20))
    with listening(small, large):
        assert code(Sender(large, timeout=60).ask(picture)) == "AA C1"
        sender = Sender(small, timeout=60)
        threading.Thread(target=lambda: quietly(sender, picture), daemon=True).start()
        assert code(sender.answer()) == "AR C1"
    kept, refused = kit.inbound()
    assert (hashlib.sha256(bytes(kept.raw)).digest(), kept.state) == (hashlib.sha256(picture).digest(), "kept")
    assert (refused.state, refused.reason, len(refused.raw) <= 65536) == ("resting", "too-long", True)


def quietly(sender: Sender, message: bytes) -> None:
    with suppress(OSError):
        sender.send(message)


class TestPorts:
    def test_senders_who_share_a_port_are_told_apart_by_their_names(self, source: UUID):
        port, other = kit.free_port(), make_organisation("乙医院")
        mine = kit.make_endpoint(source, port=port, application="LIS", facility="LAB")
        theirs = kit.make_endpoint(other, port=port, name="乙", application="HIS")
        with listening(port):
            sender = Sender(port)
            assert code(sender.ask(oru(1))) == "AA C1"
            assert code(sender.ask(oru(2, application="HIS"))) == "AA C2"
            assert code(sender.ask(oru(3, application="PACS"))) == "AR C3"
        assert [(row.endpoint_id, row.source_id, row.control) for row in kit.inbound()] == [
            (mine, source, "C1"), (theirs, other, "C2"),
        ]  # fmt: skip

    def test_an_address_that_is_not_allowed_is_not_let_in(self, source: UUID):
        port = kit.free_port()
        kit.make_endpoint(source, port=port, addresses=("10.1.0.0/16",))
        with listening(port):
            assert Sender(port).ask(oru(1)) is None
        assert kit.inbound() == []

    def test_no_more_connections_than_allowed(self, source: UUID):
        port = kit.free_port()
        kit.make_endpoint(source, port=port, most_connections=2)
        with listening(port):
            first, second = Sender(port), Sender(port)
            assert [code(first.ask(oru(1))), code(second.ask(oru(2)))] == ["AA C1", "AA C2"]
            assert Sender(port).ask(oru(3)) is None
            first.close()
            until(lambda: code(Sender(port).ask(oru(4))) == "AA C4")

    def test_ports_follow_what_endpoints_say(self, source: UUID):
        port = kit.free_port()
        with listening() as station:
            endpoint = kit.make_endpoint(source, port=port)
            until(lambda: port in station.listener.ports)
            assert code(Sender(port).ask(oru(1))) == "AA C1"
            editing.switch(system(), endpoint=endpoint, expect=1, on=False)
            until(lambda: port not in station.listener.ports)
            until(lambda: refused(port))

    def test_two_listeners_on_one_port(self, port: int):
        with listening(port), listening(port):
            told = [code(Sender(port).ask(oru(n))) for n in range(40)]
        assert told == [f"AA C{n}" for n in range(40)]
        assert len(kit.inbound()) == 40


def refused(port: int) -> bool:
    try:
        Sender(port).close()
    except ConnectionRefusedError:
        return True
    return False


def test_where_too_much_waits_senders_are_slowed_and_nothing_is_dropped(port: int, monkeypatch):
    monkeypatch.setattr(mllp_house, "SLOWED", 0.6)
    Endpoint.objects.unscoped("test").update(depth=10)
    with listening(port):
        sender = Sender(port)
        for n in range(10):
            sender.ask(oru(n))
        began = time.monotonic()
        assert [code(sender.ask(oru(n))) for n in (20, 21)] == ["AA C20", "AA C21"]
        assert time.monotonic() - began > 0.9
    assert len(kit.inbound()) == 12


def test_over_tls_and_only_with_a_client_s_certificate_where_that_is_asked(source: UUID, tmp_path: Path):
    port = kit.free_port()
    certificate, key = certify(tmp_path)
    kit.make_endpoint(source, port=port, certificate=str(certificate), key=str(key), clients=str(certificate))
    bare = ssl.create_default_context(cafile=str(certificate))
    bare.check_hostname = False
    shown = ssl.create_default_context(cafile=str(certificate))
    shown.check_hostname = False
    shown.load_cert_chain(certificate, key)
    with listening(port):
        sender = Sender(port)
        sender.socket = shown.wrap_socket(sender.socket)
        assert code(sender.ask(oru(1))) == "AA C1"
        stranger = Sender(port)
        with suppress(OSError):  # where it is told so at once, or when it first reads
            stranger.socket = bare.wrap_socket(stranger.socket)
            assert stranger.ask(oru(2)) is None
    assert [row.control for row in kit.inbound()] == ["C1"]


def certify(folder: Path) -> tuple[Path, Path]:
    """A certificate that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mllp.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    one, two = folder / "cert.pem", folder / "key.pem"
    one.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    two.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return one, two


class Noted(mllp_keeper.Keeper):
    """Keeps nothing, and notes what it is given in its order."""

    def __init__(self, kept: list[bytes]) -> None:
        self.kept = kept

    def keep(self, arrival: api.Arrival, told: Told) -> None:
        self.kept.append(arrival.raw)


def test_who_sends_on_while_slowed_is_kept_in_order(source: UUID, monkeypatch):
    monkeypatch.setattr(mllp_house, "STEP", 0.01)
    port = kit.free_port()
    kit.make_endpoint(source, port=port, depth=1)
    [door] = api.doors()
    kept: list[bytes] = []

    async def work() -> None:
        doors = mllp_house.Doors()
        house = mllp_house.MllpHouse(doors, [Noted(kept)])
        doors.set([replace(door, waiting=5)])
        house.take(Peer(port, "127.0.0.1"), oru(1))
        house.take(Peer(port, "127.0.0.1"), oru(2))
        assert kept == []
        doors.set([replace(door, waiting=0)])  # there is room again, which those that wait have not seen yet
        house.take(Peer(port, "127.0.0.1"), oru(3))
        async with asyncio.timeout(10):
            while len(kept) < 3:  # noqa: ASYNC110  by what was kept
                await asyncio.sleep(0.01)

    run(work())
    assert kept == [oru(1), oru(2), oru(3)]


def test_all_of_a_sender_goes_by_one_lane_and_senders_by_several(source: UUID):
    port = kit.free_port()
    kit.make_endpoint(source, port=port)
    found = api.doors()
    lanes: list[list[bytes]] = [[], []]

    async def work() -> None:
        doors = mllp_house.Doors()
        doors.set(found)
        house = mllp_house.MllpHouse(doors, [Noted(kept) for kept in lanes])
        peers = [Peer(port, "127.0.0.1", number) for number in range(4)]
        for number in range(12):
            house.take(peers[number % 4], oru(number))

    run(work())
    assert lanes == [[oru(n) for n in range(0, 12, 2)], [oru(n) for n in range(1, 12, 2)]]
