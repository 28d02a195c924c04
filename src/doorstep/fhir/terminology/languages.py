"""Which language a text is wanted in: tags of BCP 47, where the shorter also means the longer."""

from __future__ import annotations


def matching(offered: str, wanted: str) -> bool:
    """Say whether a text in one language will do for another: zh for zh-CN, zh-CN for zh, never zh-TW for zh-CN."""
    first, second = offered.lower().replace("_", "-"), wanted.lower().replace("_", "-")
    short, long = sorted((first, second), key=len)
    return long == short or long.startswith(f"{short}-")
