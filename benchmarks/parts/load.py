"""Clients that ask one server at once over connections that stay open, and remember how long each answer took."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """One request: its status is asserted."""

    method: str
    path: str
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    status: int = 200


@dataclass(slots=True)
class Load:
    """What a run gave: how many answers, in how many seconds, each one's latency in seconds, bytes received."""

    count: int
    wall: float
    latencies: list[float]
    size: int

    def percentile(self, part: float) -> float:
        """A percentile in milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))]


async def run(port: int, key: str, make: Callable[[int], Request], total: int, clients: int) -> Load:
    """Send ``total`` requests, the n-th as ``make(n)`` says, from so many clients at once."""
    latencies: list[float] = []
    numbers = iter(range(total))
    size = 0

    async def client() -> None:
        nonlocal size
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            for number in numbers:
                request = make(number)
                began = time.perf_counter()
                writer.write(_text(request, key))
                status, length = await _answer(reader)
                latencies.append(time.perf_counter() - began)
                size += length
                if status != request.status:
                    raise SystemExit(f"{request.method} {request.path[:200]}: {status}, not {request.status}")
        finally:
            writer.close()

    began = time.perf_counter()
    await asyncio.gather(*[client() for _ in range(min(clients, total))])
    return Load(total, time.perf_counter() - began, latencies, size)


def _text(request: Request, key: str) -> bytes:
    lines = [
        f"{request.method} {request.path} HTTP/1.1",
        "host: 127.0.0.1",
        f"authorization: Bearer {key}",
        "accept: application/fhir+json",
        *(f"{name}: {value}" for name, value in request.headers),
    ]
    if request.body:
        lines += ["content-type: application/fhir+json", f"content-length: {len(request.body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + request.body


async def _answer(reader: asyncio.StreamReader) -> tuple[int, int]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    status = int(head.split(" ", 2)[1])
    if "transfer-encoding: chunked" in head:
        size = 0
        while length := int(await reader.readline(), 16):
            size += len(await reader.readexactly(length + 2))
        await reader.readline()
        return status, size
    length = int(head.partition("content-length:")[2].partition("\r\n")[0] or 0)
    return status, len(await reader.readexactly(length))
