"""One moment, whoever writes meanwhile: real transactions that commit late, and many of them at once."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg
import pytest
from django.db import connection, transaction

from doorstep.fhir.outcome import shown
from doorstep.fhir.tables import known_types
from doorstep.kernel import ledger
from doorstep.kernel.testing.at_once import at_once
from doorstep.kernel.testing.callers import system
from doorstep.record.exchange import api, rules
from doorstep.record.exchange.actions import export_work
from doorstep.record.exchange.tests import kit
from doorstep.record.exchange.tests.test_exports import begin, delete, full, home, lines, put, turn, work

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["home"]


@contextmanager
def held_open(write: Callable[[], object]) -> Iterator[Callable[[], None]]:
    """Something written in another transaction that is committed only when told."""
    written, go, done = threading.Event(), threading.Event(), threading.Event()

    def run() -> None:
        try:
            with transaction.atomic():
                write()
                written.set()
                go.wait(30)
        finally:
            connection.close()
            done.set()

    def commit() -> None:
        go.set()
        assert done.wait(30)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert written.wait(30)
    try:
        yield commit
    finally:
        commit()
        thread.join(30)


class TestLate:
    def test_what_was_written_before_and_is_committed_after_is_in(self, source, home):
        full(source, 1)
        with held_open(lambda: full(source, 2)) as commit:
            export = begin(system())
            for _ in range(3):
                turn()
            assert api.export_status(system(), export.id).state == "accepted"
            commit()
        found = work(system(), export)
        assert found.count == 4
        assert all(now.updated <= found.at for now in current())

    def test_without_waiting_it_would_be_missed(self, source, home, monkeypatch):
        """The test above can fail."""
        monkeypatch.setattr(export_work, "settled", lambda row: True)
        full(source, 1)
        with held_open(lambda: full(source, 2)) as commit:
            found = work(system(), begin(system()))
            commit()
        assert found.count == 2
        assert all(now.updated <= found.at for now in current())

    def test_what_is_rolled_back_is_not_in(self, source, home):
        def undone() -> None:
            full(source, 2)
            transaction.set_rollback(True)

        with held_open(undone) as commit:
            export = begin(system())
            turn()
            commit()
        assert work(system(), export).count == 0

    def test_who_began_after_it_is_not_awaited(self, source, home):
        full(source, 1)
        export = begin(system())
        with held_open(lambda: full(source, 2)) as commit:
            found = work(system(), export)
            commit()
        assert found.count == 2

    @pytest.mark.parametrize(("seconds", "state"), [(3600, "accepted"), (0, "done")])
    def test_a_reader_is_awaited_for_half_a_minute_only(self, source, home, monkeypatch, seconds, state):
        monkeypatch.setattr(rules, "READERS_SECONDS", seconds)
        full(source, 1)
        with held_open(lambda: kit.count("fhir_patient")):
            export = begin(system())
            turn()
            assert api.export_status(system(), export.id).state == state

    @pytest.mark.parametrize(
        "lock",
        [
            "SELECT pg_advisory_xact_lock(1)",
            "LOCK TABLE fhir_patient IN ROW EXCLUSIVE MODE",
            "SELECT pg_current_xact_id()",
        ],
    )
    def test_one_that_may_still_write_is_awaited_for_ever(self, source, home, monkeypatch, lock):
        monkeypatch.setattr(rules, "READERS_SECONDS", 0)

        def take() -> None:
            with connection.cursor() as cursor:
                cursor.execute(lock)

        with held_open(take):
            export = begin(system())
            turn()
            assert api.export_status(system(), export.id).state == "accepted"
        assert work(system(), export).state == "done"

    def test_another_database_s_transactions_are_not_awaited(self, source, home):
        given = connection.settings_dict
        options = {"dbname": "postgres", "user": given["USER"], "password": given["PASSWORD"], "host": given["HOST"]}
        with psycopg.connect(**options, port=given["PORT"] or None) as elsewhere:
            elsewhere.execute("SELECT pg_current_xact_id()")
            assert work(system(), begin(system())).state == "done"


def current() -> list[ledger.Stored]:
    return [now for kind, key in kit.ledger() if (now := ledger.read(kind, key)) is not None]


def as_of(at: datetime) -> set[bytes]:
    """Every resource as it stood then, by all its versions."""
    found = set()
    for now in current():
        versions = [now, *ledger.past(now.type, now.id)]
        then = next((v for v in versions if v.updated <= at), None)
        if then is not None and not then.deleted:
            found.add(shown(then))
    return found


def test_many_writers_at_once(source, other, home, monkeypatch):
    """New things, new versions, deletions, returns, from two institutions, while exports run: each is its moment."""
    monkeypatch.setattr(rules, "WINDOW", 7)
    monkeypatch.setattr(rules, "SLICE_RESOURCES", 20)
    for number in range(1, 30):
        full((source, other)[number % 2], number)
    stop = threading.Event()

    def writer(seed: int) -> Callable[[], int]:
        chance, whose = random.Random(seed), (source, other)[seed % 2]

        def run() -> int:
            count = 0
            while not stop.is_set():
                number = chance.choice([n for n in range(1, 30) if n % 2 == seed % 2])
                about, name = f"Patient/{kit.key(2 * number)}", f"w{chance.randrange(40)}-{seed % 2}"
                move = chance.random()
                if move < 0.7:
                    put(whose, kit.observation(about, float(count)) | {"id": name})
                elif move < 0.9:
                    with transaction.atomic():
                        delete(whose, f"Observation/{kit.key(2 * number + 1)}")
                        time.sleep(chance.random() * 0.05)
                else:
                    put(whose, kit.observation(about, float(count)) | {"id": kit.key(2 * number + 1)})
                count += 1
            return count

        return run

    def exporter() -> list[tuple[datetime, set[bytes], int]]:
        made = []
        try:
            for _ in range(5):
                found = work(system(), begin(system()))
                got = lines(home, found)
                made.append((found.at, set(got), len(got)))
        finally:
            stop.set()
        return made

    exports, *counts = at_once(exporter, writer(2), writer(3))
    assert isinstance(exports, list), exports
    assert all(isinstance(c, int) and c > 5 for c in counts), counts
    for at, got, number in exports:
        assert number == len(got)
        assert got == as_of(at)
    # they wrote while it was read: the moments differ
    assert len({frozenset(got) for _, got, _ in exports}) == 5


def test_two_workers_do_one_export_once(source, home, monkeypatch):
    monkeypatch.setattr(rules, "SLICE_RESOURCES", 3)
    monkeypatch.setattr(rules, "WINDOW", 2)
    full(source, *range(1, 20))
    export = begin(system())

    def run() -> None:
        for _ in range(60):
            turn()

    assert at_once(run, run, run) == [None, None, None]
    found = work(system(), export)
    got = lines(home, found)
    assert sorted(got) == sorted(as_of(found.at))
    assert {json.loads(line)["resourceType"] for line in got} <= known_types()
