"""Files of messages: opened to the byte, counted, answered."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.adapters.hl7v2.acks import acknowledge
from doorstep.adapters.hl7v2.batches import acknowledge_batch, check, is_batch, split
from doorstep.adapters.hl7v2.codec import header_of, parse
from doorstep.adapters.hl7v2.shapes import Problem
from doorstep.adapters.hl7v2.tests.samples import ORU

AT = datetime(2026, 3, 1, tzinfo=UTC)
FHS = "FHS|^~\\&|LIS|山口医院|HUB|医共体|20260301||名||F1"
BHS = "BHS|^~\\&|LIS|山口医院|HUB|医共体|20260301||名||B1"


def file(*parts: str) -> bytes:
    return "".join(part if part.endswith("\r") else part + "\r" for part in parts).encode()


WHOLE = file(FHS, BHS, ORU, ORU, "BTS|2", BHS, ORU, "BTS|1", "FTS|2")


def test_a_file_of_batches():
    batch = split(WHOLE)
    assert is_batch(WHOLE)
    assert [len(group.messages) for group in batch.groups] == [2, 1]
    assert batch.messages == [ORU.encode()] * 3
    assert (batch.header.control_id, batch.groups[0].header.control_id) == ("F1", "B1")
    assert batch.header.field(4) == "山口医院"
    assert batch.header.field(99) == ""
    assert check(batch) == []


@pytest.mark.parametrize(
    ("raw", "groups", "problems"),
    [
        (file(ORU, ORU), [2], []),
        (file(BHS, ORU), [1], [Problem("trailer-missing", "BTS[1]")]),
        (file(BHS, ORU, "BTS|3"), [1], [Problem("count-differs", "BTS[1]-1", "3 / 1")]),
        (file(BHS, ORU, "BTS"), [1], []),
        (file(FHS, BHS, "BTS|0", "FTS|2"), [0], [Problem("count-differs", "FTS-1", "2 / 1")]),
        (file(FHS, ORU, "FTS"), [1], []),
        (file(FHS, ORU), [1], [Problem("trailer-missing", "FTS")]),
        (file("BTS|1", "FTS|x"), [], []),
        (b"", [], []),
        (b"BHS|||\r" + ORU.encode() + b"BTS|1\r", [1], []),
        (b"\x0b" + ORU.encode() + b"\x1c\r\x0b" + ORU.encode() + b"\x1c\r", [2], []),
    ],
)
def test_what_is_wrong_with_it_is_told(raw, groups, problems):
    batch = split(raw)
    assert [len(group.messages) for group in batch.groups] == groups
    assert check(batch) == problems
    assert all(parse(message) for message in batch.messages)


def test_messages_after_a_batch_are_a_group_of_their_own():
    assert [len(g.messages) for g in split(file(BHS, ORU, "BTS|1", ORU)).groups] == [1, 1]


def test_the_answer_turns_the_envelopes_about():
    batch = split(WHOLE)
    acks = [
        [acknowledge(header_of(m), "AA", at=AT, control_id=str(n)) for n, m in enumerate(group.messages)]
        for group in batch.groups
    ]
    made = acknowledge_batch(batch, acks, at=AT, control_id="K", text="收到")
    again = split(made)
    assert check(again) == []
    assert again.messages == [each for group in acks for each in group]
    assert made.decode().split("\r")[0] == "FHS|^~\\&|HUB|医共体|LIS|山口医院|20260301000000+0000|||收到|K|F1"
    assert again.groups[1].header.field(12) == "B1"


def test_the_answer_to_bare_messages_is_bare():
    batch = split(ORU.encode())
    ack = acknowledge(header_of(ORU.encode()), "AA", at=AT, control_id="1")
    assert acknowledge_batch(batch, [[ack]], at=AT, control_id="K") == ack
    assert not is_batch(ORU.encode())


@given(st.lists(st.sampled_from([FHS, BHS, ORU, "BTS|1", "FTS|1", "NTE|x", "\n", "MSH", "\x0b"]), max_size=12))
def test_any_file_keeps_its_messages(parts):
    raw = file(*parts)
    batch = split(raw)
    check(batch)
    assert len(batch.messages) == parts.count(ORU)
    assert all(message in raw for message in batch.messages)


@pytest.mark.parametrize("trailer", ["BTS", "FTS"])
def test_a_trailer_at_the_very_end_of_a_cut_file_counts_nothing(trailer):
    """Found by atheris: it had no separator to be cut by."""
    found = split(f"FHS|^~\\&\rBHS|^~\\&\rMSH|^~\\&|A\r{trailer}".encode())
    assert (len(found.messages), (found if trailer == "FTS" else found.groups[0]).closed) == (1, True)
