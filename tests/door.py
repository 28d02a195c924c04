"""The FHIR door as tests ask it: the real app over the real database, in an event loop of its own thread."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx
from django.db import connections

T = TypeVar("T")
Json = dict[str, Any]


class RunningDoor:
    """The door for one test; ``key`` is the bearer token that is sent unless another (or none, "") is given."""

    def __init__(self, key: str = "", body_limit: int = 64 << 20) -> None:
        self.key = key
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="door", daemon=True)
        self.thread.start()
        self.run(self._open(body_limit))

    async def _open(self, body_limit: int) -> None:
        from doorstep.fhir.door.app import Door
        from doorstep.site.fhir_house import House

        self.house = House()
        door = Door(self.house, body_limit, "test")

        async def below(scope: Any, receive: Any, send: Any) -> None:
            if scope["path"].startswith("/fhir"):
                scope = {**scope, "root_path": "/fhir"}
            await door(scope, receive, send)

        transport = httpx.ASGITransport(below, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://testserver", timeout=120)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the door's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(180)

    async def ask(self, method: str, path: str, *, key: str | None = None, **more: Any) -> httpx.Response:
        """One request, from within the loop: many at once by ``asyncio.gather``."""
        token = self.key if key is None else key
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= more.pop("headers", {})
        url = path if path.startswith("/") else f"/fhir/{path}"
        return await self.client.request(method, url, headers=headers, **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Read or search."""
        return self.run(self.ask("GET", path, **more))

    def send(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """Write; a dict goes as FHIR JSON."""
        if isinstance(body, dict | list):
            more["content"] = json.dumps(body, ensure_ascii=False).encode()
            more["headers"] = {"Content-Type": "application/fhir+json"} | more.get("headers", {})
        elif body is not None:
            more["content"] = body
        return self.run(self.ask(method, path, **more))

    def close(self) -> None:
        """Close connections and threads."""
        self.run(self._close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    async def _close(self) -> None:
        await self.client.aclose()
        await self.house.close()
        for pool in (self.house._threads, self.house._pulse):
            count = pool._max_workers
            gate = threading.Barrier(count)
            await asyncio.gather(*[asyncio.get_running_loop().run_in_executor(pool, _part, gate) for _ in range(count)])
            pool.shutdown()


def _part(gate: threading.Barrier) -> None:
    gate.wait(30)
    connections.close_all()


@contextmanager
def running(key: str = "", **more: Any) -> Iterator[RunningDoor]:
    """A door that is closed at the end."""
    door = RunningDoor(key, **more)
    try:
        yield door
    finally:
        door.close()


def two_keys() -> dict[str, tuple[Any, str]]:
    """A small district with two institutions that share nothing, ``a`` and ``b``: id and key of each."""
    from doorstep.kernel.testing import callers
    from doorstep.registers.organisations.tests import factory
    from doorstep.registers.staff import api as staff

    district = factory.make()
    return {
        name: (place, staff.issue_key(callers.system(), organisation=place, name=f"HIS {name}")[1])
        for name, place in (("a", district.lead), ("b", district.second))
    }
