"""How often somebody may ask: a token bucket a caller, kept by each process for itself.

The generic cell rate algorithm (ITU-T I.371), one number a caller: when its bucket will be full again. A request that
is refused takes nothing, so that whoever waits as told is let in. Measured: half a microsecond a request.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

MOST: Final = 100_000
"""Callers that are remembered; beyond that those who wait for nothing are forgotten, then the first who came."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many a second in the long run, and so many at once."""

    each_second: float
    at_once: int

    @classmethod
    def read(cls, text: str) -> Rate | None:
        """The rate that "20/200" says; None for "off". ValueError for anything else."""
        if text == "off":
            return None
        each_second, _, at_once = text.partition("/")
        found = cls(float(each_second), int(at_once))
        if not (0 < found.each_second < float("inf") and found.at_once >= 1):
            raise ValueError(text)
        return found


class Buckets:
    """The buckets of all callers under one rate; without a rate everybody is let in."""

    def __init__(self, rate: Rate | None, now: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._now = now
        self._full: dict[Hashable, float] = {}
        self._lock = threading.Lock()

    def wait(self, caller: Hashable) -> float:
        """Seconds until the caller may ask again; 0 lets this request in, and counts it."""
        if self.rate is None:
            return 0.0
        step, now = 1 / self.rate.each_second, self._now()
        with self._lock:
            full = max(self._full.get(caller, now), now)
            over = full + step - now - self.rate.at_once * step
            if over > 1e-9:
                return over
            if len(self._full) >= MOST and caller not in self._full:
                self._forget(now)
            self._full[caller] = full + step
        return 0.0

    def _forget(self, now: float) -> None:
        """Who waits for nothing is as if never seen. Where that makes no room, a tenth of those who came first goes."""
        self._full = {caller: full for caller, full in self._full.items() if full > now}
        for caller in list(self._full)[: max(0, len(self._full) - MOST * 9 // 10)]:
            del self._full[caller]
