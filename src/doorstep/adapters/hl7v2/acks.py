"""Acknowledgements: original mode (AA, AE, AR) and enhanced mode (CA, CE, CR), as HL7 v2.5.1 chapter 2.9 says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Final

from doorstep.adapters.hl7v2.charsets import codec_of
from doorstep.adapters.hl7v2.escapes import escape
from doorstep.adapters.hl7v2.paths import path_of
from doorstep.adapters.hl7v2.shapes import PLAIN, Header, Problem, Separators

CODES: Final = frozenset({"AA", "AE", "AR", "CA", "CE", "CR"})
VERSION: Final = "2.5.1"
VERSIONS: Final = re.compile(r"2\.([1-9])(?:\.[0-9]{1,2})?")
PROCESSING: Final = frozenset({"P", "D", "T"})
FAULT: Final = "207"
# HL7 table 0357; what is not named is an internal or application error
ERRORS: Final[Mapping[str, tuple[str, str]]] = {
    "not-a-segment": ("100", "Segment sequence error"),
    "second-header": ("100", "Segment sequence error"),
    "missing-segment": ("100", "Segment sequence error"),
    "missing-field": ("101", "Required field missing"),
    "bad-value": ("102", "Data type error"),
    "not-in-charset": ("102", "Data type error"),
    "unknown-code": ("103", "Table value not found"),
    "unsupported-kind": ("200", "Unsupported message type"),
    "unsupported-trigger": ("201", "Unsupported event code"),
    "unsupported-processing": ("202", "Unsupported processing id"),
    "unsupported-version": ("203", "Unsupported version id"),
    "unknown-key": ("204", "Unknown key identifier"),
    "duplicate-key": ("205", "Duplicate key identifier"),
    "locked": ("206", "Application record locked"),
}
STAMP: Final = "%Y%m%d%H%M%S%z"
_STANDS: Final = re.compile(r"[A-Za-z0-9._-]+")
_GAP: Final = "<gap>"
KNOWN: Final = 1000  # letters of a sender's names and so on; what has more is not remembered
INTERNAL: Final = "Application internal error"


def wanted(header: Header | None, code: str) -> str | None:
    """The code that is to be sent where ``code`` says what became of a message; None where its sender wants none.

    Original mode (neither MSH-15 nor MSH-16 is there): the application's code. Enhanced mode: an accept code (C.) by
    MSH-15, an application code (A.) by MSH-16, an absent one of the two being NE.
    """
    if header is None or not (header.accept_ack or header.application_ack):
        return f"A{code[1]}"
    asked = header.accept_ack if code[0] == "C" else header.application_ack
    good = code[1] == "A"
    return code if asked == "AL" or (asked == "SU" and good) or (asked == "ER" and not good) else None


def fault_of(header: Header | None) -> Problem | None:
    """Why a message is to be refused (AR, CR) by its header alone: 2.9.2.1 and table 0357; None for a sound one.

    A version that is not told is taken as one that we read, as is a processing id: systems leave them out.
    """
    if header is None:
        return Problem("no-header", "MSH")
    if not header.kind:
        return Problem("missing-field", "MSH-9")
    if not header.control_id:
        return Problem("missing-field", "MSH-10")
    if header.processing and header.processing not in PROCESSING:
        return Problem("unsupported-processing", "MSH-11", header.processing)
    if header.version and VERSIONS.fullmatch(header.version) is None:
        return Problem("unsupported-version", "MSH-12", header.version)
    return None


def acknowledge(
    header: Header | None,
    code: str,
    *,
    text: str = "",
    error: Problem | None = None,
    at: datetime,
    control_id: str,
    accept: str = "",
) -> bytes:
    """An acknowledgement to the sender of ``header``, in its version, separators and character set.

    ``accept``: of one that goes as a message of its own, whether it is to be acknowledged that it came (MSH-15).
    Raises ``ValueError`` for a code that is none.
    """
    if code not in CODES:
        raise ValueError(f"no acknowledgement code: {code}")
    to = header or Header(separators=PLAIN)
    if not text and error is None and _STANDS.fullmatch(control_id) and _STANDS.fullmatch(to.control_id):
        facts = (
            to.sending_application, to.sending_facility, to.receiving_application, to.receiving_facility, to.trigger,
            to.processing, to.version, to.charset, to.codec, code, accept,
        )  # fmt: skip
        if len("".join(facts)) <= KNOWN and len(around := _around(to.separators, *facts)) == 4:
            begin, before, between, end = around
            numbers = before + control_id.encode() + between + to.control_id.encode()
            return begin + stamp(at).encode() + numbers + end
    return _whole(to, code, text, error, stamp(at), control_id, accept)


@lru_cache(maxsize=256)
def _around(separators: Separators, *facts: str) -> list[bytes]:
    """What an acknowledgement says before, between and after its time, its own number and that of what it answers; it
    is the same for all messages of a sender. Not four parts where those are not to be found in it again."""
    sender, its, receiver, ours, trigger, processing, version, charset, codec, code, accept = facts
    to = Header(
        sender, its, receiver, ours, trigger=trigger, control_id=_GAP, processing=processing, version=version,
        charset=charset, separators=separators, codec=codec,
    )  # fmt: skip
    return _whole(to, code, "", None, _GAP, _GAP, accept).split(_GAP.encode()) if separators == PLAIN else []


def _whole(to: Header, code: str, text: str, error: Problem | None, at: str, control_id: str, accept: str) -> bytes:
    newer = _minor(to.version) >= 5
    lines = [_msh(to, at, control_id, accept), _msa(to, code, text)]
    if error is not None:
        lines.append(_err(to, error, text) if newer else _old_err(to, error))
    raw = "".join(line.rstrip(to.separators.field) + "\r" for line in lines)
    return raw.encode(codec_of(to.charset) or to.codec, "replace")


@lru_cache(maxsize=64)
def _minor(version: str) -> int:
    match = VERSIONS.fullmatch(version or VERSION)
    return int(match[1]) if match else 5


def stamp(at: datetime) -> str:
    """A moment as HL7 v2 writes it, with its time zone where it has one."""
    return at.strftime(STAMP) if at.tzinfo is None else _second(int(at.timestamp() // 1), at.tzinfo)


@lru_cache(maxsize=16)
def _second(seconds: int, zone: tzinfo) -> str:
    return datetime.fromtimestamp(seconds, zone).strftime(STAMP)


def _msh(to: Header, at: str, control_id: str, accept: str) -> str:
    marks = to.separators
    kind = ["ACK", to.trigger, "ACK"] if _minor(to.version) >= 4 else ["ACK", to.trigger]
    kinds = marks.component.join(escape(each, marks) for each in kind) if to.trigger and marks.component else "ACK"
    fields = [
        f"MSH{marks.field}{marks.encoding}", to.receiving_application, to.receiving_facility, to.sending_application,
        to.sending_facility, at, "", kinds, escape(control_id, marks), escape(to.processing or "P", marks),
        escape(to.version or VERSION, marks), "", "", accept, "NE" if accept else "", "", to.charset,
    ]  # fmt: skip
    return marks.field.join(fields)


def _msa(to: Header, code: str, text: str) -> str:
    """MSA-3 was withdrawn with v2.7."""
    said = text if _minor(to.version) < 7 else ""
    return to.separators.field.join(["MSA", code, escape(to.control_id, to.separators), escape(said, to.separators)])


def _error(error: Problem, marks: str) -> str:
    code, words = ERRORS.get(error.reason, (FAULT, INTERNAL))
    return marks.join([code, words, "HL70357"])


def _place(place: str) -> list[str]:
    """Segment, its number, field, repetition, component and subcomponent (ERL); of what is no path its first word."""
    try:
        path = path_of(place)
    except ValueError:
        return [place] if re.fullmatch(r"[A-Z][A-Z0-9]{2}", place) else []
    numbers = [path.occurrence or 1, path.field, path.repetition or 1, path.component, path.subcomponent]
    while not numbers[-1]:
        numbers.pop()
    return [path.segment, *map(str, numbers)]


def _err(to: Header, error: Problem, text: str) -> str:
    """ERR since v2.5: location, error code, severity, our own code, and words for people."""
    marks = to.separators
    own = escape(error.reason, marks)
    place = marks.component.join(_place(error.place))
    said = ": ".join(each for each in (error.place, error.text or text) if each)
    fields = ["ERR", "", place, _error(error, marks.component), "E", own, "", "", escape(said, marks)]
    return marks.field.join(fields)


def _old_err(to: Header, error: Problem) -> str:
    """ERR before v2.5: segment, its number, field, and the code as subcomponents of the fourth component."""
    marks = to.separators
    place = [*_place(error.place)[:3], "", "", ""][:3]
    code = _error(error, marks.subcomponent or " ")
    return marks.field.join(["ERR", marks.component.join([*place, code])])
