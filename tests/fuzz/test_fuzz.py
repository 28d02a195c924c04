"""A short turn of the fuzzer at all targets, always the same number of inputs (``make fuzz`` goes on for longer), and
what it has found, again."""

from __future__ import annotations

import importlib.util

import pytest

from tests.fuzz.__main__ import fuzz
from tests.fuzz.targets import TARGETS

RUNS = 3000
ABSENT = "atheris is not here: it has wheels for Linux on x86-64 alone"


def test_nothing_is_found():
    if importlib.util.find_spec("atheris") is None:
        pytest.skip(ABSENT)
    assert fuzz("all", runs=RUNS) == 0


@pytest.mark.parametrize("name", TARGETS)
def test_what_it_begins_from_is_sound(name):
    seeds = list(TARGETS[name].seeds())
    assert seeds
    for seed in seeds:
        TARGETS[name].run(seed)


def test_a_fault_is_told(monkeypatch, capfd, tmp_path):
    """That a fault would be seen: the same run, of a target that has one."""
    if importlib.util.find_spec("atheris") is None:
        pytest.skip(ABSENT)
    faulty = tmp_path / "child.py"
    real = (fuzz.__globals__["CHILD"]).read_text()
    planted = "def bad(data: bytes) -> None:\n    assert len(data) < 40\n"
    faulty.write_text(
        real.replace("def main()", f"{planted}\n\ndef main()").replace("TARGETS.get(name, ALL).run", "bad")
    )
    monkeypatch.setitem(fuzz.__globals__, "CHILD", faulty)
    monkeypatch.setitem(fuzz.__globals__, "FOUND", tmp_path)
    assert fuzz("batch", runs=500) != 0
    assert "AssertionError" in capfd.readouterr().out
