"""Everything started as one program: it answers, outlives the death of its parts, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.faults.house import founded

LONG = 240  # a busy machine starts a part in a minute, not in a second


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until(true: Callable[[], bool], seconds: float = LONG) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.1)
    return False


def _answers(url: str, status: int = 200) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == status
    except httpx.HTTPError:
        return False


def _doorstep(home: Path, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("DOORSTEP_", "DJANGO_"))}
    command = [sys.executable, "-m", "doorstep.site.cli", *arguments]
    log = (home / "program.log").open("ab")
    return subprocess.Popen(command, env=environment | {"DOORSTEP_HOME": str(home)}, stdout=log, stderr=log)


def _pids(pattern: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            except OSError:
                continue
            if re.search(pattern, line):
                found.append(int(entry.name))
    return found


@pytest.fixture
def empty() -> Iterator[Path]:
    """A data folder of the test's own with nothing in it, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="doorstep-serve-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home(empty: Path) -> Path:
    """A data folder in which the program has run before."""
    founded(empty)
    return empty


@contextmanager
def _serving(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    port = _free_port()
    program = _doorstep(home, "serve", "--port", str(port))
    base = f"http://127.0.0.1:{port}"
    try:
        assert _until(lambda: _answers(f"{base}/healthz")), (home / "program.log").read_text()
        yield program, base
    finally:
        program.send_signal(signal.SIGTERM)
        program.wait(timeout=LONG)


def _postmaster(home: Path) -> int:
    data = next(p for p in (home / "pg").resolve().rglob("postmaster.pid"))
    return int(data.read_text().splitlines()[0])


def test_one_program_serves_pages_and_the_fhir_door_and_leaves_nothing_behind(empty: Path) -> None:
    with _serving(empty) as (_program, base):
        assert "家门口" in httpx.get(f"{base}/sign-in").text
        assert httpx.get(f"{base}/").status_code == 302
        assert httpx.get(f"{base}/fhir/metadata").json()["fhirVersion"] == "4.0.1"
        refused = httpx.post(f"{base}/fhir", content=b"{}", headers={"content-type": "application/fhir+json"})
        assert refused.status_code == 401
        database = _postmaster(empty)
    assert _until(lambda: not Path(f"/proc/{database}").exists())


def test_the_death_of_a_part_is_outlived(home: Path) -> None:
    with _serving(home) as (program, base):
        children = [p for p in _pids(r"doorstep\.site\.cli worker") if _parent(p) == program.pid]
        assert children
        os.kill(children[0], signal.SIGKILL)
        assert _until(lambda: any(p not in children for p in _pids("cli worker") if _parent(p) == program.pid)), (
            home / "program.log"
        ).read_text()
        os.kill(_postmaster(home), signal.SIGKILL)
        assert _until(lambda: _answers(f"{base}/healthz", 503) or _answers(f"{base}/healthz"))
        assert _until(lambda: _answers(f"{base}/healthz") and _answers(f"{base}/sign-in"))


def test_a_killed_program_leaves_no_orphan_that_keeps_the_port(home: Path) -> None:
    port = _free_port()
    program = _doorstep(home, "serve", "--port", str(port))
    assert _until(lambda: _answers(f"http://127.0.0.1:{port}/healthz"))
    program.kill()
    program.wait()
    again = _doorstep(home, "serve", "--port", str(port))
    try:
        assert _until(lambda: again.poll() is not None or _answers(f"http://127.0.0.1:{port}/healthz"))
        if again.poll() is not None:
            # the old server had not let go of the port yet; its watch ends it within seconds
            time.sleep(3)
            again = _doorstep(home, "serve", "--port", str(port))
        assert _until(lambda: _answers(f"http://127.0.0.1:{port}/healthz"))
        assert again.poll() is None
    finally:
        again.send_signal(signal.SIGTERM)
        again.wait(timeout=LONG)


def test_a_part_whose_program_was_killed_before_it_stood_ends_too() -> None:
    """It takes a part seconds to be there: what started it may be gone by then."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    code = (
        "import threading\nfrom doorstep.site import serve\nended = threading.Event()\n"
        "serve.watch_parent(ended.set)\nassert ended.wait(30)"
    )
    environment = os.environ | {"DOORSTEP_PARENT": str(gone.pid)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, timeout=LONG, check=False).returncode == 0


def test_an_occupied_port_is_told_in_words(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        program = _doorstep(home, "serve", "--port", str(taken.getsockname()[1]))
        assert program.wait(timeout=LONG) == 4
    assert "端口" in (home / "program.log").read_text()


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0
