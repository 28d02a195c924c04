"""What the tests must have reached: every branch of the pure half, 95 % of the lines of the rest (DESIGN §7).

Reads what `coverage json` wrote; `make coverage` runs the tests and then this.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ROOMS = frozenset({"registers", "record", "resources", "services", "management", "insight"})
PURE = frozenset({"rules", "flow", "access", "fhir"})
PURE_KERNEL = frozenset({"decision", "flow", "call", "clock", "paging", "coding"})
REST = 95.0
Files = Mapping[str, Mapping[str, Any]]


def is_pure(name: str) -> bool:
    """Whether a file (its path from the root) belongs to the half that is tested to the last branch."""
    parts = Path(name).with_suffix("").parts[2:]
    if parts[:1] == ("kernel",):
        return len(parts) == 2 and parts[1] in PURE_KERNEL
    return len(parts) > 2 and parts[0] in ROOMS and parts[2] in PURE


def unreached(files: Files) -> Iterator[str]:
    """Lines and branches of the pure half that no test reached."""
    for name, file in sorted(files.items()):
        if not is_pure(name):
            continue
        if file["missing_lines"]:
            yield f"{name}: lines {', '.join(map(str, file['missing_lines']))} are not reached"
        for start, end in file.get("missing_branches", ()):
            yield f"{name}: the branch from line {start} to {'the end' if end <= 0 else end} is not taken"


def share_of_rest(files: Files) -> float:
    """Percent of the other files' lines that were reached; 100 where there are none."""
    rest = [file["summary"] for name, file in files.items() if not is_pure(name)]
    lines = sum(summary["num_statements"] for summary in rest)
    return 100 * sum(summary["covered_lines"] for summary in rest) / lines if lines else 100.0


def main(report: Path = ROOT / ".cache" / "coverage.json") -> int:
    """Print what is missing; 1 if anything is."""
    files: Files = json.loads(report.read_text())["files"]
    wrong = list(unreached(files))
    share = share_of_rest(files)
    if share < REST:
        poorest = sorted((f for f in files if not is_pure(f)), key=lambda f: -len(files[f]["missing_lines"]))[:10]
        wrong += [f"{name}: {len(files[name]['missing_lines'])} lines are not reached" for name in poorest]
        wrong.append(f"{share:.1f} % of the rest is reached, at least {REST:.0f} %")
    print("\n".join([*wrong, f"coverage: {sum(map(is_pure, files))} pure files, {share:.1f} % of the rest"]))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
