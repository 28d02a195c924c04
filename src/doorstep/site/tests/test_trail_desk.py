"""The trail at the command line: what is told, where, and with which status."""

from __future__ import annotations

from pathlib import Path

import pytest

from doorstep.kernel import trail, trail_heads
from doorstep.kernel.models import TrailLine
from doorstep.kernel.testing.callers import system
from doorstep.kernel.testing.tampering import alter
from doorstep.site import trail_desk
from doorstep.site.cli import parser

pytestmark = pytest.mark.django_db(transaction=True)


def run(*words: str) -> int:
    options = parser().parse_args(["trail", *words])
    return trail_desk.DO[options.act](options)


def write(*names: str) -> None:
    for name in names:
        trail.write(system(), f"test.{name}")


def test_verify_says_that_it_holds_or_where_it_does_not(capsys) -> None:
    write("a", "b")
    assert run("verify") == 0
    assert "操作留痕完整：2 条" in capsys.readouterr().out
    line = TrailLine.objects.order_by("pk")[0].pk
    alter("UPDATE kernel_trailline SET name = 'x' WHERE id = %s", line)
    assert run("verify", "--quiet") == 1
    assert f"第 1 环（记录 {line}，" in (said := capsys.readouterr().err)
    assert "changed" in said
    assert TrailLine.objects.filter(action="trail.verify").count() == 2


def test_heads_are_shown_checked_and_trusted_from(capsys, tmp_path: Path) -> None:
    write("a", "b")
    assert run("heads", "--sign") == 0
    published = tmp_path / "heads.jsonl"
    published.write_text(capsys.readouterr().out)
    assert [head.position for head in trail_heads.read(published)] == [2]
    assert run("verify", "--heads", str(published), "--since", "2") == 0
    assert run("verify", "--since", "1") == 2
    assert "no signed head at 1" in capsys.readouterr().err
    published.write_text(published.read_text().replace('"position": 2', '"position": 1'))
    assert run("verify", "--heads", str(published)) == 1
    assert "signed by no key" in capsys.readouterr().err
    published.write_text("nonsense")
    assert run("verify", "--heads", str(published)) == 2


def test_key_tells_the_public_half_alone(capsys) -> None:
    assert run("key") == 0
    said = capsys.readouterr().out
    assert "PUBLIC KEY" in said
    assert "PRIVATE" not in said


def test_retire_tells_that_nothing_is_old_and_refuses_on_a_breach(capsys) -> None:
    write("a")
    assert run("retire") == 0
    assert "nothing before" in capsys.readouterr().out
    alter("UPDATE kernel_trailline SET name = 'x'")
    assert run("retire") == 1
