"""A referral as the four messages of 四川省 双向转诊（住院）, and a referral of what such a message says. Pure.

| event | about | ours |
|---|---|---|
| C01001 转诊预约申请 | Appointment | what is asked: send, resend; cancelled when withdrawn |
| C01002 转诊预约应答 | AppointmentResponse | accept, decline; tentative when given back or passed on |
| C01003 患者到诊应答 | AppointmentResponse | arrive |
| C01004 上传完整病历 | Task, List | the origin's record of the patient, once they have arrived |
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from doorstep.adapters.fhirmessaging.reading import Message
from doorstep.kernel.projecting import Json, filled, plain
from doorstep.services.referrals.rules.kinds import Service, Urgency
from doorstep.services.referrals.rules.letters import FIELDS, Part
from doorstep.services.referrals.shapes import Detail, Picked, Wish

_CN: Final = "http://CodeSystem.hl7fhir.cn/"
PROFILES: Final = "http://StructureDefinition.hl7fhir.cn/"
NUMBERS: Final = "http://NamingSystem.hl7fhir.cn/"
ROLES: Final[Mapping[str, str]] = {"01": "责任医生", "06": "患者"}
PRIORITIES: Final[Mapping[Urgency, int]] = {Urgency.EMERGENCY: 1, Urgency.URGENT: 4, Urgency.ROUTINE: 9}
"""iCalendar's priorities, as R4 has them: 1 the highest, 9 the lowest, 0 not said."""
STATES: Final[Mapping[str, tuple[str, str]]] = {
    "accept": ("C01002", "accepted"), "decline": ("C01002", "declined"), "give_back": ("C01002", "tentative"),
    "redirect": ("C01002", "tentative"), "arrive": ("C01003", "accepted"),
}  # fmt: skip
"""What the receiver's moves say: the event and the participant's status."""
MOVES: Final[Mapping[tuple[str, str], str]] = {
    ("C01002", "accepted"): "accept", ("C01002", "declined"): "decline", ("C01002", "tentative"): "give_back",
    ("C01003", "accepted"): "arrive",
}  # fmt: skip
"""What the other platform's answers move here."""
DECLINED: Final[Mapping[str, str]] = {
    "no_capacity": "没有床位或号源", "no_capability": "没有相应的诊疗能力", "not_indicated": "不需要转诊",
    "patient_refused": "病人不同意",
}  # fmt: skip
RECORD: Final = (
    "AllergyIntolerance", "CarePlan", "Condition", "DiagnosticReport", "DocumentReference", "Encounter", "Immunization",
    "MedicationRequest", "MedicationStatement", "Observation", "Procedure",
)  # fmt: skip
"""Of which types a full record is made."""
SEXES: Final[Mapping[str, tuple[str, str]]] = {
    "male": ("1", "男"), "female": ("2", "女"), "unknown": ("0", "未知"), "other": ("9", "未说明"),
}  # fmt: skip
_HEADING: Final = re.compile(r"^【(.+)】$", re.MULTILINE)
_LABELS: Final = {label: name for name, label in FIELDS[Part.OUT].items()}


def _coded(system: str, code: str, display: str) -> Json:
    return {"coding": [{"system": f"{_CN}{system}", "code": code, "display": display}]}


def _stated(name: str, system: str, code: str) -> Json:
    coding = {"system": system, "code": code, "display": code}
    return {"extension": [{"url": f"{PROFILES}{name}", "valueCoding": coding}]}


def application(one: Detail, patient: Json, *, cancelled: bool = False) -> list[Json]:
    """The resources of C01001; ``patient`` is the origin's record of them, whose id its messages use."""
    line, out = one.line, one.out
    body = out.body if out else {}
    status = "cancelled" if cancelled else "proposed"
    departments = [{"text": plain(line.department_name)}] if plain(line.department_name) else []
    actors = [("01", f"Practitioner/{line.id}", "needs-action"), ("06", f"Patient/{patient['id']}", "accepted")]
    asked = filled(
        resourceType="Appointment", id=str(line.id), meta={"profile": [f"{PROFILES}hospital-referral"]},
        identifier=[{"system": f"{NUMBERS}hospital-referral-identifier", "value": line.number}], status=status,
        _status=_stated("resource-status", "http://hl7.org/fhir/appointmentstatus", status),
        serviceCategory=[_coded("service-category", "01", "医疗服务")],
        serviceType=[_coded("service-type", "03", "转诊预约"), *departments],
        priority=PRIORITIES[Urgency(line.urgency)], description=plain(body.get("impression", "")),
        supportingInformation=[{"reference": f"DocumentReference/{line.id}"}],
        created=line.sent_at.isoformat() if line.sent_at else None, comment=plain(body.get("present", "")),
        participant=[
            {"type": [_coded("encounter-participant-type", role, ROLES[role])], "actor": {"reference": actor},
             "status": state}
            for role, actor, state in actors
        ],
    )  # fmt: skip
    return [asked, patient, _doctor(one, one.sender_name), _letter(one, patient, body)]


