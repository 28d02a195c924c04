"""``python -m tests.fuzz``: fuzz all targets, or those that are named, each in a process of its own.

What is found is left in ``.cache/fuzz/<target>/``; ``--replay FILE`` runs a target on it again.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.fuzz.targets import ALL, TARGETS

ROOT: Final = Path(__file__).parents[2]
FOUND: Final = ROOT / ".cache" / "fuzz"
CHILD: Final = Path(__file__).with_name("child.py")
HANG: Final = 20  # seconds of one input after which it counts as hanging; the slowest takes hundredths
MEMORY: Final = 2048  # MB
LONGEST: Final = 1 << 16


def fuzz(name: str, seconds: int = 0, runs: int = 0) -> int:
    """Fuzz one target (``all``: all in one process) for so long or so often; 0 where nothing was found."""
    found = FOUND / name
    found.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(TARGETS.get(name, ALL).seeds()):
            (Path(corpus) / f"seed{number}").write_bytes(seed[:LONGEST])
        bounds = [f"-runs={runs}"] if runs else [f"-max_total_time={seconds}"]
        command = [
            sys.executable, str(CHILD), name, corpus, f"-artifact_prefix={found}/", f"-timeout={HANG}",
            f"-rss_limit_mb={MEMORY}", f"-max_len={LONGEST}", "-seed=1", "-print_final_stats=1", *bounds,
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace", cwd=ROOT)
    report = [line for line in done.stderr.splitlines() if line.startswith(("stat::number_of", "stat::slowest"))]
    print(f"{name}: {'; '.join(line.removeprefix('stat::') for line in report)}", flush=True)
    if done.returncode:
        print(done.stdout[-4000:], done.stderr[-4000:], sep="\n", flush=True)
    return done.returncode


def main() -> int:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", help=f"of {', '.join(TARGETS)}; all where none is named")
    parser.add_argument("--seconds", type=int, default=60, help="of each target")
    parser.add_argument("--runs", type=int, default=0, help="of each target, in the place of seconds")
    parser.add_argument("--replay", type=Path, help="run the one target that is named on this file")
    asked = parser.parse_args()
    if unknown := set(asked.targets) - TARGETS.keys():
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    if asked.replay:
        TARGETS[asked.targets[0]].run(asked.replay.read_bytes())
        return 0
    names = asked.targets or list(TARGETS)
    return max(bool(fuzz(name, asked.seconds, asked.runs)) for name in names)


if __name__ == "__main__":
    sys.exit(main())
