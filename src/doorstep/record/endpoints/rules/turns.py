"""In which turn a message is taken: messages of one key share a slot, and a slot is emptied in the order of arrival."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from zlib import crc32

from doorstep.record.endpoints.rules.facts import SLOTS, Ordering

LONGEST: Final = 200
MERGES: Final = ("ADT^A18", "ADT^A34", "ADT^A36", "ADT^A39", "ADT^A40")
"""Messages that make two records of a person one (HL7 v2.5.1, 3.3): each is about two, and a key tells of one."""


def patient_of(raw: bytes) -> str:
    """The first identifier of the first PID-3 with its authority, as it is written; empty where there is none.

    Read from the bytes alone, for it is asked of each message before it is acknowledged (HL7 v2.5.1, 3.4.2.3).
    """
    begin = raw.find(b"MSH", 0, 70)
    found = raw.find(b"\rPID", begin)
    if (other := raw.find(b"\nPID", begin, found if found >= 0 else None)) >= 0:
        found = other
    if begin < 0 or len(raw) < begin + 8 or found < 0:
        return ""
    between, parts, repeats = raw[begin + 3 : begin + 4], raw[begin + 4 : begin + 5], raw[begin + 5 : begin + 6]
    line = raw[found + 4 : found + 4004].partition(b"\r")[0].partition(b"\n")[0]
    fields = line.split(between, 4)
    if len(fields) < 4:
        return ""
    number = fields[3].split(repeats, 1)[0].split(parts)
    key = number[0] + b"^" + (number[3] if len(number) > 3 else b"")
    return "" if key == b"^" else key.replace(b"\0", b"").decode("latin-1")[:LONGEST]


def key_of(ordering: Ordering, raw: bytes) -> str:
    """The key within which the order of arrival is kept; empty where there is none."""
    return patient_of(raw) if ordering is Ordering.PATIENT else ""


def ahead(waiting: Sequence[int], merge: int | None, *, first: bool) -> list[int]:
    """Which of a slot's messages (numbers, in order) may be worked on while the endpoint's oldest merge waits: those
    before it; the merge by itself where it is ``first``, so that nothing at its endpoint waits before it."""
    if merge is None:
        return list(waiting)
    before = [each for each in waiting if each < merge]
    return before or [each for each in waiting if each == merge and first]


def matter_of(conversation: str) -> str:
    """The key of a FHIR message: the request that it is about, which tells of one patient. It is kept in any order,
    for what goes on with a request is found by it."""
    return conversation.replace("\0", "")[:LONGEST]


def slot_of(ordering: Ordering, key: str, serial: int) -> int:
    """The slot of a message: one for a whole endpoint that is ordered, by key, or in turn."""
    if ordering is Ordering.ENDPOINT:
        return 0
    return (crc32(key.encode()) if key else serial if ordering is Ordering.NONE else 0) % SLOTS
