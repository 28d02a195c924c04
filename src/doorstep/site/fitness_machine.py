"""What ``doorstep check`` looks at on the machine: settings, secrets, TLS, files, clock, disk."""

from __future__ import annotations

import argparse
import ctypes
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.conf import settings

from doorstep.kernel.postgres import home
from doorstep.kernel.secret_files import loose, secret
from doorstep.site import certificates, edge
from doorstep.site.found import Check, Finding, bad, good, warn

SHORTEST: Final = 32
GIB: Final = 1 << 30
SOON: Final = 30
"""Days before its end at which a certificate is spoken of."""
UNSYNCHRONISED: Final = 0x40
"""STA_UNSYNC of adjtimex(2)."""


def debugging(options: argparse.Namespace) -> Iterator[Finding]:
    """Django's debug pages show settings and rows."""
    if settings.DEBUG:
        yield bad("debug", "调试页面已打开", "debug pages are on", "去掉 DOORSTEP_DEBUG", "Unset DOORSTEP_DEBUG")
    else:
        yield good("debug", "调试页面已关闭", "debug pages are off")


def hosts(options: argparse.Namespace) -> Iterator[Finding]:
    """Which names are answered."""
    named = set(settings.ALLOWED_HOSTS) - {"127.0.0.1", "localhost", "testserver", "[::1]"}
    say = ("在 DOORSTEP_HOSTS 中写明主机名", "Name the hosts in DOORSTEP_HOSTS")
    if any("*" in each for each in named):
        yield bad("hosts", "任何主机名都会被应答", "any host name is answered", *say)
    elif not named and not edge.is_loopback(options.host):
        yield bad("hosts", "只应答本机名，别人打不开页面", "only loopback names are answered", *say)
    elif not named:
        yield warn("hosts", "只应答本机名", "only loopback names are answered", *say)
    else:
        yield good("hosts", f"应答 {len(named)} 个主机名", f"{len(named)} host names are answered")


def secrets(options: argparse.Namespace) -> Iterator[Finding]:
    """The key that signs sessions, and how it comes."""
    if len(settings.SECRET_KEY) < SHORTEST or len(set(settings.SECRET_KEY)) < 10:
        yield bad(
            "secret-key",
            "签名密钥太短或太简单",
            "the signing key is short or simple",
            "改用 50 个以上的随机字符",
            "Use 50 random characters or more",
        )
    elif os.environ.get("DOORSTEP_SECRET_KEY"):
        yield warn(
            "secret-key",
            "签名密钥写在环境变量里",
            "the signing key stands in the environment",
            "改用 DOORSTEP_SECRET_KEY_FILE",
            "Use DOORSTEP_SECRET_KEY_FILE",
        )
    else:
        yield good("secret-key", "签名密钥来自文件", "the signing key comes from a file")
    if os.environ.get("DOORSTEP_EMBEDDED") != "1" and os.environ.get("DOORSTEP_DATABASE_URL"):
        yield warn(
            "database-secret",
            "数据库密码写在环境变量里",
            "the database's password stands in the environment",
            "改用 DOORSTEP_DATABASE_URL_FILE",
            "Use DOORSTEP_DATABASE_URL_FILE",
        )


def tls(options: argparse.Namespace) -> Iterator[Finding]:
    """By which line people come."""
    own = home() / "tls" / "certificate.pem"
    given = Path(options.tls_cert) if options.tls_cert else None
    if options.behind_proxy:
        yield good("tls", "TLS 由代理负责", "TLS ends at the proxy that is named")
    elif given is not None and options.tls_key:
        yield from _certificate(given, Path(options.tls_key))
    elif edge.is_loopback(options.host):
        yield warn(
            "tls",
            "只在本机监听，不用 TLS",
            "it listens on this machine alone, without TLS",
            "对外服务请用 --host 和证书，或 --behind-proxy",
            "To serve others use --host with a certificate, or --behind-proxy",
        )
    else:
        known = f" {certificates.fingerprint(own)[:23]}…" if own.exists() else ""
        yield warn(
            "tls",
            f"证书是自签的{known}",
            f"the certificate is self-signed{known}",
            "请换上机构的证书（--tls-cert、--tls-key）",
            "Give one that browsers trust (--tls-cert, --tls-key)",
        )


def _certificate(path: Path, key: Path) -> Iterator[Finding]:
    say = ("请换新证书", "Give another certificate")
    try:
        certificates.check(path, key)
    except certificates.EdgeError as error:
        chinese, _, english = str(error).partition("\n")
        yield bad("tls", chinese.rstrip("。"), english.rstrip("."), *say)
        return
    left = certificates.days_left(path)
    if left < SOON:
        yield warn("tls", f"证书还有 {left} 天到期", f"the certificate ends in {left} days", *say)
    elif certificates.self_signed(path):
        yield warn("tls", "证书是自签的", "the certificate is self-signed", *say)
    else:
        yield good("tls", f"证书还有 {left} 天", f"the certificate holds {left} days")


