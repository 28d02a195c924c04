"""A file that its sender cut into several OBX, or into repetitions of OBX-5, put together before anything is mapped.

HL7 v2.5.1 (7.4.2.4) lets OBX of one OBX-3 differ by OBX-4 alone and does not say when they are one thing. Here what
begins like no file goes on with the one before it under the same OBX-3, in the order of OBX-4 where that numbers them.
Work is linear in the message.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from doorstep.adapters.hl7v2.codec import Message, Segment, part
from doorstep.adapters.hl7v2.escapes import escape
from doorstep.adapters.hl7v2.mapping.shapes import Unmappable
from doorstep.adapters.hl7v2.shapes import NULL, Problem

TEXTS: Final = frozenset({"FT", "ST", "TX"})
_START: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?\s{0,99}(?:<\?xml\s|<!doctype\s|<html[\s>]|<(?:[a-z_][\w.-]{0,40}:)?clinicaldocument[\s>]|%pdf-"
    rb"|\{\\rtf|(?:mime-version|content-[a-z-]{1,40})\s*:)|\xff\xfe<\0|\xfe\xff\0<|\xff\xd8\xff|\x89png|gif8|ii\*\0"
    rb"|mm\0\*|pk\x03\x04|\xd0\xcf\x11\xe0|.{128}dicm",
    re.IGNORECASE | re.DOTALL,
)
"""How files begin: XML, HTML, PDF, RTF, a MIME package, JPEG, PNG, GIF, TIFF, ZIP, old Office files, DICOM."""
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_SPACE: Final = re.compile(r"\s")
_HEAD: Final = 1024
"""Characters by which a beginning is known."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A repetition of OBX-5 of an ED, or the whole of it where it is a text: where it stands, OBX-4, what it says of
    itself (ED-2, ED-3; ED-4), its raw data, and how it was sent."""

    segment: int
    repetition: int
    place: str
    number: str
    said: tuple[str, ...]
    form: str
    raw: str
    sent: str


def joined(message: Message) -> Message:
    """The message with each cut file whole where its first part stands, its other parts empty; itself where none is.

    Raises ``Unmappable`` with the place of a part that does not fit: ``part-missing``, ``part-unfit``, ``bad-base64``.
    """
    alike = [pieces for pieces in _alike(message) if len(pieces) > 1]
    written: dict[tuple[int, int], str] = {}
    for pieces in alike:
        for file in _files(message, pieces):
            if len(file) > 1:
                _demand_numbered(file)
                written |= {(each.segment, each.repetition): "" for each in file}
                written[file[0].segment, file[0].repetition] = _whole(message, file)
    if not written:
        return message
    return Message(message.lead, list(_rewritten(message, written)), message.separators, message.codec)


def _alike(message: Message) -> list[list[_Piece]]:
    """The pieces of each OBX-3 within its order, in the order of OBX-4 where that numbers them."""
    texts, order, count = message.header.kind == "MDM", 0, 0
    found: dict[tuple[int, bool, str], list[_Piece]] = {}
    for at, segment in enumerate(message.segments):
        if segment.name != "OBX":
            order += segment.name == "OBR"
            continue
        count += 1
        kind = segment.field(2)
        if kind == "ED" or (texts and kind in TEXTS):
            key = (order, kind == "ED", segment.field(3))
            found.setdefault(key, []).extend(_pieces(message, segment, at, count))
    return [_in_order(pieces) for pieces in found.values()]


def _pieces(message: Message, segment: Segment, at: int, count: int) -> Iterator[_Piece]:
    place, number = "OBX-5" if count == 1 else f"OBX[{count}]-5", message.text(segment.field(4)).strip()
    if segment.field(2) != "ED":
        if segment.field(5):
            yield _Piece(at, -1, place, number, ("text",), "", *[segment.field(5)] * 2)
        return
    marks, raws = message.separators, segment.repetitions(5)
    for nth, raw in enumerate(raws):
        where = place if len(raws) == 1 else f"{place}[{nth + 1}]"
        if marks.component not in raw:
            if raw not in ("", NULL):
                yield _Piece(at, nth, where, number, ("", ""), "", raw, raw)
        elif data := part(raw, marks, 5):
            said = tuple(message.text(part(raw, marks, n)).strip().lower() for n in (2, 3, 4))
            yield _Piece(at, nth, f"{where}.5", number, said[:2], said[2], data, raw)


def _in_order(pieces: list[_Piece]) -> list[_Piece]:
    segments = {each.segment: _numbers(each.number) for each in pieces}
    known = [number for number in segments.values() if number]
    if len(set(known)) < len(segments):
        return pieces
    return sorted(pieces, key=lambda each: _numbers(each.number))


def _numbers(text: str) -> tuple[int, ...]:
    """OBX-4 as numbers (``2``, ``1.2``); none where it is something else."""
    return tuple(map(int, text.split("."))) if re.fullmatch(r"[0-9]{1,6}(?:\.[0-9]{1,6}){0,3}", text) else ()


def _files(message: Message, pieces: Sequence[_Piece]) -> Iterator[list[_Piece]]:
    """The pieces as files: each begins with what begins like one, or stands alone."""
    file: list[_Piece] = []
    for each in pieces:
        head = _head(message, each)
        if _START.match(head):
            yield file
            file = [each]
        elif file and _goes_on(file, each):
            file.append(each)
        else:
            yield file
            file = []
            if "xml" in each.said and not head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
                raise Unmappable(Problem("part-missing", each.place))
    yield file


def _goes_on(file: Sequence[_Piece], piece: _Piece) -> bool:
    first, last = file[0], file[-1]
    if first.said == ("text",):
        return not last.raw.rstrip().endswith("ClinicalDocument>")
    return not any(piece.said) or piece.said == first.said


def _head(message: Message, piece: _Piece) -> bytes:
    text = message.text(piece.raw[:_HEAD])
    try:
        said = _SPACE.sub("", text)
        if piece.form == "base64":
            return base64.b64decode(said[: len(said) // 4 * 4], validate=True)
        return bytes.fromhex(said[: len(said) // 2 * 2]) if piece.form == "hex" else text.encode()
    except ValueError:  # binascii.Error is one
        return b""


def _demand_numbered(file: Sequence[_Piece]) -> None:
    """Raises ``Unmappable`` where OBX-4 numbers the parts of a file and one is missing or there twice."""
    parts = list({each.segment: each for each in file}.values())
    if len({each.number for each in parts}) == 1:
        return
    for one, other in pairwise(parts):
        before, after = _numbers(one.number), _numbers(other.number)
        if after != ((*before[:-1], before[-1] + 1) if before else ()):
            reason = "part-missing" if before and after > before else "part-unfit"
            raise Unmappable(Problem(reason, f"{other.place.partition('-')[0]}-4", other.number))


def _whole(message: Message, file: Sequence[_Piece]) -> str:
    """The first repetition of a file as it is sent when it is not cut."""
    marks, first = message.separators, file[0]
    if first.said == ("text",):
        return (marks.repetition or escape("\n", marks)).join(each.raw for each in file)
    for each in file[1:]:
        if each.form and each.form != first.form:
            raise Unmappable(Problem("part-unfit", each.place, each.form))
    data = _base64(message, file) if first.form == "base64" else "".join(each.raw for each in file)
    if first.sent == first.raw:
        return data
    parts = first.sent.split(marks.component)
    return marks.component.join([*parts[:4], data, *parts[5:]])


def _base64(message: Message, file: Sequence[_Piece]) -> str:
    """The parts as one base64, whether it was cut or each part was encoded by itself."""
    texts = [_SPACE.sub("", message.text(each.raw)) for each in file]
    for each, text in zip(file, texts, strict=True):
        if not _BASE64.fullmatch(text):
            raise Unmappable(Problem("bad-base64", each.place))
    whole = "".join(texts)
    if not _BASE64.fullmatch(whole):
        broken = next((each for each, text in zip(file, texts, strict=True) if len(text) % 4), None)
        if broken is not None:
            raise Unmappable(Problem("bad-base64", broken.place))
        whole = base64.b64encode(b"".join(map(base64.b64decode, texts))).decode()
    if len(whole) % 4:
        raise Unmappable(Problem("part-unfit", file[-1].place))
    return escape(whole, message.separators)


def _rewritten(message: Message, written: dict[tuple[int, int], str]) -> Iterator[Segment]:
    touched = {at for at, _ in written}
    for at, segment in enumerate(message.segments):
        if at not in touched:
            yield segment
            continue
        raws = [written.get((at, n), raw) for n, raw in enumerate(segment.repetitions(5))]
        field = written.get((at, -1), message.separators.repetition.join(raws))
        fields = [*segment.fields[:5], field, *segment.fields[6:]]
        yield Segment(segment.name, message.separators.field.join(fields), segment.end, segment.separators)
