"""Messages from bytes and back, to the byte; linear in their length whatever they hold.

A segment ends with CR, LF or both; a line feed before what does not look like a segment belongs to the text it stands
in. Nothing is thrown away: odd ends, empty lines, trailing separators and segments of one's own (Z..) stay as sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from doorstep.adapters.hl7v2.charsets import GUESSES, codec_of, decode
from doorstep.adapters.hl7v2.escapes import unescape
from doorstep.adapters.hl7v2.paths import path_of
from doorstep.adapters.hl7v2.shapes import Header, Separators, Unreadable, separators_of

__all__ = ["Message", "Segment", "Unreadable", "header_of", "parse", "write"]

HEADER_BYTES: Final = 1 << 16
HEADER_AT: Final = 64
KNOWN_BYTES: Final = 1000  # a longer header is not remembered
LAST_READ: Final = 18  # field of MSH
LONGEST: Final = 16
BOM: Final = "\ufeff"
BLANKS: Final = b"\xef\xbb\xbf \t\r\n\v"
_LINE: Final = re.compile(rb"[\r\n]")
_MARKS: Final = re.compile(r"[\r\n]")
_ENDS: Final = re.compile(r"\r\n|\r|\n(?=[\r\n]|[A-Z][A-Z0-9]{2}[^A-Za-z0-9\s]|\Z)")
# a time and a control id that stand for themselves, between what the messages of a sender have in common
_USUAL: Final = re.compile(
    rb"(MSH\|\^~\\&\|(?:[^|]*\|){4})([0-9.+-]*)(\|[^|]*\|[^|]*\|)([A-Za-z0-9._-]*)((?:\|.*)?)\Z", re.DOTALL
)
_NAME: Final = re.compile(r"[A-Z][A-Z0-9]{2}")


class Segment:
    """One segment: its name, its text and end as sent; fields are split when they are asked for."""

    __slots__ = ("_fields", "end", "name", "separators", "text")

    def __init__(self, name: str, text: str, end: str, separators: Separators) -> None:
        self.name, self.text, self.end, self.separators = name, text, end, separators
        self._fields: list[str] | None = None

    @property
    def fields(self) -> list[str]:
        """The raw fields by their number: ``fields[3]`` is field 3, ``fields[0]`` the name."""
        if self._fields is None:
            self._fields = self.text.split(self.separators.field)
            if self.name in ("MSH", "FHS", "BHS"):
                self._fields.insert(1, self.separators.field)
        return self._fields

    def field(self, number: int) -> str:
        """A field as sent, with all its repetitions; empty where it is absent."""
        fields = self.fields
        return fields[number] if number < len(fields) else ""

    def repetitions(self, number: int) -> list[str]:
        """The repetitions of a field as sent; none where it is empty. What is not to be split (MSH-1, MSH-2) is one."""
        raw = self.field(number)
        if not raw:
            return []
        mark = self.separators.repetition
        if not mark or mark not in raw or self.marks(number):
            return [raw]
        return raw.split(mark)

    def marks(self, number: int) -> bool:
        """Whether a field holds the separators themselves."""
        return number <= 2 and self.name in ("MSH", "FHS", "BHS")

    def __repr__(self) -> str:
        """The name alone: what a message says does not come into logs."""
        return f"Segment({self.name})"


class Message:
    """A message that was read: ``segments`` in order, ``lead`` what stood before the first, ``codec`` of its bytes."""

    __slots__ = ("_header", "codec", "lead", "segments", "separators")

    def __init__(self, lead: str, segments: list[Segment], separators: Separators, codec: str) -> None:
        self.lead, self.segments, self.separators, self.codec = lead, segments, separators, codec
        self._header: Header | None = None

    @property
    def header(self) -> Header:
        """What MSH says."""
        if self._header is None:
            self._header = _header(next(s for s in self.segments if s.name == "MSH"), self.codec)
        return self._header

    def get(self, path: str) -> str:
        """The text at a place, of the first segment, repetition and so on where no number is given; "" for nothing.

        A place that names no component is the whole repetition, its separators in it. A simple value is also its own
        first component. ``""`` sent as a null is given as those two quotation marks (``NULL``).
        """
        return next(self._values(path), "")

    def all(self, path: str) -> list[str]:
        """The texts at a place in all segments and repetitions that it does not number; absent segments give none."""
        return list(self._values(path))

    def _values(self, text: str) -> Iterator[str]:
        path, count = path_of(text), 0
        for segment in self.segments:
            if segment.name != path.segment:
                continue
            count += 1
            if path.occurrence not in (0, count):
                continue
            found = segment.repetitions(path.field)
            for raw in found[path.repetition - 1 : path.repetition] if path.repetition else found or [""]:
                if segment.marks(path.field):
                    yield raw
                else:
                    yield self.text(part(raw, self.separators, path.component, path.subcomponent))

    def text(self, raw: str) -> str:
        """A raw value decoded."""
        return unescape(raw, self.separators, self.codec)

    def __repr__(self) -> str:
        """Nothing of what it says."""
        return f"Message({len(self.segments)} segments)"


def part(raw: str, separators: Separators, component: int = 0, subcomponent: int = 0) -> str:
    """A component (and subcomponent) of a raw repetition; 0 for the whole."""
    if component:
        raw = _nth(raw, separators.component, component)
    return _nth(raw, separators.subcomponent, subcomponent) if subcomponent else raw


def _nth(raw: str, mark: str, number: int) -> str:
    if not mark or mark not in raw:
        return raw if number == 1 else ""
    parts = raw.split(mark)
    return parts[number - 1] if number <= len(parts) else ""


def parse(raw: bytes, charset: str | None = None) -> Message:
    """Read a message; ``charset`` (as in MSH-18) is what the endpoint says, above what the message says.

    Raises ``Unreadable`` and nothing else: ``empty``, ``no-header``, ``batch``, ``separators``, ``charset-unknown``,
    ``not-in-charset``, ``not-a-segment``, ``second-header``.
    """
    text, codec = decode(raw, _codec(raw, charset))
    start = _start(text)
    lead, body = text[:start], text[start:]
    if not body.startswith("MSH"):
        raise Unreadable(_not_a_message(body), f"byte {len(lead.encode(codec))}")
    separators = _separators(body)
    return Message(lead, _segments(body, separators), separators, codec)


def write(message: Message) -> bytes:
    """The bytes of a message: of one that was read, those that were read."""
    text = "".join([part for segment in message.segments for part in (segment.text, segment.end)])
    return (message.lead + text).encode(message.codec)


def header_of(raw: bytes, charset: str | None = None) -> Header | None:
    """What MSH says, whatever is wrong after it; looks at nothing else. None where there is no MSH to read."""
    head = raw[:HEADER_BYTES]
    begin = head.find(b"MSH", 0, HEADER_AT + 3)
    if begin < 0 or head[:begin].strip(BLANKS):
        return None
    line = head[begin:].partition(b"\r")[0].partition(b"\n")[0]
    if len(line) <= KNOWN_BYTES and line.isascii() and (match := _USUAL.match(line)) is not None:
        before, at, between, control, after = match.groups()
        like = _known(before + between + after, charset)
        return like and _header_like(like, at.decode(), control.decode())
    return _read(line, charset)


@lru_cache(maxsize=256)
def _known(line: bytes, charset: str | None) -> Header | None:
    """A header without its time and number: the same in all messages of a sender, so that it is read once."""
    return _read(line, charset)


def _header_like(it: Header, at: str, control_id: str) -> Header:
    # what dataclasses.replace does, in a third of its time: it is asked of each message before it is acknowledged
    return Header(
        it.sending_application, it.sending_facility, it.receiving_application, it.receiving_facility, at, it.kind,
        it.trigger, it.structure, control_id, it.processing, it.version, it.charset, it.accept_ack, it.application_ack,
        it.separators, it.codec,
    )  # fmt: skip


def _read(line: bytes, charset: str | None) -> Header | None:
    codec = codec_of(charset or "") or codec_of(_declared(line)) or ""
    try:
        text, codec = decode(line, codec)
    except Unreadable:
        codec = codec or GUESSES[0]
        text = line.decode(codec, "replace")
    try:
        separators = _separators(text)
    except Unreadable:
        return None
    return _header(Segment("MSH", text, "", separators), codec)


def _header(msh: Segment, codec: str) -> Header:
    marks = msh.separators
    fields = msh.fields + [""] * (LAST_READ + 1 - len(msh.fields))
    kind = _parts(fields[9], marks, codec)
    return Header(
        fields[3], fields[4], fields[5], fields[6], unescape(fields[7], marks, codec), kind[0], kind[1], kind[2],
        unescape(fields[10], marks, codec), _parts(fields[11], marks, codec)[0], _parts(fields[12], marks, codec)[0],
        fields[18], _parts(fields[15], marks, codec)[0], _parts(fields[16], marks, codec)[0], marks, codec,
    )  # fmt: skip


def _parts(raw: str, marks: Separators, codec: str) -> list[str]:
    """The components of a field's first repetition, of each the first subcomponent; at least three."""
    if not raw:
        return ["", "", ""]
    for mark in (marks.repetition, marks.subcomponent):
        if mark and mark in raw:
            return [unescape(part(_nth(raw, marks.repetition, 1), marks, n, 1), marks, codec) for n in (1, 2, 3)]
    found = raw.split(marks.component) if marks.component else [raw]
    return [unescape(each, marks, codec) for each in found] + ["", ""]


