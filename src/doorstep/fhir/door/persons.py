"""Who somebody is: `Patient/$match` (R4, IHE PDQm ITI-119), and `Patient/$ihe-pix` (IHE PIXm, ITI-83)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import orjson
from starlette.responses import Response

from doorstep.fhir.door import versions
from doorstep.fhir.door.answers import bundle, note_entry, respond
from doorstep.fhir.door.asked import Asked
from doorstep.fhir.door.house import Candidate, House, Seen
from doorstep.fhir.door.stamping import stamped
from doorstep.fhir.hashes import token_hash
from doorstep.fhir.parameters_resource import Inputs
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.search import text
from doorstep.fhir.search.bounds import Bounds
from doorstep.fhir.search.conditions import Sql, Tokens
from doorstep.fhir.search.plan import Statement
from doorstep.fhir.search.walk import Steps

COUNT, MOST = 20, 100
_GRADE: Final = "http://hl7.org/fhir/StructureDefinition/match-grade"
_RECORDS: Final = 200
"""Records of one person that a cross-reference names."""


async def match(house: House, asked: Asked, kind: str, ident: str) -> Response:
    """Patient/$match: who this may be, with a score and a grade each, the best first."""
    inputs = await asked.inputs()
    given = inputs.resources("resource", "Patient")
    if len(given) != 1:
        raise FhirProblem("parameter-missing", "Parameters", name="resource")
    count = inputs.maybe("count", "integer")
    found = await house.match(asked.call, given[0])
    notes: list[str] = []
    if inputs.maybe("onlyCertainMatches", "boolean"):
        found, several = _certain(found)
        notes = [note_entry([several], asked.language)] if several else []
    bounds, entries, patients = house.bounds(asked.call), [], []
    for each in found[: max(0, min(COUNT if count is None else count, MOST))]:
        version = await house.run(asked.call, versions.read("Patient", each.id, bounds))
        if version is None or version.deleted:
            continue
        patients.append(version.id)
        entries.append(_candidate(asked, version, each))
    await house.seen(asked.call, Seen("match", "Patient", "", tuple(patients), len(entries)))
    return respond(asked, bundle("searchset", [*entries, *notes], total=len(entries)))


def _certain(found: Sequence[Candidate]) -> tuple[Sequence[Candidate], FhirProblem | None]:
    """The one person who it certainly is, by their best record; nobody, and why, where it may be several."""
    certain = [each for each in found if each.grade == "certain"]
    persons = {each.person or each.id for each in certain}
    if len(persons) > 1:
        return (), FhirProblem("match-several", count=len(persons))
    return certain[:1], None


def _candidate(asked: Asked, version: versions.Version, found: Candidate) -> str:
    resource = stamped(version.text, version.type, version.id, version.version, version.updated)
    said = {"mode": "match", "score": found.score, "extension": [{"url": _GRADE, "valueCode": found.grade}]}
    head = f'{{"fullUrl":"{asked.base}Patient/{version.id}","resource":{resource}'
    return f'{head},"search":{orjson.dumps(said).decode()}}}'


async def pix(house: House, asked: Asked, kind: str, ident: str) -> Response:
    """Patient/$ihe-pix: the identifiers and Patients of the one who has an identifier, within the caller's bounds."""
    inputs = await asked.inputs()
    source = _source(inputs)
    targets = [each for each in inputs.all("targetSystem", "uri") if each]
    bounds = house.bounds(asked.call)
    known = await house.systems([source[0], *targets])
    own = await house.run(asked.call, _carriers(source, bounds))
    if not own and source[0] not in known:
        raise FhirProblem("pix-source-system", "sourceIdentifier")
    if any(target not in known for target in targets):
        raise FhirProblem("pix-target-system", "targetSystem")
    if not own:
        raise FhirProblem("pix-source-unknown", "sourceIdentifier")
    same = await house.same_person(asked.call, own)
    patients = await house.run(asked.call, _bodies([*own, *same], bounds))
    shown, listed = [], []
    for patient in patients:
        if told := list(_told(patient, source, frozenset(targets))):
            shown.append(patient["id"])
            listed += told
    await house.seen(asked.call, Seen("ihe-pix", "Patient", "", tuple(shown), len(shown)))
    answer: dict[str, Any] = {"resourceType": "Parameters"}
    return respond(asked, orjson.dumps(answer | ({"parameter": listed} if listed else {})))


def _source(inputs: Inputs) -> tuple[str, str]:
    """The system and value that are asked about: a token, or (as some consumers send it) an Identifier."""
    given = [each for each in inputs.given if each.name == "sourceIdentifier"]
    if given and given[0].kind == "Identifier":
        said = inputs.one("sourceIdentifier", "Identifier")
        system, value = str(said.get("system") or ""), str(said.get("value") or "")
    else:
        token = text.token(inputs.one("sourceIdentifier", "string"))
        system, value = token.system or "", token.code or ""
    if not system:
        raise FhirProblem("pix-source-system", "sourceIdentifier")
    if not value:
        raise FhirProblem("bad-search-value", "sourceIdentifier", value=system[:60], kind="system|value")
    return system, value


def _carriers(source: tuple[str, str], bounds: Bounds) -> Steps[list[str]]:
    out = Sql()
    tokens = Tokens((token_hash("identifier", *source),)).sql(out, loose=False)
    where = " AND ".join(["NOT r.deleted", *bounds.sql("Patient", out), tokens])
    rows = yield Statement(f"SELECT r.id FROM fhir_patient r WHERE {where} LIMIT {_RECORDS}", tuple(out.params))
    return [row[0] for row in rows]


def _bodies(ids: Iterable[str], bounds: Bounds) -> Steps[list[dict[str, Any]]]:
    out = Sql()
    wanted = f"r.id = ANY({out.arg(list(dict.fromkeys(ids)), 'text[]')})"
    where = " AND ".join(["NOT r.deleted", wanted, *bounds.sql("Patient", out)])
    rows = yield Statement(
        f"SELECT r.body FROM fhir_patient r WHERE {where} ORDER BY r.id LIMIT {_RECORDS}",
        tuple(out.params),
    )
    return [orjson.loads(row[0]) for row in rows]


def _told(patient: Mapping[str, Any], source: tuple[str, str], targets: frozenset[str]) -> Iterator[dict[str, Any]]:
    """The Patient and its identifiers of the systems asked for (none: all), without the one that was asked about."""
    found = [
        each
        for each in patient.get("identifier", ())
        if each.get("system") and each.get("value") and (each["system"], each["value"]) != source
        if not targets or each["system"] in targets
    ]
    if found or not targets:
        yield {"name": "targetId", "valueReference": {"reference": f"Patient/{patient['id']}"}}
    for each in found:
        yield {"name": "targetIdentifier", "valueIdentifier": each}
