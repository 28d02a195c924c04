"""A shared document within an HL7 v2 message: whose it is, and what of the message's own resources points to it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from doorstep.adapters.cda import mapping as cda
from doorstep.adapters.cda.shapes import Unreadable
from doorstep.adapters.cda.tree import is_document
from doorstep.adapters.hl7v2 import enclosed
from doorstep.adapters.hl7v2.codec import Message

IDENTITY_CARD: Final = "urn:oid:2.16.156.10011.1.3"
CARRIER: Final = {"system": "urn:doorstep:document", "code": "carrier"}
"""The tag of a DocumentReference that tells of a message and has no bytes but those of the document within."""
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shared:
    """A CDA document out of a message: its place there, its bytes, the base64 under which the message's resources have
    it, and what its own mapping made of its header."""

    place: str
    data: bytes
    attached: str
    kin: cda.Kin
    patient: Mapping[str, Any]
    labels: Sequence[Json] = ()


class Unusable(Exception):
    """A document in a message cannot be used, and so neither can the message: the reason, its place, and what its
    words need."""

    def __init__(self, reason: str, place: str, params: Mapping[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.reason, self.place, self.params = reason, place, params or {}


def documents(message: Message, patient: Mapping[str, Any], institution: str) -> Iterator[tuple[Shared, cda.Converted]]:
    """The CDA documents of a message whose Patient is given, each with what its own mapping makes of it.

    Raises ``Unusable``: of a file that cannot be restored, a document that cannot be used or is of another person.
    """
    try:
        files = [each for each in enclosed.enclosed(message) if is_document(each.data)]
    except enclosed.Broken as why:
        raise Unusable("unmappable", why.problem.place, {"detail": why.problem.reason}) from None
    for each in files:
        try:
            found = cda.convert(each.data, cda.standard(), cda.Context(institution))
        except Unreadable as why:
            where = f"{each.place} {why.problem.place or f'line {why.problem.line}'}"
            raise Unusable(why.problem.code, where, why.problem.params) from None
        theirs = patient_of(found.bundle)
        if contradicts(patient, theirs):
            raise Unusable("document-of-another", each.place)
        header = next(r for r in resources(found.bundle) if r["resourceType"] == "DocumentReference")
        labels = header.get("securityLabel", ())
        yield Shared(each.place, each.data, each.attached, found.kin, theirs, labels), found


def contradicts(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two Patients cannot be one: two identity numbers, or neither name nor birth date in common.

    What one of them does not say contradicts nothing: whether they are one is the index's to find.
    """
    cards = [{i.get("value") for i in each.get("identifier", ()) if i.get("system") == IDENTITY_CARD}
             for each in (one, other)]  # fmt: skip
    if all(cards):
        return cards[0].isdisjoint(cards[1])
    names, births = ([_names(each) for each in (one, other)], [each.get("birthDate") for each in (one, other)])
    return all(names) and names[0].isdisjoint(names[1]) and all(births) and births[0] != births[1]


def _names(patient: Mapping[str, Any]) -> set[str]:
    return {"".join(str(each["text"]).split()) for each in patient.get("name", ()) if each.get("text")}


def patient_of(bundle: Mapping[str, Any]) -> Json:
    """The first Patient of a transaction; empty for none."""
    return next((r for r in resources(bundle) if r["resourceType"] == "Patient"), {})


def resources(bundle: Mapping[str, Any]) -> Iterator[Json]:
    """The resources of a transaction."""
    for entry in bundle["entry"]:
        if "resource" in entry:
            yield entry["resource"]


def point_to(bundle: Mapping[str, Any], document: Shared) -> None:
    """Let what has the document's bytes in a message's own resources name its Binary instead, so that it is kept once.

    A DocumentReference that does says that it was made of the document, is no less confidential, and is tagged.
    """
    for resource in resources(bundle):
        if resource["resourceType"] == "DiagnosticReport":
            for attachment in resource.get("presentedForm", ()):
                _name(attachment, document)
        elif resource["resourceType"] == "DocumentReference":
            named = [_name(each.get("attachment", {}), document) for each in resource.get("content", ())]
            if any(named):
                _carry(resource, document, whole=all(named))


def _name(attachment: Json, document: Shared) -> bool:
    if attachment.get("data") != document.attached:
        return False
    del attachment["data"]
    digest = base64.b64encode(hashlib.sha1(document.data, usedforsecurity=False).digest()).decode()  # R4, Attachment
    attachment |= {
        "contentType": "text/xml", "url": f"Binary/{document.kin.binary}", "size": len(document.data), "hash": digest,
    }  # fmt: skip
    return True


def _carry(resource: Json, document: Shared, *, whole: bool) -> None:
    target = {"reference": f"DocumentReference/{document.kin.document}"}
    resource.setdefault("relatesTo", []).append({"code": "transforms", "target": target})
    if document.labels:
        resource["securityLabel"] = [*resource.get("securityLabel", ()), *document.labels]
    if whole:
        resource.setdefault("meta", {}).setdefault("tag", []).append(CARRIER)
