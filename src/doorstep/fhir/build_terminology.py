"""Compile the code systems and value sets of R4 into one archive: `python -m doorstep.fhir.build_terminology`.

Narratives are left out; all else stays. Reads the definition files that are there of `FILES`, plain or gzip.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from doorstep.fhir.build_paths import BUILD, DEFINITIONS
from doorstep.fhir.terminology.archive import parse, write
from doorstep.fhir.terminology.definitions import TERMINOLOGY

FILES: Final = ("valuesets.json", "v3-codesystems.json")
# Where a distribution has them: HL7's own definitions do, the npm package does not.
MORE_FILES: Final = ("v2-tables.json", "conceptmaps.json")


def compile_terminology(definitions: Path, out: Path) -> int:
    """Write the archive; returns the number of resources. FileNotFoundError where one of FILES is missing."""
    names = [*FILES, *(name for name in MORE_FILES if _found(definitions, name))]
    return write(out, (resource for name in names for resource in _resources(definitions, name)))


def _resources(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    path = _found(folder, name) or folder / name
    content = path.read_bytes()
    for entry in parse(gzip.decompress(content) if path.suffix == ".gz" else content)["entry"]:
        yield {key: value for key, value in entry["resource"].items() if key != "text"}


def _found(folder: Path, name: str) -> Path | None:
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.exists()), None)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the archive; returns 1 where the definition files are missing."""
    parser = argparse.ArgumentParser(prog="python -m doorstep.fhir.build_terminology", description=__doc__)
    parser.add_argument("--definitions", type=Path, default=DEFINITIONS)
    parser.add_argument("--out", type=Path, default=BUILD)
    options = parser.parse_args(arguments)
    try:
        count = compile_terminology(options.definitions, options.out / TERMINOLOGY.name)
    except FileNotFoundError as error:
        sys.stderr.write(f"R4 definitions are missing: {error.filename}\n")
        return 1
    sys.stdout.write(f"fhir: {count} code systems and value sets\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
