"""MLLP frames from a stream that is cut anywhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.adapters.hl7v2.frames import Frames, TooLong, frame

CONTENT = st.binary(max_size=40).filter(lambda b: b"\x1c\r" not in b and b"\x0bMSH" not in b and b[-1:] != b"\x1c")
NOISE = st.binary(max_size=10).filter(lambda b: b"\x0b" not in b)


@given(st.lists(st.tuples(NOISE, CONTENT), max_size=6), st.lists(st.integers(1, 30), max_size=60))
def test_whatever_way_it_is_cut(parts, cuts):
    stream = b"".join(noise + frame(content) for noise, content in parts)
    frames, found, at = Frames(100), [], 0
    for cut in [*cuts, len(stream)]:
        found += frames.feed(stream[at : at + cut])
        at += cut
    assert found == [content for _, content in parts]
    assert frames.pending == 0
    assert frames.dropped == sum(len(noise) for noise, _ in parts)


def test_what_is_not_whole_is_held():
    frames = Frames(100)
    assert frames.feed(b"noise\x0bMSH|1\r") == []
    assert (frames.pending, frames.dropped) == (6, 5)
    assert frames.feed(b"PID\r\x1c") == []
    assert frames.feed(b"x\x1c") == [], "not every file separator ends a frame"
    assert frames.feed(b"\r\x0b") == [b"MSH|1\rPID\r\x1cx"]
    assert frames.pending == 0


def test_a_frame_that_was_broken_off_and_begun_anew():
    frames = Frames(100)
    assert frames.feed(b"\x0bMSH|1\rPID|half\x0bMSH|2\rPID|whole\r\x1c\r") == [b"MSH|2\rPID|whole\r"]
    assert frames.dropped == len(b"MSH|1\rPID|half\x0b")


def test_too_long():
    frames = Frames(10)
    assert frames.feed(frame(b"0123456789")) == [b"0123456789"]
    with pytest.raises(TooLong) as refused:
        frames.feed(frame(b"first") + frame(b"01234567890") + frame(b"after"))
    assert (refused.value.frames, refused.value.limit) == ([b"first"], 10)
    with pytest.raises(TooLong):
        Frames(10).feed(b"\x0b01234567890")
    late = Frames(3)
    assert late.feed(b"\x0bab") == []
    with pytest.raises(TooLong):
        late.feed(b"cd")


def test_a_frame_of_just_the_limit_cut_before_its_end():
    frames = Frames(3)
    assert frames.feed(b"\x0babc\x1c") == []
    assert frames.feed(b"\r") == [b"abc"]


@pytest.mark.parametrize("piece", [1, 7, 4096])
def test_a_large_message_in_small_pieces(piece):
    """Fifty million bytes took seconds when every piece searched the whole; here the frame is looked at once."""
    body = b"MSH|^~\\&|\r" + b"OBX|1|ED|||" + b"A" * (200_000 if piece < 100 else 20_000_000)
    stream, frames, found = frame(body), Frames(50 << 20), []
    for at in range(0, len(stream), piece):
        found += frames.feed(stream[at : at + piece])
    assert found == [body]
