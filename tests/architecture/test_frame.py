"""The frame itself: what is locked is what is asked for, each dependency says why, nothing is fetched unchecked."""

from __future__ import annotations

import json
import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.architecture.copies import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
RUN = PROJECT["project"]["dependencies"]
ALL = [*RUN, *(line for group in PROJECT["dependency-groups"].values() for line in group)]
PIN = re.compile(r"^([a-z0-9-]+)(?:\[[a-z, -]+\])?==(\S+)", re.MULTILINE)


def locked(name: str) -> dict[str, Version]:
    """The pins of a lock file."""
    return {pin: Version(version) for pin, version in PIN.findall((ROOT / "requirements" / name).read_text())}


@pytest.mark.parametrize(("lock", "asked"), [("run.txt", RUN), ("dev.txt", ALL)])
def test_what_is_asked_for_is_locked(lock: str, asked: list[str]) -> None:
    pins = locked(lock)
    for requirement in map(Requirement, asked):
        assert pins[canonicalize_name(requirement.name)] in requirement.specifier, requirement


def test_what_runs_and_what_is_tested_are_the_same() -> None:
    tested = locked("dev.txt")
    assert {name: tested.get(name) for name in locked("run.txt")} == locked("run.txt")


@pytest.mark.parametrize("lock", ["run.txt", "dev.txt", "node.txt"])
def test_every_pin_is_hashed_and_none_names_an_address(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text()
    pins = re.split(r"^(?=\S)", text, flags=re.MULTILINE)[1:]
    assert pins
    assert all("--hash=sha256:" in pin for pin in pins)
    assert not re.search(r"https?:|file:|^--(index|extra|find)", text, re.MULTILINE)


def test_every_dependency_says_why() -> None:
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    for requirement in ALL:
        line = next(line for line in lines if f'"{requirement}"' in line)
        assert re.search(r'",\s*# \S.{15,}', line), line


def test_browser_packages_are_pinned_and_hashed() -> None:
    package = json.loads((ROOT / "frontend" / "package.json").read_text())
    asked = package["dependencies"] | package["devDependencies"]
    lock = json.loads((ROOT / "frontend" / "package-lock.json").read_text())["packages"]
    assert {name: lock[f"node_modules/{name}"]["version"] for name in asked} == asked
    assert all(
        entry["integrity"].startswith("sha512-") and "resolved" not in entry for path, entry in lock.items() if path
    )


def test_decoders_are_made_when_their_module_is_read() -> None:
    """msgspec takes a typed decode's first call to learn the type; two threads that do so at once can crash it."""
    called = re.compile(r"msgspec\.json\.decode\([^\n]*\btype=|^ +.*msgspec\.json\.Decoder\(", re.MULTILINE)
    assert called.search("    return msgspec.json.decode(data, type=Kind)")
    sources = [
        path for path in (ROOT / "src").rglob("*.py") if "tests" not in path.parts and "_build" not in path.parts
    ]
    assert sources
    assert [path.name for path in sources if called.search(path.read_text())] == []
