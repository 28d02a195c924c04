"""The worker: delivers events, runs jobs by the clock, seals the trail; woken by NOTIFY, many may run side by side."""

from __future__ import annotations

import logging
import threading

import psycopg
from django.db import InterfaceError, OperationalError, close_old_connections, connection, transaction

from doorstep.kernel import clock, metrics, outbox, room, trail, trail_heads, trail_months
from doorstep.kernel.models import JobRun

log = logging.getLogger(__name__)
PAUSE = 2.0


def run(stop: threading.Event, dsn: str) -> None:
    """Work until ``stop`` is set; a lost database is waited for, never fatal."""
    while not stop.is_set():
        try:
            with psycopg.connect(dsn, autocommit=True) as listener:
                listener.execute(f"LISTEN {outbox.CHANNEL}")
                trail_months.make_ahead()
                trail.seal_all()
                while not stop.is_set():
                    work_once()
                    for _ in listener.notifies(timeout=PAUSE, stop_after=1):
                        pass
        except Exception:  # the database may be restarting; the next round connects anew
            log.exception("worker: trying again")
            close_old_connections()
            connection.close()
            stop.wait(PAUSE)


def work_once() -> None:
    """One round: all deliveries that are due, all jobs that are due, the open lines of the trail."""
    outbox.drain()
    run_shared()
    run_jobs()
    while trail.seal() == 5000:
        pass
    trail_heads.pin()


def run_shared() -> None:
    """Run what workers do side by side; one job's fault does not stop the others, a lost database does."""
    for job in (job for r in room.installed() for job in r.jobs if job.shared):
        try:
            job.run(outbox.worker_call())
        except (OperationalError, InterfaceError):
            raise
        except Exception:  # whatever it was, it is tried again in the next round
            log.exception("job %s failed", job.name)


def run_jobs() -> list[str]:
    """Run the jobs whose time has come, one worker at a time; returns their names."""
    ran = []
    for job in (job for r in room.installed() for job in r.jobs if not job.shared):
        with transaction.atomic():
            row, _made = JobRun.objects.get_or_create(name=job.name, defaults={"at": clock.now() - 2 * job.every})
            locked = JobRun.objects.select_for_update(skip_locked=True).filter(pk=row.pk).first()
            if locked is None or locked.at + job.every > clock.now():
                continue
            locked.at, locked.error = clock.now(), ""
            try:
                with transaction.atomic():
                    job.run(outbox.worker_call())
            except Exception as error:  # one job's fault must not stop the others
                log.exception("job %s failed", job.name)
                locked.error = f"{type(error).__name__}: {error}"[:2000]
            locked.save()
            metrics.JOBS.labels(job.name, "failed" if locked.error else "done").inc()
            ran.append(job.name)
    return ran
