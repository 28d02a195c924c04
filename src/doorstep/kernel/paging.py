"""Keyset pages: a page begins after the last row that was seen, so lists stay quick however long they grow."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

T = TypeVar("T")
MOST = 200
LONGEST = 4000  # characters of a cursor


class BadCursor(ValueError):
    """The address of the page is not one that this program made."""


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page starts (the sort key of the last row seen, or nothing) and how many rows it holds (1–200)."""

    after: tuple[str, ...] = ()
    limit: int = 20

    @staticmethod
    def read(cursor: str | None, limit: int = 20, parts: int = 2) -> Page:
        """The page that a cursor of the address bar names; raises ``BadCursor`` where it is broken or forged."""
        limit = max(1, min(limit, MOST))
        if not cursor:
            return Page((), limit)
        if len(cursor) > LONGEST:
            raise BadCursor(cursor[:40])
        try:
            after = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=="))
        except (binascii.Error, ValueError, RecursionError) as error:
            raise BadCursor(cursor[:40]) from error
        if not isinstance(after, list) or len(after) != parts or not all(isinstance(x, str) for x in after):
            raise BadCursor(cursor[:40])
        if any(len(x) > 300 or not _storable(x) for x in after):
            raise BadCursor(cursor[:40])
        return Page(tuple(after), limit)


def _storable(text: str) -> bool:
    """Whether the database could have given this text: no NUL, no half of a character."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def key_of(text: str) -> UUID:
    """The id in a cursor; raises ``BadCursor`` where it is none."""
    try:
        return UUID(text)
    except ValueError as error:
        raise BadCursor(text[:40]) from error


def moment_of(text: str) -> datetime:
    """The moment in a cursor; raises ``BadCursor`` where it is none, or none that others can be compared with."""
    try:
        found = datetime.fromisoformat(text)
        found.astimezone()
    except (ValueError, OverflowError) as error:
        raise BadCursor(text[:40]) from error
    return found


def cursor(*key: str) -> str:
    """The address of the page that begins after this sort key."""
    return base64.urlsafe_b64encode(json.dumps(key, ensure_ascii=False).encode()).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Paged(Generic[T]):
    """The rows of a page and the cursor of the next, if there is one."""

    items: tuple[T, ...]
    next: str | None = None


def cut(rows: list[T], page: Page, key: tuple[str, ...] | None) -> Paged[T]:
    """A page from ``limit + 1`` fetched rows; ``key`` is the sort key of row number ``limit`` where there is one."""
    if len(rows) <= page.limit or key is None:
        return Paged(tuple(rows[: page.limit]))
    return Paged(tuple(rows[: page.limit]), cursor(*key))
