"""Apps: one, a page of them, and those that a chart can open."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Final
from uuid import UUID

from django.db.models import Q

from doorstep.kernel import fence
from doorstep.kernel.call import Call, Scope
from doorstep.kernel.decision import Refused, refuse
from doorstep.kernel.paging import Page, Paged, cut, key_of
from doorstep.registers.apps.models import App
from doorstep.registers.apps.rules import Kind, digest, origin
from doorstep.registers.apps.shapes import Client

ASKED: Final = "which app asks is known before anybody's scope is"
OFFERED: Final = "apps that are on are offered to whoever may use apps; what one sees by them is bounded by oneself"
SHOWN: Final = 50  # apps that a chart offers


def client(row: App) -> Client:
    """A row as it leaves the room."""
    return Client(
        row.pk, row.version, row.client_id, row.name, row.owner, row.organisation_id, Kind(row.kind),
        tuple(row.redirect_uris), row.launch_uri, row.scopes, row.jwks, row.jwks_uri, row.is_on,
    )  # fmt: skip


def by_client_id(client_id: str) -> Client | None:
    """The app that is on and has this id."""
    row = App.objects.unscoped(ASKED).filter(client_id=client_id[:60].replace("\0", ""), is_on=True).first()
    return client(row) if row else None


def origins() -> frozenset[str]:
    """The origins at which apps of browsers stand that are on: their pages may ask the endpoints and the door. Asked
    anew every ten seconds."""
    return _origins(int(time.monotonic()) // 10)


@lru_cache(maxsize=1)
def _origins(_when: int) -> frozenset[str]:
    with fence.lifted(ASKED):
        rows = App.objects.unscoped(ASKED).filter(is_on=True, kind=Kind.PUBLIC.value)
        found = rows.values_list("redirect_uris", flat=True)
        return frozenset(origin(uri) for uris in found for uri in uris if uri.startswith("http"))


def knows_secret(app: Client, secret: str) -> bool:
    """Whether this is the app's secret."""
    mine = App.objects.unscoped(ASKED).filter(pk=app.id, digest=digest(secret)).exclude(digest="")
    return bool(mine.exists())


def one(scope: Scope, app: UUID) -> Client:
    """An app within the scope. ``Refused`` (not_found) for any other."""
    row = App.objects.within(scope).filter(pk=app).first()
    if row is None:
        raise Refused(refuse("not_found", kind="App"))
    return client(row)


def listed(call: Call, page: Page) -> Paged[Client]:
    """The apps within the caller's scope by name; page cursors have 2 parts."""
    rows = App.objects.within(call.scope).order_by("name", "id")
    if page.after:
        name, key = page.after[0], key_of(page.after[1])
        rows = rows.filter(Q(name__gt=name) | Q(name=name, id__gt=key))
    found = [client(row) for row in rows[: page.limit + 1]]
    last = found[page.limit - 1] if len(found) > page.limit else None
    return cut(found, page, (last.name, str(last.id)) if last else None)


def launchable() -> tuple[Client, ...]:
    """The apps that can be opened from a chart, by name."""
    rows = App.objects.unscoped(OFFERED).filter(is_on=True).exclude(launch_uri="").exclude(kind=Kind.SYSTEM.value)
    return tuple(map(client, rows.order_by("name", "id")[:SHOWN]))
