"""Random resources of thirteen types with so few distinct values that searches hit several of them."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

from tests.conformance.reference.syntax import interval

Json = dict[str, Any]
Pick = Callable[[Random], Any]
HL7 = "http://terminology.hl7.org/CodeSystem"
TREE = "http://example.cn/tree"
CODES: Final = (
    ("http://loinc.org", "8480-6", "Systolic blood pressure"),
    ("http://loinc.org", "8462-4", "Diastolic"),
    ("http://snomed.info/sct", "38341003", "高血压"),
    (TREE, "root", "Everything"),
    (TREE, "branch", "Part of it"),
    (TREE, "leaf", "Least"),
    ("http://example.cn/other", "8480-6", None),
    (None, "8480-6", "No system"),
    (None, "a,b|c$d", "Odd, code"),
)
STRINGS: Final = (
    "Müller",
    "MULLER",
    "Mull",
    "mulberry  tree",
    "Ångström",
    "张三",
    "张伟",
    "王小明",
    "O'Neil",
    "a,b|c",
    "ﬁne",
    "ßtra",
)
LATIN: Final = ("Mueller", "MULLER", "Mull", "mulberry  tree", "O'Neil", "Dr. X, jr.|$")
NAMES: Final = ("张三", "张伟", "王小明", "曾国强", "单雄信")
TEXTS: Final = ("High pressure", "high Sugar", "Ärger", "感冒", "Fever, mild")
DATES: Final = (
    "2019",
    "2020",
    "2020-02",
    "2020-02-29",
    "2020-03-01",
    "2020-02-29T23:30:00+08:00",
    "2020-02-29T23:30:00Z",
    "2020-02-29T15:30:00.500Z",
    "2020-12-31T23:59:59+08:00",
    "2021-01-01T00:00:00+08:00",
    "2021",
    "1987-06-15",
    "1987",
    "2020-01",
    "2024-05-05T10:00:00-05:30",
)
INSTANTS: Final = tuple(each for each in DATES if "T" in each)
DAYS: Final = tuple(each for each in DATES if "T" not in each)
NUMBERS: Final = (5, 5.0, 5.4, 5.5, 4.5, 100, 99.5, 100.5, 0, -3, 0.0054, 0.005404, 105, 95)
UNITS: Final[tuple[Json, ...]] = (
    {"system": "http://unitsofmeasure.org", "code": "mg", "unit": "mg"},
    {"system": "http://unitsofmeasure.org", "code": "kg", "unit": "kilo"},
    {"unit": "mg"},
    {},
)
URLS: Final = (
    "http://example.cn/vs",
    "http://example.cn/vs/a",
    "http://example.cn/vs/a/b",
    "http://example.cn/VS",
    "urn:oid:2.16.1",
)
IDENTS: Final = (
    ("http://example.cn/mrn", "A1"),
    ("http://example.cn/mrn", "A2"),
    ("http://example.cn/card", "A1"),
    (None, "A1"),
    (None, "B,|2"),
)
MANY: Final = 6


def some(*pool: Any) -> Pick:
    """One of a few values."""
    return lambda r: r.choice(pool)


def many(pick: Pick, least: int = 1, most: int = 2) -> Pick:
    """A list of them."""
    return lambda r: [pick(r) for _ in range(r.randint(least, most))]


def coding(r: Random) -> Json:
    """A Coding, with or without system and display."""
    return {name: each for name, each in zip(("system", "code", "display"), r.choice(CODES), strict=True) if each}


def concept(r: Random) -> Json:
    """A CodeableConcept of one or two codings, of a text, or of both."""
    made: Json = {"coding": [coding(r) for _ in range(r.randint(1, 2))]} if r.random() < 0.85 else {}
    return made | ({"text": r.choice(TEXTS)} if not made or r.random() < 0.3 else {})


def identifier(r: Random) -> Json:
    """An Identifier, perhaps with its type."""
    system, value = r.choice(IDENTS)
    # of numbers out of use no person is made one with another
    made: Json = {"use": "old", "value": value} | ({"system": system} if system else {})
    if r.random() < 0.4:
        made["type"] = {"coding": [{"system": f"{HL7}/v2-0203", "code": r.choice(("MR", "AN"))}], "text": "Record no."}
    return made


def to(*kinds: str) -> Pick:
    """A Reference in one of its forms."""

    def made(r: Random) -> Json:
        kind = r.choice(kinds)
        here = f"{kind}/{kind.lower()}-{r.randrange(MANY)}"
        forms: dict[int, Json] = {
            0: {"reference": f"http://other.example/fhir/{here}"},
            1: {"identifier": identifier(r)},
            2: {"reference": here, "identifier": identifier(r), "type": kind},
            3: {"display": "somebody"},
            4: {"reference": f"{here}/_history/1"},
            5: {"type": kind, "identifier": identifier(r)},
        }
        return forms.get(r.randrange(12), {"reference": here})

    return made


def plainly(kind: str) -> Pick:
    """A reference as `Type/id`."""
    return lambda r: {"reference": f"{kind}/{kind.lower()}-{r.randrange(MANY)}"}


def period(r: Random) -> Json:
    """A Period, perhaps open on a side; its end neither begins nor ends before its start does."""
    start, end = r.choice(DATES), r.choice(DATES)
    if any(one > other for one, other in zip(interval(start), interval(end), strict=True)):
        end = start
    made = {"start": start, "end": end}
    made.pop(r.choice(("start", "end", "", "")), None)
    return made


def timing(r: Random) -> Json:
    """A Timing by its events or by its bounds."""
    if r.random() < 0.5:
        return {"event": [r.choice(DATES) for _ in range(2)]}
    return {"repeat": {"boundsPeriod": period(r), "frequency": 1, "period": 1, "periodUnit": "d"}}


def quantity(r: Random) -> Json:
    """A Quantity, sometimes with a comparator."""
    made: Json = {"value": r.choice(NUMBERS), **r.choice(UNITS)}
    return made | ({"comparator": r.choice(("<", ">=", ">", "<="))} if r.random() < 0.15 else {})


def range_of(r: Random) -> Json:
    """A Range, perhaps open."""
    low, high = sorted((r.choice(NUMBERS), r.choice(NUMBERS)))
    unit = r.choice(UNITS)
    made = {"low": {"value": low, **unit}, "high": {"value": high, **unit}}
    made.pop(r.choice(("low", "high", "", "")), None)
    return made


def human(r: Random) -> Json:
    """A HumanName: Chinese by its text or parts, or another."""
    whole = r.choice(NAMES)
    return r.choice(
        (
            {"text": whole},
            {"family": whole[:1], "given": [whole[1:]]},
            {"family": r.choice(LATIN), "given": [r.choice(LATIN)], "prefix": ["Dr."]},
        )
    )


def address(r: Random) -> Json:
    """An Address of a few parts."""
    made: Json = {"use": r.choice(("home", "work")), "city": r.choice(STRINGS), "line": [r.choice(STRINGS)]}
    return made | r.choice(({"postalCode": "100000"}, {"country": "中国"}, {"state": "北京", "district": "海淀"}))


def contact(r: Random) -> Json:
    """A ContactPoint."""
    return {"system": r.choice(("phone", "email")), "value": r.choice(("13800000001", "13900000002", "a@b.cn"))}


def meta(r: Random) -> Json:
    """Tags, profiles, security labels, where it comes from."""
    made: Json = {"tag": [coding(r)], "security": [coding(r)], "profile": [r.choice(URLS)], "source": r.choice(URLS)}
    return {name: made[name] for name in made if r.random() < 0.6} or {"tag": [coding(r)]}


def either(**ways: Pick) -> Json:
    """One of the forms of a choice."""
    return {"": ways}


BINARY: Final = (True, False)
PATIENT, ENCOUNTER, PRACTITIONER = to("Patient"), to("Encounter"), to("Practitioner", "Organization")
MUST: Final[dict[str, Json]] = {
    "Patient": {},
    "Practitioner": {},
    "Organization": {"name": some(*STRINGS)},
    "Location": {},
    "Medication": {},
    "Observation": {"status": some("final", "amended", "preliminary"), "code": concept},
    "Condition": {
        "subject": plainly("Patient"),
        "clinicalStatus": lambda r: {
            "coding": [{"system": f"{HL7}/condition-clinical", "code": r.choice(("active", "resolved"))}]
        },
    },
    "Encounter": {"status": some("finished", "in-progress"), "class": coding},
    "MedicationRequest": {
        "status": some("active", "stopped"),
        "intent": some("order", "plan"),
        "subject": plainly("Patient"),
        "": {"medicationCodeableConcept": concept, "medicationReference": to("Medication")},
    },
    "Procedure": {"status": some("completed", "in-progress"), "subject": plainly("Patient")},
    "ValueSet": {"status": some("active", "draft")},
    "List": {"status": some("current", "retired"), "mode": some("working")},
    "ServiceRequest": {
        "status": some("active", "draft"),
        "intent": some("order", "plan"),
        "subject": plainly("Patient"),
    },
}
MAY: Final[dict[str, Json]] = {
    "Patient": {
        "identifier": many(identifier),
        "active": some(*BINARY),
        "name": many(human),
        "telecom": many(contact),
        "gender": some("male", "female"),
        "birthDate": some(*DAYS),
        "address": many(address, 1, 1),
        "": {"deceasedBoolean": some(*BINARY), "deceasedDateTime": some(*DATES)},
        "generalPractitioner": many(PRACTITIONER),
        "managingOrganization": to("Organization"),
        "communication": lambda r: [{"language": concept(r)}],
    },
    "Practitioner": {
        "identifier": many(identifier),
        "active": some(*BINARY),
        "name": many(human),
        "telecom": many(contact),
        "gender": some("male", "female"),
        "address": many(address),
        "communication": many(concept),
    },
    "Organization": {
        "identifier": many(identifier),
        "active": some(*BINARY),
        "type": many(concept),
        "alias": many(some(*STRINGS)),
        "address": many(address),
        "partOf": to("Organization"),
    },
    "Location": {
        "identifier": many(identifier),
        "status": some("active", "inactive"),
        "name": some(*STRINGS),
        "alias": many(some(*STRINGS)),
        "address": address,
        "managingOrganization": to("Organization"),
        "partOf": to("Location"),
        "operationalStatus": coding,
        "type": many(concept),
        "position": lambda r: {
            "latitude": r.choice((39.9, 39.95, 31.2)),
            "longitude": r.choice((116.4, 116.41, 121.5)),
        },
    },
    "Medication": {"code": concept, "status": some("active", "inactive"), "identifier": many(identifier)},
    "Observation": {
        "identifier": many(identifier),
        "category": many(concept),
        "subject": to("Patient", "Location"),
        "encounter": ENCOUNTER,
        "performer": many(to("Patient", "Practitioner", "Organization")),
        "method": concept,
        "issued": some(*INSTANTS),
        "dataAbsentReason": concept,
        "focus": many(to("Condition", "Patient")),
        "hasMember": many(to("Observation")),
        "basedOn": many(to("ServiceRequest")),
        "partOf": many(to("Procedure")),
        "e": {
            "effectiveDateTime": some(*DATES),
            "effectivePeriod": period,
            "effectiveInstant": some(*INSTANTS),
            "effectiveTiming": timing,
        },
        "v": {
            "valueQuantity": quantity,
            "valueCodeableConcept": concept,
            "valueString": some(*STRINGS),
            "valueDateTime": some(*DATES),
            "valuePeriod": period,
        },
        "component": many(lambda r: {"code": concept(r), r.choice(("valueQuantity", "valueQuantity")): quantity(r)}),
    },
    "Condition": {
        "identifier": many(identifier),
        "verificationStatus": lambda r: {
            "coding": [{"system": f"{HL7}/condition-ver-status", "code": r.choice(("confirmed", "provisional"))}]
        },
        "category": many(concept),
        "severity": concept,
        "code": concept,
        "bodySite": many(concept),
        "encounter": ENCOUNTER,
        "o": {
            "onsetDateTime": some(*DATES),
            "onsetPeriod": period,
            "onsetString": some(*STRINGS),
            "onsetRange": range_of,
        },
        "a": {"abatementDateTime": some(*DATES), "abatementPeriod": period, "abatementString": some(*STRINGS)},
        "recordedDate": some(*DATES),
        "asserter": to("Patient", "Practitioner"),
        "evidence": lambda r: [{"code": [concept(r)], "detail": [to("Observation")(r)]}],
    },
    "Encounter": {
        "identifier": many(identifier),
        "type": many(concept),
        "subject": to("Patient"),
        "period": period,
        "participant": lambda r: [{"type": [concept(r)], "individual": to("Practitioner")(r)}],
        "partOf": to("Encounter"),
        "length": lambda r: {
            "value": r.choice(NUMBERS),
            "system": "http://unitsofmeasure.org",
            "code": "min",
            "unit": "min",
        },
        "reasonCode": many(concept),
        "reasonReference": many(to("Condition", "Observation")),
        "serviceProvider": to("Organization"),
        "location": lambda r: [{"location": plainly("Location")(r), "period": period(r)}],
        "diagnosis": lambda r: [{"condition": to("Condition", "Procedure")(r)}],
    },
    "MedicationRequest": {
        "identifier": many(identifier),
        "category": many(concept),
        "priority": some("routine", "urgent"),
        "encounter": ENCOUNTER,
        "authoredOn": some(*DATES),
        "requester": to("Practitioner", "Patient"),
        "performer": to("Practitioner"),
        "performerType": concept,
        "dosageInstruction": lambda r: [{"timing": timing(r)}],
    },
    "Procedure": {
        "identifier": many(identifier),
        "category": concept,
        "code": concept,
        "encounter": ENCOUNTER,
        "location": to("Location"),
        "": {"performedDateTime": some(*DATES), "performedPeriod": period},
        "reasonCode": many(concept),
        "performer": lambda r: [{"actor": to("Practitioner", "Organization")(r)}],
        "basedOn": many(to("ServiceRequest")),
        "instantiatesCanonical": many(some(*[f"{url}|1.0" for url in URLS[:3]], *URLS)),
        "instantiatesUri": many(some(*URLS)),
        "reasonReference": many(to("Condition", "Observation")),
    },
    "ValueSet": {
        "url": some(*URLS),
        "identifier": many(identifier),
        "version": some("1.0", "2.0"),
        "name": some("Ab", "Abc", "xY"),
        "title": some(*STRINGS),
        "date": some(*DATES),
        "publisher": some(*STRINGS),
        "description": some(*TEXTS),
        "jurisdiction": many(concept),
        "useContext": many(
            lambda r: {
                "code": coding(r),
                **r.choice(
                    ({"valueCodeableConcept": concept(r)}, {"valueQuantity": quantity(r)}, {"valueRange": range_of(r)})
                ),
            }
        ),
        "compose": lambda r: {"include": [{"system": r.choice(URLS), "concept": [{"code": r.choice(("a", "b"))}]}]},
    },
    "List": {
        "identifier": many(identifier),
        "title": some(*STRINGS),
        "code": concept,
        "subject": to("Patient", "Location"),
        "encounter": ENCOUNTER,
        "date": some(*DATES),
        "source": to("Practitioner", "Patient"),
        "emptyReason": concept,
        "note": lambda r: [{"text": r.choice(TEXTS)}],
        "entry": many(
            lambda r: {"item": to("Patient", "Observation", "Condition")(r), "deleted": r.random() < 0.2}, 1, 4
        ),
    },
    "ServiceRequest": {
        "identifier": many(identifier),
        "category": many(concept),
        "code": concept,
        "orderDetail": many(concept),
        "encounter": ENCOUNTER,
        "": {"occurrenceDateTime": some(*DATES), "occurrencePeriod": period, "occurrenceTiming": timing},
        "authoredOn": some(*DATES),
        "priority": some("routine", "stat"),
        "requester": to("Practitioner", "Patient"),
        "performer": many(to("Practitioner", "Organization")),
        "performerType": concept,
        "bodySite": many(concept),
        "requisition": identifier,
        "instantiatesCanonical": many(some(*URLS)),
        "replaces": many(to("ServiceRequest")),
    },
}
TYPES: Final = tuple(MUST)


def resource(kind: str, ident: str, r: Random) -> Json:
    """A random resource that R4's structure allows."""
    made: Json = {"resourceType": kind, "id": ident}
    if r.random() < 0.4:
        made["meta"] = meta(r)
    if r.random() < 0.2:
        made["text"] = {
            "status": "generated",
            "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{r.choice(TEXTS)}</p></div>',
        }
    for name, pick in [*MUST[kind].items(), *((n, p) for n, p in MAY[kind].items() if r.random() < 0.65)]:
        if isinstance(pick, dict):
            name, pick = r.choice(tuple(pick.items()))
        made[name] = pick(r)
    return made


def batch(seed: int, many_of_each: int) -> list[Json]:
    """So many of each type; references lead to the first few of them."""
    r = Random(seed)
    return [resource(kind, f"{kind.lower()}-{n}", r) for kind in TYPES for n in range(many_of_each)]
