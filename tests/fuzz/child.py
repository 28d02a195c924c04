"""One target under libFuzzer, which ends the process: what it reads with is watched for the paths that inputs take."""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path.cwd()))
with atheris.instrument_imports(include=["doorstep.adapters"]):
    from tests.fuzz.targets import ALL, TARGETS


def main() -> None:
    """``child.py TARGET CORPUS [options of libFuzzer]``."""
    name, *options = sys.argv[1:]
    atheris.Setup([sys.argv[0], *options], TARGETS.get(name, ALL).run)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
