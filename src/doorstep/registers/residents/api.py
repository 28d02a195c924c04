"""The door of the room: what other rooms may call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from doorstep.kernel.call import Call
from doorstep.kernel.decision import refuse
from doorstep.kernel.web.words import sentence
from doorstep.registers.residents.access import Permission
from doorstep.registers.residents.actions import intake, leaving
from doorstep.registers.residents.actions.filling import fill_facts
from doorstep.registers.residents.actions.merging import merge, unmerge
from doorstep.registers.residents.actions.modelling import shadow, train
from doorstep.registers.residents.actions.modelling import use as use_model
from doorstep.registers.residents.actions.running import link_all
from doorstep.registers.residents.fhir import incoming
from doorstep.registers.residents.reads.holders import by_number
from doorstep.registers.residents.reads.homes import called, homes
from doorstep.registers.residents.reads.identity import (
    RESIDENTS_OF,
    contact,
    current,
    header,
    names,
    patient_of,
    records,
    residents_of,
    visible,
)
from doorstep.registers.residents.reads.matching import linked, matches, systems
from doorstep.registers.residents.reads.modelling import model, models
from doorstep.registers.residents.reads.numbered import described_as, numbered, numbers_told
from doorstep.registers.residents.reads.own import has_phone, identity_number, phones, proved, selves, wards
from doorstep.registers.residents.reads.search import Found, search
from doorstep.registers.residents.rules import sheet
from doorstep.registers.residents.rules.facts import Finding, Identifier, Kind
from doorstep.registers.residents.rules.runs import Fresh
from doorstep.registers.residents.shapes import (
    Charge,
    Dwells,
    Header,
    Incoming,
    Match,
    Name,
    Numbered,
    Phone,
    Source,
    Verdict,
)

__all__ = [
    "RESIDENTS_OF",
    "Charge",
    "Dwells",
    "Finding",
    "Found",
    "Fresh",
    "Header",
    "Identifier",
    "Incoming",
    "Kind",
    "Match",
    "Name",
    "Numbered",
    "Phone",
    "Source",
    "Verdict",
    "by_number",
    "called",
    "contact",
    "current",
    "described_as",
    "fill_facts",
    "has_phone",
    "header",
    "homes",
    "identity_number",
    "in_words",
    "incoming",
    "link_all",
    "linked",
    "matches",
    "merge",
    "model",
    "models",
    "names",
    "numbered",
    "numbers_told",
    "patient_of",
    "phones",
    "proved",
    "records",
    "residents_of",
    "search",
    "selves",
    "shadow",
    "sheet",
    "systems",
    "take_in",
    "take_out",
    "train",
    "unmerge",
    "use_model",
    "visible",
    "wards",
]


def take_in(call: Call, incoming: Sequence[Incoming]) -> Sequence[Verdict]:
    """Place patient records, answering in their order; see ``actions.intake.take_in``.

    For rooms that have asked, in an action of their own, whether the caller may send for the source: that right holds
    this one. Joins the caller's transaction. ``IntegrityError`` means that another transaction was first with a
    record or number: roll back, and run the batch again.
    """
    allowed = replace(call, permissions=call.permissions | {Permission.INTAKE})
    return intake.take_in(allowed, incoming=incoming)


def take_out(call: Call, *, source: UUID, patients: Sequence[str]) -> tuple[UUID, ...]:
    """Take the records of Patients that a source takes back out of the index; see ``actions.leaving.take_out``. For
    rooms that have asked whether the caller may send for the source, as above."""
    allowed = replace(call, permissions=call.permissions | {Permission.INTAKE})
    return leaving.take_out(allowed, source=source, patients=patients)


def in_words(code: str, params: Mapping[str, object]) -> str:
    """A finding (``Verdict.problem``) as a sentence in the language of the running request; plain words if unknown."""
    return sentence(refuse(code, **params))
