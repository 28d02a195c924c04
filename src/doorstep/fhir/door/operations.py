"""The operations of R4 that the door has, each as one function of what was asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import orjson
from starlette.responses import Response

from doorstep.fhir import meta
from doorstep.fhir.door import everything, messaging, persons, scheduling, versions
from doorstep.fhir.door.answers import respond
from doorstep.fhir.door.asked import Asked
from doorstep.fhir.door.house import House, Seen
from doorstep.fhir.door.reading import current
from doorstep.fhir.door.stamping import stamped
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.tables import known_types
from doorstep.fhir.terminology import operations as terminology
from doorstep.fhir.validation.operation import validate_operation
from doorstep.fhir.validation.outcomes import outcome
from doorstep.fhir.write import Write

Operation = Callable[[House, Asked, str, str], Awaitable[Response]]
"""An operation, of the house, what was asked, the type and the id ("" where it is asked of a type or of all)."""


async def validate(house: House, asked: Asked, kind: str, ident: str) -> Response:
    """[type]/$validate and [type]/[id]/$validate; all that is wrong is told with 200, as R4 has it."""
    inputs = await asked.inputs(checked=False)
    given = inputs.resources("resource")
    mode, profile = inputs.maybe("mode", "code"), inputs.maybe("profile", "uri")
    if not given:
        if not ident:
            raise FhirProblem("parameter-missing", "Parameters", name="resource")
        found = await current(house, asked, kind, ident)
        await house.seen(asked.call, Seen("validate", kind, ident, (found.patient,) if found.patient else (), 1))
        given = [orjson.loads(found.text)]
        mode = mode if mode != "create" else None
    findings = await house.work(lambda: validate_operation(given[0], mode, profile))
    return respond(asked, outcome(findings, asked.language))


async def get_meta(house: House, asked: Asked, kind: str, ident: str) -> Response:
    """$meta of a resource, or of all resources of a type, or of all."""
    if ident:
        found = await current(house, asked, kind, ident)
        await house.seen(asked.call, Seen("meta", kind, ident, (found.patient,) if found.patient else (), 1))
        text = _stamped(found)
        return respond(asked, _returned(meta.meta_of(text)))
    kinds = [kind] if kind else sorted(known_types())
    bodies = await house.run(asked.call, versions.with_meta(kinds, house.bounds(asked.call)))
    await house.seen(asked.call, Seen("meta", kind, "", (), len(bodies)))
    return respond(asked, _returned(meta.meta_union(body.encode() for body in bodies)))


def _stamped(found: versions.Version) -> bytes:
    return stamped(found.text, found.type, found.id, found.version, found.updated).encode()


def _returned(value: bytes) -> bytes:
    return b'{"resourceType":"Parameters","parameter":[{"name":"return","valueMeta":' + value + b"}]}"


def _changing(change: Callable[[bytes, Mapping[str, Any]], bytes]) -> Operation:
    async def run(house: House, asked: Asked, kind: str, ident: str) -> Response:
        given = (await asked.inputs()).one("meta", "Meta")
        found = await current(house, asked, kind, ident)
        body = change(found.text.encode(), given)
        # only if nobody was quicker: else what they changed would be undone
        write = Write(
            "PUT", kind, ident, None, body, orjson.loads(body), f'W/"{found.version}"', origin=f"/fhir ${kind}",
            language=asked.language,
        )  # fmt: skip
        answer = await house.write(asked.call, write)
        if answer.outcome is not None:
            return respond(asked, answer.outcome, answer.status)
        assert answer.updated is not None  # what was written, was written at some time
        text = stamped(body.decode(), kind, ident, answer.version, answer.updated)
        return respond(asked, _returned(meta.meta_of(text.encode())))

    return run


def _of_terms(operation: terminology.Operation) -> Operation:
    async def run(house: House, asked: Asked, kind: str, ident: str) -> Response:
        inputs = await asked.inputs()
        instance = orjson.loads((await current(house, asked, kind, ident)).text) if ident else None
        language = asked.language
        answer = await house.work(lambda: operation(inputs, house.definitions, language=language, instance=instance))
        return respond(asked, answer)

    return run


OPERATIONS: Final[Mapping[tuple[str, str, bool], Operation]] = {
    # (type or "*" or "", name, of an instance)
    ("*", "validate", False): validate,
    ("*", "validate", True): validate,
    ("Patient", "everything", True): everything.patient_everything,
    ("Encounter", "everything", True): everything.encounter_everything,
    ("Group", "everything", True): everything.group_everything,
    ("Observation", "lastn", False): everything.lastn,
    ("Patient", "match", False): persons.match,
    ("Patient", "ihe-pix", False): persons.pix,
    ("Appointment", "find", False): scheduling.find,
    ("Appointment", "hold", False): scheduling.hold,
    ("Appointment", "hold", True): scheduling.hold,
    ("Appointment", "book", False): scheduling.book,
    ("Appointment", "book", True): scheduling.book,
    ("", "process-message", False): messaging.process,
    ("", "meta", False): get_meta,
    ("*", "meta", False): get_meta,
    ("*", "meta", True): get_meta,
    ("*", "meta-add", True): _changing(meta.meta_add),
    ("*", "meta-delete", True): _changing(meta.meta_delete),
    ("ValueSet", "expand", False): _of_terms(terminology.expand),
    ("ValueSet", "expand", True): _of_terms(terminology.expand),
    ("ValueSet", "validate-code", False): _of_terms(terminology.validate_value_set_code),
    ("ValueSet", "validate-code", True): _of_terms(terminology.validate_value_set_code),
    ("CodeSystem", "lookup", False): _of_terms(terminology.lookup),
    ("CodeSystem", "validate-code", False): _of_terms(terminology.validate_system_code),
    ("CodeSystem", "validate-code", True): _of_terms(terminology.validate_system_code),
    ("CodeSystem", "subsumes", False): _of_terms(terminology.subsumes),
    ("CodeSystem", "subsumes", True): _of_terms(terminology.subsumes),
    ("ConceptMap", "translate", False): _of_terms(terminology.translate),
    ("ConceptMap", "translate", True): _of_terms(terminology.translate),
}
NEEDS: Final[Mapping[str, str]] = {
    "everything": "rs", "lastn": "rs", "match": "s", "ihe-pix": "s", "meta-add": "ru", "meta-delete": "ru",
    "find": "s", "hold": "c", "book": "c", "process-message": "cu",
}  # fmt: skip
"""What an app's token must allow for an operation, in letters of SMART's scopes; for the others it is `r`."""
CHANGING: Final = frozenset({"meta-add", "meta-delete", "match", "hold", "book", "process-message"})
"""Operations that are asked for by POST alone."""


def find(kind: str, name: str, instance: bool) -> Operation | None:
    """Return the operation of this name, on a type, an instance or all; None where there is none."""
    return OPERATIONS.get((kind, name, instance)) or (OPERATIONS.get(("*", name, instance)) if kind else None)


def names_of(kind: str) -> Sequence[str]:
    """Return the operations of a type."""
    return sorted({name for own, name, _ in OPERATIONS if own in (kind, "*")})
