"""Every interaction of the FHIR door as data: what is sent, about whose thing, and how an answer is read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from doorstep.fhir.door.operations import OPERATIONS
from tests.faults.two_sides import patient

JSON = "application/fhir+json"
FORM = "application/x-www-form-urlencoded"
ASYNC = (("Prefer", "respond-async"),)
GENDERS = "http://hl7.org/fhir/ValueSet/administrative-gender"
GENDER = "http://hl7.org/fhir/administrative-gender"
NEW: dict[str, Any] = {"resourceType": "Observation", "status": "final", "code": {"text": "新"}}
META = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [{"code": "x"}]}}]}
_FACTS = patient("ask", "{number}", "{text}")
PLACE = {"resourceType": "Parameters", "parameter": [
    {"name": "appt-id", "valueUri": "Appointment/{place}"},
    {"name": "patient-id", "valueUri": "Patient/{patient}"},
]}  # fmt: skip
"""A free place of the lead's clinic, for a patient of the side."""
WHOM = {"resourceType": "Parameters", "parameter": PLACE["parameter"][1:]}
_ASKED = {"resourceType": "ServiceRequest", "id": "{new}", "status": "active", "intent": "order",
          "subject": {"display": "某某"}}  # fmt: skip
_HEADER = {"resourceType": "MessageHeader", "id": "{new}", "source": {"endpoint": "urn:x"}, "eventCoding": {
    "system": "http://CodeSystem.hl7fhir.cn/activity-code", "code": "C01005"}}  # fmt: skip
MESSAGE = {"resourceType": "Bundle", "type": "message", "entry": [{"resource": _HEADER}, {"resource": _ASKED}]}
"""A message that the endpoint of A's institution takes."""
NUMBER = {
    "name": "resource",
    "resource": {key: value for key, value in _FACTS.items() if key not in ("telecom", "text")},
}


@dataclass(frozen=True)
class Interaction:
    """One thing that can be asked. In path and body ``{patient}`` and the like stand for ids of the side asked about,
    ``{fresh}`` and ``{export}`` for what its own key has made for this request alone, ``{place}`` for a free place.
    ``shows``: the answer's body tells whether it was let through; ``writes``: it changes something where it is."""

    name: str
    method: str
    path: str
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    shows: bool = False
    writes: bool = False

    def content(self, ids: dict[str, str]) -> bytes | None:
        """The body as it is sent."""
        if self.body is None:
            return None
        text = self.body if isinstance(self.body, str) else json.dumps(self.body, ensure_ascii=False)
        return filled(text, ids).encode()

    def situations(self, every: Sequence[str]) -> tuple[str, ...]:
        """Those of all situations that can make a difference: what names nothing of anybody's is asked in the first."""
        said = self.path + str(self.body)
        if "{terms}" in said:
            return tuple(each for each in every if each in ("own", "member", "outside"))
        return tuple(every) if self.shows or re.search(r"{(?!new)[a-z]+}", said) else tuple(every[:1])

    @property
    def kind(self) -> str:
        """The media type of the body."""
        return next((value for name, value in self.headers if name == "Content-Type"), JSON)


def filled(text: str, ids: dict[str, str]) -> str:
    """The text with ids in the place of their names."""
    for name, value in ids.items():
        text = text.replace("{" + name + "}", value)
    return text


def _shown(name: str, path: str, method: str = "GET", body: Any = None, **more: Any) -> Interaction:
    return Interaction(name, method, path, body, shows=True, **more)


def _bundle(kind: str, method: str, url: str, resource: Any = None) -> dict[str, Any]:
    entry: dict[str, Any] = {"request": {"method": method, "url": url}}
    return {"resourceType": "Bundle", "type": kind, "entry": [entry | ({"resource": resource} if resource else {})]}


def _written(name: str, method: str, path: str, body: Any = None, *headers: tuple[str, str]) -> Interaction:
    return Interaction(name, method, path, body, headers, writes=True)


