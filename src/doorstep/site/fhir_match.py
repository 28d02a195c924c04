"""``$match`` and ``$ihe-pix`` by the person index."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from doorstep.fhir.door.house import Candidate
from doorstep.kernel.call import Call
from doorstep.registers.residents import api as residents

NOBODY: Final = UUID(int=0)
FRESH: Final = 5.0
"""Seconds after which the systems are read again, where one is not among them."""
Work = Callable[[Callable[[], Any]], Awaitable[Any]]


def candidates(call: Call, patient: Mapping[str, Any]) -> Sequence[Candidate]:
    """The patients of the caller's institutions that may be the one described, best first."""
    described = residents.incoming({**patient, "id": "described"}, call.organisation or NOBODY)
    found = residents.matches(call.scope, described)
    return [Candidate(each.patient_id, each.score, each.grade, str(each.resident)) for each in found]


class Systems:
    """The systems that give numbers to residents: few, and seldom new."""

    def __init__(self) -> None:
        self._found: frozenset[str] = frozenset()
        self._read_at = -FRESH

    async def known(self, asked: Sequence[str], work: Work) -> frozenset[str]:
        """Which of these are among them."""
        if not self._found.issuperset(asked) and time.monotonic() - self._read_at >= FRESH:
            self._read_at = time.monotonic()
            self._found = await work(residents.systems)
        return self._found.intersection(asked)
