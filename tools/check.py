"""`make check`: every check that reads the code base, each with its time; all run, also after one has failed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
# Without `doorstep manage`: these checks need no database, and Django's warning that there is none says nothing.
DJANGO = (sys.executable, "-W", "ignore::RuntimeWarning", "-m", "django")
SETTINGS = {
    "PYTHONPATH": str(ROOT),
    "NO_COLOR": "1",
    "DJANGO_SETTINGS_MODULE": "doorstep.site.settings",
    "DOORSTEP_HOME": str(ROOT / ".cache" / "check"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one check said."""

    name: str
    passed: bool
    seconds: float
    said: str


CHECKS: dict[str, Sequence[str]] = {
    "types": (str(BIN / "mypy"),),
    "format": (str(BIN / "ruff"), "format", "--check", "--quiet", "."),
    "lint": (str(BIN / "ruff"), "check", "--quiet", "--output-format", "concise", "."),
    "contracts": (str(BIN / "lint-imports"), "--no-logo", "--no-cache"),
    "sizes": (sys.executable, "tools/budgets.py"),
    "system": (*DJANGO, "check", "--fail-level", "WARNING"),
    "migrations": (*DJANGO, "makemigrations", "--check", "--dry-run"),
    "translations": (sys.executable, "tools/messages.py", "check"),
    "links": (sys.executable, "tools/links.py"),
}


def run(name: str) -> Outcome:
    """Run one check from the project's root."""
    began = time.monotonic()
    environment = {**os.environ, **SETTINGS}
    done = subprocess.run(
        CHECKS[name],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Outcome(name, done.returncode == 0, time.monotonic() - began, done.stdout.strip())


def report(outcome: Outcome) -> None:
    """A line for a check that passed, with the last thing it said; everything it said when it did not."""
    word = "ok  " if outcome.passed else "FAIL"
    lines = outcome.said.splitlines() or [""]
    print(f"{word} {outcome.name:<13}{outcome.seconds:5.1f} s  {lines[-1] if outcome.passed else ''}", flush=True)
    if not outcome.passed:
        print("\n".join(f"     {line}" for line in lines), flush=True)


def main(arguments: list[str]) -> int:
    """Run the named checks, or all; 1 if one failed."""
    names = arguments or list(CHECKS)
    if unknown := set(names) - set(CHECKS):
        print(f"no such check: {', '.join(sorted(unknown))}; there are {', '.join(CHECKS)}")
        return 2
    with ThreadPoolExecutor(max_workers=2) as workers:
        outcomes = list(workers.map(run, names))
    for outcome in outcomes:
        report(outcome)
    failed = [outcome.name for outcome in outcomes if not outcome.passed]
    print(
        f"check: {len(outcomes) - len(failed)} passed, {len(failed)} failed{': ' + ', '.join(failed) if failed else ''}"
    )
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
