"""Booking by the Argonaut Scheduling guide: `Appointment/$find`, `$hold` and `$book`, as R4 carries them.

The guide is of STU3; names of operations and parameters are its own. Because a place is only kept for somebody,
`$hold` takes the guide's `patient-id` of `$book` too (or a Patient among the participants of `appt-resource`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson
from starlette.responses import Response

from doorstep.fhir import dates
from doorstep.fhir.door.answers import bundle, respond
from doorstep.fhir.door.asked import Asked
from doorstep.fhir.door.house import FindWish, House, Seen, TakeWish
from doorstep.fhir.parameters_resource import Inputs
from doorstep.fhir.problems import FhirProblem

COUNT, MOST = 20, 100
DEFINITIONS: Final = "http://fhir.org/guides/argonaut-scheduling/OperationDefinition/appointment-"


async def find(house: House, asked: Asked, kind: str, ident: str) -> Response:
    """Appointment/$find: what could be booked between two moments, as proposed Appointments, the earliest first."""
    inputs = await asked.inputs()
    inputs.refuse_others("start", "end", "specialty", "organization", "_count")
    start, end = (_moment(house, inputs, name) for name in ("start", "end"))
    count = inputs.maybe("_count", "integer")
    wish = FindWish(
        start[0], end[1], tuple(_key(each, "Organization") for each in inputs.all("organization", "uri")),
        tuple(each.rpartition("|")[2] for each in inputs.all("specialty", "string")),
        max(0, min(COUNT if count is None else count, MOST)),
    )  # fmt: skip
    found = await house.proposals(asked.call, wish)
    await house.seen(asked.call, Seen("find", "Appointment", "", (), len(found)))
    return respond(asked, bundle("searchset", [_entry(asked, each) for each in found], total=len(found)))


def _moment(house: House, inputs: Inputs, name: str) -> tuple[datetime, datetime]:
    text = inputs.one(name, "dateTime")
    found = dates.interval(text, house.zone)
    if found is None:
        raise FhirProblem("parameter-bad-value", inputs.place, name=name, wanted="dateTime", value=text)
    return found


async def hold(house: House, asked: Asked, kind: str, ident: str) -> Response:
    """Appointment/$hold: keep a proposed Appointment for a patient while the rest is filled in; it is pending then."""
    return await _take(house, asked, ident, hold_only=True)


async def book(house: House, asked: Asked, kind: str, ident: str) -> Response:
    """Appointment/$book: book a proposed or a held Appointment for a patient."""
    return await _take(house, asked, ident, hold_only=False)


async def _take(house: House, asked: Asked, ident: str, *, hold_only: bool) -> Response:
    inputs = await asked.inputs()
    inputs.refuse_others("appt-id", "appt-resource", "patient-id", "comment")
    given = inputs.resources("appt-resource", "Appointment")
    said: Mapping[str, Any] = given[0] if given else {}
    named = ident or _key(inputs.maybe("appt-id", "uri") or "", "Appointment")
    slots = [_key(each.get("reference", ""), "Slot") for each in said.get("slot", ())]
    chosen = named or (slots[0] if slots else "") or str(said.get("id", ""))
    if not chosen:
        raise FhirProblem("parameter-missing", inputs.place, name="appt-id")
    patient = _key(inputs.maybe("patient-id", "uri") or _patient(said), "Patient")
    wish = TakeWish(chosen, patient, inputs.maybe("comment", "string") or str(said.get("comment", "")), hold_only)
    found = await house.take(asked.call, wish)
    return respond(asked, bundle("searchset", [_entry(asked, found)], total=1))


def _patient(said: Mapping[str, Any]) -> str:
    actors = (str(each.get("actor", {}).get("reference", "")) for each in said.get("participant", ()))
    return next((each for each in actors if "Patient/" in each), "")


def _key(reference: str, kind: str) -> str:
    """The id that a reference names, relative or absolute; a bare id as it is."""
    return reference.rpartition(f"{kind}/")[2].partition("/")[0]


def _entry(asked: Asked, found: Mapping[str, Any]) -> str:
    entry = {"fullUrl": f"{asked.base}Appointment/{found['id']}", "resource": found, "search": {"mode": "match"}}
    return orjson.dumps(entry).decode()
