"""``doorstep match``: train a matching model, compare it, put it to use, link all records, fill those of before.

All may go on meanwhile. A run that is interrupted has changed nothing, or all; it is simply called again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, time
from typing import Any, Final
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from doorstep.kernel import clock
from doorstep.kernel.call import EVERYWHERE, Call
from doorstep.kernel.decision import Refused
from doorstep.kernel.web.words import sentence
from doorstep.registers.organisations import api as organisations
from doorstep.registers.residents import api as residents

STAGES: Final = {
    "read": "读取记录 / reading records",
    "learn": "学习权重 / learning",
    "try": "检验效果 / trying",
    "compare": "比较记录 / comparing",
    "group": "归并 / grouping",
    "move": "写入结果 / writing",
    "fill": "补全记录 / filling",
    "done": "完成 / done",
}
COUNTS: Final = {
    "records": "记录 / records",
    "pairs": "比较的对 / pairs compared",
    "merged": "合并居民 / residents merged",
    "moved": "移动记录 / records moved",
    "doubts": "新的待核对 / doubtful pairs raised",
    "left": "下次再处理 / left for the next run",
    "skipped": "期间有变化，未处理 / changed meanwhile, left",
    "refused": "两个身份证号，未合并 / not merged for two resident IDs",
    "filled": "补全记录 / records filled",
}


def run(options: argparse.Namespace) -> int:
    """Do what is asked for; the exit status is 0 where it was done, 1 where it is refused, 2 for what is unknown."""
    do: Mapping[str, Callable[[argparse.Namespace, Console], int]] = {
        "train": _train, "shadow": _shadow, "use": _use, "link": _link, "fill": _fill, "list": _list,
    }  # fmt: skip
    try:
        return do[options.act](options, Console(stderr=True, quiet=options.quiet))
    except Refused as refused:
        return _complain(1, sentence(refused.decision))


def call() -> Call:
    """The call under which it is done."""
    held = frozenset({"residents.models", "residents.read"})
    return Call("system:match", "doorstep match", clock.now(), EVERYWHERE, held, purpose="HOPERAT")


def follow(steps: Iterator[Any], console: Console) -> Mapping[str, Any]:
    """Show how far it is; answers what it did."""
    outcome: Mapping[str, Any] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=console.quiet) as bar:
        task = bar.add_task(STAGES["read"], total=None)
        for step in steps:
            bar.update(
                task, description=STAGES.get(step.stage, step.stage), completed=step.done, total=step.total or None
            )
            outcome = step.outcome
    return outcome


def _train(options: argparse.Namespace, console: Console) -> int:
    number = follow(residents.train(call()), console)["model"]
    _model(residents.model(number))
    console.print(f"下一步 / next: doorstep match shadow {number}")
    return 0


def _shadow(options: argparse.Namespace, console: Console) -> int:
    follow(residents.shadow(call(), options.model), console)
    shadow = residents.model(options.model).shadow
    _say(f"规则 {options.model} · {shadow['pairs']} 对 / pairs")
    for each in shadow["changed"]:
        _say(f"  {each['before']} → {each['after']}: {each['pairs']}")
    if not shadow["changed"]:
        _say("  没有一对的结果不同 / no pair changes")
    console.print(f"下一步 / next: doorstep match use {options.model}")
    return 0


def _use(options: argparse.Namespace, console: Console) -> int:
    residents.use_model(call(), model=options.model)
    _say(f"从今天起按规则 {options.model} 匹配 / matching by model {options.model} from today on")
    console.print("下一步 / next: doorstep match link")
    return 0


def _link(options: argparse.Namespace, console: Console) -> int:
    organisation: UUID | None = None
    if options.institution:
        organisation = organisations.source(options.institution)
        if organisation is None:
            return _complain(2, f"没有这家机构 / no such institution: {options.institution}")
        if options.since:
            return _complain(2, "--institution 和 --since 只能选一个 / either --institution or --since")
    since = datetime.combine(options.since, time(), clock.now().tzinfo) if options.since else None
    fresh = residents.Fresh(since, organisation) if since or organisation else None
    _report(follow(residents.link_all(call(), fresh=fresh), console))
    return 0


def _fill(options: argparse.Namespace, console: Console) -> int:
    _report(follow(residents.fill_facts(call()), console))
    return 0


def _list(options: argparse.Namespace, console: Console) -> int:
    for found in residents.models():
        _model(found)
    return 0


def _report(outcome: Mapping[str, Any]) -> None:
    for name, title in COUNTS.items():
        if name in outcome:
            _say(f"{title}: {outcome[name]:,}")


def _model(found: Any) -> None:
    rates = [
        f"{title} {rate:.2f}%"
        for title, rate in (("归并正确 / precision", found.precision), ("找到 / recall", found.recall))
        if rate is not None
    ]
    state = " · 使用中 / in use" if found.in_use else ""
    _say(" · ".join([f"规则 / model {found.id}{state}", f"{found.made_at:%Y-%m-%d %H:%M}", *rates]))


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")


def _complain(status: int, words: str) -> int:
    sys.stderr.write(words + "\n")
    return status
