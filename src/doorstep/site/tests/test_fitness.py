"""``doorstep check``: each fault planted is said, with what to do, and turns the status."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection

from doorstep.kernel import clock, trail
from doorstep.kernel.rates import Rate
from doorstep.kernel.testing import callers
from doorstep.registers.organisations.tests import factory as district
from doorstep.registers.staff import api as staff_api
from doorstep.registers.staff.tests import factory as staff
from doorstep.site import certificates, fitness, fitness_data, fitness_machine
from doorstep.site.found import Level

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Path:
    """A data folder as it should be."""
    monkeypatch.setenv("DOORSTEP_HOME", str(tmp_path))
    for name in ("DOORSTEP_SECRET_KEY", "DOORSTEP_SECRET_KEY_FILE"):
        monkeypatch.delenv(name, raising=False)
    tmp_path.chmod(0o755)
    carrier = tmp_path / "carrier.json"
    carrier.write_text('{"url": "https://sms.example/send"}')
    settings.DOORSTEP_MESSAGES, settings.DOORSTEP_MESSAGES_SECRET = str(carrier), "s" * 40
    for name in ("RATE_ACCOUNT", "RATE_ADDRESS", "RATE_KEY"):
        setattr(settings, name, Rate(20, 200))
    return tmp_path


def asked(**said: Any) -> argparse.Namespace:
    """The options of the command."""
    usual = {"host": "127.0.0.1", "port": 8000, "tls_cert": None, "tls_key": None, "behind_proxy": "", "json": False}
    return argparse.Namespace(**(usual | said))


def level(code: str, **said: Any) -> Level | None:
    """The gravest of what is found under a code."""
    found = [each for each in fitness.findings(asked(**said)) if each.code == code]
    for each in found:
        assert each.zh
        assert each.en
        assert (each.do_zh and each.do_en) or each.level is Level.GOOD
        assert "\n" not in each.line
    return max((each.level for each in found), key=[Level.GOOD, Level.WARN, Level.BAD].index, default=None)


def planted_debug(folder: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.DEBUG = True


def planted_hosts(folder: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]


def planted_key(folder: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.SECRET_KEY = "changeme" * 8


def planted_file(folder: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    (folder / "secret_key").write_text("x")
    (folder / "secret_key").chmod(0o644)


def planted_folder(folder: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    folder.chmod(0o777)


def planted_demo(folder: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    (folder / "demo_accounts.json").touch(mode=0o600)


def planted_account(folder: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    staff.account(staff.person("甲"), "admin")


def planted_clock(folder: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr(fitness_machine, "_kernel_clock", lambda: (fitness_machine.UNSYNCHRONISED, 16_000))


def planted_apart(folder: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    late = clock.now() - timedelta(seconds=90)
    monkeypatch.setattr(fitness_data.clock, "now", lambda: late)


def planted_disk(folder: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    usage = type("Usage", (), {"free": 1 << 30, "total": 1 << 40})
    monkeypatch.setattr(fitness_machine.shutil, "disk_usage", lambda path: usage)


def planted_trail(folder: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    trail.write(callers.system(), "trail.verify", detail={"holds": False})


def planted_migration(folder: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'exchange'")


def planted_limits(folder: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.RATE_KEY = None


def planted_gateway(folder: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.DOORSTEP_MESSAGES = str(folder / "messages.json")


PLANTED: dict[str, Callable[..., None]] = {
    "debug": planted_debug, "hosts": planted_hosts, "secret-key": planted_key, "files": planted_file,
    "files ": planted_folder, "demo": planted_demo, "accounts": planted_account, "clock": planted_clock,
    "database-clock": planted_apart, "disk": planted_disk, "limits": planted_limits,
    "messages": planted_gateway,
    "trail": planted_trail, "migrations": planted_migration,
}  # fmt: skip


@pytest.mark.parametrize("code", PLANTED)
def test_what_is_planted_is_said(code: str, folder: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    assert level(code.strip()) is not Level.BAD or code == "clock"
    PLANTED[code](folder, monkeypatch, settings)
    assert level(code.strip()) is Level.BAD
    assert fitness.run(asked()) == 1


def test_a_gateway_that_is_set_wrongly(folder: Path, settings: Any) -> None:
    assert level("messages") is Level.GOOD
    settings.DOORSTEP_MESSAGES_SECRET = ""
    assert level("messages") is Level.BAD
    settings.DOORSTEP_MESSAGES_SECRET = "s"
    for text in ("{", "{}", '{"url": "http://sms.example/"}'):
        (folder / "carrier.json").write_text(text)
        assert level("messages") is Level.BAD, text


def test_by_which_line(folder: Path, settings: Any) -> None:
    certificate, key = certificates.own(folder, [])
    assert level("tls") is Level.WARN
    assert level("tls", host="10.1.1.1") is Level.WARN
    assert level("tls", behind_proxy="10.0.0.1") is Level.GOOD
    assert level("tls", tls_cert=certificate, tls_key=key) is Level.WARN, "self-signed"
    assert level("tls", tls_cert=key, tls_key=key) is Level.BAD
    settings.ALLOWED_HOSTS = ["localhost"]
    assert level("hosts", host="10.1.1.1") is Level.BAD
    settings.ALLOWED_HOSTS = ["house.example"]
    assert level("hosts", host="10.1.1.1") is Level.GOOD


def test_a_key_by_file_is_better(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert level("secret-key") is Level.GOOD
    monkeypatch.setenv("DOORSTEP_SECRET_KEY", "x" * 50)
    assert level("secret-key") is Level.WARN


def test_a_trail_that_was_looked_at_lately(folder: Path) -> None:
    assert level("trail") is Level.WARN
    trail.write(callers.system(), "trail.verify", detail={"holds": True})
    assert level("trail") is Level.GOOD


def test_the_role_of_the_database(folder: Path) -> None:
    rights = fitness_data._rights
    assert [found.level for found in rights(True, True, 0)] == [Level.BAD]
    assert [found.level for found in rights(False, True, 0)] == [Level.WARN]
    assert [found.level for found in rights(False, False, 2)] == [Level.WARN]
    assert [found.level for found in rights(False, False, 0)] == [Level.GOOD]
    assert level("database-role") is not None


def test_who_administers(folder: Path) -> None:
    found = district.make()
    someone = staff.somebody(found.lead, "administrator", "管理员", "keeper")
    staff.somebody(found.lead, "nurse", "护士", "nurse.one")
    assert staff_api.administrators() == {someone.pk}
    assert level("second-factor") is Level.BAD


def test_a_database_that_is_away(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any) -> None:
        raise OperationalError("password authentication failed for user x")

    monkeypatch.setattr(connection, "cursor", away)
    found = fitness.findings(asked())
    assert (found[-1].code, found[-1].level) == ("database", Level.BAD)
    assert "password auth" not in found[-1].line


def test_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = fitness.run(asked(json=True))
    told = json.loads(capsys.readouterr().out)
    assert told["fit"] == (status == 0)
    assert {"debug", "tls", "disk", "database-role", "backup"} <= {each["code"] for each in told["findings"]}


def test_no_secret_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, settings: Any) -> None:
    settings.SECRET_KEY = "ab-hidden-ab"
    monkeypatch.setenv("DOORSTEP_SECRET_KEY", "ab-hidden-ab")
    fitness.run(asked())
    told = capsys.readouterr().out
    assert "hidden" not in told
    password = connection.settings_dict["PASSWORD"]
    assert not password or password not in told
    assert os.environ["DOORSTEP_DATABASE_URL"] not in told
