"""What an operator does at the machine itself: look at messages set aside, replay, mend, dismiss."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from doorstep.kernel.decision import Refused
from doorstep.kernel.paging import BadCursor
from doorstep.record.exchange import api as exchange
from doorstep.site.ingest import call


def _say(problem: exchange.Problem | None) -> str:
    if problem is None:
        return ""
    place = f" [{problem.path}]" if problem.path else ""
    return exchange.say(problem) + place


def list_messages(options: argparse.Namespace) -> int:
    """A line a message that is set aside, newest first."""
    try:
        page = exchange.set_aside(call().scope, after=options.after)
    except BadCursor:
        return _complain("页码不对 / bad cursor")
    for line in page.items:
        sys.stdout.write(f"{line.id}\t{line.source_name}\t{line.origin}\t{_say(line.problem)}\n")
    if page.next:
        sys.stdout.write(f"… doorstep messages list --after {page.next}\n")
    return 0


def show(options: argparse.Namespace) -> int:
    """One message: why it was set aside, and its text."""
    try:
        found = exchange.detail(call(), message=options.message)
    except Refused as refused:
        return _complain(refused.decision.reason)
    for problem in found.problems:
        sys.stderr.write(f"{_say(problem)}\n")
    sys.stdout.write(found.text + "\n")
    return 0


def replay(options: argparse.Namespace) -> int:
    """Try one message, or all, again."""
    numbers = [options.message] if options.message else []
    if options.all:
        numbers = list(exchange.set_aside_numbers(call().scope))
    left = 0
    for number in numbers:
        try:
            receipt = exchange.retry(call(), message=number)
        except Refused as refused:
            left += 1
            sys.stdout.write(f"{number}\t{refused.decision.reason}\n")
            continue
        left += receipt.state != "applied"
        sys.stdout.write(f"{number}\t{receipt.state}\t{_say(next(iter(receipt.problems), None))}\n")
    return 1 if left else 0


def mend(options: argparse.Namespace) -> int:
    """Use a file in the place of a message that was set aside."""
    try:
        receipt = exchange.mend(call(), message=options.message, text=options.file.read_text("utf-8"))
    except exchange.StillWrong as wrong:
        return _complain("; ".join(_say(p) for p in wrong.receipt.problems))
    except Refused as refused:
        return _complain(refused.decision.reason)
    except (OSError, UnicodeDecodeError) as error:
        return _complain(str(error))
    sys.stdout.write(f"{options.message} → {receipt.message}\t{receipt.state}\n")
    return 0


def dismiss(options: argparse.Namespace) -> int:
    """Lay a message aside for good."""
    try:
        exchange.dismiss(call(), message=options.message, reason=options.why)
    except Refused as refused:
        return _complain(refused.decision.reason)
    return 0


def _complain(words: str) -> int:
    sys.stderr.write(words + "\n")
    return 1


DO: dict[str, Callable[[argparse.Namespace], int]] = {
    "list": list_messages, "show": show, "replay": replay, "mend": mend, "dismiss": dismiss,
}  # fmt: skip