def files(options: argparse.Namespace) -> Iterator[Finding]:
    """What others on the machine could read or change."""
    folder = home()
    named = [os.environ[n] for n in sorted(os.environ) if n.startswith("DOORSTEP_") and n.endswith("_KEY_FILE")]
    closed = [folder / "secret_key", folder / "tls" / "key.pem", folder / "demo_accounts.json", *map(Path, named)]
    found = [path for path in closed if path.exists() and loose(path)]
    for path in found:
        yield bad("files", f"{path} 其他用户可读", f"others may read {path}", "改为 0600", "Make it 0600")
    if folder.stat().st_mode & 0o022:
        yield bad("files", f"{folder} 其他用户可写", f"others may write in {folder}", "改为 0755", "Make it 0755")
    elif not found:
        yield good("files", "密钥文件只有属主可读", "secret files are readable by their owner alone")
    if os.geteuid() == 0:
        yield warn(
            "user",
            "程序以 root 运行",
            "the program runs as root",
            "给它一个自己的账户",
            "Give it an account of its own",
        )


def clock(options: argparse.Namespace) -> Iterator[Finding]:
    """Whether the kernel's clock follows a source; how far it may be off."""
    state = _kernel_clock()
    say = ("启用 chrony 或 systemd-timesyncd", "Enable chrony or systemd-timesyncd")
    if state is None:
        yield warn("clock", "无法得知时钟是否同步", "whether the clock is synchronised cannot be known", *say)
    elif state[0] & UNSYNCHRONISED:
        yield bad("clock", "时钟没有与时间源同步", "the clock follows no source", *say)
    else:
        yield good("clock", f"时钟已同步，误差不超过 {state[1]} 毫秒", f"the clock is within {state[1]} ms")


def _kernel_clock() -> tuple[int, int] | None:
    """Status of the clock and its greatest error in ms, as adjtimex(2) tells; None where it is not told."""

    class Timex(ctypes.Structure):
        _fields_ = (
            ("modes", ctypes.c_uint),
            ("offset", ctypes.c_long),
            ("freq", ctypes.c_long),
            ("maxerror", ctypes.c_long),
            ("esterror", ctypes.c_long),
            ("status", ctypes.c_int),
            ("rest", ctypes.c_byte * 256),
        )

    told = Timex()
    try:
        answer = ctypes.CDLL(None).adjtimex(ctypes.byref(told))
    except (OSError, AttributeError):
        return None
    return None if answer < 0 else (told.status, told.maxerror // 1000)


def disk(options: argparse.Namespace) -> Iterator[Finding]:
    """Room where the data lie."""
    usage = shutil.disk_usage(home())
    free = usage.free / GIB
    say = ("腾出或加大磁盘", "Make room")
    if free < 2:
        yield bad("disk", f"磁盘只剩 {free:.1f} GiB", f"{free:.1f} GiB are free", *say)
    elif free < 20 or usage.free / usage.total < 0.1:
        yield warn("disk", f"磁盘剩 {free:.0f} GiB", f"{free:.0f} GiB are free", *say)
    else:
        yield good("disk", f"磁盘剩 {free:.0f} GiB", f"{free:.0f} GiB are free")


def secret_settings(options: argparse.Namespace) -> Iterator[Finding]:
    """Files of secrets that are named can be used; ``secret`` raises in words where one cannot."""
    for name in ("DOORSTEP_SECRET_KEY", "DOORSTEP_DATABASE_URL"):
        if named := os.environ.get(f"{name}_FILE"):
            secret(name)
            if loose(Path(named)):
                yield warn(
                    "secret-files", f"{named} 其他用户可读", f"others may read {named}", "改为 0400", "Make it 0400"
                )


def limits(options: argparse.Namespace) -> Iterator[Finding]:
    """Whether whoever asks without end is told to wait."""
    rates = {name: getattr(settings, f"RATE_{name}") for name in ("ACCOUNT", "ADDRESS", "KEY")}
    off = ", ".join(f"DOORSTEP_RATE_{name}" for name, rate in rates.items() if rate is None)
    if off:
        yield bad("limits", f"请求频率没有限制（{off}）", f"requests are not limited ({off})", "去掉 off", "Unset them")
    else:
        yield good("limits", "请求频率有限制", "requests are limited")


CHECKS: Final[tuple[Check, ...]] = (debugging, hosts, secrets, secret_settings, tls, files, limits, clock, disk)
