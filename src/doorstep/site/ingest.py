"""``doorstep ingest``: files of other software go in, with a progress bar, a rate and a summary.

Interrupted, it is simply called again: what was taken is known by its hash and costs a look-up.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from doorstep.adapters import files
from doorstep.kernel import clock
from doorstep.kernel.call import EVERYWHERE, Call
from doorstep.record.exchange import api as exchange
from doorstep.registers.organisations import api as organisations
from doorstep.site.sharing import WorkerDied, shared

LIMITS = files.FileLimits()
# Bytes that a process takes in a row: enough that its batches are full, so few that all end at about the same time.
LEAST_BLOCK, MOST_BLOCK, BLOCKS = 1 << 18, 8 << 20, 8


@dataclass(slots=True)
class Done:
    """What became of some pieces: how many, how many seen before or (in part) set aside; resources; bytes read."""

    pieces: int = 0
    repeated: int = 0
    aside: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    received: Counter[str] = field(default_factory=Counter)
    size: int = 0

    def count(self, receipt: exchange.Receipt) -> None:
        """Count a receipt in."""
        self.pieces += 1
        self.repeated += receipt.repeated
        self.aside += 1 if receipt.state == "set_aside" else receipt.set_aside
        if not receipt.repeated:
            self.created += receipt.created
            self.updated += receipt.updated
            self.unchanged += receipt.unchanged
            self.received.update(receipt.received)

    def add(self, other: Done) -> None:
        """Count in what another has counted."""
        for name in ("pieces", "repeated", "aside", "created", "updated", "unchanged", "size"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.received.update(other.received)

    @property
    def resources(self) -> int:
        """Resources received this time."""
        return sum(self.received.values())


@dataclass(slots=True)
class Summary(Done):
    """What an ingest did, and how long it took."""

    seconds: float = 0.0


def call() -> Call:
    """The call of an operator at the machine itself."""
    return Call(
        "system:ingest", "命令行导入", clock.now(), EVERYWHERE,
        frozenset({"exchange.send", "exchange.mend", "exchange.read"}), purpose="HOPERAT",
    )  # fmt: skip


def run(paths: list[Path], source: str, *, quiet: bool = False, workers: int = 1) -> int:
    """Take in all files under the paths for a source.

    The exit status is 0 where all was used, 1 where something was set aside, 2 where there is nothing to do it with,
    4 where a process died before the end.
    """
    console = Console(stderr=True, quiet=quiet)
    organisation = organisations.source(source)
    if organisation is None:
        sys.stderr.write(f"没有这家机构 / no such institution: {source}\n")
        return 2
    missing = [p for p in paths if not p.exists()]
    if missing:
        sys.stderr.write(f"没有这个文件 / no such file: {', '.join(map(str, missing))}\n")
        return 2
    try:
        summary = take_paths(organisation, paths, console, workers)
    except WorkerDied:
        sys.stderr.write(
            "一个导入进程中断了，请重新执行本命令 / a process died: give the same command again, it goes on\n"
        )
        return 4
    report(summary, console)
    return 1 if summary.aside else 0


def take_paths(organisation: UUID, paths: list[Path], console: Console, workers: int = 1) -> Summary:
    """Take in all files under the paths; returns what was done. Raises ``WorkerDied``; what is done so far stays."""
    todo, summary, started = files.units(paths, LIMITS), Summary(), time.monotonic()
    columns = (
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=console.quiet) as bar:
        task = bar.add_task("导入", total=sum(unit.size for unit in todo), rate="")
        for done in _take(organisation, todo, workers):
            summary.add(done)
            spent = time.monotonic() - started
            bar.update(task, advance=done.size, rate=f"{summary.resources / spent:,.0f} 条/秒")
    settled = _settle_waiting(organisation)
    summary.aside = max(0, summary.aside - settled)
    summary.seconds = time.monotonic() - started
    return summary


def _take(organisation: UUID, todo: list[files.Unit], workers: int) -> Iterator[Done]:
    """Take units, those that others refer to before those that refer to them, each kind in several processes."""
    for _, group in groupby(todo, key=lambda unit: unit.order[0]):
        alike = list(group)
        size = sum(unit.size for unit in alike)
        block = min(MOST_BLOCK, size // (workers * BLOCKS))
        processes = workers if block >= LEAST_BLOCK else 1
        work = partial(_share, organisation, alike, processes, block)
        yield from work(0) if processes == 1 else shared(work, processes)


def _share(organisation: UUID, todo: list[files.Unit], shares: int, block: int, share: int) -> Iterator[Done]:
    """Take one share of units. Shares are dealt in blocks: neighbours, which are often of one person, stay together."""
    offset, done = 0, Done()

    def mine(size: int) -> bool:
        nonlocal offset
        offset += size
        return shares == 1 or (offset - size) // block % shares == share

    def pieces() -> Iterator[exchange.Piece]:
        for item in files.read(todo, LIMITS, mine):
            if isinstance(item, files.Found):
                done.size += len(item.raw)
                yield exchange.Piece(item.kind, item.origin, item.raw)
                continue
            problem = exchange.Problem(item.code, params=item.params)
            exchange.set_aside_fault(call(), source=organisation, origin=item.origin, problem=problem, channel="file")
            done.aside += 1

    for receipts in exchange.take(call(), organisation, pieces(), "file"):
        for receipt in receipts:
            done.count(receipt)
        yield done
        done = Done()


def _settle_waiting(organisation: UUID) -> int:
    """Try again what waited for something that came later, until nothing more can be used."""
    used = 0
    while now := exchange.retry_waiting(call(), source=organisation):
        used += now
    return used


def report(summary: Summary, console: Console) -> None:
    """Say what was done."""
    rate = summary.resources / summary.seconds if summary.seconds else 0
    console.print(
        f"收到 {summary.pieces:,} 件（其中 {summary.repeated:,} 件以前收过），资源 {summary.resources:,} 条，"
        f"{summary.seconds:,.1f} 秒，{rate:,.0f} 条/秒"
    )
    console.print(
        f"新增 {summary.created:,} · 更新 {summary.updated:,} · 未变 {summary.unchanged:,} · 搁置 {summary.aside:,}"
    )
    for kind, count in sorted(summary.received.items()):
        console.print(f"  {kind:<24}{count:>10,}")
    if summary.aside:
        console.print("搁置的可用 doorstep messages list 查看，或在页面“数据交换”中修正")
