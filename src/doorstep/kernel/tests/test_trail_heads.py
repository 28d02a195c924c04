"""Signed heads: what one who owns the database mends so well that the chain fits again, they show; and retiring."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection

from doorstep.kernel import clock, trail, trail_heads, trail_keys, trail_months, trail_verify, worker
from doorstep.kernel.models import RuleSet, TrailHead, TrailLine, TrailRetired, TrailSeal
from doorstep.kernel.testing.callers import system
from doorstep.kernel.testing.tampering import alter
from doorstep.kernel.trail_chain import GENESIS, link

pytestmark = pytest.mark.django_db(transaction=True)


def write(*names: str) -> None:
    for name in names:
        trail.write(system(), f"test.{name}")


def signed(*names: str) -> trail_heads.Head:
    write(*names)
    trail.seal()
    head = trail_heads.sign_day()
    assert head is not None
    return head


def found() -> list[tuple[int, str]]:
    return [(b.position, b.kind) for b in trail_verify.verify().breaches]


def lay_anew() -> None:
    """What a forger does who knows how the chain is made: every seal fits its line again."""
    lines = {row[0]: row for row in TrailLine.objects.values_list(*[f.name for f in TrailLine._meta.fields])}
    previous = GENESIS
    for position, seal in enumerate(list(TrailSeal.objects.order_by("position")), start=1):
        previous = link(previous, lines[seal.line_id])
        alter(
            "UPDATE kernel_trailseal SET position = %s, hash = %s WHERE line_id = %s", position, previous, seal.line_id
        )


def test_a_head_says_what_the_chain_was_and_is_kept_twice() -> None:
    first, second = signed("a", "b"), signed("c")
    assert (first.position, first.lines, second.position, second.lines) == (2, 2, 3, 1)
    assert list(trail_heads.stored()) == list(trail_heads.read(trail_heads.daily_file())) == [first, second]
    assert first.holds
    assert not replace(first, lines=3).holds
    assert trail_heads.sign_day() is None
    assert (found(), trail_verify.verify().heads) == ([], 2)


def test_the_key_is_made_once_and_for_nobody_else_to_read() -> None:
    name = trail_keys.key_id()
    place = trail_keys.folder()
    assert (place / "ed25519.key").stat().st_mode & 0o777 == 0o600
    assert "BEGIN PUBLIC KEY" in trail_keys.public_text()
    trail_keys._private.cache_clear()
    assert trail_keys.key_id() == name
    assert (place / f"{name}.pub").exists()


def test_a_chain_laid_anew_over_a_changed_line_is_found_at_the_head() -> None:
    signed("a", "b")
    signed("c")
    alter("UPDATE kernel_trailline SET name = 'x' WHERE action = 'test.c'")
    lay_anew()
    assert found() == [(3, "rewritten")]


def test_a_line_taken_out_with_the_chain_laid_anew_is_found() -> None:
    signed("a", "b", "c")
    alter("DELETE FROM kernel_trailseal WHERE position = 2")
    alter("DELETE FROM kernel_trailline WHERE action = 'test.b'")
    lay_anew()
    assert found() == [(3, "truncated")]


def test_the_tail_cut_off_is_found_also_behind_the_last_daily_head() -> None:
    signed("a", "b")
    write("c", "d")
    worker.work_once()
    assert found() == []
    alter("DELETE FROM kernel_trailseal WHERE position > 2")
    alter("DELETE FROM kernel_trailline WHERE action NOT IN ('test.a', 'test.b')")
    assert found()[0] == (3, "truncated")


@pytest.mark.parametrize("heads_too", [False, True])
def test_all_truncated_is_found(heads_too: bool) -> None:
    signed("a", "b")
    for table in ("kernel_trailline", "kernel_trailseal", *(["kernel_trailhead"] if heads_too else [])):
        if table == "kernel_trailline":
            month = f"{table}_{clock.today():%Y_%m}"
            alter(f"ALTER TABLE {month} DISABLE TRIGGER USER")
            alter(f"TRUNCATE {month}")
            alter(f"ALTER TABLE {month} ENABLE TRIGGER USER")
        else:
            alter(f"TRUNCATE {table}")
    assert found() == [(1, "truncated")] + ([(2, "head_removed")] if heads_too else [])


def test_a_forged_head_is_found() -> None:
    head = signed("a", "b")
    alter("UPDATE kernel_trailhead SET hash = %s", b"x" * 32)
    assert found() == [(2, "forged")]
    alter("UPDATE kernel_trailhead SET hash = %s, key = 'another'", head.hash)
    assert found() == [(2, "forged")]
    alter("UPDATE kernel_trailhead SET key = %s, algorithm = 'none'", head.key)
    assert found() == [(2, "forged")]


def test_a_head_taken_out_of_the_table_is_missed() -> None:
    signed("a")
    signed("b")
    alter("DELETE FROM kernel_trailhead WHERE position = 1")
    assert found() == [(1, "head_removed")]


def test_heads_given_to_others_show_what_the_house_has_forgotten(tmp_path) -> None:
    signed("a", "b", "c")
    published = tmp_path / "heads.jsonl"
    published.write_text(trail_heads.daily_file().read_text())
    trail_heads.daily_file().unlink()
    alter("DELETE FROM kernel_trailhead")
    alter("UPDATE kernel_trailline SET name = 'x' WHERE action = 'test.b'")
    lay_anew()
    assert found() == []
    report = trail_verify.verify(trail_heads.read(published))
    assert [(b.position, b.kind) for b in report.breaches] == [(3, "rewritten"), (3, "head_removed")]


def test_verified_from_a_trusted_head_on() -> None:
    head = signed("a", "b")
    signed("c")
    alter("UPDATE kernel_trailline SET name = 'x' WHERE action = 'test.a'")
    assert found() == [(1, "changed")]
    report = trail_verify.verify(since=head)
    assert (report.breaches, report.heads) == ((), 1)
    alter("UPDATE kernel_trailline SET name = 'x' WHERE action = 'test.c'")
    assert [b.position for b in trail_verify.verify(since=head).breaches] == [3]


@pytest.mark.parametrize("text", ["{", "[]", '{"position": 1}', json.dumps({"position": "x"})])
def test_a_file_that_holds_no_heads_is_named_with_its_line(tmp_path, text: str) -> None:
    path = tmp_path / "heads"
    path.write_text("\n" + text)
    with pytest.raises(trail_heads.BadHeads, match="heads:2"):
        list(trail_heads.read(path))


class TestRetiring:
    @pytest.fixture(autouse=True)
    def _no_months_of_another_test(self) -> Iterator[None]:
        yield
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^kernel_trailline_\\d{4}_\\d{2}$'"
                " AND relname < %s",
                [f"kernel_trailline_{clock.today():%Y_%m}"],
            )
            for (table,) in cursor.fetchall():
                cursor.execute(f"DROP TABLE {table}")

    def old_lines(self, years: int = 16) -> str:
        for n in range(3):
            TrailLine.objects.create(
                at=clock.now() - timedelta(days=366 * years), actor=f"staff:{n}", name="x", action="old", outcome="done"
            )
        trail_months.make_ahead()
        return trail_months.parts()[0].table

    def test_what_is_old_verified_and_covered_is_taken_out_and_verify_still_works(self) -> None:
        table = self.old_lines()
        signed("a")
        report = trail_verify.verify()
        done, left = trail_months.retire(report.position)
        assert ([(part.table, part.lines) for part in done], left) == ([(table, 3)], [])
        assert [line.action for line in TrailLine.objects.all()] == ["test.a"]
        assert found() == []
        alter(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        alter(f"UPDATE {table} SET name = 'y' WHERE actor = 'staff:1'")
        assert found() == [(2, "changed")]
        alter(f"DROP TABLE {table}")
        report = trail_verify.verify()
        assert (report.breaches, report.not_here) == ((), 3)
        alter("UPDATE kernel_trailretired SET upper = upper + interval '20 years'")
        assert (2, "removed") in found()
        assert (4 - 1, "forged") in found()

    def test_a_retired_table_is_still_append_only(self) -> None:
        table = self.old_lines()
        signed("a")
        trail_months.retire(4)
        with connection.cursor() as cursor, pytest.raises(Exception, match="append-only"):
            cursor.execute(f"DELETE FROM {table}")

    def test_what_no_head_covers_or_is_not_sealed_or_not_verified_stays(self) -> None:
        self.old_lines()
        assert [kept.reason for kept in trail_months.retire(99)[1]] == ["unsealed"]
        trail.seal()
        assert [kept.reason for kept in trail_months.retire(99)[1]] == ["uncovered"]
        signed("a")
        assert [kept.reason for kept in trail_months.retire(2)[1]] == ["uncovered"]
        assert not TrailRetired.objects.exists()

    def test_the_time_is_that_of_the_rule_and_never_under_six_months(self) -> None:
        today = clock.today()
        assert trail_months.keep_since(today).year == today.year - trail_months.YEARS
        for years, least in ((3, today.year - 3), (0, None)):
            RuleSet.objects.all().delete()
            RuleSet.objects.create(
                code=trail_months.RULE, revision="1", issuer="测试", effective_from=today, parameters={"years": years}
            )
            kept = trail_months.keep_since(today)
            assert kept.year == least or kept.date() <= today - trail_months.LEAST
        self.old_lines(years=1)
        signed("a")
        RuleSet.objects.update(parameters={"years": 3})
        assert trail_months.retire(9) == ([], [])


def test_the_worker_signs_nothing_twice_and_survives_a_file_that_is_there() -> None:
    write("a")
    worker.work_once()
    worker.work_once()
    kept = list(trail_heads.kept())
    assert [head.position for head in kept][-1:] == [TrailSeal.objects.count()]
    assert TrailHead.objects.count() <= 1
    assert os.access(trail_keys.folder(), os.R_OK)


def test_a_worker_does_not_forget_what_was_cut_off() -> None:
    write("a", "b", "c")
    worker.work_once()
    alter("DELETE FROM kernel_trailseal")
    alter("DELETE FROM kernel_trailline")
    for _ in range(3):  # also when it has grown longer than it was
        write("d", "e", "f")
        worker.work_once()
        assert found() != []
