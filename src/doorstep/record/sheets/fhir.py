"""From rows of sheets to FHIR: Patients, Observations, Immunizations, and the transaction Bundle that carries them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from doorstep.record.sheets.rules.returns import GLUCOSE, ROUTES, VACCINES

Json = dict[str, Any]
RESIDENT_ID: Final = "urn:oid:2.16.156.10011.1.3"
ARCHIVE: Final = "urn:oid:2.16.156.10011.1.2"
CERTIFICATE: Final = "urn:doorstep:birth-certificate"
LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"
VACCINE: Final = "urn:doorstep:vaccine"
_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
_ROUTE: Final = "http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration"
_ROLE: Final = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
_PARENTS: Final = {"MTH": "mother", "FTH": "father"}
_GENDERS: Final = {"1": "male", "2": "female", "0": "unknown", "9": "other"}
_ROUTES: Final = {"IM": "IM", "SC": "SQ", "ID": "IDINJ", "PO": "PO"}


def patient_system(place: str) -> str:
    """The system of an institution's own patient numbers; ``place`` is its credit code, or its id without one."""
    return f"urn:doorstep:hospital-number:{place}"


def row_system(place: str, kind: str) -> str:
    """The system of the numbers by which what came in sheets is known when it comes again."""
    return f"urn:doorstep:sheets:{kind}:{place}"


def patient(said: Mapping[str, str], place: str, before: Json | None) -> Json:
    """The Patient of a row. What was left empty stays as it was ``before``, as does all that a sheet cannot say."""
    made: Json = {**(before or {"resourceType": "Patient"})}
    given = (
        (patient_system(place), "number"), (RESIDENT_ID, "id_number"), (ARCHIVE, "archive"),
        (CERTIFICATE, "certificate"),
    )  # fmt: skip
    numbers = {system: said[key] for system, key in given if said.get(key)}
    kept = [one for one in made.get("identifier", []) if one.get("system") not in numbers]
    made["identifier"] = [*kept, *({"system": s, "value": v} for s, v in numbers.items())]
    if said["name"] not in [n.get("text") for n in made.get("name", [])]:
        made["name"] = [{"text": said["name"]}]
    made |= _told(said)
    if said.get("phone"):
        others = [t for t in made.get("telecom", []) if t.get("system") != "phone"]
        made["telecom"] = [*others, {"system": "phone", "value": said["phone"]}]
    for code, parent in _PARENTS.items():
        if said.get(parent):
            made["contact"] = _named(made.get("contact", []), code, said[parent])
    return made


def _named(contacts: Sequence[Json], code: str, name: str) -> list[Json]:
    """Contacts with this name for the one of a relation, whose telephone and the like stay if the name was the same."""
    others: list[Json] = []
    same: Json | None = None
    for contact in contacts:
        codes = [c.get("code") for r in contact.get("relationship", []) for c in r.get("coding", [])]
        if code not in codes:
            others.append(contact)
        elif contact.get("name", {}).get("text") == name:
            same = contact
    relationship = [{"coding": [{"system": _ROLE, "code": code}]}]
    return [*others, same or {"relationship": relationship, "name": {"text": name}}]


def _told(said: Mapping[str, str]) -> Json:
    """Sex, birth and address, where they were filled in; the first two also where the resident ID tells them."""
    number = said.get("id_number", "")
    sex, born = said.get("sex") or _sex(number), said.get("birth_date") or _born(number)
    made: Json = {"gender": _GENDERS[sex]} if sex else {}
    made |= {"birthDate": born} if born else {}
    return made | ({"address": [{"text": said["address"]}]} if said.get("address") else {})


def _sex(number: str) -> str:
    """What the ID says (GB 11643-1999: the 17th digit is odd for men)."""
    return ("1" if int(number[16]) % 2 else "2") if number else ""


def _born(number: str) -> str:
    return f"{number[6:10]}-{number[10:12]}-{number[12:14]}" if number else ""


