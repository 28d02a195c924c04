"""Documents that stand in a message (OBX-5): their bytes, out of base64, hexadecimal, escaped text or a MIME package.

HL7 v2.5.1, 2.A.24 (ED) and table 0299 say how they are written; CDA R2, chapter 3, that a CDA document may come as the
first part of a MIME package (``multipart``, ``x-hl7-cda-level-one``). Work is linear in the message.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from typing import Final

from doorstep.adapters.hl7v2.codec import Message, Segment
from doorstep.adapters.hl7v2.mapping.joining import TEXTS
from doorstep.adapters.hl7v2.mapping.values import Value
from doorstep.adapters.hl7v2.shapes import Problem

_SPACE: Final = re.compile(r"\s")
_DECLARED: Final = re.compile(r"""<\?xml[^>]{0,200}\bencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_PACKAGE: Final = re.compile(rb"\s{0,100}(?:mime-version|content-[a-z-]{1,40})\s*:", re.IGNORECASE)
_BOUNDARY: Final = 200


class Broken(Exception):
    """What is announced as base64 or hexadecimal is none; ``problem`` says where."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.reason} at {problem.place}")
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Enclosed:
    """What stands at a place of the message (``OBX[2]-5.5``): its bytes, unpacked, and the base64 under which the
    mapping puts it into an attachment."""

    place: str
    data: bytes
    attached: str


def enclosed(message: Message) -> Iterator[Enclosed]:
    """What the OBX of a message enclose: of type ED, and (MDM) texts. What was cut is ``joined`` before. Raises
    ``Broken``."""
    texts = message.header.kind == "MDM"
    count = 0
    for segment in message.segments:
        if segment.name != "OBX":
            continue
        count += 1
        place = "OBX-5" if count == 1 else f"OBX[{count}]-5"
        kind = segment.field(2)
        if kind == "ED":
            yield from _data(message, segment, place)
        elif texts and kind in TEXTS and segment.field(5):
            yield _text(Value(message, segment.repetitions(5)[0], place, field=segment.field(5)))


def _data(message: Message, segment: Segment, place: str) -> Iterator[Enclosed]:
    raws = segment.repetitions(5)
    for number, raw in enumerate(raws, 1):
        value = Value(message, raw, place if len(raws) == 1 else f"{place}[{number}]")
        said, form = value.part(5), value.part(4).text.lower()
        if said.empty:
            continue
        try:
            if form == "base64":
                attached = _SPACE.sub("", said.text)
                yield Enclosed(said.place, unpacked(base64.b64decode(attached, validate=True)), attached)
            elif form == "hex":
                data = bytes.fromhex(said.text)
                yield Enclosed(said.place, unpacked(data), base64.b64encode(data).decode())
            else:
                yield _text(said)
        except ValueError:  # binascii.Error is one
            raise Broken(Problem(f"bad-{form}", said.place)) from None


def _text(value: Value) -> Enclosed:
    said = "\n".join(value.repetitions).strip() if value.depth == 0 else value.text
    return Enclosed(value.place, unpacked(_written(said)), base64.b64encode(said.encode()).decode())


def _written(text: str) -> bytes:
    """A text as bytes: an XML document in the encoding that it declares, for a reader goes by that."""
    match = _DECLARED.match(text)
    try:
        return text.encode(match[1] if match else "utf-8")
    except (LookupError, UnicodeError):
        return text.encode()


def unpacked(data: bytes) -> bytes:
    """The first part of a MIME package; what is none, as it is."""
    if _PACKAGE.match(data[:200]) is None:
        return data
    head = BytesHeaderParser().parsebytes(data)
    boundary = head.get_boundary()
    if not boundary or len(boundary) > _BOUNDARY:
        return data
    parts = data.split(b"--" + boundary.encode("ascii", "replace"), 2)
    if len(parts) < 2:
        return data
    return _decoded(parts[1].lstrip(b" \t").removeprefix(b"\r").removeprefix(b"\n"))


def _decoded(part: bytes) -> bytes:
    """The body of a part, by its transfer encoding (RFC 2045, 6)."""
    blank = re.search(rb"\r?\n\r?\n|\r\r", part)
    if blank is None:
        return part
    form = str(BytesHeaderParser().parsebytes(part[: blank.end()]).get("content-transfer-encoding", "")).strip().lower()
    body = part[blank.end() :].rstrip(b"\r\n")
    try:
        if form == "base64":
            return binascii.a2b_base64(body)
        return binascii.a2b_qp(body) if form == "quoted-printable" else body
    except binascii.Error:
        return body
