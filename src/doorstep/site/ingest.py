"""``doorstep ingest``: files of other software go in, with a progress bar, a rate and a summary.

Interrupted, it is simply called again: what was taken is known by its hash and costs a look-up.
"""

from __future__ import annotations

import sys
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from doorstep.adapters import files
from doorstep.kernel import clock
from doorstep.kernel.call import EVERYWHERE, Call
from doorstep.record.exchange import api as exchange
from doorstep.registers.organisations import api as organisations

LIMITS = files.FileLimits()


@dataclass(slots=True)
class Summary:
    """What an ingest did."""

    pieces: int = 0
    repeated: int = 0
    aside: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    received: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def add(self, receipt: exchange.Receipt) -> None:
        """Count a receipt in."""
        self.pieces += 1
        self.repeated += receipt.repeated
        self.aside += 1 if receipt.state == "set_aside" else receipt.set_aside
        if not receipt.repeated:
            self.created += receipt.created
            self.updated += receipt.updated
            self.unchanged += receipt.unchanged
            self.received.update(receipt.received)

    @property
    def resources(self) -> int:
        """Resources received this time."""
        return sum(self.received.values())


def call() -> Call:
    """The call of an operator at the machine itself."""
    return Call(
        "system:ingest", "命令行导入", clock.now(), EVERYWHERE,
        frozenset({"exchange.send", "exchange.mend", "exchange.read"}), purpose="HOPERAT",
    )  # fmt: skip


def run(paths: list[Path], source: str, *, quiet: bool = False) -> int:
    """Take in all files under the paths for a source; 0 where all was used, 1 where something was set aside."""
    console = Console(stderr=True, quiet=quiet)
    organisation = organisations.source(source)
    if organisation is None:
        sys.stderr.write(f"没有这家机构 / no such institution: {source}\n")
        return 2
    missing = [p for p in paths if not p.exists()]
    if missing:
        sys.stderr.write(f"没有这个文件 / no such file: {', '.join(map(str, missing))}\n")
        return 2
    summary = take_paths(organisation, paths, console)
    report(summary, console)
    return 1 if summary.aside else 0


def take_paths(organisation: UUID, paths: list[Path], console: Console) -> Summary:
    """Take in all files under the paths; returns what was done."""
    found, summary, started = files.walk(paths, LIMITS), Summary(), time.monotonic()
    columns = (
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=console.quiet) as bar:
        task = bar.add_task("导入", total=sum(_size(p) for p in found), rate="")
        pieces = _pieces(organisation, found, summary, lambda n: bar.advance(task, n))
        for receipts in exchange.take(call(), organisation, pieces, "file"):
            for receipt in receipts:
                summary.add(receipt)
            spent = time.monotonic() - started
            bar.update(task, rate=f"{summary.resources / spent:,.0f} 条/秒")
    settled = _settle_waiting(organisation)
    summary.aside = max(0, summary.aside - settled)
    summary.seconds = time.monotonic() - started
    return summary


def _pieces(organisation: UUID, found: list[Path], summary: Summary, advance: object) -> Iterator[exchange.Piece]:
    for path in found:
        for item in files.read(path, LIMITS):
            if isinstance(item, files.Fault):
                problem = exchange.Problem(item.code, params=item.params)
                exchange.set_aside_fault(
                    call(), source=organisation, origin=item.origin, problem=problem, channel="file"
                )
                summary.aside += 1
            else:
                yield exchange.Piece(item.kind, item.origin, item.raw)
                if callable(advance):
                    advance(len(item.raw))


def _settle_waiting(organisation: UUID) -> int:
    """Try again what waited for something that came later, until nothing more can be used."""
    used = 0
    while now := exchange.retry_waiting(call(), source=organisation):
        used += now
    return used


def _size(path: Path) -> int:
    if path.suffix == ".zip":
        try:
            with zipfile.ZipFile(path) as archive:
                return sum(info.file_size for info in archive.infolist())
        except (zipfile.BadZipFile, OSError):
            return 0
    return path.stat().st_size * (10 if path.suffix == ".gz" else 1)


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
