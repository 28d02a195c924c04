"""Shared documents of each side: one with sections, one that holds a file in the place of a body."""

from __future__ import annotations

import base64
from typing import Any
from xml.sax.saxutils import escape

HEAD = (
    '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><id root="1.2.3"/>'
    '<code code="C0001" displayName="{0}"/><title>{0}</title><effectiveTime value="20240101"/><recordTarget>'
    "<patientRole><patient><name>{0}</name></patient></patientRole></recordTarget><author><assignedAuthor>"
    "<assignedPerson><name>{0}</name></assignedPerson></assignedAuthor></author><component>{1}</component>"
    "</ClinicalDocument>"
)
BODY = (
    "<structuredBody><component><section><title>{0}</title><text><paragraph>{0}</paragraph><table><tr><td>{0}</td></tr>"
    "</table></text></section></component><component><section><title>{0}</title><entry><observation>"
    '<code displayName="{0}"/><value xsi:type="ST">{0}</value></observation></entry></section></component>'
    "</structuredBody>"
)


def documents(key: str, side: Any) -> list[dict[str, Any]]:
    """Their DocumentReferences, whose every text is the side's; ``key`` is a letter that no other side has."""
    text = escape(side.text, {'"': "&quot;"})
    plain = side.text.replace("<", "(").replace(">", ")")  # a file is handed out to the byte, and is no markup
    inner = base64.b64encode(f"%PDF-1.4 {plain}".encode()).decode()
    file = f'<nonXMLBody><text mediaType="application/pdf" representation="B64">{inner}</text></nonXMLBody>'
    side.ids["document"], side.ids["enclosing"] = f"d{key}", f"f{key}"
    return [
        _reference(side.document, f"p{key}", side.text, HEAD.format(text, BODY.format(text))),
        _reference(side.enclosing, f"p{key}", side.text, HEAD.format(text, file)),
    ]


def _reference(key: str, whose: str, text: str, xml: str) -> dict[str, Any]:
    data = base64.b64encode(xml.encode()).decode()
    return {
        "resourceType": "DocumentReference", "id": key, "status": "current", "description": text,
        "type": {"text": text}, "subject": {"reference": f"Patient/{whose}", "display": text},
        "author": [{"display": text}], "date": "2024-01-01T00:00:00+08:00",
        "content": [{"attachment": {"contentType": "text/xml", "data": data}}],
    }  # fmt: skip
