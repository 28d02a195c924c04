"""What ``doorstep check`` looks at in the data: database, accounts, demo, trail, backups."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from doorstep.kernel import clock
from doorstep.kernel.models import TrailLine
from doorstep.kernel.postgres import home
from doorstep.registers.portal import api as portal
from doorstep.registers.staff import api as staff
from doorstep.site.found import Check, Finding, bad, good, warn

OLDEST: Final = 150000
"""PostgreSQL 15."""
LATELY: Final = timedelta(days=7)
APART: Final = 2.0
"""Seconds that the clocks of program and database may differ."""
USUAL: Final = ("admin", "administrator", "root", "test", "demo", "guest", "user", "doorstep", "sysadmin")
"""Names that are tried first by whoever guesses."""
_ROLE: Final = """
SELECT rolsuper, rolbypassrls, rolcreaterole OR rolcreatedb,
       (SELECT count(*) FROM pg_tables WHERE tablename LIKE 'kernel_trail%' AND tableowner = current_user),
       (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), inet_server_addr() IS NOT NULL,
       inet_server_addr() <<= '127.0.0.0/8', current_setting('fsync') = 'on' AND
       current_setting('full_page_writes') = 'on', extract(epoch FROM clock_timestamp())::float8
FROM pg_roles WHERE rolname = current_user
"""


def database(options: argparse.Namespace) -> Iterator[Finding]:
    """What its role may, by which line it is reached, and whether it keeps what it says."""
    with connection.cursor() as cursor:
        version = connection.pg_version  # type: ignore[attr-defined]  # of the PostgreSQL backend
        cursor.execute(_ROLE)
        powerful, passing, making, owned, ssl, remote, loopback, durable, at = cursor.fetchone()
    if version < OLDEST:
        yield bad(
            "database",
            f"PostgreSQL {version // 10000} 太旧",
            f"PostgreSQL {version // 10000} is too old",
            "升级到 15 或更新",
            "Upgrade to 15 or newer",
        )
    yield from _rights(powerful or passing, making, owned)
    if remote and not loopback and not ssl:
        yield bad(
            "database-line",
            "与数据库的连接没有加密",
            "the line to the database is not encrypted",
            "在连接串中加 sslmode=verify-full",
            "Add sslmode=verify-full to its URL",
        )
    if not durable:
        yield bad(
            "database-durable",
            "数据库关闭了 fsync 或 full_page_writes",
            "fsync or full_page_writes is off",
            "打开它们",
            "Turn them on",
        )
    if abs(apart := clock.now().timestamp() - at) > APART:
        yield bad(
            "database-clock",
            f"与数据库的时钟相差 {apart:.0f} 秒",
            f"the database's clock is {apart:.0f} s apart",
            "两台机器都与时间源同步",
            "Let both follow a source of time",
        )
    executor = MigrationExecutor(connection)
    if behind := len(executor.migration_plan(executor.loader.graph.leaf_nodes())):
        yield bad(
            "migrations",
            f"有 {behind} 个迁移没有执行",
            f"{behind} migrations wait",
            "运行 doorstep manage migrate",
            "Run doorstep manage migrate",
        )


def _rights(powerful: bool, making: bool, owned: int) -> Iterator[Finding]:
    say = ("给程序一个受限的数据库角色", "Give the program a role with fewer rights")
    if powerful:
        yield bad(
            "database-role",
            "数据库角色是超级用户或能绕过行级安全",
            "its role is a superuser or passes row security",
            *say,
        )
    elif making:
        yield warn("database-role", "数据库角色能建角色或库", "its role may make roles or databases", *say)
    elif owned:
        yield warn(
            "database-role",
            "数据库角色拥有留痕表，能关掉触发器",
            "its role owns the trail and could drop its triggers",
            *say,
        )
    else:
        yield good("database-role", "数据库角色的权限是够用的最小", "the role of the database has the least rights")


def demo(options: argparse.Namespace) -> Iterator[Finding]:
    """Made-up people beside real ones, and accounts whose passwords lie in a file."""
    found = [name for name in ("demo.json", "demo_accounts.json", "demo_residents.json") if (home() / name).exists()]
    if found:
        yield bad(
            "demo",
            "这里有演示数据和演示账户",
            "the demo's people and accounts are here",
            "正式数据请用新的 DOORSTEP_HOME",
            "Use a new DOORSTEP_HOME for real data",
        )
    else:
        yield good("demo", "没有演示数据", "there are no demo data")


def accounts(options: argparse.Namespace) -> Iterator[Finding]:
    """Accounts by names that everybody tries, and nobody's account."""
    known = get_user_model().objects.filter(is_active=True)
    if usual := sorted(known.filter(username__in=USUAL).values_list("username", flat=True)):
        yield bad(
            "accounts",
            f"有常见的账户名：{'、'.join(usual)}",
            f"accounts have usual names: {', '.join(usual)}",
            "改名或停用",
            "Rename or close them",
        )
    elif not known.exists():
        yield warn(
            "accounts",
            "还没有账户",
            "there is no account yet",
            "为管理员建立账户",
            "Make accounts for the administrators",
        )
    else:
        yield good("accounts", "没有默认账户", "there is no default account")


