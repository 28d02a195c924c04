"""The embedded PostgreSQL: started with the first program of a home, shared by all of them, stopped with the last."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import quote

from doorstep.kernel.postgres_place import (
    ADMIN,
    LOG_LIMIT,
    ROLE,
    Place,
    PostgresError,
    failure,
    own_file,
    prepare,
    promise,
    socket_folder,
)
from doorstep.kernel.secret_files import secret

__all__ = ["PostgresError", "Server", "database", "home", "running", "start"]

FAST_SHUTDOWN_SECONDS = 60.0
IMMEDIATE_SHUTDOWN_SECONDS = 30.0
ORPHANS_QUIT_SECONDS, ORPHANS_KILL_SECONDS, ORPHANS_GIVE_UP_SECONDS = 2.0, 10.0, 60.0
ANSWER_SECONDS = 5.0
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""The SSLRequest message of the frontend/backend protocol (PostgreSQL documentation, Message Formats)."""
_POLL_SECONDS = 0.02
_MIB = 1 << 20


@dataclass
class Server:
    """A running PostgreSQL that this program uses; `dsn` is the program's role, `admin_dsn` the superuser's."""

    dsn: str = field(repr=False)
    admin_dsn: str = field(repr=False)
    pid: int
    _place: Place = field(repr=False)
    _gate: IO[bytes] = field(repr=False)
    _users: IO[bytes] = field(repr=False)
    _owner: int = field(default_factory=os.getpid, repr=False)

    def stop(self) -> None:
        """Give up the server, and shut it down when no other program uses it; again, or in a forked child: nothing."""
        if self._users.closed or os.getpid() != self._owner:
            return
        with self._users, self._gate:
            fcntl.flock(self._gate, fcntl.LOCK_EX)
            fcntl.flock(self._users, fcntl.LOCK_UN)
            if _try_lock(self._users):
                _shut_down(self._place, _postmaster(self._place) or self.pid)
            _reap(self.pid)


def home() -> Path:
    """Return the folder of this installation's data: DOORSTEP_HOME, or `doorstep` in the user's XDG data directory."""
    if chosen := os.environ.get("DOORSTEP_HOME"):
        return Path(chosen).expanduser().absolute()
    shared = os.environ.get("XDG_DATA_HOME", "")
    return (Path(shared) if shared.startswith("/") else Path.home() / ".local/share") / "doorstep"


@contextmanager
def database(folder: Path | None = None) -> Iterator[str]:
    """Yield the DSN of the database: DOORSTEP_DATABASE_URL where given, else that of the embedded server, started."""
    if url := secret("DOORSTEP_DATABASE_URL"):
        yield url
        return
    with running(folder) as server:
        yield server.dsn


