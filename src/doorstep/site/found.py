"""What ``doorstep check`` says of one thing that it looked at."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Level(StrEnum):
    """How grave a finding is."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


MARKS: Final = {Level.GOOD: "✓", Level.WARN: "!", Level.BAD: "✗"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it stands, and what to do, in both languages; it never holds a secret."""

    code: str
    level: Level
    zh: str
    en: str
    do_zh: str = ""
    do_en: str = ""

    @property
    def line(self) -> str:
        """The finding on one line."""
        chinese = f"{self.zh}。{self.do_zh}。" if self.do_zh else f"{self.zh}。"
        english = f"{self.en}. {self.do_en}." if self.do_en else f"{self.en}."
        return f"{MARKS[self.level]} {self.code}: {chinese} / {english}"


Check = Callable[[argparse.Namespace], Iterator[Finding]]


def good(code: str, zh: str, en: str) -> Finding:
    """It is as it should be."""
    return Finding(code, Level.GOOD, zh, en)


def warn(code: str, zh: str, en: str, do_zh: str, do_en: str) -> Finding:
    """It will do, but should be better."""
    return Finding(code, Level.WARN, zh, en, do_zh, do_en)


def bad(code: str, zh: str, en: str, do_zh: str, do_en: str) -> Finding:
    """Not fit for production."""
    return Finding(code, Level.BAD, zh, en, do_zh, do_en)
