"""From a FHIR R4 Patient to what the index takes in. Pure; tolerant of what it does not know, silent about nothing.

How a number's kind is found, first that fits: its system (``SYSTEMS``), its type's code (``TYPES``: HL7 v2-0203, the
Chinese types of WS 364.3 CV02.01.101), else it is the source's own number (a hospital number).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from doorstep.kernel.projecting import filled, plain
from doorstep.linkage import names, numbers
from doorstep.registers.residents.rules.facts import PASSPORT_SYSTEM, Identifier, Kind, tidy
from doorstep.registers.residents.rules.persons import Person
from doorstep.registers.residents.shapes import Address, Guardian, Incoming, Name, Phone

Json = Mapping[str, Any]

_CN_TYPE = "http://CodeSystem.hl7fhir.cn/identity-document-type"
_V2 = "http://terminology.hl7.org/CodeSystem/v2-0203"
# Systems whose numbers are of one kind. The two OIDs are China's data-element register's (WS 363), the URNs are ours;
# the last two are of other countries: kept and found by, but not trusted (made-up records draw them at random).
SYSTEMS: Mapping[str, Kind] = {
    "urn:oid:2.16.156.10011.1.3": Kind.RESIDENT_ID,
    "urn:oid:2.16.156.10011.1.2": Kind.ARCHIVE,
    "urn:doorstep:birth-certificate": Kind.BIRTH_CERTIFICATE,
    "urn:doorstep:insurance-number": Kind.INSURANCE,
    "http://hl7.org/fhir/sid/us-ssn": Kind.OTHER,
    "urn:oid:2.16.840.1.113883.4.3": Kind.OTHER,
}
TYPES: Mapping[tuple[str, str], Kind] = {
    (_V2, "NNCHN"): Kind.RESIDENT_ID,
    (_V2, "BCT"): Kind.BIRTH_CERTIFICATE,
    (_V2, "PPN"): Kind.PASSPORT,
    (_V2, "MR"): Kind.HOSPITAL,
    (_V2, "PI"): Kind.HOSPITAL,
    (_V2, "SS"): Kind.OTHER,
    (_V2, "DL"): Kind.OTHER,
    (_V2, "HC"): Kind.OTHER,
    (_V2, "NI"): Kind.OTHER,
    (_CN_TYPE, "01"): Kind.RESIDENT_ID,
    (_CN_TYPE, "03"): Kind.PASSPORT,
    **{(_CN_TYPE, code): Kind.OTHER for code in ("02", "04", "05", "06", "07", "99")},
}
GENDERS: Mapping[str, str] = {"male": "1", "female": "2", "unknown": "0", "other": "9"}
DIVISION_URLS = ("http://StructureDefinition.hl7fhir.cn/AdministrativeDivision", "urn:oid:2.16.156.10011.2.3.3.1")
ETHNIC_URLS = ("http://StructureDefinition.hl7fhir.cn/ChineseEthnicity", "urn:oid:2.16.156.10011.2.3.3.3")


def incoming(patient: Json, source: UUID) -> Incoming:
    """The record that a Patient resource is, said by the institution ``source``; the resource's id must be set."""
    return Incoming(
        patient_id=str(patient["id"]),
        source=source,
        identifiers=tuple(_identifiers(patient)),
        names=tuple(_names(patient)),
        sex=_sex(patient),
        birth_date=_text(patient.get("birthDate")),
        phones=tuple(_phones(patient)),
        addresses=tuple(_addresses(patient)),
        deceased=_deceased(patient),
        ethnic=_ethnic(patient),
        guardians=tuple(_guardians(patient)),
        rank=_rank(patient.get("multipleBirthInteger")),
    )


PUBLISHES = ("Patient",)
_GENDER: Mapping[str, str] = {"1": "male", "2": "female", "9": "other"}


def golden(
    resident: UUID, person: Person, patient_ids: Sequence[str], replaced: Sequence[UUID], into: UUID | None
) -> dict[str, Any]:
    """A resident as the index tells it: who it is, the records that are theirs (``seealso``), the residents whom it
    ``replaces``, and whether another took its place (``replaced-by``, no longer ``active``)."""
    links = [("replaced-by", str(into))] if into else []
    links += [("replaces", str(each)) for each in replaced] + [("seealso", each) for each in patient_ids]
    died: dict[str, object] = {"deceasedDateTime": person.deceased} if person.deceased not in ("", "yes") else {}
    died |= {"deceasedBoolean": True} if person.deceased == "yes" else {}
    name = plain(person.name)
    return filled(
        resourceType="Patient",
        id=str(resident),
        active=into is None,
        name=[{"text": name}] if name else None,
        gender=_GENDER.get(person.sex, "unknown"),
        birthDate=person.birth,
        **died,
        link=[{"other": {"reference": f"Patient/{key}"}, "type": kind} for kind, key in links],
    )


