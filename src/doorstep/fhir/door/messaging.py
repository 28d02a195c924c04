"""FHIR messages: `$process-message` (R4, messageheader-operation-process-message), answered at once by a message."""

from __future__ import annotations

from starlette.responses import Response

from doorstep.fhir.door.answers import respond
from doorstep.fhir.door.asked import FORM, Asked
from doorstep.fhir.door.house import House
from doorstep.fhir.problems import FhirProblem


async def process(house: House, asked: Asked, kind: str, ident: str) -> Response:
    """$process-message: the house keeps the bytes as they came, and its answer leaves when they are durable.

    Answers are given at once: `async=true` is refused, and so is an address for a later answer.
    """
    if (asked.value("async") or "false") != "false":
        raise FhirProblem("message-async")
    if asked.content_type == FORM or not asked.is_fhir:
        raise FhirProblem("unsupported-media-type", type=asked.header("content-type") or "")
    client = asked.request.client
    raw = await asked.raw()
    status, body = await house.process_message(
        asked.call, raw, client.host if client else "", asked.base, asked.language
    )
    return respond(asked, body, status)
