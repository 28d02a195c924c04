"""Who may send which kind of sheet: whoever may keep by hand the register that it fills."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from doorstep.kernel.call import Call
from doorstep.kernel.decision import Decision, allow, refuse


class Permission(StrEnum):
    """What a role may hold in this room."""

    USE = "sheets.use"
    RECORDS = "sheets.records"


NEEDED: Final[Mapping[str, str]] = {
    "institutions": "organisations.edit",
    "departments": "organisations.edit",
    "counts": "organisations.edit",
    "staff": "staff.edit",
    "licences": "staff.edit",
    "titles": "staff.edit",
    "residents": "residents.edit",
    "followups": Permission.RECORDS,
    "vaccinations": Permission.RECORDS,
}
"""By kind, what its sender must hold beside ``USE``."""


def may_send(call: Call, kind: str) -> Decision:
    """Whether the caller may send a sheet of this kind, for the institution of their post."""
    if kind not in NEEDED:
        return refuse("not_found", kind="Sheet")
    for permission in (Permission.USE, NEEDED[kind]):
        if not (verdict := call.may(permission)).allowed:
            return verdict
    return refuse("sheet.no_institution") if call.organisation is None else allow()


def kinds(call: Call) -> tuple[str, ...]:
    """The kinds that the caller may send and see."""
    return tuple(kind for kind in NEEDED if may_send(call, kind).allowed)
