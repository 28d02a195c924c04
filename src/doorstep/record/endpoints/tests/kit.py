"""Endpoints and messages for tests, and a sender that speaks MLLP over plain sockets."""

from __future__ import annotations

import hashlib
import re
import socket
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import connection

from doorstep.adapters.hl7v2.codec import header_of
from doorstep.kernel import clock
from doorstep.kernel.testing.callers import system
from doorstep.record.endpoints.actions import editing, work
from doorstep.record.endpoints.actions.keep import KEEP, columns, found
from doorstep.record.endpoints.models import Endpoint, Inbound
from doorstep.record.endpoints.rules import turns
from doorstep.record.endpoints.rules.facts import Ordering
from doorstep.record.endpoints.shapes import Arrival, Facts, Outward

START, END = b"\x0b", b"\x1c\r"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


def make_endpoint(organisation: UUID, **said: Any) -> UUID:
    """An endpoint that is on."""
    facts = Facts(name="检验系统", organisation=organisation, port=said.pop("port", 2575))
    return editing.make(system(), facts=replace(facts, **said))


def make_target(organisation: UUID, port: int = 2576, out: dict[str, Any] | None = None, **said: Any) -> UUID:
    """An endpoint that we send to, which is on."""
    facts = Facts(
        "医院信息系统", organisation, port, "DOORSTEP", "HUB", most_connections=4,
        out=Outward(**{"host": "127.0.0.1", "to_application": "HIS", "to_facility": "WARD"} | (out or {})),
    )  # fmt: skip
    return editing.make(system(), facts=replace(facts, **said))


def oru(number: int = 1, patient: str = "P1", value: str = "36.5", **more: str) -> bytes:
    """A result (ORU^R01, v2.5.1) that differs by its number."""
    header = {"application": "LIS", "facility": "LAB", "kind": "ORU^R01^ORU_R01", "tail": ""} | more
    lines = [
        f"MSH|^~\\&|{header['application']}|{header['facility']}|DOORSTEP|DOORSTEP|20260301080000+0800||"
        f"{header['kind']}|C{number}|P|2.5.1{header['tail']}",
        f"PID|1||{patient}^^^LAB^MR||王^小明||19850315|M",
        f"OBR|1|O{number}|F{number}|8310-5^Body temperature^LN|||20260301080000+0800||||||||||||||||||F",
        f"OBX|1|NM|8310-5^Body temperature^LN||{value}|Cel^^UCUM|||||F|||20260301080000+0800",
    ]
    return ("\r".join(lines) + "\r").encode()


class Sender:
    """One connection."""

    def __init__(self, port: int, *, timeout: float = 20) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.kept = b""

    def send(self, *messages: bytes) -> None:
        self.socket.sendall(b"".join(START + each + END for each in messages))

    def answer(self) -> bytes | None:
        """The next acknowledgement; None where the connection was closed without one."""
        while END not in self.kept:
            try:
                data = self.socket.recv(65536)
            except ConnectionError:
                data = b""
            if not data:
                return None
            self.kept += data
        found, self.kept = self.kept.split(END, 1)
        return found.lstrip(START)

    def ask(self, message: bytes) -> bytes | None:
        self.send(message)
        return self.answer()

    def close(self) -> None:
        self.socket.close()


def code(answer: bytes | None) -> str:
    """MSA-1 and MSA-2 of an acknowledgement; empty for none."""
    if answer is None:
        return ""
    msa = next(line for line in answer.split(b"\r") if line.startswith(b"MSA"))
    return b" ".join(msa.split(b"|")[1:3]).decode()


def inbound() -> list[Inbound]:
    """All that came in, in order."""
    return list(Inbound.objects.unscoped("test").order_by("pk"))


def states() -> dict[str, int]:
    """How many messages there are in each state."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, count(*) FROM endpoints_inbound GROUP BY 1")
        return dict(cursor.fetchall())


def keep(
    endpoint: UUID, *messages: bytes, reason: str = "", code: str = "AA", traces: tuple[str, ...] = ()
) -> list[int]:
    """Keep messages by the listener's own statement; their numbers."""
    row = Endpoint.objects.unscoped("test").get(pk=endpoint)
    ordering = Ordering(row.ordering)
    arrivals = []
    for serial, raw in enumerate(messages):
        header, key = header_of(raw), turns.key_of(ordering, raw)
        kind = f"{header.kind}^{header.trigger}" if header else "ORU^R01"
        arrivals.append(
            Arrival(
                endpoint, row.organisation_id, header.control_id if header else "", hashlib.sha256(raw).digest(),
                "10.1.1.1", raw, kind, key, turns.slot_of(ordering, key, serial), code, clock.now(), reason,
                {"detail": "x"} if reason else {}, trace=traces[serial] if traces else "",
            )
        )  # fmt: skip
    statement = re.sub(r"\$[0-9]+", "%s", KEEP)
    with connection.cursor() as cursor:
        cursor.execute(statement, columns(arrivals))
        return sorted(kept.id for kept in found(cursor.fetchall()).values())


def work_off() -> None:
    """Let a worker work until nothing waits."""
    while work.run(system()):
        pass
