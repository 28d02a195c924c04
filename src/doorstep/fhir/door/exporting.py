"""Bulk data access 2.0: `$export` begun, looked at, fetched, ended."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import format_datetime
from typing import Final

import orjson
from starlette.responses import FileResponse, Response

from doorstep.fhir.dates import interval
from doorstep.fhir.door.answers import PRIVATE
from doorstep.fhir.door.asked import Asked
from doorstep.fhir.door.house import ExportWish, House
from doorstep.fhir.parameters_resource import Inputs
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import is_id
from doorstep.fhir.tables import known_types

NDJSON: Final = ("application/fhir+ndjson", "application/ndjson", "ndjson")
# a comma ends a filter only where the next one begins: `Observation?status=final,amended,Condition?…`
_FILTERS: Final = re.compile(r",(?=[A-Z][A-Za-z]+\?)")
_KNOWN: Final = ("_outputFormat", "_since", "_type", "_typeFilter", "_elements", "_format", "_pretty", "patient")


async def begin(house: House, asked: Asked, level: str, group: str | None = None) -> Response:
    """GET or POST [base]/$export, Patient/$export, Group/[id]/$export: 202 and where to look."""
    if asked.strict and asked.prefer.get("respond-async") is None:
        raise FhirProblem("export-async")
    if group is not None and not is_id(group):
        raise FhirProblem("not-found", what=f"Group/{group}")
    asked.permit(house, "", "rs")
    inputs = await asked.inputs()
    _refuse_unknown(asked, inputs)
    since = inputs.maybe("_since", "instant")
    bounds = interval(since, house.zone) if since is not None else None
    wish = ExportWish(
        level,
        group,
        tuple(_types(_listed(inputs, "_type"))),
        bounds[0] if bounds is not None else None,
        tuple(f for said in inputs.all("_typeFilter", "string") for f in _FILTERS.split(said) if f),
        tuple(_listed(inputs, "_elements")),
        str(asked.request.url),
        (asked.header("idempotency-key") or "")[:100],
    )
    ident = await house.begin_export(asked.call, wish)
    headers = {**PRIVATE, "content-location": f"{asked.base}$export-status/{ident}"}
    return Response(status_code=202, headers=headers)


def _refuse_unknown(asked: Asked, inputs: Inputs) -> None:
    unknown = sorted(inputs.names() - set(_KNOWN))
    if unknown and asked.strict:
        raise FhirProblem("unknown-parameter", name=unknown[0], type="$export")
    if "patient" in inputs.names():  # leaving it out would export more than was asked for
        raise FhirProblem("unknown-parameter", name="patient", type="$export")
    wanted = inputs.maybe("_outputFormat", "string")
    if wanted is not None and wanted.replace(" ", "+") not in NDJSON:
        raise FhirProblem("not-acceptable", type=wanted)


def _listed(inputs: Inputs, name: str) -> list[str]:
    return [each for said in inputs.all(name, "string") for each in said.split(",") if each]


def _types(kinds: list[str]) -> list[str]:
    for kind in kinds:
        if kind not in known_types():
            raise FhirProblem("no-such-type", type=kind)
    return kinds


async def status(house: House, asked: Asked, ident: str) -> Response:
    """GET of the place: 202 with its progress, then 200 with the manifest."""
    state = await house.export_state(asked.call, ident, asked.base, asked.language)
    if not state.done:
        headers = {**PRIVATE, "x-progress": state.progress, "retry-after": str(state.retry_after)}
        return Response(status_code=202, headers=headers)
    headers = dict(PRIVATE)
    if state.expires is not None:
        headers["expires"] = format_datetime(state.expires.astimezone(UTC), usegmt=True)
    return Response(orjson.dumps(state.manifest), 200, {**headers, "content-type": "application/json"})


async def fetch(house: House, asked: Asked, ident: str, name: str) -> Response:
    """GET of a file."""
    path = await house.export_file(asked.call, ident, name)
    return FileResponse(path, headers={**PRIVATE, "content-type": NDJSON[0]})


async def cancel(house: House, asked: Asked, ident: str) -> Response:
    """DELETE of the place: 202."""
    await house.cancel_export(asked.call, ident)
    return Response(status_code=202, headers=PRIVATE)
