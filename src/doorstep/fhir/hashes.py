"""The 64-bit keys under which the ledger's index keeps what a search asks for; stored, so they never change."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from typing import Final


def _signed(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


def token_hash(param: str, system: str | None, code: str) -> int:
    """Return the signed 64-bit key of a token of a search parameter; system None or "" is "of any system"."""
    return _signed(f"{param}|{system or ''}|{code}")


def reference_hash(param: str, target: str) -> int:
    """Return the key of a reference: `target` is `Type/id` without version, or a URL or canonical as sent."""
    return _signed(f"{param}->{target}")


def identifier_hash(param: str, system: str | None, value: str) -> int:
    """Return the key of a reference by identifier (`:identifier`); system None or "" is "of any system"."""
    return _signed(f"{param}:identifier|{system or ''}|{value}")


@lru_cache(maxsize=8_192)
def param_key(type_name: str, code: str) -> int:
    """Return the key of a search parameter of a resource type."""
    return _signed(f"{type_name}?{code}")


FALLBACK: Final = _signed("at is not the main date")
"""The token of a resource whose `at` and `at_end` are not the only value of its type's main date."""
