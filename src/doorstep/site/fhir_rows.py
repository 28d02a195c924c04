"""Drives the steps of searches and reads over asyncpg: one connection a request, none held while waiting for one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import asyncpg
from django.db import connection

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.search.plan import Statement
from doorstep.kernel import fence
from doorstep.kernel.call import Call

T = TypeVar("T")
CONNECTIONS: Final = 8
SECONDS: Final = 8  # a statement may take; longer ones are ended, and refused in words
WAIT: Final = 20.0  # seconds a request waits for a connection before it is told to come back
LOST: Final = (
    asyncpg.InterfaceError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError, asyncpg.CrashShutdownError, OSError,
    asyncpg.InternalClientError,  # a server that fell said so to an idle connection, and has not closed it yet
)  # fmt: skip
"""What asyncpg raises where the connection is gone, or the server stops, falls or rises."""

_SCOPE: Final = "SELECT " + ", ".join(
    f"set_config('{name}', ${at}, false)" for at, name in enumerate((fence.SETTING, fence.OWN, fence.PATIENTS), 1)
)

log = logging.getLogger(__name__)


class _Connection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg carries no types
    scope: tuple[str, str, str] | None = None

    def get_reset_query(self) -> str:
        """Nothing: no request changes its session, and asking would cost a round trip each."""
        return ""


class Rows:
    """The pool of one event loop, made when it is first needed."""

    def __init__(self, size: int = CONNECTIONS) -> None:
        self._size = size
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()

    async def run(
        self,
        call: Call,
        steps: Generator[Any, Any, T],
        work: Callable[[Callable[[], Any]], Awaitable[Any]],
        admitted: Sequence[str] = (),
    ) -> T:
        """Drive steps to their end: statements over one connection in the caller's scope, what may wait beside it.

        ``admitted`` are patients (FHIR ids) whose records are let through besides.
        """
        held: Any = None
        said = (fence.written(call.scope), str(call.organisation or ""), "{" + ",".join(admitted) + "}")
        pool = self._pool or await self._open()
        try:
            step = next(steps)
            while True:
                if isinstance(step, Statement):
                    held = held or await _acquired(pool, said)
                    answer = await held.fetch(step.sql, *step.params)
                else:
                    answer = await work(step)
                step = steps.send(answer)
        except StopIteration as done:
            found: T = done.value
            return found
        except (asyncpg.QueryCanceledError, TimeoutError):
            raise FhirProblem("slow-search") from None
        except asyncpg.DataError as error:
            # a value that passed the checks and no column can hold, such as a year 20000
            raise FhirProblem("bad-search-value", value=str(error)[:60], kind="value") from None
        except LOST as error:
            log.warning("the database is away: %s", error)
            _drop(held)
            raise FhirProblem("overloaded") from None
        finally:
            if held is not None:
                await pool.release(held)

    async def _open(self) -> Any:
        async with self._opening:
            if self._pool is None:
                try:
                    self._pool = await asyncpg.create_pool(
                        **_place(),
                        min_size=1,
                        max_size=self._size,
                        connection_class=_Connection,
                        statement_cache_size=2000,
                        max_cached_statement_lifetime=0,
                        server_settings={
                            "role": fence.ROLE,
                            "statement_timeout": str(SECONDS * 1000),
                            "application_name": "fhir",
                            # the way in is chosen when the statement is written; to plan each anew costs more than
                            # most of them take (measured: 0.28 ms against 0.03 ms for ten Observations of a patient)
                            "plan_cache_mode": "force_generic_plan",
                            # a plan that knows no values takes every patient for an average one; at the default of 4
                            # it would fetch and sort the whole record of each (3.2 ms against 0.3 for the newest 50)
                            "random_page_cost": "1.1",
                        },
                    )
                except (*LOST, asyncpg.PostgresError) as error:
                    log.warning("the database is away: %s", error)
                    raise FhirProblem("overloaded") from None
            return self._pool

    async def close(self) -> None:
        """Close all connections."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await pool.close()


def _place() -> dict[str, Any]:
    given = connection.settings_dict
    secured = {name: value for name, value in given["OPTIONS"].items() if name.startswith("ssl")}
    return {
        "dsn": f"postgresql:///?{urlencode(secured)}",  # what is named below stands above it
        "host": given["HOST"] or None,
        "port": int(given["PORT"]) if given["PORT"] else None,
        "user": given["USER"] or None,
        "password": given["PASSWORD"] or None,
        "database": given["NAME"],
    }


async def connect(name: str) -> Any:
    """A connection of the owner's in the running loop, whose statements are planned once: for the trail."""
    settings = {"application_name": name, "plan_cache_mode": "force_generic_plan"}
    return await asyncpg.connect(**_place(), server_settings=settings)


def _drop(held: Any) -> None:
    """Close a broken connection at once: the end of its socket may come late, or never."""
    if held is not None and held._con is not None:
        held.terminate()


async def _acquired(pool: Any, scope: tuple[str, str, str]) -> Any:
    """A connection whose session has this scope: said again only where the request before it had another."""
    try:
        # where one is idle there is nothing to wait for: no clock need be set
        held = await (pool.acquire() if pool.get_idle_size() else pool.acquire(timeout=WAIT))
    except TimeoutError:
        raise FhirProblem("overloaded") from None
    raw = held._con  # the pool hands out a new proxy each time; what lasts is the connection behind it
    if raw.scope != scope:
        try:
            raw.scope = None
            await held.fetchval(_SCOPE, *scope)
            raw.scope = scope
        except BaseException as error:
            if isinstance(error, LOST):
                _drop(held)
            await pool.release(held)
            raise
    return held
