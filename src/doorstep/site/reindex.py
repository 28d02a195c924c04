"""``doorstep reindex``: the search index of what is stored made anew, with a progress bar and a summary.

Everything may go on meanwhile. Interrupted, it is simply called again and goes on where it was.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from doorstep.fhir.tables import known_types
from doorstep.kernel import reindex


def tell_if_old() -> None:
    """Say in one line that the stored index is older than the program, where it is, and what to do."""
    old = reindex.old_types()
    if old:
        named = "、".join(old[:5]) + (" …" if len(old) > 5 else "")
        sys.stderr.write(
            f"检索索引比程序旧（{len(old)} 类资源：{named}），部分检索可能不全，尚未标记的记录按受特别保护处理。"
            "请执行 doorstep reindex，可不停机"
            f" / the search index is older than the program ({len(old)} types), and records without a mark are withheld"
            " as specially protected: run doorstep reindex, all may go on\n"
        )


def run(types: Sequence[str] | None, *, every: bool = False, quiet: bool = False) -> int:
    """Bring the index of types (None: of those that are old; ``every``: of all) to the program's.

    The exit status is 0 where all was indexed, 1 where a resource can be indexed no longer (and was left as it was),
    2 where a type is unknown or another reindex runs.
    """
    console = Console(stderr=True, quiet=quiet)
    unknown = sorted(set(types or ()) - known_types())
    if unknown:
        sys.stderr.write(f"没有这种资源类型 / no such resource type: {', '.join(unknown)}\n")
        return 2
    try:
        with reindex.alone():
            kinds = list(types or (known_types() if every else reindex.old_types()))
            return report(take(kinds, console), console)
    except reindex.AtWork:
        sys.stderr.write("另一个 doorstep reindex 正在进行 / another reindex is at work\n")
        return 2


def take(kinds: Sequence[str], console: Console) -> dict[str, reindex.Progress]:
    """Reindex the types under a progress bar; returns how each ended."""
    left, ended, started = reindex.count(kinds), {}, time.monotonic()
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, disable=console.quiet or not kinds) as bar:
        task = bar.add_task("索引", total=sum(left.values()), rate="")
        for now in reindex.run(kinds):
            ended[now.type] = now
            bar.update(task, advance=now.step, description=now.type)
            rate = bar.tasks[0].completed / (time.monotonic() - started)
            bar.update(task, rate=f"{rate:,.0f} 条/秒")
    return ended


def report(ended: dict[str, reindex.Progress], console: Console) -> int:
    """Say what was done, and name what could not be indexed; returns the exit status."""
    seen, changed, failed = (
        sum(getattr(each, name) for each in ended.values()) for name in ("seen", "changed", "failed")
    )
    if not ended:
        console.print("检索索引已是最新 / the search index is as new as the program")
    else:
        console.print(f"查看 {seen:,} 条，改写索引 {changed:,} 条，无法索引 {failed:,} 条（保持原样）")
    for each in ended.values():
        if each.seen:
            console.print(f"  {each.type:<24}{each.seen:>10,}{each.changed:>10,}{each.failed:>8,}")
    for fault in (fault for each in ended.values() for fault in each.faults):
        sys.stderr.write(f"{fault.type}/{fault.id}  {fault.code}  {fault.path}\n")
    return 1 if failed else 0
