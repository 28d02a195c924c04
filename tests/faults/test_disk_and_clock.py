"""A full disk acknowledges nothing, and all goes on when it is freed; a clock that jumps loses and doubles nothing."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from doorstep.record.endpoints.tests.kit import free_port
from tests.faults.house import House, until
from tests.faults.test_kill_mllp import MAKE, STATES, VALUES, Load, opened

ROOM = 600 << 20  # bytes of the small disk
JUMPING = """
import sys, time
from datetime import timedelta
from pathlib import Path
from doorstep.kernel import clock
said, now, seconds = Path(sys.argv.pop(1)), clock.now, time.time
clock.now = lambda: now() + timedelta(seconds=float(said.read_text()))
time.time = lambda: seconds() + float(said.read_text())
from doorstep.site import cli
cli.main()
"""


@pytest.fixture
def small() -> Iterator[House]:
    """A house on a small disk of its own."""
    disk = Path(tempfile.mkdtemp(prefix="doorstep-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM},mode=755", "doorstep", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        disk.rmdir()
        pytest.skip("no disk can be made here that may be filled: to mount one takes root")
    try:
        home = House(disk)
        yield home
        home.close()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
        disk.rmdir()


def fill(disk: Path) -> Path:
    """A file that takes all the room there is."""
    ballast = disk / "ballast"
    for size in (1 << 20, 1 << 12, 1):
        with ballast.open("ab", buffering=0) as file, suppress(OSError):
            while file.write(bytes(size)):
                pass
    return ballast


@contextmanager
def sending(port: int, senders: int) -> Iterator[list[Load]]:
    """Senders that go on whatever happens, until the block ends."""
    stop = threading.Event()
    loads = [Load(at, port, stop) for at in range(1, senders + 1)]
    for load in loads:
        load.start()
    try:
        yield loads
    finally:
        stop.set()
        for load in loads:
            load.join(30)
    assert not any(load.is_alive() for load in loads)


def made(home: House) -> int:
    """An endpoint; its port."""
    port = free_port()
    home.within("\n    ".join(MAKE.replace("PORT", str(port)).strip().splitlines()))
    return port


def sent(loads: list[Load]) -> int:
    return sum(load.sent for load in loads)


def all_is_there_once(home: House, loads: list[Load]) -> None:
    """Each value that was acknowledged, once; nothing waits and nothing rests."""
    until(lambda: "kept" not in dict(home.rows(STATES)), 90)
    assert set(dict(home.rows(STATES))) == {"applied"}
    written = dict(home.rows(VALUES))
    assert set[str]().union(*(load.numbers() for load in loads)) <= set(written)
    assert set(written.values()) == {1}


def test_a_full_disk_acknowledges_nothing_and_all_goes_on_when_it_is_freed(small: House) -> None:
    port = made(small)
    running = [small.start("mllp"), small.start("worker")]
    until(lambda: opened(port))
    with sending(port, 3) as loads:
        until(lambda: sent(loads) > 9)
        ballast = fill(small.folder)
        until(lambda: sum(load.again for load in loads) > 3, 120)
        ballast.unlink()
        small.join()  # where PostgreSQL gave up, it is started again
        before = sent(loads)
        until(lambda: sent(loads) > before + 9, 120)
    all_is_there_once(small, loads)
    for program in running:
        program.terminate()
        program.wait(30)


def test_a_clock_that_jumps_loses_and_doubles_nothing(home: House, tmp_path: Path) -> None:
    """An hour ahead, a day back, right again, under load: that of the programs alone, so that PostgreSQL's differs."""
    port, said = made(home), tmp_path / "ahead"
    said.write_text("0")
    with (tmp_path / "log").open("wb") as log:
        running = [
            subprocess.Popen(
                [sys.executable, "-c", JUMPING, str(said), name], env=home.environment, stdout=log, stderr=log
            )
            for name in ("mllp", "worker")
        ]
        until(lambda: opened(port))
        with sending(port, 3) as loads:
            for ahead in (3600, -86_400, 0):
                before = sent(loads)
                until(lambda before=before: sent(loads) > before + 9)
                said.with_suffix(".new").write_text(str(ahead))
                said.with_suffix(".new").replace(said)
            before = sent(loads)
            until(lambda: sent(loads) > before + 9)
        all_is_there_once(home, loads)
        assert sum(load.again for load in loads) == 0
        for program in running:
            program.terminate()
            program.wait(30)
