"""The door of the room: what other rooms may call."""

from __future__ import annotations

from collections.abc import Sequence

from doorstep.kernel.call import Call
from doorstep.registers.residents.actions import intake
from doorstep.registers.residents.fhir import incoming
from doorstep.registers.residents.rules.facts import Finding, Identifier, Kind
from doorstep.registers.residents.shapes import Candidates, Header, Incoming, Name, Phone, Source, Verdict

__all__ = [
    "Candidates", "Finding", "Header", "Identifier", "Incoming", "Kind", "Name", "Phone", "Source", "Verdict", "incoming",
    "take_in",
]  # fmt: skip


def take_in(
    call: Call, incoming: Sequence[Incoming], candidates: Candidates | None = None
) -> Sequence[Verdict]:
    """Place patient records, answering in their order; see ``actions.intake.take_in``.

    Joins the caller's transaction where there is one. ``IntegrityError`` means that another transaction was first
    with a record or number: roll back, and run the batch again.
    """
    return intake.take_in(call, incoming=incoming, candidates=candidates)