def _doctor(one: Detail, name: str) -> Json:
    return {"resourceType": "Practitioner", "id": str(one.line.id), "name": [{"text": plain(name) or "—"}]}


def _letter(one: Detail, patient: Json, body: Mapping[str, str]) -> Json:
    """转诊（院）记录: the letter, as text under its headings, so that it is read without a program."""
    written = one.out.written_at if one.out else one.line.changed_at
    data = base64.b64encode(letter_text(body).encode()).decode()
    return filled(
        resourceType="DocumentReference", id=str(one.line.id),
        meta={"profile": [f"{PROFILES}medical-record-documentation"]},
        masterIdentifier={"system": f"{NUMBERS}document-Identifier", "value": str(one.line.id)}, status="current",
        type=_coded("document-type", "WS365-2011", "城乡居民健康档案基本数据集"),
        category=[_coded("document-category", "HSDC00.05", "转诊（院）记录")],
        subject={"reference": f"Patient/{patient['id']}"}, date=written.isoformat(),
        author=[{"reference": f"Practitioner/{one.line.id}"}], description="转诊（院）记录",
        content=[{"attachment": {"contentType": "text/plain", "language": "zh-CN", "data": data,
                                 "title": "转诊（院）记录", "creation": written.isoformat()}}],
    )  # fmt: skip


def letter_text(body: Mapping[str, str]) -> str:
    """The letter's fields under their headings."""
    said = ((label, body.get(name, "").strip()) for name, label in FIELDS[Part.OUT].items())
    return "\n".join(f"【{label}】\n{text}" for label, text in said if text) + "\n"


def letter_of(text: str) -> dict[str, str]:
    """The letter of a text with our headings; without them all of it is the reason of the referral."""
    pieces = _HEADING.split(text)
    found: dict[str, str] = {}
    for label, said in zip(pieces[1::2], pieces[2::2], strict=True):
        if label in _LABELS:
            found[_LABELS[label]] = said.strip()
    return found or ({"present": text.strip()} if text.strip() else {})


def answer(one: Detail, move: str, appointment: str, who: str, version: int, note: str) -> list[Json]:
    """The resources of C01002 or C01003: what a move of the receiver says of an Appointment of the other platform."""
    starts = one.appointed.starts
    said = filled(
        resourceType="AppointmentResponse", id=f"{one.line.id}-{version}",
        meta={"profile": [f"{PROFILES}hospital-referral-response"]},
        identifier=[{"system": f"{NUMBERS}hospital-referral-response-identifier",
                     "value": f"{one.line.number}-{version}"}],
        appointment={"reference": appointment}, start=starts.isoformat() if starts else None,
        end=one.times.valid_until.isoformat() if starts and one.times.valid_until else None,
        participantType=[_coded("encounter-participant-type", "01", ROLES["01"])],
        actor={"reference": f"Practitioner/{one.line.id}"}, participantStatus=STATES[move][1],
        _participantStatus=_stated("participation-status", "http://hl7.org/fhir/participationstatus", STATES[move][1]),
        comment=plain(note),
    )  # fmt: skip
    if "end" not in said:
        said.pop("start", None)
    return [said, _doctor(one, who)]


def records(one: Detail, appointment: str, patient: Json, found: Sequence[Json], at: datetime) -> list[Json]:
    """The resources of C01004: a Task whose focus is the List of what the origin knows of the patient."""
    key, subject = str(one.line.id), {"reference": f"Patient/{patient['id']}"}
    entries = [{"item": {"reference": f"{each['resourceType']}/{each['id']}"}} for each in found]
    task = filled(
        resourceType="Task", id=key, instantiatesCanonical="http://ActivityDefinition.hl7fhir.cn/medical-records-submitted",
        basedOn=[{"reference": appointment}], status="completed", intent="order",
        businessStatus=_coded("activity-code", "C01004", "上传完整病历"), focus={"reference": f"List/{key}"},
        authoredOn=at.isoformat(), lastModified=at.isoformat(), **{"for": subject},
    )  # fmt: skip
    listed = filled(
        resourceType="List", id=key, status="current", mode="snapshot", title="完整病历", subject=subject,
        date=at.isoformat(), entry=entries,
    )  # fmt: skip
    return [task, listed, patient, *found]


