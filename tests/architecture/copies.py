"""Copies of the house in which faults are planted, and the checks run on them."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
LEFT_OUT = shutil.ignore_patterns("_build", "vendor", "locale", "__pycache__", "tests")


def copy_house(to: Path) -> Path:
    """The package, the tools and their settings, without tests and built files."""
    shutil.copytree(ROOT / "src" / "doorstep", to / "src" / "doorstep", ignore=LEFT_OUT)
    shutil.copytree(ROOT / "tools", to / "tools", ignore=LEFT_OUT)
    shutil.copyfile(ROOT / "pyproject.toml", to / "pyproject.toml")
    return to


def plant(house: Path, files: Mapping[str, str]) -> None:
    """Append each text to its file under src/doorstep; packages on the way are made."""
    package = house / "src" / "doorstep"
    for name, text in files.items():
        file = package / name
        file.parent.mkdir(parents=True, exist_ok=True)
        for folder in file.parents:
            if folder == package:
                break
            (folder / "__init__.py").touch()
        with file.open("a") as open_file:
            open_file.write(f"\n{text}\n")


def run(house: Path, *command: str) -> str:
    """Run a command on the copy, and not on the house; answers all that it said."""
    environment = {
        **os.environ,
        "PYTHONPATH": f"{house / 'src'}{os.pathsep}{house}",
        "DOORSTEP_HOME": str(house / "home"),
        "COLUMNS": "400",
        "NO_COLOR": "1",
    }
    done = subprocess.run(
        command, cwd=house, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode in {0, 1}, done.stdout
    return done.stdout


def broken_contracts(house: Path) -> dict[str, str]:
    """What import-linter says of each contract that does not hold, by the contract's name."""
    said = run(house, str(BIN / "lint-imports"), "--no-cache", "--no-logo")
    assert "Contracts: " in said, said
    _, _, details = said.partition("Broken contracts\n")
    found: dict[str, list[str]] = {}
    lines, name = details.splitlines(), ""
    for line, below in itertools.zip_longest(lines, lines[1:], fillvalue=""):
        if line and set(below.strip()) == {"-"}:
            name = line.strip()
        found.setdefault(name, []).append(line)
    return {name: "\n".join(lines) for name, lines in found.items() if name}
