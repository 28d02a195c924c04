"""The rows of one address, asked of the house: every role in every situation, and what no table can make right."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from doorstep.kernel.web.pages import Rule
from doorstep.registers.staff.rules import GRANTABLE, OUTSIDE, ROLES, Reach
from tests.access.asking import Caller, Left, request
from tests.access.situations import (
    BREAK,
    CHARGED,
    CHOSEN,
    COLUMNS,
    FREE,
    NOTHING,
    THEIRS,
    Ground,
    actor_of,
    happening,
    held,
    kind_of,
    parts_of,
    prepared,
    situations_of,
)
from tests.access.table import ALLOWED, Rows
from tests.faults.samples import FORMS, Address, Asked, ask_for
from tests.faults.two_sides import WORD

PART = {"HX-Request": "true"}
FIRST = ("own", NOTHING)
"""Here every role asks for itself; in the other situations, of roles that nothing can tell apart one asks for all."""
DATA = ("application/fhir+json", "application/dicom+json")
"""What no browser takes for a page."""


def rows_of(ground: Ground, address: Address) -> tuple[Rows, list[str]]:
    """The rows of an address, and what is wrong in itself: a refusal that wrote or left no line, another's word."""
    rows: Rows = {}
    wrong: list[str] = []
    for situation in situations_of(address):
        side = ground.side(situation)
        with happening(ground, situation):
            asked = ask_for(address.name, ground.world, side)
            for method in ("GET", "POST") if address.name in FORMS else ("GET",):
                if method == "GET" and situation not in FIRST and only_posted(address, rows):
                    continue
                row = {"rule": address.rule, **dict.fromkeys(COLUMNS, "holds")}
                for names in groups(address, method, situation, rows):
                    with prepared(ground, situation, address, names[0]) as caller:
                        left = _ask(caller, method, asked, situation)
                    row |= dict.fromkeys(names, left.done if method == "POST" else left.cell)
                    where = f"{names[0]}: {method} {address.name} ({situation})"
                    wrong += [f"{where} {each}" for each in leaks(left, names[0], address.name)]
                    wrong += [f"{where} {each}" for each in faults(left, caller, address)]
                rows[address.name, method, situation] = row
    return rows, wrong


def _ask(caller: Caller, method: str, asked: Asked, situation: str) -> Left:
    """A page, and outside as HTMX asks for a part of it: no way round."""
    left = request(caller, method, asked)
    if situation == "outside" and method == "GET":
        part = request(caller, method, asked, PART)
        assert part.cell == left.cell, f"{caller.name} GET {asked.url}: {left.cell}, but {part.cell} as a part"
        left.body += part.body
    return left


def groups(address: Address, method: str, situation: str, rows: Rows) -> Iterator[tuple[str, ...]]:
    """The columns, those together that nothing can tell apart; whoever asks for all stands first, by turns.

    In the first situation everybody asks who may at all; in the later ones one of each reach and purpose, as far as
    they were answered alike in the first. Who lacks the permission is refused before the view begins (``@page``), so
    these are together as well, but where what was granted lets them in: there one of each set of rights asks.
    """
    found: dict[object, list[str]] = {}
    first = next((row for key, row in rows.items() if key[1] == method and key[2] in FIRST), None)
    for role in COLUMNS:
        lacks = address.rule not in FREE and role in ROLES and address.rule not in held(role)
        kind: object = role if situation in FIRST and (method == "GET" or not lacks) else kind_of(role)
        if lacks and (kind != role) and not (situation == "granted" and may_be_granted(role, address.rule)):
            kind = "lacks"
        elif first and role in ROLES and situation not in FIRST and not lacks:
            kind = (ROLES[role].reach, ROLES[role].purpose, held(role) & {BREAK, CHARGED}, first[role])
        if not (role in ROLES and not lacks and holds_already(address, situation)):
            found.setdefault(kind, []).append(role)
    for names in found.values():
        turn = zlib.crc32(f"{address.name} {method} {situation}".encode()) % len(names)
        yield (*names[turn:], *names[:turn])


def holds_already(address: Address, situation: str) -> bool:
    """Whether a situation is only about those who lack the permission."""
    about = "resident" in parts_of(address.name)
    return situation == "granted" or (situation == "expired" and not about)


def may_be_granted(role: str, permission: str) -> bool:
    """Whether a grant can give a permission to the role at all (``staff.rules.held``)."""
    return permission in GRANTABLE and ROLES[role].reach is not Reach.DISTRICT


def only_posted(address: Address, rows: Rows) -> bool:
    """Whether an address is not there to be read: then no situation can change that."""
    first = next(row for (_, method, situation), row in rows.items() if method == "GET" and situation in FIRST)
    return not {first[role] for role in COLUMNS} - {"405", "403", "login"}


def faults(left: Left, caller: Caller, address: Address) -> Iterator[str]:
    """What no table can make right of a refusal: it wrote something, or did not leave its one line in the trail."""
    if left.cell in ALLOWED or left.cell == "405":
        return
    if left.changed:
        yield f"is refused ({left.cell}) and yet changed {', '.join(left.changed)}"
    told = [line.actor for line in left.refusals]
    who = told if address.rule == Rule.ANYONE else [actor_of(caller)]  # a sign-in is refused to who is not yet known
    if caller.call and left.cell not in ("login", "form") and (told != who or len(told) != 1):
        yield f"is refused ({left.cell}) and left {len(told)} lines of it in the trail"


def leaks(left: Left, role: str, name: str) -> Iterator[str]:
    """What is shown of others' words to whom no table can allow it, and data that is shown as markup."""
    everywhere = (role in ROLES and ROLES[role].reach == "district") or (role in OUTSIDE and name in CHOSEN)
    body = left.body.replace(f'value="{WORD}"', "")  # what was typed stands in its box
    if WORD in body and not everywhere:
        yield "shows what is another consortium's"
    if THEIRS in body and (left.cell == "own" or role in ("stranger", "nobody")):
        yield "shows what another institution sent"
    if ("<img src=x" in body or "<script>x9" in body) and not left.kind.startswith(DATA):
        yield "shows markup"