def _codec(raw: bytes, charset: str | None) -> str:
    codec = codec_of(charset or "") or codec_of(_declared(raw[:HEADER_BYTES]))
    if codec is None or (charset and codec_of(charset) is None):
        raise Unreadable("charset-unknown", "MSH-18")
    return codec


def _declared(raw: bytes) -> str:
    """MSH-18 from the bytes: all sets in use share the ASCII letters and the separators before it, if not the names."""
    start = raw.find(b"MSH", 0, HEADER_AT + 3)
    line = _LINE.split(raw[start:], maxsplit=1)[0] if start >= 0 else b""
    fields = line.split(line[3:4], 18) if line[3:4] else []
    return fields[17].decode("ascii", "replace") if len(fields) > 17 else ""


def _start(text: str) -> int:
    """Where the first segment begins: after a byte-order mark and white space."""
    return HEADER_AT - len(text[:HEADER_AT].lstrip(BOM + " \t\r\n\v")) - max(0, HEADER_AT - len(text))


def _not_a_message(text: str) -> str:
    if text.startswith(("FHS", "BHS")):
        return "batch"
    return "no-header" if text.strip() else "empty"


def _separators(text: str) -> Separators:
    """The separators that a line which begins with MSH declares."""
    mark = text[3:4]
    found = separators_of(mark, _MARKS.split(text[4:LONGEST], maxsplit=1)[0].split(mark, 1)[0]) if mark else None
    if found is None:
        raise Unreadable("separators", "MSH-2")
    return found


def _segments(text: str, separators: Separators) -> list[Segment]:
    if "\n" not in text:
        lines = text.split("\r")
        ends = ["\r"] * (len(lines) - 1)
    else:
        ends = _ENDS.findall(text)
        lines = _ENDS.split(text)
    if not lines[-1]:
        lines.pop()
    else:
        ends.append("")
    found = [Segment(line[:3], line, end, separators) for line, end in zip(lines, ends, strict=True)]
    for number, segment in enumerate(found):
        if not segment.text or segment.text.isspace():
            segment.name = ""
        elif number and segment.name == "MSH":
            raise Unreadable("second-header", f"line {number + 1}")
        elif not _NAME.fullmatch(segment.name) or segment.text[3:4] not in ("", separators.field):
            raise Unreadable("not-a-segment", f"line {number + 1}")
    return found
