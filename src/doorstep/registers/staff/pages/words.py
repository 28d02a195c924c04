"""Permissions, proposals and grants in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.registers.staff import rules
from doorstep.registers.staff.reads import rights as reads

STATES: Final = {
    "open": gettext_lazy("待确认"),
    "confirmed": gettext_lazy("已确认"),
    "declined": gettext_lazy("不同意"),
    "withdrawn": gettext_lazy("已撤回"),
    "expired": gettext_lazy("已过期"),
}
ACTS: Final = {
    "make": gettext_lazy("开设账户"),
    "password": gettext_lazy("重设密码"),
    "factors": gettext_lazy("移除第二种登录方式"),
    "identity": gettext_lazy("绑定统一身份"),
}
TONES: Final = {"open": "warn", "confirmed": "good", "declined": "danger", "withdrawn": "", "expired": ""}


def told(permissions: Iterable[str]) -> list[tuple[str, list[str]]]:
    """Permissions as their rooms say them, room by room; one that no room declares any more is told by its code."""
    known, held = reads.sentences(), frozenset(permissions)
    rooms: dict[str, list[str]] = {}
    for code, (title, sentence) in known.items():
        if code in held:
            rooms.setdefault(_(title), []).append(_(sentence))
    if lost := sorted(held - known.keys()):
        rooms[_("其他")] = lost
    return list(rooms.items())


def choices(permissions: Collection[str]) -> list[tuple[str, str]]:
    """Permissions to choose from, each with its room and its sentence."""
    return [(p, f"{_(t)} · {_(s)}") for p, (t, s) in reads.sentences().items() if p in permissions]


def fitting(role: str, held: Collection[str]) -> list[tuple[str, str]]:
    """What a role may be given, and what it holds already."""
    known = reads.declared()
    return choices([p for p in known if p in held or rules.fit(role, [p], known).allowed])


def grant_lines(call: Call, person: UUID, managed: Collection[UUID]) -> list[dict[str, Any]]:
    """The grants of a person with their words, their state, and whether the caller may take them back."""
    today, known = clock.today(), reads.sentences()
    return [
        {
            "row": row,
            "words": _(known[row.permission][1]) if row.permission in known else row.permission,
            "now": row.revoked_at is None and rules.holds(row.since, row.until, today),
            "coming": row.revoked_at is None and today < row.since,
            "ends": row.revoked_at is None and row.until >= today and row.organisation in managed,
        }
        for row in reads.grants(call.scope, person)
    ]
