"""What an operator does with the trail at the machine: verify it, sign and show its heads, retire old months."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

from rich.console import Console
from rich.progress import Progress

from doorstep.kernel import clock, trail, trail_heads, trail_keys, trail_months, trail_verify
from doorstep.kernel.call import Call
from doorstep.kernel.trail_chain import Breach
from doorstep.kernel.trail_heads import BadHeads, Head
from doorstep.site.ingest import call

KINDS = {
    "changed": "内容被改过 / changed",
    "removed": "缺了一条 / removed",
    "inserted": "被插进一条 / inserted",
    "reordered": "次序被调换 / reordered",
    "truncated": "从这里起被截去 / cut off from here",
    "rewritten": "与签名时不同，此前有改动 / not what was signed: something before it was changed",
    "backdated": "时间被写早 / dated back",
    "unsealed": "早该封存却没有封存 / should long have been sealed",
    "forged": "签名不是本系统的 / signed by no key of this house",
    "head_removed": "签名记录被拿走 / a signed head was taken away",
}


def verify(options: argparse.Namespace) -> int:
    """Walk the chain, against the signed heads; 0 where it holds, 1 where not, 2 where it cannot be asked."""
    try:
        told = list(trail_heads.read(options.heads)) if options.heads else []
        since = _since(options.since, told) if options.since else None
    except (BadHeads, LookupError, OSError) as error:
        return _complain(f"用不了 / cannot be used: {error}", 2)
    with Progress(console=Console(stderr=True), transient=True, disable=options.quiet) as bar:
        task = bar.add_task("核验 / verifying", total=None)
        report = trail_verify.verify(told, since, lambda at, of: bar.update(task, completed=at, total=of))
    trail.write(_call(), "trail.verify", detail={"position": report.position, "holds": not report.breaches})
    for breach in report.breaches:
        sys.stderr.write(f"{_where(breach)}：{KINDS[breach.kind]}\n")
    if report.breaches:
        return 1
    away = f"；{report.not_here} 条已归档移走 / retired lines not here" if report.not_here else ""
    sys.stdout.write(
        f"操作留痕完整：{report.position} 条，{report.heads} 个签名{away} / the trail holds: {report.position} lines, "
        f"{report.heads} signed heads\n"
    )
    return 0


def heads(options: argparse.Namespace) -> int:
    """The signed heads, a line of JSON each, oldest first; with ``--sign`` one is made of the chain as it is now."""
    if options.sign:
        trail.seal_all()
        trail_heads.sign_day()
    for head in trail_heads.stored():
        sys.stdout.write(head.text() + "\n")
    return 0


def key(options: argparse.Namespace) -> int:
    """The public key, for those who check heads elsewhere."""
    sys.stdout.write(trail_keys.public_text())
    sys.stderr.write(f"{trail_keys.ALGORITHM} {trail_keys.key_id()} {trail_heads.daily_file()}\n")
    return 0


def retire(options: argparse.Namespace) -> int:
    """Verify all, sign, and take months out of the trail that are older than the rule asks to keep; none is deleted."""
    report = trail_verify.verify()
    if report.breaches:
        return _complain(f"{_where(report.breaches[0])}：{KINDS[report.breaches[0].kind]}", 1)
    trail_heads.sign_day()
    done, left = trail_months.retire(report.position)
    for part in done:
        trail.write(_call(), "trail.retire", subject=("Trail", part.table), detail={"lines": part.lines})
        sys.stdout.write(f"{part.table}\t{part.lines}\n")
    for kept in left:
        sys.stderr.write(f"{kept.part.table}\t{kept.reason}\n")
    if not done and not left:
        bound = trail_months.keep_since(clock.today())
        sys.stdout.write(f"没有 {bound:%Y-%m} 以前的留痕 / nothing before {bound:%Y-%m}\n")
    return 1 if left else 0


def _since(position: int, told: list[Head]) -> Head:
    """A head that was given, or that the data folder or the table holds; LookupError where none is truly signed."""
    for head in _all(told):
        if head.position == position and head.holds:
            return head
    raise LookupError(f"没有这个位置的签名 / no signed head at {position}")


def _all(told: list[Head]) -> Iterator[Head]:
    yield from told
    yield from trail_heads.kept()
    yield from trail_heads.stored()


def _call() -> Call:
    return replace(call(), actor="system:trail", name="命令行")


def _where(breach: Breach) -> str:
    when = breach.at.astimezone(clock.CHINA).strftime("%Y-%m-%d %H:%M:%S") if breach.at else "—"
    return f"第 {breach.position} 环（记录 {breach.line}，{when}）"


def _complain(words: str, status: int) -> int:
    sys.stderr.write(words + "\n")
    return status


DO: dict[str, Callable[[argparse.Namespace], int]] = {
    "verify": verify, "heads": heads, "key": key, "retire": retire,
}  # fmt: skip
