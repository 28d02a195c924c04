"""Rows that become FHIR: sent through exchange as the institution's own message, and taken back the same way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from doorstep.kernel import ledger
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused, refuse
from doorstep.record.exchange import api as exchange
from doorstep.record.sheets import fhir
from doorstep.record.sheets.reads import standing
from doorstep.record.sheets.shapes import Done, Outcome
from doorstep.registers.residents import api as residents

SEND: Final = "exchange.send"
Json = dict[str, Any]
Thing = Sequence[Any]
"""Type, id, version before (0: none), version after."""


def body_of(found: ledger.Stored) -> Json:
    """A resource as it stands, to be read and written on."""
    read: Json = json.loads(found.body)
    return read


def send_patient(call: Call, source: UUID, resource: Json, found: ledger.Stored | None, mark: str) -> Done:
    """Make the Patient, or change the one that is there if it still stands as it was seen."""
    if found is None:
        return _sent(call, source, [fhir.entry(resource)], mark)
    return _sent(call, source, [fhir.back("Patient", found.id, found.version, resource)], mark)


def send(call: Call, source: UUID, resources: Sequence[Json], mark: str) -> Done:
    """Make resources, or change those that the same row made before."""
    return _sent(call, source, [fhir.entry(each) for each in resources], mark)


def _sent(call: Call, source: UUID, entries: Sequence[Json], mark: str) -> Done:
    receipt = _take(call, source, entries, mark)
    if not receipt.created and not receipt.updated:
        return Done(Outcome.SAME)
    things = [thing for answer in receipt.answers if (thing := _thing(answer, receipt))]
    is_new = all(before == 0 for _, _, before, _ in things) and len(things) == len(receipt.answers)
    return Done(Outcome.NEW if is_new else Outcome.CHANGED, {"things": things})


def _thing(answer: exchange.EntryAnswer, receipt: exchange.Receipt) -> Thing | None:
    """What an entry made or changed; None where it found all as it says."""
    kind, _, key = answer.location.partition("/")
    if answer.status == 201:
        return kind, key, 0, answer.version
    now = ledger.read(kind, key) if receipt.updated else None
    return (kind, key, answer.version - 1, answer.version) if now and now.message == receipt.message else None


def _take(call: Call, source: UUID, entries: Sequence[Json], mark: str) -> exchange.Receipt:
    """Send a row's Bundle as the institution's. Whoever holds what its kind needs may send these records, and no others
    through here. Raises ``Refused`` with the first problem and its path."""
    allowed = replace(call, permissions=call.permissions | {SEND})
    piece = exchange.Piece("bundle", f"sheet {mark}", fhir.bundle(entries, mark))
    [[receipt]] = exchange.take(allowed, source, [piece], "sheet")
    if receipt.state == "applied" and not receipt.set_aside:
        return receipt
    problem = receipt.problems[0] if receipt.problems else exchange.Problem("row.failed", params={"detail": "?"})
    raise Refused(refuse(problem.code, path=problem.path, **{k: v for k, v in problem.params.items() if k != "path"}))


def take_back(call: Call, source: UUID, things: Sequence[Thing], mark: str) -> None:
    """Bring resources to what they were before. Raises ``Refused``: ``changed_since`` where one stands otherwise than
    the row left it; ``in_use`` where a Patient has other records, or their resident something of another room."""
    entries = [_back(source, *thing) for thing in things]
    _take(call, source, entries, f"{mark}:undo")
    gone = [key for kind, key, before, _ in things if kind == "Patient" and not before]
    if gone:
        residents.take_out(call, source=source, patients=gone)


def _back(source: UUID, kind: str, key: str, before: int, after: int) -> Json:
    now = ledger.read(kind, key)
    if now is None or now.deleted or now.version != after or now.source != source:
        raise Refused(refuse("changed_since"))
    if not before:
        if kind == "Patient" and standing.has_records(key):
            raise Refused(refuse("in_use"))
        return fhir.back(kind, key, after, None)
    former = next((each for each in ledger.past(kind, key) if each.version == before), None)
    if former is None:
        raise Refused(refuse("changed_since"))
    return fhir.back(kind, key, after, body_of(former))
