"""The application acknowledgement in enhanced mode: whether it is wanted, what it says, and by which endpoint it goes
(HL7 v2.5.1, 2.9.2 and 2.9.3)."""

from __future__ import annotations

from typing import Final

from doorstep.adapters.hl7v2 import acks
from doorstep.adapters.hl7v2.charsets import codec_of
from doorstep.adapters.hl7v2.shapes import Header

REJECTED: Final = frozenset({
    "unsupported-kind", "unsupported-trigger", "unsupported-processing", "unsupported-version", "no-header",
    "charset-unknown", "not-in-charset", "separators", "not-a-segment", "second-header",
})  # fmt: skip
"""What is refused by its kind or its form alone (AR); what is wrong with its content is an error (AE)."""


def code_of(header: Header | None, reason: str, detail: str) -> str:
    """AA, AE or AR where the sender wants to be told so (MSH-16); empty where it does not, in original mode (it was
    answered when the message was kept), and for an acknowledgement, which is never acknowledged."""
    if header is None or header.kind in ("", "ACK") or not (header.accept_ack or header.application_ack):
        return ""
    code = "AA" if not reason else "AR" if detail in REJECTED else "AE"
    return acks.wanted(header, code) or ""


def fits(header: Header, application: str, facility: str) -> int:
    """How well the receiver that an endpoint names (MSH-5, MSH-6) is the sender of a message: -1 where it is another,
    else more, the more it names; an application more than an institution."""
    names = ((application, header.sending_application), (facility, header.sending_facility))
    if not all(not said or said in (found, found.partition("^")[0]) for said, found in names):
        return -1
    return 2 * bool(application) + bool(facility)


def can_say(words: str, header: Header) -> bool:
    """Whether words can be written in the character set of a message."""
    try:
        words.encode(codec_of(header.charset) or header.codec)
    except UnicodeEncodeError:
        return False
    return True
