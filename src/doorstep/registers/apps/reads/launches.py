"""What people let in, and launches that wait for their app."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from doorstep.kernel import clock, fence
from doorstep.kernel.call import Call
from doorstep.kernel.paging import Page, Paged, cut, key_of
from doorstep.kernel.store import ScopedQuerySet
from doorstep.registers.apps.models import Authorization, Launch, Token
from doorstep.registers.apps.rules import digest
from doorstep.registers.apps.shapes import Holder, Line
from doorstep.registers.residents import api as residents

OWN: Final = "what a person let in or opened themselves"


def of(call: Call, by: Holder) -> Q:
    """What somebody let in: as one who works here, or of a resident all that opens the record of whom they act for."""
    if by.resident is None:
        return Q(account=by.account, account__isnull=False)
    return Q(holder__isnull=False, resident__in=residents.selves(call.resident or by.resident))


def whose(text: str, app: UUID, account: UUID) -> UUID | None:
    """The resident of a launch that is this person's, for this app, and not used yet."""
    rows = Launch.objects.unscoped(OWN).filter(
        digest=digest(text), app=app, account=account, used_at__isnull=True, until__gt=clock.now()
    )
    found: UUID | None = rows.values_list("resident", flat=True).first()
    return found


def own(call: Call, by: Holder, page: Page) -> Paged[Line]:
    """What a person let in, the newest first; page cursors have 1 part."""
    with fence.lifted(OWN):
        return _page(call, page, Authorization.objects.unscoped(OWN).filter(of(call, by)))


def of_app(call: Call, app: UUID, page: Page) -> Paged[Line]:
    """By whom an app was let in, the newest first; a system's where a token of it is good."""
    rows = Authorization.objects.within(call.scope).filter(app=app)
    good = Token.objects.filter(authorization=OuterRef("pk"), until__gt=clock.now())
    people = Q(account__isnull=False) | Q(holder__isnull=False)
    return _page(call, page, rows.filter(people | Exists(good)))


def _page(call: Call, page: Page, rows: ScopedQuerySet[Authorization]) -> Paged[Line]:
    asked = rows.select_related("app", "post__person", "holder").order_by("-id")
    if page.after:
        asked = asked.filter(id__lt=key_of(page.after[0]))
    found = list(asked[: page.limit + 1])
    called = residents.names(call.scope, {row.resident_id for row in found if row.resident_id})
    lines = [
        Line(
            row.pk, row.app.name, row.app_id, row.created_at, row.session is None and not row.of_system,
            row.ended_at, row.ended, tuple(row.scopes.split()), _person(row),
            called.get(row.resident_id, "") if row.resident_id else "",
        )
        for row in found
    ]  # fmt: skip
    last = lines[page.limit - 1] if len(lines) > page.limit else None
    return cut(lines, page, (str(last.id),) if last else None)


def _person(row: Authorization) -> str:
    if row.holder is not None:
        return row.holder.name
    return row.post.person.name if row.post else ""
