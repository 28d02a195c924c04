"""``doorstep check``: what is not yet fit for production, one line each, with what to do."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
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


def findings(options: argparse.Namespace) -> list[Finding]:
    """All that was looked at, in the order of the checks."""
    from django.db import OperationalError

    from doorstep.site import fitness_data, fitness_machine

    found = [each for check in fitness_machine.CHECKS for each in check(options)]
    try:
        found += [each for check in fitness_data.CHECKS for each in check(options)]
    except OperationalError:  # its words may hold the address and the role
        found.append(bad("database", "数据库连接不上", "the database cannot be reached",
                         "检查地址、密码和网络", "Look at address, password and network"))  # fmt: skip
    return found


def run(options: argparse.Namespace) -> int:
    """Print what was found; 0 where nothing is grave, else 1."""
    found = findings(options)
    grave = any(each.level is Level.BAD for each in found)
    if options.json:
        sys.stdout.write(json.dumps({"fit": not grave, "findings": [asdict(f) for f in found]}, ensure_ascii=False))
        sys.stdout.write("\n")
    else:
        for each in found:
            sys.stdout.write(f"{each.line}\n")
    return int(grave)
