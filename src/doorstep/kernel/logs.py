"""How the log is written: one line for one thing said, whatever strangers put into addresses, headers and names."""

from __future__ import annotations

import logging
import re
from typing import Final

_CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]|\n")
_UNPRINTED: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def _named(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode()


class OneLine(logging.Formatter):
    """Writes control characters and marks of direction as escapes, and sets tracebacks in: a line that begins at the
    left edge was begun by the program, so nobody outside can forge one (OWASP, log injection)."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  the name is logging's
        """The message on one line."""
        return _CONTROL.sub(_named, super().formatMessage(record))

    def formatException(self, ei: object) -> str:  # noqa: N802  the name is logging's
        """The traceback, every line of it set in."""
        told = super().formatException(ei)  # type: ignore[arg-type]  # whatever logging hands over
        return "\n".join(f"  | {line}" for line in _UNPRINTED.sub(_named, told).split("\n"))
