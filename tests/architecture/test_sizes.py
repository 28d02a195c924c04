"""The budgets, the docstrings, the translations and the links catch what they are meant for."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.architecture.copies import ROOT, copy_house, plant
from tools import budgets, coverage_gate, links, messages

LONG_FUNCTION = "def planted_long() -> None:\n" + "    planted_long()\n" * 60
DENSE = "def planted_dense(n: int) -> bool:\n    return " + " or ".join(["n == 1"] * 15)
BRANCHED = "def planted_branched(n: int) -> None:\n" + "    if n:\n        return\n" * 8
STRAIGHT = "def planted_straight(n: int) -> None:\n" + "    if n:\n        return\n" * 7


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy without the rooms, so that what it holds is what was planted."""
    copy = copy_house(tmp_path)
    shutil.rmtree(copy / "src" / "doorstep")
    plant(copy, {"kernel/fair.py": '"""Fair."""'})
    return copy


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ('"""Long."""\n' + "PLANTED = 1\n" * 400, "planted.py: file 403, at most 400"),
        (f'"""Long."""\n{LONG_FUNCTION}', "planted_long: function 61, at most 60"),
        (f'"""Branched."""\n{BRANCHED}', "planted_branched: branches 9, at most 8"),
        (f'"""Dense."""\n{DENSE}', "planted_dense: decisions 15, at most 14"),
        ("PLANTED = 1", "the module has no docstring"),
        (f'"""Bare."""\n{STRAIGHT}', "planted_straight has no docstring"),
    ],
)
def test_what_is_too_large_or_undescribed_is_caught(
    house: Path, capsys: pytest.CaptureFixture[str], text: str, evidence: str
) -> None:
    plant(house, {"kernel/planted.py": text})
    assert budgets.main(house) == 1
    assert evidence in capsys.readouterr().out


def test_the_95th_percentile_is_judged(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    described = STRAIGHT.replace("-> None:", '-> None:\n    """Eight ways."""', 1)
    plant(house, {"kernel/planted.py": f'"""Straight."""\n{described}'})
    assert budgets.main(house) == 1
    assert "95th percentile of branches: 8, at most 5" in capsys.readouterr().out


def test_what_keeps_its_budget_passes(house: Path) -> None:
    plant(house, {"kernel/planted.py": '"""Small."""\n\n\ndef planted() -> int:\n    """One."""\n    return 1'})
    assert budgets.main(house) == 0


CATALOGUE = """msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8"

msgid "已译"
msgstr "Translated"

#, fuzzy
msgid "猜的"
msgstr "Guessed"

msgid "%(n)s 人"
msgstr "people"

msgid "没译成"
msgstr "没译成"
"""


TEMPLATE = """{% load i18n %}<p>{% translate '模板里' %}</p>{# 注释 #}{% comment %}注{% endcomment %}
<p>写死的</p>
<b lang="zh-Hans">中文</b>
"""


def test_what_is_not_translated_is_caught(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plant(
        house,
        {
            "kernel/speaks.py": 'from django.utils.translation import gettext as _\n_("已译")\n_("未译")',
            "kernel/templates/page.html": TEMPLATE,
        },
    )
    catalogue = house / "src" / "doorstep" / "kernel" / messages.CATALOGUE
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text(CATALOGUE)
    assert messages.check(house / "src" / "doorstep") == 1
    said = capsys.readouterr().out
    for evidence in (
        "'未译' has no English",
        "'模板里' has no English",
        "猜的 is only a guess",
        "%(n)s 人 has other placeholders",
        "没译成 is not English",
        "Chinese outside translation tags: <p>写死的</p>",
        "6 faults",
    ):
        assert evidence in said


def test_new_messages_are_found_and_compiled(house: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = house / "src" / "doorstep"
    plant(
        house,
        {"registers/planted/pages.py": 'from django.utils.translation import ngettext\nngettext("一人", "多人", 2)'},
    )
    messages.extract(package)
    catalogue = package / "registers" / "planted" / messages.CATALOGUE
    text = catalogue.read_text()
    assert 'msgid_plural "多人"' in text
    assert messages.check(package) == 1
    catalogue.write_text(text.replace('msgstr[0] ""', 'msgstr[0] "one"').replace('msgstr[1] ""', 'msgstr[1] "many"'))
    assert messages.check(package) == 0
    messages.compile_all(package)
    assert catalogue.with_suffix(".mo").exists()


def test_a_dead_link_is_caught(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / "there.md").write_text("# 一个 Heading, here\n")
    (tmp_path / "page.md").write_text(
        "[a](there.md) [b](gone.md) ![c](gone.png) [d](there.md#一个-heading-here) [e](there.md#gone)\n"
        '<img src="gone.svg"> [f](https://example.org/x) `[g](code.md)`\n\n```\n[h](fence.md)\n```\n'
    )
    assert links.main(tmp_path) == 1
    said = capsys.readouterr().out
    for link in ("gone.md", "gone.png", "there.md#gone", "gone.svg"):
        assert f"page.md: {link} leads nowhere" in said
    assert "4 dead links" in said


def test_no_file_of_the_house_names_a_machine_or_a_registry() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    folders = ["/".join(["", "work", name]) for name in ("main", "shared")]
    words = ["registry." + "npmjs", "files." + "pythonhosted", "pypi" + ".org", *folders]
    found = [
        f"{name}: {word}"
        for name in listed
        if (ROOT / name).is_file()
        for word in words
        if word.encode() in (ROOT / name).read_bytes()
    ]
    assert found == []


def test_what_tests_did_not_reach_is_caught(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def file(missing: list[int], branches: list[list[int]], lines: int = 100) -> dict[str, object]:
        summary = {"num_statements": lines, "covered_lines": lines - len(missing)}
        return {"missing_lines": missing, "missing_branches": branches, "summary": summary}

    report = tmp_path / "coverage.json"
    files = {
        "src/doorstep/services/planted/rules.py": file([7], [[3, -1]]),
        "src/doorstep/registers/planted/rules/names.py": file([3], []),
        "src/doorstep/kernel/clock.py": file([], [[9, 12]]),
        "src/doorstep/kernel/web/flow.py": file([], [[1, 2]]),
        "src/doorstep/services/planted/pages.py": file([*range(12)], []),
    }
    report.write_text(json.dumps({"files": files}))
    assert coverage_gate.main(report) == 1
    said = capsys.readouterr().out
    assert "planted/rules.py: lines 7 are not reached" in said
    assert "rules/names.py: lines 3 are not reached" in said
    assert "planted/rules.py: the branch from line 3 to the end is not taken" in said
    assert "kernel/clock.py: the branch from line 9 to 12 is not taken" in said
    assert "94.0 % of the rest is reached, at least 95 %" in said
    assert "web/flow.py: the" not in said
