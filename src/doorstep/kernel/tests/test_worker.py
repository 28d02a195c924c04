"""The worker: woken at once, outlives a lost database, runs jobs by the clock, seals the trail."""

from __future__ import annotations

import os
import threading
import time
from datetime import timedelta

import psycopg
import pytest
from django.db import connection, transaction

from doorstep.kernel import clock, outbox, room, trail, worker
from doorstep.kernel.ids import new_id
from doorstep.kernel.models import Delivery, JobRun, TrailSeal
from doorstep.kernel.room import Job
from doorstep.kernel.testing.callers import system
from doorstep.kernel.testing.houses import house
from doorstep.kernel.tests.test_outbox import Happened

ran: list[str] = []
heard: list[float] = []


def hear(call, event) -> None:
    heard.append(time.monotonic())


def good(call) -> None:
    ran.append("good")


def bad(call) -> None:
    JobRun.objects.create(name="half done", at=clock.now())
    raise ZeroDivisionError("坏")


def worse(call) -> None:
    raise ZeroDivisionError("坏")


JOBS = (Job("bad", timedelta(hours=1), bad), Job("good", timedelta(hours=1), good))


@pytest.fixture(autouse=True)
def rooms(settings):
    ran.clear()
    heard.clear()
    with house(settings, {Happened: (hear,)}, JOBS):
        yield


@pytest.mark.django_db
class TestJobs:
    def test_each_runs_when_its_time_has_come_whatever_another_does(self):
        assert worker.run_jobs() == ["bad", "good"]
        assert worker.run_jobs() == []
        assert ran == ["good"]
        assert JobRun.objects.get(name="bad").error == "ZeroDivisionError: 坏"
        assert not JobRun.objects.filter(name="half done").exists()

    def test_what_is_shared_is_done_by_each_worker_in_each_round_and_a_fault_stops_no_other(self, settings):
        shared = (Job("worse", timedelta(0), worse, shared=True), Job("side by side", timedelta(0), good, shared=True))
        with house(settings, {Happened: (hear,)}, (*JOBS[1:], *shared)):
            worker.run_shared()
            worker.run_shared()
            assert ran == ["good", "good"]
            assert worker.run_jobs() == ["good"]

    def test_again_after_its_hour(self):
        worker.run_jobs()
        JobRun.objects.filter(name="good").update(at=clock.now() - timedelta(hours=1, seconds=1))
        assert worker.run_jobs() == ["good"]

    def test_the_fault_is_forgotten_when_it_goes_well(self):
        JobRun.objects.create(name="good", at=clock.now() - timedelta(hours=2), error="x")
        worker.run_jobs()
        assert JobRun.objects.get(name="good").error == ""

    def test_a_round_does_all(self):
        with transaction.atomic():
            outbox.emit(Happened(new_id(), "a", 1))
        trail.write(system(), "test")
        worker.work_once()
        assert (len(heard), ran, TrailSeal.objects.count()) == (1, ["good"], 1)


def test_two_jobs_never_share_a_name():
    names = [job.name for r in room.installed() for job in r.jobs]
    assert len(set(names)) == len(names)


@pytest.fixture
def at_work(transactional_db):
    """A worker in a thread, on the tests' database."""
    parts = connection.settings_dict
    dsn = psycopg.conninfo.make_conninfo(os.environ["DOORSTEP_DATABASE_URL"], dbname=parts["NAME"])
    stop = threading.Event()

    def work() -> None:
        try:
            worker.run(stop, dsn)
        finally:
            connection.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    until(lambda: JobRun.objects.filter(name="good").exists())
    yield
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def until(true, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def emit() -> float:
    with transaction.atomic():
        outbox.emit(Happened(new_id(), "a", 1))
    return time.monotonic()


def test_an_event_wakes_it_at_once(at_work):
    waits = []
    for turn in range(3):
        since = emit()
        until(lambda n=turn: len(heard) > n)
        waits.append(heard[-1] - since)
    assert min(waits) < worker.PAUSE / 4, waits
    until(lambda: not Delivery.objects.exclude(state="done").exists())


def test_it_outlives_a_lost_connection(at_work, monkeypatch):
    monkeypatch.setattr(worker, "PAUSE", 0.2)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    emit()
    until(lambda: heard)
