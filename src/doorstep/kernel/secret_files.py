"""Secrets by the environment or, better, by files (docker and Kubernetes secrets, systemd credentials): NAME_FILE."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Final

LONGEST: Final = 64 * 1024
_told: set[Path] = set()


class SecretError(Exception):
    """A secret that cannot be had; says which file, in both languages, and nothing of what stands in it."""

    def __init__(self, chinese: str, english: str) -> None:
        super().__init__(f"{chinese}\n{english}")


def given(name: str) -> bool:
    """Whether a secret is given, in either way."""
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def secret(name: str) -> str | None:
    """The secret of this name: what the environment says, or what stands in the file that ``NAME_FILE`` names.

    A file that others than its owner may read is said once, on the log; SecretError where it cannot be used.
    """
    direct, named = os.environ.get(name), os.environ.get(f"{name}_FILE")
    if direct and named:
        raise SecretError(f"{name} 和 {name}_FILE 只能给出一个。", f"Give {name} or {name}_FILE, not both.")
    if not named:
        return direct or None
    path = Path(named)
    try:
        with path.open("rb") as file:
            text = file.read(LONGEST + 1).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretError(
            f"{name}_FILE：文件 {path} 无法读取（{type(error).__name__}）。",
            f"{name}_FILE: the file {path} cannot be read ({type(error).__name__}).",
        ) from None
    if not text or len(text) > LONGEST:
        raise SecretError(f"{name}_FILE：文件 {path} 是空的或太大。", f"{name}_FILE: {path} is empty or too large.")
    _tell_loose(path)
    return text


def loose(path: Path) -> int:
    """The rights that others than the owner have on a file that is secret; 0 is as it should be."""
    return stat.S_IMODE(path.stat().st_mode) & 0o077


def _tell_loose(path: Path) -> None:
    if path not in _told and loose(path):
        _told.add(path)
        sys.stderr.write(f"{path}: 其他用户可读，请改为 0400 / others may read this secret, make it 0400\n")
