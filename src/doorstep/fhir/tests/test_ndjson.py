"""NDJSON: every line comes once with its number, whatever the size of the pieces read; memory is bounded."""

from __future__ import annotations

import io
import tracemalloc

from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.fhir.ndjson import read_lines


@settings(deadline=None)
@given(
    st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"")), max_size=12),
    st.integers(1, 40),
    st.booleans(),
)
def test_lines_come_once_and_in_order(lines: list[bytes], chunk: int, ended: bool) -> None:
    text = b"\n".join(lines) + (b"\n" if ended else b"")
    wanted = [(number, line.strip(b" \t\r")) for number, line in enumerate(lines, 1) if line.strip(b" \t\r")]
    got = list(read_lines(io.BytesIO(text), limit=30, chunk=chunk))
    assert [(line.number, line.data) for line in got] == wanted
    assert not any(line.problem for line in got)


@settings(deadline=None)
@given(st.lists(st.integers(1, 60), max_size=12), st.integers(1, 100), st.integers(1, 40))
def test_a_line_over_the_limit_is_reported_and_the_rest_goes_on(sizes: list[int], chunk: int, limit: int) -> None:
    text = b"\r\n".join(b"x" * size for size in sizes)
    got = list(read_lines(io.BytesIO(text), limit=limit, chunk=chunk))
    assert [line.number for line in got] == list(range(1, len(sizes) + 1))
    for line, size in zip(got, sizes, strict=True):
        assert (line.problem.code if line.problem else len(line.data)) == (size if size <= limit else "too-large")


class Endless(io.RawIOBase):
    """So many bytes without a line end, then a short line; nothing of it is ever there at once."""

    def __init__(self, size: int) -> None:
        self.left = size
        self.rest = b"\n{}\n"

    def read(self, size: int = -1) -> bytes:
        given_now = min(size, self.left)
        self.left -= given_now
        if given_now:
            return b"x" * given_now
        rest, self.rest = self.rest, b""
        return rest


def test_a_line_of_a_gigabyte_is_not_held() -> None:
    tracemalloc.start()
    lines = list(read_lines(Endless(1 << 30), limit=1 << 20))  # type: ignore[arg-type]  # has the one method needed
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [(line.number, line.data) for line in lines] == [(1, b""), (2, b"{}")]
    assert peak < 16 << 20