def _list(value: object) -> list[dict[str, Any]]:
    return [x for x in value if isinstance(x, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value.replace("\x00", "")[:500] if isinstance(value, str) else ""


def _codes(concept: object) -> Iterator[tuple[str, str]]:
    if isinstance(concept, dict):
        for coding in _list(concept.get("coding")):
            yield _text(coding.get("system")), _text(coding.get("code"))


def kind_of(identifier: Json) -> Kind:
    """The kind of a FHIR Identifier, by the tables of this file."""
    system = _text(identifier.get("system"))
    if system in SYSTEMS:
        return SYSTEMS[system]
    if system.startswith(PASSPORT_SYSTEM):
        return Kind.PASSPORT
    for code in _codes(identifier.get("type")):
        if code in TYPES:
            return TYPES[code]
    return Kind.HOSPITAL


def _identifiers(patient: Json) -> Iterator[Identifier]:
    for at, said in enumerate(_list(patient.get("identifier"))):
        old = said.get("use") in ("old", "temp")
        path = f"Patient.identifier[{at}].value"
        found = tidy(Identifier(kind_of(said), _text(said.get("system")), _text(said.get("value")), path, old))
        if found.value:
            yield found


def _names(patient: Json) -> Iterator[Name]:
    for said in _list(patient.get("name")):
        family = names.one_form(_text(said.get("family")))
        raw = said.get("given")
        parts = [_text(g) for g in raw] if isinstance(raw, list) else []
        given = names.one_form(" ".join(parts))
        text = names.one_form(_text(said.get("text")))
        if names.has_hanzi(family + given):
            text = text or family + given
        elif not names.has_hanzi(text):
            text = f"{given} {family}".strip() or text
        if text:
            yield Name(text, family, given, _text(said.get("use"))[:20])


def _sex(patient: Json) -> str:
    if sex := GENDERS.get(_text(patient.get("gender"))):
        return sex
    extra = patient.get("_gender")
    for extension in _list(extra.get("extension") if isinstance(extra, dict) else None):
        coding = extension.get("valueCoding")
        code = _text(coding.get("code")).lstrip("0") if isinstance(coding, dict) else ""
        if code in ("1", "2", "9"):
            return code
    return "0"


def _phones(holder: Json) -> Iterator[Phone]:
    for said in _list(holder.get("telecom")):
        if said.get("system", "phone") in ("phone", "sms") and (value := numbers.phone(_text(said.get("value")))):
            yield Phone(value, _text(said.get("use"))[:20])


def _extensions(holder: Json, urls: tuple[str, ...]) -> Iterator[str]:
    for extension in _list(holder.get("extension")):
        if extension.get("url") in urls:
            coding = extension.get("valueCoding")
            code = coding.get("code") if isinstance(coding, dict) else None
            yield _text(code or extension.get("valueCode") or extension.get("valueString"))


def _addresses(patient: Json) -> Iterator[Address]:
    for said in _list(patient.get("address")):
        text = _text(said.get("text")) or _joined(said)
        division = next(_extensions(said, DIVISION_URLS), "")
        if len(division) not in (2, 4, 6, 9, 12) or not (division.isascii() and division.isdigit()):
            division = ""
        if text or division:
            yield Address(text[:300], division, _text(said.get("use"))[:20])


def _joined(address: Json) -> str:
    """The words of an address without text: from large to small, as Chinese addresses are written."""
    raw = address.get("line")
    lines = [_text(line) for line in raw] if isinstance(raw, list) else []
    parts = [part for part in (*(_text(address.get(key)) for key in ("state", "city", "district")), *lines) if part]
    return ("" if names.has_hanzi("".join(parts)) else ", ").join(parts)


def _deceased(patient: Json) -> str:
    if day := _text(patient.get("deceasedDateTime")):
        return day[:10]
    return "yes" if patient.get("deceasedBoolean") is True else ""


def _rank(value: object) -> int:
    return value if isinstance(value, int) and 0 < value < 10 else 0


def _ethnic(patient: Json) -> str:
    code = next(_extensions(patient, ETHNIC_URLS), "")
    return code.zfill(2) if code.isascii() and code.isdigit() and len(code) <= 2 else ""


def _guardians(patient: Json) -> Iterator[Guardian]:
    for said in _list(patient.get("contact")):
        name = next(_names({"name": [said["name"]]}), None) if isinstance(said.get("name"), dict) else None
        relation = next((code for r in _list(said.get("relationship")) for _, code in _codes(r)), "")
        phone = next(_phones(said), Phone(""))
        if name or phone.value:
            yield Guardian(name.text if name else "", phone.value, relation[:20])
