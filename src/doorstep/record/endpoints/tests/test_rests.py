"""The list of rests, whichever way it is asked: each message once, newest first, nothing of others."""

from __future__ import annotations

from uuid import UUID

import pytest

from doorstep.kernel.paging import Page
from doorstep.kernel.testing.callers import member, system
from doorstep.record.endpoints import reads
from doorstep.record.endpoints.shapes import COUNTED, Standing
from doorstep.record.endpoints.tests import kit

pytestmark = pytest.mark.django_db


def walked(call, **asked) -> list[int]:
    """The numbers of all pages, one after the other."""
    found: list[int] = []
    page = Page(limit=2)
    while True:
        part = reads.rests(call, page=page, **asked)
        found += [line.id for line in part.items]
        if part.next is None:
            return found
        page = Page.read(part.next, 2, parts=1)


def test_pages_by_endpoint_reason_and_institution(source: UUID, other: UUID, endpoint: UUID):
    second, foreign = kit.make_endpoint(source, port=2600, name="乙"), kit.make_endpoint(other, port=2601, name="丙")
    kept: dict[tuple[UUID, str], list[int]] = {}
    for number in range(24):
        at, reason = (endpoint, second, foreign)[number % 3], ("unreadable", "too-long")[number % 2]
        kept.setdefault((at, reason), []).extend(kit.keep(at, b"%d" % number, reason=reason, code="AR"))
    kit.keep(endpoint, kit.oru(1))

    def wanted(*places: UUID, reasons: tuple[str, ...] = ("unreadable", "too-long")) -> list[int]:
        return sorted((key for (at, why), keys in kept.items() if at in places and why in reasons for key in keys))[
            ::-1
        ]

    assert walked(system()) == wanted(endpoint, second, foreign)
    assert walked(system(), reason="too-long") == wanted(endpoint, second, foreign, reasons=("too-long",))
    assert walked(member(source)) == wanted(endpoint, second)
    assert walked(member(source), endpoint=second) == wanted(second)
    assert walked(member(source), endpoint=second, reason="unreadable") == wanted(second, reasons=("unreadable",))
    assert walked(member(source), endpoint=foreign) == walked(member(source), reason="none") == []
    assert reads.reasons(member(source)) == ("too-long", "unreadable")
    assert len(reads.messages(system(), endpoint, page=Page()).items) == 9


def test_what_is_not_counted_to_the_end_says_so():
    assert (Standing(waiting=3).waiting_told, Standing(rests=COUNTED).rests_told) == ("3", f"{COUNTED}+")
