"""CPU of process trees, read from /proc, so that a busy machine does not change what a request costs."""

from __future__ import annotations

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name: state, parent, … (proc(5)); zeros where the process has gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["0"] * 50


def tree(root: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            children.setdefault(int(stat(int(entry.name))[1]), []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def seconds(root: int) -> float:
    """CPU seconds of a process, of the children it has reaped, and of those that run."""
    own = sum(int(ticks) for ticks in stat(root)[11:15])
    return (own + sum(int(t) for pid in tree(root)[1:] for t in stat(pid)[11:13])) / TICKS
