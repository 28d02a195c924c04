"""The operations of R4 that the door has, each as one function of what was asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from starlette.responses import Response

from doorstep.fhir import meta
from doorstep.fhir.dates import interval
from doorstep.fhir.door import records, versions
from doorstep.fhir.door.answers import bundle, respond
from doorstep.fhir.door.asked import Asked
from doorstep.fhir.door.house import House, Seen, Write, demand_found
from doorstep.fhir.door.records import Wish
from doorstep.fhir.door.searching import context_of, hits_bundle
from doorstep.fhir.door.stamping import stamped
from doorstep.fhir.parameters_resource import Inputs
from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.reading import is_id
from doorstep.fhir.search import cursor
from doorstep.fhir.search.query import Query, read_query
from doorstep.fhir.search.resolve import resolve
from doorstep.fhir.search.walk import Hit
from doorstep.fhir.tables import known_types
from doorstep.fhir.terminology import operations as terminology
from doorstep.fhir.validation.operation import validate_operation
from doorstep.fhir.validation.outcomes import outcome

Operation = Callable[[House, Asked, str, str], Awaitable[Response]]
"""An operation, of the house, what was asked, the type and the id ("" where it is asked of a type or of all)."""


async def _current(house: House, asked: Asked, kind: str, ident: str) -> versions.Version:
    what = f"{kind}/{ident}"
    if not is_id(ident):
        raise FhirProblem("not-found", what=what)
    found = await house.run(asked.call, versions.read(kind, ident, house.bounds(asked.call)))
    version = demand_found(found, what)
    if version.deleted:
        raise FhirProblem("gone", what=what)
    return version


async def validate(house: House, asked: Asked, kind: str, ident: str) -> Response:
    """[type]/$validate and [type]/[id]/$validate."""
    inputs = await asked.inputs()
    given = inputs.resources("resource")
    mode, profile = inputs.maybe("mode", "code"), inputs.maybe("profile", "uri")
    if not given:
        if not ident:
            raise FhirProblem("parameter-missing", "Parameters", name="resource")
        found = await _current(house, asked, kind, ident)
        given = [orjson.loads(found.text)]
        mode = mode if mode != "create" else None
    findings = await house.work(lambda: validate_operation(given[0], mode, profile))
    return respond(asked, outcome(findings, asked.language))


async def patient_everything(house: House, asked: Asked, kind: str, ident: str) -> Response:
    """Patient/[id]/$everything: the patient and all that is about them, with what it refers to."""
    await _current(house, asked, kind, ident)
    return await _record(house, asked, ident, records.patient_record)


async def encounter_everything(house: House, asked: Asked, kind: str, ident: str) -> Response:
    """Encounter/[id]/$everything."""
    await _current(house, asked, kind, ident)
    return await _record(house, asked, ident, records.encounter_record)


async def _record(house: House, asked: Asked, ident: str, steps: Any) -> Response:
    wish, name = _wish(house, asked, await asked.inputs())
    bounds = house.bounds(asked.call)
    hits: list[Hit] = await house.run(asked.call, steps(ident, wish, bounds))
    shown = hits[: wish.count]
    following = None
    if len(hits) > wish.count:
        following = cursor.seal([shown[-1].type, shown[-1].id], name, house.secret)
    if not wish.types:
        shown = [*shown, *await house.run(asked.call, records.supporting(shown, bounds))]
    patients = tuple(dict.fromkeys(hit.patient for hit in shown if hit.patient))
    await house.seen(asked.call, Seen("everything", asked.path[0], ident, patients, len(shown)))
    return respond(asked, hits_bundle(asked, shown, following))


def _wish(house: House, asked: Asked, inputs: Inputs) -> tuple[Wish, str]:
    name = f"{'/'.join(asked.path)}?{urlencode([p for p in asked.pairs if p[0] != '_cursor'])}"
    types = frozenset(t for said in inputs.all("_type", "code") for t in said.split(",") if t)
    for kind in types:
        if kind not in known_types():
            raise FhirProblem("no-such-type", type=kind)
    count = inputs.maybe("_count", "integer")
    sealed = asked.value("_cursor")
    wish = Wish(
        types=types,
        start=_bound(house, inputs, "start", 0),
        end=_bound(house, inputs, "end", 1),
        since=_bound(house, inputs, "_since", 0),
        mark=cursor.unseal(sealed, name, house.secret) if sealed else None,
        count=max(1, min(count, records.MOST)) if count is not None else records.MOST,
    )
    return wish, name


def _bound(house: House, inputs: Inputs, name: str, side: int) -> datetime | None:
    value = inputs.maybe(name, "instant" if name == "_since" else "date")
    found = interval(value, house.zone) if value is not None else None
    return found[side] if found is not None else None


async def group_everything(house: House, asked: Asked, kind: str, ident: str) -> Response:
    """Group/[id]/$everything: the group, and the records of its members one after the other."""
    group = await _current(house, asked, kind, ident)
    wish, name = _wish(house, asked, await asked.inputs())
    bounds = house.bounds(asked.call)
    members = _members(orjson.loads(group.text))
    at, inner = (wish.mark[0], wish.mark[1]) if wish.mark is not None else (0, None)
    hits = [Hit(kind, group.id, group.version, group.updated, group.text, None)] if wish.mark is None else []
    following: list[Any] | None = None
    for place in range(at, len(members)):
        room = wish.count - len(hits)
        if room <= 0:
            following = [place, None]
            break
        part = replace(wish, mark=inner, count=room)
        found: list[Hit] = await house.run(asked.call, records.patient_record(members[place], part, bounds))
        hits += found[:room]
        inner = None
        if len(found) > room:
            following = [place, [hits[-1].type, hits[-1].id]]
            break
    shown = [*hits, *await house.run(asked.call, records.supporting(hits, bounds))]
    await house.seen(asked.call, Seen("everything", kind, ident, tuple(members), len(shown)))
    return respond(asked, hits_bundle(asked, shown, cursor.seal(following, name, house.secret) if following else None))


def _members(group: Mapping[str, Any]) -> list[str]:
    entities = [
        each.get("entity", {}).get("reference", "") for each in group.get("member", ()) if not each.get("inactive")
    ]
    return [each.partition("/")[2].partition("/")[0] for each in entities if each.startswith("Patient/")]


async def lastn(house: House, asked: Asked, kind: str, ident: str) -> Response:
    """Observation/$lastn: the newest observations of each code of a patient."""
    pairs = asked.pairs
    if asked.request.method == "POST":
        pairs = [(each.name, str(each.value)) for each in (await asked.inputs()).given]
    most, query = _last_wish(pairs)
    context = context_of(house, asked.call, asked.base)
    resolved = await house.run(asked.call, resolve("Observation", query.where, context))
    if resolved.checks:
        leaf = resolved.checks[0]
        raise FhirProblem("bad-modifier", leaf.place, modifier=leaf.modifier, name="$lastn")
    steps = records.last_of_each_code(resolved.conditions, context.bounds, most, records.MOST)
    hits = await house.run(asked.call, steps)
    patients = tuple(dict.fromkeys(hit.patient for hit in hits if hit.patient))
    await house.seen(asked.call, Seen("lastn", "Observation", urlencode(query.pairs)[:500], patients, len(hits)))
    return respond(asked, hits_bundle(asked, hits))


def _last_wish(pairs: Sequence[tuple[str, str]]) -> tuple[int, Query]:
    """How many of each code, and of which observations; they must be a patient's (R4: "patient or subject")."""
    most = next((value for name, value in pairs if name == "max"), "1")
    if not (most.isascii() and most.isdecimal() and 0 < len(most) < 4 and int(most)):
        raise FhirProblem("bad-search-value", "max", value=most, kind="positiveInt")
    query = read_query("Observation", [p for p in pairs if p[0] != "max"], strict=True)
    if not any(name.partition(":")[0] in ("patient", "subject") for name, _ in query.pairs):
        raise FhirProblem("parameter-missing", "Parameters", name="patient")
    return int(most), query


