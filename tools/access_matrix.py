"""Writes the tables of who may do what (tests/access) as the house answers now, for a person to read and commit.

``python tools/access_matrix.py write`` asks all; ``write charts`` only what has ``charts`` in its name. Rows of
addresses that are gone go too. What no table can make right (tests/access/test_invariants.py) is said and fails.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
PLACE = "tests/access"


def main(said: list[str]) -> int:
    """Run the tests of the matrix so that they write; then those that only read."""
    if not said or said[0] != "write" or len(said) > 2:
        print(__doc__)
        return 2
    asked = ["-k", said[1]] if len(said) == 2 else []
    run = [sys.executable, "-m", "pytest", "-q", "-n", "0", "--tb=short"]
    wrote = subprocess.run(
        [*run, f"{PLACE}/test_pages.py", f"{PLACE}/test_fhir.py", *asked],
        cwd=HERE, env={**os.environ, "DOORSTEP_ACCESS": "write"}, check=False,
    )  # fmt: skip
    sound = subprocess.run([*run, f"{PLACE}/test_invariants.py"], cwd=HERE, check=False)
    print(f"\nNow read every line of `git diff {PLACE}` as who is let in where.")
    return wrote.returncode or sound.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