@contextmanager
def running(folder: Path | None = None, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Start or join the embedded server, and stop or leave it at the end."""
    server = start(folder, settings)
    try:
        yield server
    finally:
        server.stop()


def start(folder: Path | None = None, settings: Mapping[str, str] | None = None) -> Server:
    """Join the server of the home, or start it (with more settings, in PostgreSQL's names); waits for crash recovery.

    Raises PostgresError when it cannot run, ValueError for a setting that is not the caller's to choose.
    """
    if not sys.platform.startswith("linux"):
        raise PostgresError(
            "内置 PostgreSQL 仅支持 Linux;请用 DOORSTEP_DATABASE_URL 指定数据库。",
            "The embedded PostgreSQL runs on Linux only; name a database in DOORSTEP_DATABASE_URL.",
        )
    folder = (folder or home()).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        gate = own_file(folder / "pg.lock")
        users = own_file(folder / "pg.users")
    except OSError as error:
        raise PostgresError(f"无法使用目录 {folder}:{error}", f"The folder {folder} cannot be used: {error}") from error
    try:
        fcntl.flock(gate, fcntl.LOCK_EX)
        fcntl.flock(users, fcntl.LOCK_SH)
        place = prepare(folder)
        pid = _join_or_launch(place, settings or {})
        socket = _pid_file(place)[4]
        dsn, admin = (
            f"postgresql://{role}:{place.secret(role)}@/{role}?host={quote(socket)}" for role in (ROLE, ADMIN)
        )
        server = Server(dsn, admin, pid, place, gate, users)
    except BaseException:
        gate.close()
        users.close()
        raise
    fcntl.flock(gate, fcntl.LOCK_UN)
    return server


def _join_or_launch(place: Place, settings: Mapping[str, str]) -> int:
    """Return the pid of the postmaster that runs already, or launch one once no process of an earlier one is left.

    Every process of PostgreSQL inherits the lock of server.lock, so the lock is free when, and only when, all are gone.
    """
    orphaned = time.monotonic()
    with own_file(place.base / "server.lock") as lock:
        while not _try_lock(lock):
            if pid := _postmaster(place):
                orphaned = time.monotonic()
                if _is_ready(place, pid):
                    return pid
            else:
                _clear_orphans(place, time.monotonic() - orphaned)
            time.sleep(_POLL_SECONDS)
        if _postmaster(place):
            raise PostgresError(
                f"数据目录 {place.data} 正被手工启动的 PostgreSQL 使用,请先停止它(pg_ctl stop)。",
                f"A PostgreSQL started by hand uses {place.data}; stop it first (pg_ctl stop).",
            )
        _forget_the_dead(place)
        promise(place)
        return _launch(place, settings, lock)


def _forget_the_dead(place: Place) -> None:
    """Delete the lock files of a server that is gone for certain.

    PostgreSQL itself would refuse them if their number belongs to another program by now, or to the unreaped dead.
    """
    door = socket_folder(place) / ".s.PGSQL.5432"
    for stale in (place.data / "postmaster.pid", door, door.with_name(f"{door.name}.lock")):
        stale.unlink(missing_ok=True)


def _launch(place: Place, settings: Mapping[str, str], lock: IO[bytes]) -> int:
    """Start the postmaster in a session of its own and wait while it lives until it takes connections; its pid."""
    options = _options(place, settings)
    if place.log.exists() and place.log.stat().st_size > LOG_LIMIT:
        place.log.replace(place.log.with_name("log.1"))
    with own_file(place.log) as log:
        said = log.seek(0, os.SEEK_END)
        process = subprocess.Popen(
            [str(place.bin / "postgres"), "-D", str(place.data), *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=place.base,
            start_new_session=True,
            pass_fds=[lock.fileno()],
            **place.account.drop(),
        )
    try:
        while not _is_ready(place, process.pid):
            if process.poll() is not None:
                tail = place.log.read_bytes()[said:][-3000:].decode(errors="replace")
                raise failure("PostgreSQL 未能启动", "PostgreSQL did not start", tail)
            time.sleep(_POLL_SECONDS)
    except BaseException:
        _shut_down(place, process.pid)
        raise
    finally:
        process.returncode = process.returncode or 0  # it may outlive us: Python is not to warn of a lost child
    return process.pid


def _options(place: Place, settings: Mapping[str, str]) -> list[str]:
    """Give the command-line options: our settings, the caller's over them, and those that nobody may change."""
    chosen = {
        "shared_buffers": f"{min(8192, max(128, _memory() // _MIB // 4))}MB",
        "max_connections": "100",
        # A page's first change after a checkpoint is logged whole. To press these pages cost half of PostgreSQL's part
        # of a small write among a million records; fewer checkpoints make fewer of them.
        "checkpoint_timeout": "15min",
        "max_wal_size": "4GB",
        "checkpoint_completion_target": "0.9",
        "synchronous_commit": "on",
        "fsync": "on",
        "jit": "off",
        # The log holds no rows and no statements: they are about people.
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
    } | dict(settings)
    fixed = {
        "listen_addresses": "",
        "port": "5432",
        "unix_socket_directories": f'"{socket_folder(place)}"',
        "unix_socket_permissions": "0700",
        "cluster_name": place.name,
        "logging_collector": "off",
    }
    if taken := sorted(fixed.keys() & chosen.keys()):
        raise ValueError(f"fixed settings of the embedded PostgreSQL: {', '.join(taken)}")
    return [part for name, value in (chosen | fixed).items() for part in ("-c", f"{name}={value}")]


def _memory() -> int:
    """Return the bytes of memory that we may use: the machine's, or the control group's limit (cgroup v2, then v1)."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for limit in (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes")):
        if limit.is_file() and (text := limit.read_text().strip()).isdigit():
            return min(total, int(text))
    return total


def _pid_file(place: Place) -> list[str]:
    """Return the lines of postmaster.pid: pid, data folder, start, port, socket folder, address, shm key, status."""
    try:
        return (place.data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _is_ready(place: Place, pid: int) -> bool:
    """Say whether this postmaster has written that it takes connections (pg_ctl's sign), and answers one.

    The answer tells it from one that is dying: the question is whether it speaks TLS, which needs no password.
    """
    lines = _pid_file(place)
    if len(lines) < 8 or lines[0].strip() != str(pid) or lines[7].strip() != "ready":
        return False
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(ANSWER_SECONDS)
            line.connect(f"{lines[4]}/.s.PGSQL.{lines[3]}")
            line.sendall(_SSL_REQUEST)
            return line.recv(1) != b""
    except OSError:
        return False


def _postmaster(place: Place) -> int | None:
    """Return the pid in postmaster.pid if that process lives and is a PostgreSQL of this data folder, else None."""
    lines = _pid_file(place)
    if not lines or not lines[0].strip().isdigit():
        return None
    pid = int(lines[0])
    return pid if _is_ours(place, pid) else None


def _is_ours(place: Place, pid: int) -> bool:
    """Say whether the process is of this data folder's PostgreSQL, by its owner and its command line or title."""
    entry = Path("/proc") / str(pid)
    try:
        if entry.stat().st_uid != place.account.uid:
            return False
        words = (entry / "cmdline").read_bytes()
    except OSError:
        return False
    by_hand = os.fsencode(place.data) in words.split(b"\0") and b"postgres" in words.split(b"\0")[0]
    return place.name.encode() in words or by_hand


def _clear_orphans(place: Place, seconds: float) -> None:
    """Bid the processes of a killed postmaster go, ever more strongly: no server starts while they hold its memory."""
    if seconds > ORPHANS_GIVE_UP_SECONDS:
        raise PostgresError(
            f"数据目录 {place.data} 仍被看不见的 PostgreSQL 进程使用(可能在另一个容器中)。请先停止它们。",
            f"PostgreSQL processes that cannot be seen from here (in another container?) still use {place.data}. "
            "Stop them first.",
        )
    if seconds < ORPHANS_QUIT_SECONDS:
        return
    what = signal.SIGQUIT if seconds < ORPHANS_KILL_SECONDS else signal.SIGKILL
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _is_ours(place, int(entry.name)):
            _signal(int(entry.name), what)
    time.sleep(0.5)


def _shut_down(place: Place, pid: int) -> None:
    """Stop the postmaster: a fast shutdown, and after a minute an immediate one; wait until it is gone."""
    for what, seconds in ((signal.SIGINT, FAST_SHUTDOWN_SECONDS), (signal.SIGQUIT, IMMEDIATE_SHUTDOWN_SECONDS)):
        if _is_ours(place, pid):
            _signal(pid, what)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            _reap(pid)
            if not _is_ours(place, pid):
                return
            time.sleep(_POLL_SECONDS)
    raise PostgresError(f"PostgreSQL(进程 {pid})没有停下。", f"PostgreSQL (process {pid}) does not stop.")


def _reap(pid: int) -> None:
    """Take the end of the process from the system if it is a child of ours and has ended."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _signal(pid: int, what: signal.Signals) -> None:
    """Send the signal; a process that is gone already is no error."""
    with suppress(ProcessLookupError):
        os.kill(pid, what)


def _try_lock(file: IO[bytes]) -> bool:
    """Take the exclusive lock if it is free."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