async def match(house: House, asked: Asked, kind: str, ident: str) -> Response:
    """Patient/$match: who this may be, with a score and a grade each."""
    inputs = await asked.inputs()
    given = inputs.resources("resource", "Patient")
    if len(given) != 1:
        raise FhirProblem("parameter-missing", "Parameters", name="resource")
    count = inputs.maybe("count", "integer") or 20
    only = bool(inputs.maybe("onlyCertainMatches", "boolean"))
    found = await house.match(asked.call, given[0], only_certain=only, count=max(1, min(count, 100)))
    bounds, entries, patients = house.bounds(asked.call), [], []
    for each in found:
        version = await house.run(asked.call, versions.read("Patient", each.id, bounds))
        if version is None or version.deleted:
            continue
        patients.append(version.id)
        entries.append(_candidate(asked, version, each.score, each.grade))
    await house.seen(asked.call, Seen("match", "Patient", "", tuple(patients), len(entries)))
    return respond(asked, bundle("searchset", entries, total=len(entries)))


_GRADE: Final = "http://hl7.org/fhir/StructureDefinition/match-grade"


def _candidate(asked: Asked, version: versions.Version, score: float, grade: str) -> str:
    text = stamped(version.text, version.type, version.id, version.version, version.updated)
    said = {"mode": "match", "score": score, "extension": [{"url": _GRADE, "valueCode": grade}]}
    return f'{{"fullUrl":"{asked.base}Patient/{version.id}","resource":{text},"search":{orjson.dumps(said).decode()}}}'


async def get_meta(house: House, asked: Asked, kind: str, ident: str) -> Response:
    """$meta of a resource, or of all resources of a type, or of all."""
    if ident:
        found = await _current(house, asked, kind, ident)
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
        found = await _current(house, asked, kind, ident)
        body = change(found.text.encode(), given)
        # only if nobody was quicker: else what they changed would be undone
        write = Write(
            "PUT", kind, ident, None, body, orjson.loads(body), f'W/"{found.version}"', origin=f"/fhir ${kind}"
        )
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
        instance = orjson.loads((await _current(house, asked, kind, ident)).text) if ident else None
        language = asked.language
        answer = await house.work(lambda: operation(inputs, house.definitions, language=language, instance=instance))
        return respond(asked, answer)

    return run


OPERATIONS: Final[Mapping[tuple[str, str, bool], Operation]] = {
    # (type or "*" or "", name, of an instance)
    ("*", "validate", False): validate,
    ("*", "validate", True): validate,
    ("Patient", "everything", True): patient_everything,
    ("Encounter", "everything", True): encounter_everything,
    ("Group", "everything", True): group_everything,
    ("Observation", "lastn", False): lastn,
    ("Patient", "match", False): match,
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
CHANGING: Final = frozenset({"meta-add", "meta-delete", "match"})
"""Operations that are asked for by POST alone."""


def find(kind: str, name: str, instance: bool) -> Operation | None:
    """Return the operation of this name, on a type, an instance or all; None where there is none."""
    return OPERATIONS.get((kind, name, instance)) or (OPERATIONS.get(("*", name, instance)) if kind else None)


def names_of(kind: str) -> Sequence[str]:
    """Return the operations of a type."""
    return sorted({name for own, name, _ in OPERATIONS if own in (kind, "*")})
