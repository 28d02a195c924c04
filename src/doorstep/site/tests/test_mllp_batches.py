"""Batch files within one frame: each message kept on its own before the one acknowledgement."""

from __future__ import annotations

from collections import Counter

import pytest

from doorstep.adapters.hl7v2 import batches
from doorstep.adapters.hl7v2.codec import header_of
from doorstep.record.endpoints.tests import kit
from doorstep.record.endpoints.tests.kit import Sender, code, oru
from doorstep.record.exchange.tests.kit import make_organisation
from doorstep.site import mllp_batches
from doorstep.site.tests.test_mllp import listening

pytestmark = pytest.mark.django_db(transaction=True)
HEAD = "FHS|^~\\&|LIS|LAB|DOORSTEP|DOORSTEP|20260301||夜间||F1\r"
BATCH = "BHS|^~\\&|LIS|LAB|DOORSTEP|DOORSTEP|20260301||夜间||B{}\r"


@pytest.fixture
def port(transactional_db: None) -> int:
    found = kit.free_port()
    kit.make_endpoint(make_organisation("甲医院"), port=found, application="LIS")
    return found


def file(*groups: list[bytes], counts: tuple[int, ...] = (), files: int | None = None) -> bytes:
    """A file of these batches, whose trailers count rightly unless told otherwise."""
    said = counts or tuple(map(len, groups))
    body = b"".join(
        BATCH.format(at).encode() + b"".join(group) + f"BTS|{count}\r".encode()
        for at, (group, count) in enumerate(zip(groups, said, strict=True), 1)
    )
    return HEAD.encode() + body + f"FTS|{len(groups) if files is None else files}\r".encode()


def asked(port: int, *frames: bytes) -> list[bytes]:
    with listening(port):
        sender = Sender(port)
        return [sender.ask(frame) or b"" for frame in frames]


def test_each_is_kept_and_the_answer_is_a_file_of_answers(port: int):
    raw = file([oru(1), oru(2, "P2")], [oru(3)])
    [answer, again] = asked(port, raw, raw)
    assert [bytes(row.raw) for row in kit.inbound()] == [oru(1), oru(2, "P2"), oru(3)]
    found = batches.split(answer)
    assert batches.check(found) == []
    assert [[code(each) for each in group.messages] for group in found.groups] == [["AA C1", "AA C2"], ["AA C3"]]
    assert [found.header.field(at) for at in (3, 5, 12)] == ["DOORSTEP", "LIS", "F1"]
    assert [group.header.field(12) for group in found.groups] == ["B1", "B2"]
    assert again == answer, "the same file again is answered the same, and nothing is kept twice"


def test_each_is_answered_as_it_asks(port: int):
    quiet, bad = oru(1, tail="|||ER"), oru(2, tail="|||ER").replace(b"|P|2.5.1", b"|X|2.5.1")
    [answer] = asked(port, file([quiet, bad, oru(3, tail="|||AL"), oru(4, application="HIS")]))
    assert [code(each) for each in batches.split(answer).messages] == ["CR C2", "CA C3", "AR C4"]
    assert Counter(row.state for row in kit.inbound()) == {"kept": 2, "resting": 1}, "of a stranger nothing is kept"


@pytest.mark.parametrize(
    ("raw", "place", "words"),
    [
        (file([oru(1), oru(2)], counts=(3,)), "BTS[1]-1", "条数与实际不符"),
        (file([oru(1), oru(2)], files=2), "FTS-1", "条数与实际不符"),
        (file([oru(1), oru(2)]).partition(b"BTS")[0], "FTS", "没有结尾段"),
    ],
    ids=["batch", "file", "cut"],
)
def test_a_file_that_counts_otherwise_rests_and_its_messages_do_not(port: int, raw: bytes, place: str, words: str):
    [answer, _] = asked(port, raw, raw)
    rests = [row for row in kit.inbound() if row.state == "resting"]
    assert [(row.reason, row.place) for row in rests] == [("batch-incomplete", place)]
    assert bytes(rests[0].raw).startswith(b"FHS|")
    assert b"PID" not in bytes(rests[0].raw)
    assert len(kit.inbound()) == 3
    found = batches.split(answer)
    assert [code(each) for each in found.messages] == ["AA C1", "AA C2"]
    assert words in found.header.field(10), "its sender is told in the header's comment"


def test_too_many_are_not_begun_with(port: int, monkeypatch):
    monkeypatch.setattr(mllp_batches, "MOST", 2)
    [answer] = asked(port, file([oru(1), oru(2), oru(3)]))
    assert [(row.reason, row.params["detail"]) for row in kit.inbound()] == [("batch-incomplete", "too-many")]
    found = batches.split(answer)
    assert (found.messages, "太多" in found.header.field(10)) == ([], True)


def test_without_a_file_around_them_batches_are_batches(port: int):
    [answer, empty] = asked(port, BATCH.format(7).encode() + oru(1) + b"BTS|1\r", HEAD.encode() + b"FTS|0\r")
    assert [code(each) for each in batches.split(answer).messages] == ["AA C1"]
    assert answer.startswith(b"BHS")
    assert header_of(empty) is None
    assert batches.split(empty).header.field(12) == "F1"


def test_more_than_go_at_once_stay_in_order(port: int, monkeypatch):
    monkeypatch.setattr(mllp_batches, "TOGETHER", 3)
    messages = [oru(number) for number in range(1, 12)]
    [answer] = asked(port, file(messages))
    assert [bytes(row.raw) for row in kit.inbound()] == messages
    assert [code(each) for each in batches.split(answer).messages] == [f"AA C{number}" for number in range(1, 12)]


def test_where_one_cannot_be_kept_nothing_is_acknowledged(port: int, monkeypatch):
    from doorstep.site import mllp_keeper

    real = mllp_keeper.Keeper._kept

    async def lost(self, batch):
        found = await real(self, batch)
        return [None if b"|C2|" in one.raw else kept for one, kept in zip(batch, found, strict=True)]

    with monkeypatch.context() as broken:
        broken.setattr(mllp_keeper.Keeper, "_kept", lost)
        assert asked(port, file([oru(1), oru(2), oru(3)])) == [b""]
    [answer] = asked(port, file([oru(1), oru(2), oru(3)]))
    assert len(kit.inbound()) == 3
    assert [code(each) for each in batches.split(answer).messages] == ["AA C1", "AA C2", "AA C3"]
