"""The command that makes the index anew, and the line that says that it is wanted."""

from __future__ import annotations

import pytest
from django.db import connection

from doorstep.kernel import reindex as kernel
from doorstep.kernel.tests import test_reindex as kit
from doorstep.site import reindex
from doorstep.site.cli import parser

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def new() -> None:
    """Other tests leave the state of the index as it comes: it is no data of theirs."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE fhir_index SET version = %s, making = NULL", [kernel.INDEX_VERSION])


def make_old(*kinds: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE fhir_index SET version = 0 WHERE type = ANY(%s)", [list(kinds)])


def test_serve_says_nothing_while_the_index_is_new(capsys):
    kit.fill(2)
    reindex.tell_if_old()
    assert capsys.readouterr().err == ""


def test_serve_says_in_one_line_what_is_old_and_what_to_run(capsys):
    kit.fill(2)
    make_old("Patient", "Observation", "Slot")
    reindex.tell_if_old()
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    for words in ("2 类资源", "Observation、Patient", "doorstep reindex", "older than the program (2 types)"):
        assert words in said, words


def test_what_is_old_is_made_anew_and_told(capsys):
    kit.fill(5)
    before = kit.indexed()
    kit.age()
    assert reindex.run(None) == 0
    said = capsys.readouterr().err
    assert "查看 25 条，改写索引 22 条，无法索引 0 条" in said
    assert kit.indexed() == before
    assert reindex.run(None) == 0
    assert "已是最新" in capsys.readouterr().err


def test_types_that_are_named_are_made_anew_though_they_are_new(capsys):
    kit.fill(5)
    assert reindex.run(["Patient", "Patient"]) == 0
    said = capsys.readouterr().err
    assert "查看 5 条，改写索引 0 条" in said
    assert "Observation" not in said
    assert reindex.run(None, every=True) == 0
    assert "查看 25 条" in capsys.readouterr().err


def test_what_can_be_indexed_no_longer_is_named(capsys):
    kit.fill(5)
    kit.spoil("o3")
    make_old("Observation")
    assert reindex.run(None, quiet=True) == 1
    assert "Observation/o3  bad-date  effectiveDateTime" in capsys.readouterr().err


def test_a_type_that_is_none(capsys):
    assert reindex.run(["Patiant"]) == 2
    assert "Patiant" in capsys.readouterr().err


@pytest.mark.django_db(transaction=True)
def test_while_another_is_at_work(capsys, monkeypatch):
    real = kernel.alone
    with real(0):
        monkeypatch.setattr(kernel, "alone", lambda: real(0))
        [status] = kit.at_once(lambda: reindex.run(["Patient"]))
    assert status == 2
    assert "正在进行" in capsys.readouterr().err


def test_the_command_line():
    asked = parser().parse_args(["reindex", "--types", "Patient", "Slot", "--quiet"])
    assert (asked.types, asked.all, asked.quiet) == (["Patient", "Slot"], False, True)
