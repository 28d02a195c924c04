"""Token buckets: never more than the rate lets through, never less; one caller's asking is nobody else's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel import rates
from doorstep.kernel.rates import Buckets, Rate


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.mark.parametrize("text", ["", "5", "0/3", "5/0", "-1/3", "a/b", "5/x", "inf/3", "nan/3", "1/2/3"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  int's and float's own words differ
        Rate.read(text)


def test_a_rate_as_it_is_written() -> None:
    assert Rate.read("2.5/10") == Rate(2.5, 10)
    assert Rate.read("off") is None
    assert Buckets(None).wait("x") == 0


@given(
    st.floats(0.1, 1000), st.integers(1, 50), st.lists(st.tuples(st.floats(0, 5), st.sampled_from("ab")), max_size=80)
)
def test_never_more_than_the_rate_and_never_less(
    each_second: float, at_once: int, asks: list[tuple[float, str]]
) -> None:
    """In any stretch at most what was at once plus the rate; who waits as told is let in; others do not count."""
    clock = Clock()
    both, alone = Buckets(Rate(each_second, at_once), clock), Buckets(Rate(each_second, at_once), clock)
    let_in: list[float] = []
    for pause, caller in asks:
        clock.at += pause
        wait = both.wait(caller)
        if caller == "a":
            assert alone.wait("a") == wait, "what b asks changes nothing for a"
            if not wait:
                let_in.append(clock.at)
                for first, since in enumerate(let_in):
                    assert len(let_in) - first <= at_once + each_second * (clock.at - since) + 1e-3
        if wait:
            clock.at += wait + 1e-6
            assert both.wait(caller) == 0
            if caller == "a":
                assert alone.wait("a") == 0
                let_in.append(clock.at)


def test_strangers_without_end_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded; who waits is forgotten last."""
    monkeypatch.setattr(rates, "MOST", 100)
    clock = Clock()
    buckets = Buckets(Rate(1, 1), clock)
    for n in range(1000):
        clock.at += 0.001
        buckets.wait(n)
        assert len(buckets._full) <= 100
    assert buckets.wait(999) > 0
    clock.at += 5
    buckets.wait("new")
    assert buckets.wait(999) == 0