def observations(said: Mapping[str, str], patient_id: str, place: str) -> list[Json]:
    """What was measured at a follow-up: blood pressure as a panel, heart rate, glucose."""
    made = []
    if said.get("systolic"):
        parts = [
            {"code": _loinc(code, words), "valueQuantity": _quantity(said[key], "mmHg", "mm[Hg]")}
            for key, code, words in (("systolic", "8480-6", "收缩压"), ("diastolic", "8462-4", "舒张压"))
        ]
        made.append({"code": _loinc("85354-9", "血压"), "component": parts})
    if said.get("pulse"):
        value = _quantity(said["pulse"], "次/分", "/min")
        made.append({"code": _loinc("8867-4", "心率"), "valueQuantity": value})
    if said.get("glucose"):
        code, words = GLUCOSE[said["timing"]]
        value = _quantity(said["glucose"], "mmol/L", "mmol/L")
        made.append({"code": _loinc(code, words), "valueQuantity": value, "category": [_category("laboratory")]})
    return [_observation(one, said, patient_id, place) for one in made]


def _observation(part: Json, said: Mapping[str, str], patient_id: str, place: str) -> Json:
    code = part["code"]["coding"][0]["code"]
    performer = [{"display": said["doctor"]}] if said.get("doctor") else None
    made = {
        "resourceType": "Observation",
        "identifier": [_number(row_system(place, "followups"), patient_id, said["date"], code)],
        "status": "final",
        "category": [_category("vital-signs")],
        "subject": {"reference": f"Patient/{patient_id}"},
        "effectiveDateTime": said["date"],
        **part,
    }
    return made | ({"performer": performer} if performer else {})


def immunization(said: Mapping[str, str], patient_id: str, place: str) -> Json:
    """The vaccination of a row."""
    vaccine, dose = said["vaccine"], int(said["dose"])
    made: Json = {
        "resourceType": "Immunization",
        "identifier": [_number(row_system(place, "vaccinations"), patient_id, vaccine, str(dose))],
        "status": "completed",
        "vaccineCode": {"coding": [{"system": VACCINE, "code": vaccine, "display": VACCINES[vaccine]}]},
        "patient": {"reference": f"Patient/{patient_id}"},
        "occurrenceDateTime": said["date"],
        "primarySource": True,
        "lotNumber": said["lot"],
        "protocolApplied": [{"series": vaccine, "doseNumberPositiveInt": dose}],
    }
    if said.get("maker"):
        made["manufacturer"] = {"display": said["maker"]}
    if said.get("route"):
        words = ROUTES[said["route"]]
        made["route"] = {"coding": [{"system": _ROUTE, "code": _ROUTES[said["route"]]}], "text": words}
    if said.get("doctor"):
        made["performer"] = [{"actor": {"display": said["doctor"]}}]
    return made


def _number(system: str, *parts: str) -> Json:
    return {"system": system, "value": "-".join(parts)}


def _loinc(code: str, words: str) -> Json:
    return {"coding": [{"system": LOINC, "code": code, "display": words}], "text": words}


def _category(code: str) -> Json:
    return {"coding": [{"system": _CATEGORY, "code": code}]}


def _quantity(value: str, unit: str, code: str) -> Json:
    number = float(value) if "." in value else int(value)
    return {"value": number, "unit": unit, "system": UCUM, "code": code}


def entry(resource: Json) -> Json:
    """An entry that makes a resource, or changes the source's own of the same first identifier."""
    known = resource["identifier"][0]
    asked = f"identifier={quote(known['system'], safe='')}|{quote(known['value'], safe='')}"
    return {"resource": resource, "request": {"method": "PUT", "url": f"{resource['resourceType']}?{asked}"}}


def back(kind: str, key: str, version: int, former: Json | None) -> Json:
    """An entry that takes back what stands in this version: its ``former`` body, or none."""
    request = {"method": "PUT" if former else "DELETE", "url": f"{kind}/{key}", "ifMatch": f'W/"{version}"'}
    return {"resource": former, "request": request} if former else {"request": request}


def bundle(entries: Sequence[Json], mark: str) -> bytes:
    """The transaction Bundle of a row; ``mark`` tells it from any other, for the same row may be sent once more after
    it was taken back."""
    made = {
        "resourceType": "Bundle",
        "identifier": {"system": "urn:doorstep:sheets:row", "value": mark},
        "type": "transaction",
        "entry": list(entries),
    }
    return json.dumps(made, ensure_ascii=False).encode()
