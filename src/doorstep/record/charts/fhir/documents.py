"""What a DocumentReference says of its document; total, as all of this package is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from doorstep.record.charts.fhir.parts import concept, obj, objs, text, word
from doorstep.record.charts.shapes.documents import Paper
from doorstep.record.charts.shapes.readings import Key

_BINARY: Final = re.compile(r"Binary/([A-Za-z0-9\-.]{1,64})", re.ASCII)
_RELATIVE: Final = re.compile(r"([A-Z][A-Za-z]{1,40})/([A-Za-z0-9\-.]{1,64})", re.ASCII)
_NAMED: Final = re.compile(r"urn:uuid:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
MOST: Final = 1000


def paper(resource: Mapping[str, Any]) -> Paper:
    """The document of a DocumentReference: its first content that has bytes here."""
    attachments = [obj(each.get("attachment")) for each in objs(resource.get("content"))]
    held = [each for each in attachments if _place(each)]
    first = held[0] if held else {}
    labels = [word(c.get("code")) for each in objs(resource.get("securityLabel")) for c in objs(each.get("coding"))]
    return Paper(
        sort=concept(resource.get("type")).text,
        authors=tuple(filter(None, (text(each.get("display"), 100) for each in objs(resource.get("author"))))),
        custodian=text(obj(resource.get("custodian")).get("display"), 100),
        superseded=resource.get("status") == "superseded",
        restricted=bool({"R", "V"} & set(labels)),
        former=tuple(_former(resource)),
        media_type=word(first.get("contentType")),
        content=_binary(first),
        inline=first["data"] if isinstance(first.get("data"), str) else "",
    )


def source_document(resource: Mapping[str, Any]) -> str:
    """The id of the document that a resource was read from (``meta.source``); empty where it says none."""
    match = _NAMED.fullmatch(word(obj(resource.get("meta")).get("source")))
    return match[1] if match else ""


def entries(resource: Mapping[str, Any]) -> tuple[Key, ...]:
    """What was made of a document's entries: type and id."""
    found = [word(each.get("reference")) for each in objs(obj(resource.get("context")).get("related"))[:MOST]]
    return tuple((m[1], m[2]) for each in found if (m := _RELATIVE.fullmatch(each)))


def owner(resource: Mapping[str, Any]) -> str:
    """The reference by which a Binary says whose it is (``securityContext``)."""
    return word(obj(resource.get("securityContext")).get("reference"))


def _place(attachment: Mapping[str, Any]) -> bool:
    return isinstance(attachment.get("data"), str) or bool(_binary(attachment))


def _binary(attachment: Mapping[str, Any]) -> str:
    match = _BINARY.fullmatch(word(attachment.get("url")))
    return match[1] if match else ""


def _former(resource: Mapping[str, Any]) -> list[str]:
    found = []
    for each in objs(resource.get("relatesTo"))[:50]:
        match = _RELATIVE.fullmatch(word(obj(each.get("target")).get("reference")))
        if match and match[1] == "DocumentReference":
            found.append(match[2])
    return found
