"""What is fuzzed: each target takes any bytes, and raises where what the code promises of them does not hold.

No Django and no database: readers and mappings are pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from doorstep.adapters.cda import document, narrative
from doorstep.adapters.cda import mapping as cda_mapping
from doorstep.adapters.cda.shapes import Unreadable as NoDocument
from doorstep.adapters.cda.tests import samples as cda_samples
from doorstep.adapters.hl7v2 import acks, batches, codec, enclosed, frames, mapping
from doorstep.adapters.hl7v2.shapes import Unreadable
from doorstep.adapters.sheets import reading
from doorstep.adapters.sheets.shapes import Limits, SheetFault

AT: Final = datetime(2026, 3, 1, tzinfo=UTC)
CONTEXT: Final = mapping.Context("91430000000000000X", "urn:uuid:0")
LIMIT: Final = 4096
CHARSETS: Final = (None, None, "UNICODE UTF-8", "GB 18030-2000", "GBK", "8859/1", "BIG-5")
SHEETS: Final = Limits(rows=200, all_rows=400, columns=50, unpacked=1 << 20)
TAG: Final = re.compile(r"<[/ ]?([A-Za-z]*)")
TAGS: Final = frozenset(
    {
        "br", "caption", "del", "div", "em", "img", "ins", "li", "ol", "p", "small", "strong", "sub", "sup", "table",
        "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
    }
)  # fmt: skip
SHARED: Final = Path(__file__).parents[3] / "shared" / "data"


@dataclass(frozen=True, slots=True)
class Target:
    """A function of bytes, and what it begins from: our own samples, and other people's where they are here."""

    run: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]


def hl7v2(data: bytes) -> None:
    """A message is read, and then written the same to the byte, or refused; its fields can all be asked for; it is
    acknowledged either way."""
    charset, raw = CHARSETS[data[0] % len(CHARSETS)] if data else None, data[1:]
    header = codec.header_of(raw, charset)
    for code in ("AA", "AR"):
        acks.acknowledge(header, code, error=acks.fault_of(header), at=AT, control_id="1")
    try:
        message = codec.parse(raw, charset)
    except Unreadable:
        return
    assert codec.write(message) == raw
    for segment in message.segments:
        for number in range(1, len(segment.fields)):
            for said in segment.repetitions(number):
                message.text(said)
    message.all("PID-3.1")


def hl7v2_mapping(data: bytes) -> None:
    """A message is a transaction by the standard tables, or refused."""
    try:
        message = mapping.joined(codec.parse(data))
        found = mapping.convert(message, mapping.standard(), CONTEXT)
    except (Unreadable, mapping.Unmappable):
        return
    assert found.body.startswith(b"{")
    try:
        list(enclosed.enclosed(message))
    except enclosed.Broken:
        return


def mllp(data: bytes) -> None:
    """However a stream is cut, the same messages come out of it, none longer than allowed, and no more than went in."""
    step, raw = (data[0] % 7) + 1 if data else 1, data[1:]
    whole, pieces = _frames([raw]), _frames(raw[at : at + step] for at in range(0, len(raw), step))
    assert whole == pieces
    assert sum(map(len, whole)) <= len(raw)
    assert all(len(each) <= LIMIT for each in whole)
    for message in whole:
        if b"\x0bMSH" not in message:
            assert _frames([frames.frame(message)]) == [message]


def _frames(pieces: Iterator[bytes] | list[bytes]) -> list[bytes]:
    reader, found = frames.Frames(LIMIT), list[bytes]()
    for piece in pieces:
        try:
            found += reader.feed(piece)
        except frames.TooLong as too_long:
            return found + too_long.frames
    return found


def batch(data: bytes) -> None:
    """A batch file is cut into messages of which each byte was in it, is counted, and can be answered."""
    found = batches.split(data)
    assert sum(map(len, found.messages)) <= len(data)
    batches.check(found)
    answers = [[b"MSH\r"] * len(group.messages) for group in found.groups]
    batches.acknowledge_batch(found, answers, at=AT, control_id="1")


def cda(data: bytes) -> None:
    """A document is read, shown as safe markup and mapped, or refused."""
    try:
        read = document.read(data)
    except NoDocument:
        return
    media = narrative.media_of(read.root)
    for section in read.sections:
        if section.text is not None:
            shown = narrative.html(section.text, media)
            assert set(TAG.findall(shown)) <= TAGS
    try:
        found = cda_mapping.convert(data, cda_mapping.standard(), cda_mapping.Context("91430000000000000X"))
    except NoDocument:
        return
    assert found.body.startswith(b"{")
    assert len(found.places) == len(found.bundle["entry"])


def sheets(data: bytes) -> None:
    """A file is tables, or refused."""
    try:
        for table in reading.tables(data, SHEETS):
            assert len(table.rows) <= SHEETS.rows
    except SheetFault:
        return


def _messages() -> Iterator[bytes]:
    for name, text in mapping.standard_files().items():
        if name.startswith("cases/") and name.endswith(".hl7"):
            yield text.replace("\n", "\r").encode()
    for path in sorted(SHARED.glob("hl7v2/*/data/SampleData/Hl7v2/*.hl7"))[::6]:
        yield path.read_bytes()


def _documents() -> Iterator[bytes]:
    for encoding in ("UTF-8", "GBK", "UTF-16"):
        yield cda_samples.chinese(*cda_samples.SUMMARY, encoding=encoding)
    for name, text in cda_mapping.standard_files().items():
        if name.startswith("cases/") and name.endswith(".xml"):
            yield text.encode()
    for path in sorted(SHARED.glob("ccda/*/**/*.xml"))[::40]:
        yield path.read_bytes()


def _sheets() -> Iterator[bytes]:
    yield "姓名,性别\n王小明,男\n".encode()
    yield '姓名;备注\r\n"王""小明";="0012"\r\n'.encode("gb18030")
    yield "a\tb\n1\t2\n".encode("utf-16")
    yield _workbook()


def _workbook() -> bytes:
    from io import BytesIO

    from openpyxl import Workbook

    book, held = Workbook(), BytesIO()
    assert book.active is not None
    book.active.append(["姓名", "出生日期", 1.5])
    book.active.append(["王小明", AT.replace(tzinfo=None), None])
    book.save(held)
    return held.getvalue()


TARGETS: Final[Mapping[str, Target]] = {
    "hl7v2": Target(hl7v2, lambda: (b"\0" + each for each in _messages())),
    "hl7v2-mapping": Target(hl7v2_mapping, _messages),
    "mllp": Target(mllp, lambda: (b"\2" + frames.frame(each[:3000]) * 2 for each in _messages())),
    "batch": Target(
        batch, lambda: (b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + each * 2 + b"BTS|2\rFTS|1\r" for each in _messages())
    ),
    "cda": Target(cda, _documents),
    "sheets": Target(sheets, _sheets),
}


def any_of(data: bytes) -> None:
    """All targets in one: the first byte says which."""
    if data:
        list(TARGETS.values())[data[0] % len(TARGETS)].run(data[1:])


def seeds_of_all() -> Iterator[bytes]:
    """What each begins from."""
    for number, target in enumerate(TARGETS.values()):
        for seed in target.seeds():
            yield bytes([number]) + seed


ALL: Final = Target(any_of, seeds_of_all)
