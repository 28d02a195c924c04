"""The door of the room: what other rooms may call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from doorstep.kernel.call import Call
from doorstep.kernel.decision import refuse
from doorstep.kernel.web.words import sentence
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.actions import intake
from doorstep.registers.residents.fhir import incoming
from doorstep.registers.residents.reads.identity import header, names, records, residents_of, visible
from doorstep.registers.residents.rules.facts import Finding, Identifier, Kind
from doorstep.registers.residents.shapes import Candidates, Header, Incoming, Name, Phone, Source, Verdict

__all__ = [
    "Candidates",
    "Finding",
    "Header",
    "Identifier",
    "Incoming",
    "Kind",
    "Name",
    "Phone",
    "Source",
    "Verdict",
    "header",
    "in_words",
    "incoming",
    "names",
    "records",
    "residents_of",
    "take_in",
    "visible",
]


def take_in(call: Call, incoming: Sequence[Incoming], candidates: Candidates | None = None) -> Sequence[Verdict]:
    """Place patient records, answering in their order; see ``actions.intake.take_in``.

    For rooms that have asked, in an action of their own, whether the caller may send for the source: that right holds
    this one. Joins the caller's transaction. ``IntegrityError`` means that another transaction was first with a
    record or number: roll back, and run the batch again.
    """
    allowed = replace(call, permissions=call.permissions | {Permission.INTAKE})
    return intake.take_in(allowed, incoming=incoming, candidates=candidates)


def in_words(code: str, params: Mapping[str, object]) -> str:
    """A finding (``Verdict.problem``) as a sentence in the language of the running request; plain words if unknown."""
    return sentence(refuse(code, **params))
