"""What docs/security says can be looked up: every file and test that its tables name is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "security"
NAMED = re.compile(r"`((?:src|tests|docs|requirements)/[\w./-]+\.\w+)(?:::(\w+))?`")
PENDING = re.compile(r"\(branch [^)]*\)")


@cache
def named_tests(path: Path) -> frozenset[str]:
    """The names of all test functions of a file."""
    tree = ast.parse(path.read_text())
    return frozenset(n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name.startswith("test_"))


def rows(path: Path) -> list[str]:
    """The rows of the tables of a page, without their heads."""
    lines = [line for line in path.read_text().splitlines() if line.startswith("|")]
    return [
        line for n, line in enumerate(lines) if not re.match(r"\|[-|]+$", line) and lines[n + 1 : n + 2] != ["|---|"]
    ]


@pytest.mark.parametrize("page", ["threat-model.md", "level-3.md"])
def test_every_file_and_test_that_is_named_is_there(page: str) -> None:
    bad, found = [], 0
    for line in rows(DOCS / page):
        # what is in work is named as it is announced; once merged, the row says where it is met
        settled = PENDING.sub("", line)
        for name, test in NAMED.findall(settled):
            found += 1
            path = ROOT / name
            if not path.exists():
                bad.append(f"{page}: {name}")
            elif test and test not in named_tests(path):
                bad.append(f"{page}: {name}::{test}")
    assert not bad, "\n".join(bad)
    assert found > 30


def test_every_requirement_says_how_it_stands() -> None:
    """Yes and part name a file and a test; no says why not."""
    for line in rows(DOCS / "level-3.md"):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 4 or cells[1] == "met":
            continue
        assert cells[1] in ("yes", "part", "in work", "no"), line
        assert len(cells[2]) > 5, line
        if cells[1] == "yes":
            assert NAMED.search(cells[2]), line
            assert NAMED.search(cells[3]), line


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "attacks").glob("test_*.py")), ids=lambda p: p.name)
def test_every_attack_stands_in_the_model(path: Path) -> None:
    told = "".join(page.read_text() for page in DOCS.glob("*.md"))
    assert f"tests/attacks/{path.name}" in told
