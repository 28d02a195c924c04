"""Line breaks in addresses, request numbers, names and browsers' names: no forged header, no forged line of the log."""

from __future__ import annotations

import io
import logging
import logging.config
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from doorstep.kernel.logs import OneLine
from doorstep.kernel.models import TrailLine
from doorstep.site import faults
from tests.faults.two_sides import World

FORGED = "ERROR doorstep: an administrator signed in"
BREAKS = ("\r\n", "\n", "\r", "\u2028", "\x85", "\x0b", "\x1b[2K\r", "\u202e")


@contextmanager
def log() -> Iterator[io.StringIO]:
    """What goes to the log, as the settings write it."""
    told = io.StringIO()
    handler = logging.StreamHandler(told)
    chosen = settings.LOGGING["formatters"]["line"]
    handler.setFormatter(OneLine(chosen["format"]))
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield told
    finally:
        root.removeHandler(handler)


def test_the_settings_write_every_handler_s_lines_so() -> None:
    assert settings.LOGGING["formatters"]["line"]["()"] == f"{OneLine.__module__}.{OneLine.__name__}"
    assert {h["formatter"] for h in settings.LOGGING["handlers"].values()} == {"line"}


@pytest.mark.parametrize("broken", BREAKS)
def test_no_line_of_the_log_is_forged(world: World, rf: object, broken: str) -> None:
    client = world.clients["stranger"]
    with log() as told:
        client.get(f"/nothing{quote(broken)}{FORGED}")
        client.get("/nothing", headers={"X-Request-Id": f"a{broken}{FORGED}", "User-Agent": f"a{broken}{FORGED}"})
        client.post("/sign-in", {"username": f"a{broken}{FORGED}", "password": "x"})
        request = rf.get(f"/x{quote(broken)}{FORGED}")  # type: ignore[attr-defined]  # pytest-django's
        faults.server_error(request)
        try:
            raise ValueError(f"bad{broken}{FORGED}")
        except ValueError:
            logging.getLogger("doorstep").exception("a name: %s", f"x{broken}{FORGED}")
    lines = re.split("[\r\n\x0b\x85\u2028]", told.getvalue())
    assert len([line for line in lines if FORGED in line]) >= 3
    assert not [line for line in lines if line.lstrip().startswith(FORGED)], told.getvalue()
    assert "\x1b" not in told.getvalue()
    assert "\u202e" not in told.getvalue()


@pytest.mark.parametrize("broken", ["\r\n", "\n", "%0d%0a", "\u560d\u560a"])
def test_no_header_is_smuggled_in(world: World, broken: str) -> None:
    """What comes back in headers (where to go next, the number of a request) never breaks its line."""
    planted = f"/residents/{broken}Set-Cookie: x=1"
    client = world.clients["administrator"]
    answers = [
        client.get("/sign-in", {"next": planted}),
        world.clients["stranger"].get(f"/residents/{quote(broken)}Set-Cookie: x=1"),
        client.post("/language", {"language": "en", "next": planted}),
        client.post("/language", {"language": f"en{broken}", "next": "/"}),
        client.get("/", headers={"X-Request-Id": f"a{broken}Set-Cookie: x=1"}),
    ]
    for answer in answers:
        assert "x" not in answer.cookies
        assert not [value for value in answer.headers.values() if "\n" in value or "\r" in value]


def test_a_number_of_a_request_that_is_none_is_not_kept(world: World) -> None:
    """The trail takes letters, digits and hyphens; else it makes its own."""
    for given in ("a\nb", "a b", "<x>", "a" * 5_000, "数", "'; DROP TABLE x"):
        world.clients["auditor"].post("/system/trail/verify", headers={"X-Request-Id": given})
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT request FROM kernel_trailline ORDER BY 1 DESC LIMIT 500")
        kept = [row[0] for row in cursor.fetchall()]
    assert TrailLine.objects.exists()
    assert all(re.fullmatch(r"[0-9A-Za-z-]{0,64}", each) for each in kept), kept
