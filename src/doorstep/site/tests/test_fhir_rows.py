"""Searches and reads whose connection is ended by the database: they are told to come back, and nothing is a fault."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from django.db import connection

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.search.plan import Statement
from doorstep.kernel.testing.callers import member, system
from doorstep.kernel.testing.loops import run
from doorstep.record.exchange.tests import kit
from doorstep.site import fhir_rows
from doorstep.site.fhir_rows import Rows

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def source(transactional_db: None) -> UUID:
    return kit.make_organisation("甲医院")


def _slow() -> Generator[Any, Any, Any]:
    return (yield Statement("SELECT pg_sleep(20), 'slow'", ()))


def _quick() -> Generator[Any, Any, Any]:
    return (yield Statement("SELECT 1", ()))


async def _beside(work: Callable[[], Any]) -> Any:
    return work()


def _end_the_slow() -> int:
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query = %s AND datname = %s",
                ["SELECT pg_sleep(20), 'slow'", connection.settings_dict["NAME"]],
            )
            return int(cursor.fetchone()[0])
    finally:
        connection.close()


def test_whose_session_is_ended_comes_back(source: UUID) -> None:
    """As at a shutdown of PostgreSQL: 57P01, of no family that asyncpg calls a lost connection."""

    async def go() -> None:
        rows, call = Rows(), member(source)
        asked = asyncio.create_task(rows.run(call, _slow(), _beside))
        for _ in range(100):
            await asyncio.sleep(0.1)
            if await asyncio.to_thread(_end_the_slow):
                break
        with pytest.raises(FhirProblem) as refused:
            await asked
        assert refused.value.code == "overloaded"
        assert len(await rows.run(call, _quick(), _beside)) == 1
        await rows.close()

    run(go())


FELL = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection due to unexpected postmaster exit\0\0"


@pytest.mark.parametrize("scope_changes", [False, True])
def test_a_server_that_fell_said_so_and_has_not_closed_yet(source: UUID, *, scope_changes: bool) -> None:
    """What a process of a killed server says last, read from an idle connection before the socket's end is."""

    async def go() -> None:
        rows = Rows(size=1)
        await rows.run(member(source), _quick(), _beside)
        assert rows._pool is not None
        raw = rows._pool._holders[0]._con
        raw._protocol.data_received(b"E" + (len(FELL) + 4).to_bytes(4, "big") + FELL)
        call = system() if scope_changes else member(source)
        with pytest.raises(FhirProblem) as refused:
            await rows.run(call, _quick(), _beside)
        assert refused.value.code == "overloaded"
        assert raw.is_closed()
        assert len(await rows.run(call, _quick(), _beside)) == 1
        await rows.close()

    run(go())


@pytest.mark.parametrize("state", ["57P01", "57P02", "57P03", "08006", "08P01"])
def test_what_a_dying_server_says_is_a_lost_connection(state: str) -> None:
    """57P02: another process of the server died, by kill -9 or for want of memory."""
    assert isinstance(asyncpg.PostgresError.new({"C": state, "S": "FATAL", "M": "x"}), fhir_rows.LOST)