OLD = {**NEW, "id": "{fresh}"}
NOTED = {**NEW, "note": [{"text": "{new}"}]}  # of its own: a bundle that came before is answered as it was then
PATCH = (("Content-Type", "application/json-patch+json"),)
SEARCH = (("Content-Type", FORM),)
READING = (
    _shown("read", "Observation/{observation}"),
    _shown("vread", "Observation/{observation}/_history/1"),
    _shown("history-instance", "Observation/{observation}/_history"),
    _shown("history-type", "Observation/_history?_count=1000"),
    _shown("history-system", "_history?_count=1000"),
    _shown("search-type", "Observation?_id={observation}"),
    _shown("search-type by POST", "Observation/_search", "POST", "_id={observation}", headers=SEARCH),
    _shown("search-system", "?_type=Observation&_id={observation}"),
    _shown("search-compartment", "Patient/{patient}/Observation"),
    _shown("search by chain", "Observation?subject:Patient.identifier={number}"),
    _shown("search by _has", "Patient?_has:Observation:subject:_id={observation}"),
    _shown("search with _include", "Observation?_id={observation}&_include=Observation:subject"),
    _shown("search with _revinclude", "Patient?_id={patient}&_revinclude=Observation:subject"),
    _shown("batch of a read", "", "POST", _bundle("batch", "GET", "Observation/{observation}")),
    _shown("transaction of a read", "", "POST", _bundle("transaction", "GET", "Observation/{observation}")),
    _shown("conditional read", "Observation/{observation}", headers=(("If-None-Match", 'W/"99"'),)),
)
WRITING = (
    _written("create", "POST", "Observation", NEW),
    _written("create of another's patient", "POST", "Observation",
             {**NEW, "subject": {"reference": "Patient/{patient}"}}),
    _written("conditionalCreate", "POST", "Observation", NEW, ("If-None-Exist", "_id={observation}")),
    _written("update", "PUT", "Observation/{fresh}", OLD),
    _written("updateCreate", "PUT", "Observation/{new}", {**NEW, "id": "{new}"}),
    _written("conditionalUpdate", "PUT", "Observation?_id={fresh}", OLD),
    _written("patch", "PATCH", "Observation/{fresh}",
             [{"op": "replace", "path": "/code/text", "value": "改"}], *PATCH),
    _written("conditional patch", "PATCH", "Observation?_id={fresh}",
             [{"op": "replace", "path": "/code/text", "value": "改"}], *PATCH),
    _written("delete", "DELETE", "Observation/{fresh}"),
    _written("conditionalDelete", "DELETE", "Observation?_id={fresh}"),
    _written("batch", "POST", "", _bundle("batch", "PUT", "Observation/{fresh}", OLD)),
    _written("transaction", "POST", "", _bundle("transaction", "PUT", "Observation/{fresh}", OLD)),
    _written("transaction of a create", "POST", "", _bundle("transaction", "POST", "Observation", NOTED)),
    _written("transaction of a delete", "POST", "", _bundle("transaction", "DELETE", "Observation/{fresh}")),
)  # fmt: skip
EXPORTING = (
    *(_written(f"{at}$export", "GET", f"{at}$export?_type=Observation", None, *ASYNC) for at in ("", "Patient/")),
    _written("Group/[id]/$export", "GET", "Group/{group}/$export", None, *ASYNC),
    Interaction("export status", "GET", "$export-status/{exported}"),
    _shown("export file", "$export-file/{exported}/{file}"),
    _written("export delete", "DELETE", "$export-status/{export}"),
)
OTHER = (
    Interaction("metadata", "GET", "metadata"),
    Interaction("metadata of terminology", "GET", "metadata?mode=terminology"),
    Interaction("smart-configuration", "GET", ".well-known/smart-configuration"),
    Interaction("healthz", "GET", "healthz"),
)
_VALUES = f"url={quote(GENDERS)}&system={quote(GENDER)}&code=male"
_CODE = f"system={quote(GENDER)}&code=male"
ASKED: dict[tuple[str, str, bool], Interaction] = {
    ("*", "validate", False): Interaction("", "POST", "Observation/$validate", NEW),
    ("*", "validate", True): Interaction("", "GET", "Observation/{observation}/$validate"),
    ("Patient", "everything", True): _shown("", "Patient/{patient}/$everything"),
    ("Encounter", "everything", True): _shown("", "Encounter/{encounter}/$everything"),
    ("Group", "everything", True): _shown("", "Group/{group}/$everything"),
    ("Observation", "lastn", False): _shown("", "Observation/$lastn?patient={patient}"),
    ("Patient", "match", False): _shown(
        "", "Patient/$match", "POST", {"resourceType": "Parameters", "parameter": [NUMBER]}
    ),
    ("Appointment", "find", False): Interaction("", "GET", "Appointment/$find?start=2026-01-01&end=2026-01-02"),
    ("Appointment", "hold", False): Interaction("", "POST", "Appointment/$hold", PLACE),
    ("Appointment", "hold", True): Interaction("", "POST", "Appointment/{place}/$hold", WHOM),
    ("Appointment", "book", False): _written("", "POST", "Appointment/$book", PLACE),
    ("Appointment", "book", True): Interaction("", "POST", "Appointment/{place}/$book", WHOM),
    ("Patient", "ihe-pix", False): _shown("", "Patient/$ihe-pix?sourceIdentifier=urn:mr|{patient}"),
    ("", "process-message", False): _written("", "POST", "$process-message", MESSAGE),
    ("", "meta", False): Interaction("", "GET", "$meta"),
    ("*", "meta", False): Interaction("", "GET", "Observation/$meta"),
    ("*", "meta", True): Interaction("", "GET", "Observation/{observation}/$meta"),
    ("*", "meta-add", True): _written("", "POST", "Observation/{fresh}/$meta-add", META),
    ("*", "meta-delete", True): _written("", "POST", "Observation/{fresh}/$meta-delete", META),
    ("ValueSet", "expand", False): Interaction("", "GET", f"ValueSet/$expand?url={quote(GENDERS)}"),
    ("ValueSet", "expand", True): Interaction("", "GET", "ValueSet/{terms}/$expand"),
    ("ValueSet", "validate-code", False): Interaction("", "GET", f"ValueSet/$validate-code?{_VALUES}"),
    ("ValueSet", "validate-code", True): Interaction("", "GET", f"ValueSet/{{terms}}/$validate-code?{_CODE}"),
    ("CodeSystem", "lookup", False): Interaction("", "GET", f"CodeSystem/$lookup?{_CODE}"),
    ("CodeSystem", "validate-code", False): Interaction(
        "", "GET", f"CodeSystem/$validate-code?url={quote(GENDER)}&code=male"
    ),
    ("CodeSystem", "validate-code", True): Interaction("", "GET", "CodeSystem/{terms}/$validate-code?code=x"),
    ("CodeSystem", "subsumes", False): Interaction(
        "", "GET", f"CodeSystem/$subsumes?system={quote(GENDER)}&codeA=male&codeB=female"
    ),
    ("CodeSystem", "subsumes", True): Interaction("", "GET", "CodeSystem/{terms}/$subsumes?codeA=x&codeB=x"),
    ("ConceptMap", "translate", False): Interaction(
        "", "GET", "ConceptMap/$translate?url=urn:map:{terms}&system=urn:codes:{terms}&code=x"
    ),
    ("ConceptMap", "translate", True): Interaction(
        "", "GET", "ConceptMap/{terms}/$translate?system=urn:codes:{terms}&code=x"
    ),
}
"""A request for each operation of the door's own table; a new one without any is named by the test."""


def interactions() -> Iterator[Interaction]:
    """All that is asked."""
    yield from (*READING, *WRITING, *EXPORTING, *OTHER)
    for (kind, name, instance), asked in ASKED.items():
        called = f"{kind}{'/[id]' if instance else ''}/${name}".lstrip("/")
        yield Interaction(called, asked.method, asked.path, asked.body, asked.headers, asked.shows, asked.writes)


def missing(statement: dict[str, Any]) -> set[str]:
    """What the door offers, by its own CapabilityStatement and its own table of operations, that is not asked here."""
    named = {each.name for each in interactions()}
    rest = statement["rest"][0]
    offered = {each["code"] for each in rest["interaction"]}
    for resource in rest["resource"]:
        offered |= {each["code"] for each in resource["interaction"]}
        offered |= {name for name in ("conditionalCreate", "conditionalUpdate", "conditionalDelete", "updateCreate")
                    if resource.get(name)}  # fmt: skip
    return {name for name in offered if name not in named} | {
        f"{kind} ${name} ({'instance' if instance else 'type'})"
        for kind, name, instance in OPERATIONS
        if (kind, name, instance) not in ASKED
    }