def wish_of(message: Message, wrote: Iterable[str]) -> Wish:
    """What a C01001 asks; its documents are enclosed, by the ids under which they were kept (``wrote``: Type/id)."""
    asked = message.first("Appointment") or {}
    letter = {"impression": str(asked.get("description", "")), "present": str(asked.get("comment", ""))}
    documents = list(message.resources("DocumentReference"))
    for text in _texts(documents):
        letter |= letter_of(text)
    if not letter["present"]:
        letter["present"] = "；".join(filter(None, (_words(each) for each in documents)))
    kept = [each.partition("/")[2] for each in wrote if each.startswith("DocumentReference/")]
    chosen = (Picked("DocumentReference", key, title_of(each)) for key, each in zip(kept, documents, strict=False))
    types = [str(each.get("text", "")) for each in asked.get("serviceType", ())]
    return Wish(
        service=Service.INPATIENT.value, urgency=urgency_of(asked.get("priority")).value, letter=letter,
        department_name=next(filter(None, types), ""), enclosures=tuple(chosen),
    )  # fmt: skip


def urgency_of(priority: Any) -> Urgency:
    """Ours of iCalendar's, which is 0 or missing where it is not said."""
    known = priority if isinstance(priority, int) and 0 < priority <= 9 else 9
    return next(
        urgency
        for urgency, most in ((Urgency.EMERGENCY, 2), (Urgency.URGENT, 6), (Urgency.ROUTINE, 9))
        if known <= most
    )


def note_of(message: Message) -> str:
    """When the other side would like the patient to come, and what it told them."""
    asked = message.first("Appointment") or {}
    when = " 至 ".join(str(asked[name]) for name in ("start", "end") if asked.get(name))
    return "；".join(filter(None, (f"希望时间 {when}" if when else "", str(asked.get("patientInstruction", "")))))


def doctor_of(message: Message) -> str:
    """The name of the doctor that a message gives; empty where it gives none."""
    names = (name.get("text", "") for each in message.resources("Practitioner") for name in each.get("name", ()))
    return str(next(filter(None, names), ""))


def is_cancelled(message: Message) -> bool:
    """Whether a C01001 takes back what was asked."""
    return (message.first("Appointment") or {}).get("status") == "cancelled"


def title_of(document: Json) -> str:
    """The title of a document."""
    titles = (each.get("attachment", {}).get("title", "") for each in document.get("content", ()))
    return str(next(filter(None, titles), "") or document.get("description", "") or "文书")


def _words(document: Json) -> str:
    urls = (each.get("attachment", {}).get("url", "") for each in document.get("content", ()))
    return "：".join(filter(None, (title_of(document), next(filter(None, urls), ""))))


def _texts(documents: Iterable[Json]) -> Iterator[str]:
    """The plain texts that documents carry with them."""
    for document in documents:
        for content in document.get("content", ()):
            attachment = content.get("attachment", {})
            if str(attachment.get("contentType", "")).startswith("text/plain") and attachment.get("data"):
                try:
                    yield base64.b64decode(attachment["data"], validate=True).decode()
                except (binascii.Error, UnicodeDecodeError):
                    continue


def person_of(body: Json, key: str) -> Json:
    """The patient as a message names them, of the origin's record: who they are and how they are reached, no more."""
    kept = {name: body[name] for name in ("name", "birthDate", "telecom", "address") if name in body}
    numbers = [_number(each) for each in body.get("identifier", ()) if each.get("value")]
    sex = _sex(str(body.get("gender", "")))
    profile = {"profile": [f"{PROFILES}Patient"]}
    return filled(resourceType="Patient", id=key, meta=profile, identifier=numbers, _gender=sex, **kept)


def _sex(gender: str) -> Json | None:
    """The guide binds the primitive itself to GB/T 2261.1, so that it can only be said in the extension."""
    if gender not in SEXES:
        return None
    code, display = SEXES[gender]
    coding = {"system": f"{_CN}physiological-gender", "code": code, "display": display}
    return {"extension": [{"url": f"{PROFILES}sexual-distinction-of-human", "valueCoding": coding}]}


def _number(identifier: Json) -> Json:
    """A resident ID as the guide writes it; any other number as it is."""
    if identifier.get("system") != "urn:oid:2.16.156.10011.1.3":
        return identifier
    return {
        "type": _coded("identity-document-type", "01", "身份证"), "system": f"{NUMBERS}identityDocument",
        "value": identifier["value"],
    }  # fmt: skip
