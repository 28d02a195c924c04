"""References in the bytes of a minified resource: listed and replaced without parsing it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import orjson

# On minified text the value of every property `reference`. That the match starts at a key is seen from the byte before.
_REFERENCE: Final = re.compile(rb'"reference":"([^"\\]*(?:\\.[^"\\]*)*)"')


def references(body: bytes) -> list[str]:
    """Return the values of all properties `reference` of a minified resource, in order, as often as they stand."""
    return [_spelt(match[1]) for match in _REFERENCE.finditer(body) if _is_key(match)]


def rewrite(body: bytes, change: Callable[[str], str | None]) -> bytes:
    """Put each reference to `change` and write what it returns in its place; None leaves it as it is."""

    def replace(match: re.Match[bytes]) -> bytes:
        new = change(_spelt(match[1])) if _is_key(match) else None
        return match[0] if new is None else b'"reference":' + orjson.dumps(new)

    return _REFERENCE.sub(replace, body)


def replace_reference(body: bytes, old: str, new: str) -> tuple[bytes, int]:
    """Return the body in which every reference `old` is `new`, and how many there were."""
    count = 0

    def change(reference: str) -> str | None:
        nonlocal count
        if reference != old:
            return None
        count += 1
        return new

    return rewrite(body, change), count


def _is_key(match: re.Match[bytes]) -> bool:
    return match.string[match.start() - 1] in b"{,"


def _spelt(raw: bytes) -> str:
    return raw.decode() if b"\\" not in raw else str(orjson.loads(b'"' + raw + b'"'))
