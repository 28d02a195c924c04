"""Callers for tests: one who may do all, one who may do nothing, one of another institution."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from doorstep.kernel import clock, room
from doorstep.kernel.call import EVERYWHERE, NOWHERE, Call, Scope


def everyone_permissions() -> frozenset[str]:
    """Every permission of every room."""
    return frozenset(str(p) for r in room.installed() if r.permissions for p in r.permissions)


def system() -> Call:
    """A call that may do everything everywhere."""
    return Call("system:test", "测试", clock.now(), EVERYWHERE, everyone_permissions())


def stranger() -> Call:
    """A signed-in caller who holds no permission and no scope."""
    return Call("staff:stranger", "路人", clock.now(), NOWHERE)


def member(organisation: UUID, permissions: Iterable[str] | None = None, *, scope: Scope | None = None) -> Call:
    """A caller of one institution, with all permissions unless told otherwise."""
    held = everyone_permissions() if permissions is None else frozenset(map(str, permissions))
    bounds = scope or Scope(frozenset({organisation}))
    now = clock.now()
    return Call("staff:member", "成员", now, bounds, held, organisation=organisation, factors=2, confirmed=now)