def second_factor(options: argparse.Namespace) -> Iterator[Finding]:
    """Who may administer has a second factor (GB/T 22239-2019, 8.1.4.1 d)."""
    models = {model.__name__: model for model in apps.get_app_config("staff").get_models()}
    factors = [models[name] for name in ("Totp", "Passkey") if name in models]
    if not factors:
        yield bad(
            "second-factor",
            "管理员登录还没有第二因素",
            "administrators sign in without a second factor",
            "升级到有第二因素的版本",
            "Upgrade to a release that has one",
        )
        return
    having = {key for model in factors for key in model._default_manager.values_list("account_id", flat=True)}
    lacking = sum(key not in having for key in staff.administrators())
    if lacking:
        yield bad(
            "second-factor",
            f"{lacking} 个管理员账户没有第二因素",
            f"{lacking} administrators have no second factor",
            "请他们登录后绑定",
            "Let them add one after sign-in",
        )
    else:
        yield good("second-factor", "管理员都有第二因素", "all administrators have a second factor")


def trail(options: argparse.Namespace) -> Iterator[Finding]:
    """Whether somebody has looked at the chain lately, and what was found."""
    say = ("运行核验并查看结果（操作留痕页）", "Verify it on the page of the trail")
    last = TrailLine.objects.filter(action="trail.verify", at__gt=clock.now() - LATELY).order_by("-id").first()
    if last is None:
        yield warn(
            "trail", f"{LATELY.days} 天内没有核验过操作留痕", f"the trail was not verified for {LATELY.days} days", *say
        )
    elif last.detail.get("holds") is False or last.detail.get("breach"):
        yield bad("trail", "上次核验发现留痕被改动", "the last look found the trail changed", *say)
    else:
        yield good("trail", "操作留痕最近核验过", "the trail was verified lately")


def backups(options: argparse.Namespace) -> Iterator[Finding]:
    """There is no command for it yet, so nobody can know whether it is done."""
    yield warn(
        "backup",
        "程序还不做备份",
        "the program makes no backups yet",
        "按 docs/operations.md 定时备份并试着恢复",
        "Do it by a timer, and try the restore: docs/operations.md",
    )


def messages(options: argparse.Namespace) -> Iterator[Finding]:
    """Whether short messages with codes go to telephones, signed, and not into a file on this machine."""
    say = ("按 docs/operations.md 设置 messages.json 和密钥", "Set messages.json and its secret: docs/operations.md")
    try:
        real = portal.is_real()
    except (ValueError, LookupError, OSError) as error:
        yield bad("messages", f"短信网关的设置有误（{type(error).__name__}）",
                  f"the gateway of short messages is set wrongly ({type(error).__name__})", *say)  # fmt: skip
        return
    if not real:
        yield bad(
            "messages", "短信写在本机的文件里，没有发到手机", "short messages go into a file, not to telephones", *say
        )
    elif not settings.DOORSTEP_MESSAGES_SECRET:
        yield bad("messages", "短信网关没有密钥", "the gateway of short messages has no secret", *say)
    else:
        yield good("messages", "短信经网关发送", "short messages go out by a gateway")


CHECKS: Final[tuple[Check, ...]] = (database, demo, accounts, second_factor, messages, trail, backups)
