"""Files and batches of messages: FHS, BHS, messages, BTS, FTS (HL7 v2.5.1, 2.10.3), opened, counted and answered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from doorstep.adapters.hl7v2.acks import stamp
from doorstep.adapters.hl7v2.charsets import GUESSES, codec_of
from doorstep.adapters.hl7v2.escapes import escape
from doorstep.adapters.hl7v2.shapes import Problem, Separators, separators_of

_LINES: Final = re.compile(
    rb"(?:\A(?:\xef\xbb\xbf)?[\s\x0b]{0,60}|[\r\n\x0b])((?:FHS|BHS|MSH)(?=[^A-Za-z0-9\s])|[BF]TS(?![A-Za-z0-9 ]))"
)
_COUNT: Final = re.compile(r"[0-9]{1,9}")
CONTROL: Final = 11


@dataclass(frozen=True, slots=True)
class Envelope:
    """A header of a file or a batch (FHS, BHS), its fields as sent by number from 1."""

    fields: tuple[str, ...]
    separators: Separators

    def field(self, number: int) -> str:
        """A field as sent; field 1 is the separator."""
        return self.fields[number - 1] if number <= len(self.fields) else ""

    @property
    def control_id(self) -> str:
        """What the answer refers to (FHS-11, BHS-11)."""
        return self.field(CONTROL)


@dataclass(slots=True)
class _Enclosed:
    """What stands between a header (none where the file goes without) and a trailer; ``count`` is what that counts."""

    header: Envelope | None = None
    count: str = ""
    closed: bool = False


@dataclass(slots=True)
class Group(_Enclosed):
    """A batch: its messages to the byte."""

    messages: list[bytes] = field(default_factory=list)


@dataclass(slots=True)
class Batch(_Enclosed):
    """A file of batches, in order."""

    groups: list[Group] = field(default_factory=list)

    @property
    def messages(self) -> list[bytes]:
        """All messages in order."""
        return [message for group in self.groups for message in group.messages]


def is_batch(raw: bytes) -> bool:
    """Whether bytes begin as a file or a batch of messages."""
    first = _LINES.match(raw)
    return first is not None and first[1] in (b"FHS", b"BHS")


def split(raw: bytes, charset: str | None = None) -> Batch:
    """A file in its messages: with envelopes, or message after message without any. Linear; raises nothing."""
    found = Batch()
    marks = list(_LINES.finditer(raw))
    for mark, after in zip(marks, [*marks[1:], None], strict=True) if marks else ():
        end = after.start(1) if after else len(raw)
        name, piece = mark[1], raw[mark.start(1) : end]
        if name == b"MSH":
            _open(found).messages.append(piece.rstrip(b"\x0b\x1c") if b"\x1c" in piece[-4:] else piece)
        elif name in (b"FHS", b"BHS"):
            _begin(found, name, _envelope(piece, charset))
        else:
            _end(found, name, piece)
    return found


def check(batch: Batch) -> list[Problem]:
    """What is wrong with a file as a whole: trailers that are missing or count otherwise. Its messages may be sound."""
    found = _trailed(batch, "FTS", len(batch.groups))
    for number, group in enumerate(batch.groups, 1):
        found += _trailed(group, f"BTS[{number}]", len(group.messages))
    return found


def _trailed(part: _Enclosed, trailer: str, holds: int) -> list[Problem]:
    found = []
    if part.header is not None and not part.closed:
        found.append(Problem("trailer-missing", trailer))
    if _COUNT.fullmatch(part.count) and int(part.count) != holds:
        found.append(Problem("count-differs", f"{trailer}-1", f"{part.count} / {holds}"))
    return found


def acknowledge_batch(
    batch: Batch, answers: Sequence[Sequence[bytes]], *, at: datetime, control_id: str, text: str = ""
) -> bytes:
    """The answer to a file: the envelopes turned about, the acknowledgements of each batch's messages, the counts.

    ``answers`` holds a sequence a batch, in order; one that is to have no answers may be left empty.
    """
    parts: list[bytes] = []
    if batch.header is not None:
        parts.append(_answer("FHS", batch.header, at, control_id, text))
    for group, each in zip(batch.groups, answers, strict=True):
        if group.header is not None:
            parts.append(_answer("BHS", group.header, at, control_id, text))
        parts.extend(each)
        if group.header is not None:
            parts.append(f"BTS{group.header.separators.field}{len(each)}\r".encode())
    if batch.header is not None:
        parts.append(f"FTS{batch.header.separators.field}{len(batch.groups)}\r".encode())
    return b"".join(parts)


def _open(batch: Batch) -> Group:
    if not batch.groups or batch.groups[-1].closed:
        batch.groups.append(Group())
    return batch.groups[-1]


def _begin(batch: Batch, name: bytes, header: Envelope | None) -> None:
    if name == b"FHS":
        batch.header = batch.header or header
    else:
        batch.groups.append(Group(header))


def _end(batch: Batch, name: bytes, piece: bytes) -> None:
    count = piece[4:].split(piece[3:4] or b"|", 1)[0].strip().decode("ascii", "replace")
    ended: _Enclosed | None = batch if name == b"FTS" else batch.groups[-1] if batch.groups else None
    if ended is not None:
        ended.count, ended.closed = count, True


def _envelope(piece: bytes, charset: str | None) -> Envelope | None:
    line = re.split(rb"[\r\n]", piece[:65536], maxsplit=1)[0]
    text = line.decode(codec_of(charset or "") or GUESSES[0], "replace")
    mark = text[3:4]
    separators = separators_of(mark, text[4:].split(mark, 1)[0]) if mark else None
    return Envelope((mark, *text[4:].split(mark)), separators) if separators else None


def _answer(name: str, to: Envelope, at: datetime, control_id: str, text: str) -> bytes:
    marks = to.separators
    fields = [
        f"{name}{marks.field}{marks.encoding}", to.field(5), to.field(6), to.field(3), to.field(4), stamp(at), "", "",
        escape(text, marks), escape(control_id, marks), to.control_id,
    ]  # fmt: skip
    return (marks.field.join(fields).rstrip(marks.field) + "\r").encode()
