"""One request to the pages as a caller makes it, and all that it left: answer, rows written, lines of the trail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from http.cookies import SimpleCookie
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.test import Client, RequestFactory
from django.test.client import ClientHandler
from django.test.utils import override_settings
from django.utils.module_loading import import_string

from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.kernel.web import pages
from tests.faults.samples import Asked
from tests.faults.two_sides import undone

CALLER = "doorstep.caller"
WHO = settings.DOORSTEP_CALL_FOR  # as the house has it, before these tests put the quick way in its place
BESIDE = ("kernel_trail", "staff_failedsignin", "staff_session", "portal_session", "django_session")
"""Tables that a refused request may write: the trail, and what is known of sign-ins and sessions."""


WRITTEN = """
SELECT oid::bigint, rows FROM (
  SELECT oid, pg_stat_get_xact_tuples_inserted(oid) + pg_stat_get_xact_tuples_updated(oid)
    + pg_stat_get_xact_tuples_deleted(oid) AS rows FROM unnest(%s::oid[]) oid OFFSET 0) counted WHERE rows > 0
"""


@dataclass
class Caller:
    """Somebody with a browser: the column of the table, its cookies, and the call that the real sign-in makes of it."""

    name: str
    cookies: SimpleCookie
    call: Call | None

    @classmethod
    def of(cls, name: str, client: Client) -> Caller:
        """Ask the house who the client is, as every request does."""
        request = RequestFactory().get("/")
        request.COOKIES = {key: morsel.value for key, morsel in client.cookies.items()}
        from django.contrib.auth import get_user
        from django.contrib.sessions.backends.db import SessionStore

        request.session = SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
        request.user = get_user(request)
        return cls(name, client.cookies, import_string(WHO)(request))


def call_for(request: HttpRequest) -> Call | None:
    """The call that was made of the caller at sign-in: it is looked up once, not for each of a thousand requests."""
    caller: Caller = request.META[CALLER]
    now = clock.now()
    return replace(caller.call, at=now, confirmed=now) if caller.call else None


@contextmanager
def known_calls() -> Iterator[None]:
    """Pages take the caller's call as it was made at sign-in (the house's own setting for it)."""
    with override_settings(DOORSTEP_CALL_FOR=f"{__name__}.call_for"):
        pages._call_for.cache_clear()
        try:
            yield
        finally:
            pages._call_for.cache_clear()


@contextmanager
def quick_calls() -> Iterator[None]:
    """Calls are known, and new passwords are hashed fast: how slowly, is no question of who may what."""
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
    with known_calls(), override_settings(PASSWORD_HASHERS=hashers):
        yield


@dataclass(frozen=True)
class Line:
    """A line of the trail that a request has left."""

    actor: str
    outcome: str
    basis: str | None


@dataclass
class Left:
    """What a request was answered and has left behind."""

    status: int
    location: str
    kind: str
    body: str
    lines: list[Line] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)

    @property
    def refusals(self) -> list[Line]:
        """The lines that tell of a refusal."""
        return [line for line in self.lines if line.outcome == "refused"]

    @property
    def cell(self) -> str:
        """What stands in the table (see ``table.LEGEND``), for a request that reads."""
        if self.status == 302 and "/sign-in?next=" in self.location:
            return "login"
        if self.status == 422 and not self.refusals:
            return "form"
        if self.status not in (200, 204, 302):
            return str(self.status)
        partly = any(line.basis == "own" for line in self.lines if line.outcome != "refused")
        return "own" if partly else "yes"

    @property
    def done(self) -> str:
        """What stands in the table for a request with a form."""
        return "still" if self.cell == "yes" and not self.changed else self.cell


class _Browser(RequestFactory):
    def request(self, **more: Any) -> HttpResponseBase:  # type: ignore[override]  # the factory's only makes a request
        answer: HttpResponseBase = _handler()(self._base_environ(**more))
        return answer


_made: list[ClientHandler] = []


def _handler() -> ClientHandler:
    if not _made:
        _made.append(ClientHandler(enforce_csrf_checks=False))
    return _made[0]


def request(caller: Caller, method: str, asked: Asked, headers: Mapping[str, str] | None = None) -> Left:
    """Ask, and take back all that came of it; what was written is told by the names of the tables."""
    browser = _Browser()
    browser.cookies = SimpleCookie(caller.cookies.output(header="", sep=";"))
    with undone():
        last, before = newest_line(), written()
        form = asked.form if method == "POST" else None
        ask = browser.post if method == "POST" else browser.get
        answer: Any = ask(asked.url, form, headers=headers, **{CALLER: caller})  # type: ignore[arg-type]  # as Client
        body = b"".join(answer) if answer.streaming else answer.content
        left = Left(
            answer.status_code, answer.headers.get("Location", ""), answer.headers.get("Content-Type", ""),
            body.decode("utf-8", "replace"), lines_since(last),
        )  # fmt: skip
        moved = [name for name, count in written().items() if count != before.get(name, 0)]
        after = _marks(moved)
    left.changed = [name for name, mark in _marks(moved).items() if mark != after[name]]
    return left


@cache
def _tables() -> dict[int, str]:
    """All tables by their numbers, but those that a refused request may write."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid::bigint, relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        return {oid: name for oid, name in cursor.fetchall() if not name.startswith(BESIDE)}


def written() -> dict[str, int]:
    """How many rows of each table this transaction has written so far, also those that it took back."""
    with connection.cursor() as cursor:
        cursor.execute(WRITTEN, [list(_tables())])
        return {_tables()[oid]: count for oid, count in cursor.fetchall()}


def _marks(tables: list[str]) -> dict[str, tuple[int, int]]:
    """Rows and a sum of hashes of some tables: the counters alone would count what an action itself took back."""
    if not tables:
        return {}
    parts = [f"SELECT '{n}', count(*), coalesce(sum(hashtext(t::text)::bigint), 0)::bigint FROM {n} t" for n in tables]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return {name: (count, mark) for name, count, mark in cursor.fetchall()}


def newest_line() -> int:
    """The number of the newest line of the trail."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM kernel_trailline")
        found: int = cursor.fetchone()[0]
        return found


def lines_since(last: int) -> list[Line]:
    """The lines of the trail behind a number."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT actor, outcome, detail ->> 'basis' FROM kernel_trailline WHERE id > %s", [last])
        return [Line(*row) for row in cursor.fetchall()]
