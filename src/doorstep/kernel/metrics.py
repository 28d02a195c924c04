"""Numbers for Prometheus: what each process counts, in files of the data folder, and summed by the one that is asked.

No label names a person, and each takes few values: a door, a status, an endpoint, a code of the program.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from doorstep.kernel.postgres import home

__all__ = [
    "ANSWERED", "COMMIT", "COMMIT_SECONDS", "DELIVERIES", "JOBS", "LAG", "NOT_DONE", "RECEIVED", "REPEATED", "REQUESTS",
    "SECONDS", "SETTLED", "STRANGERS", "Collector", "sweep", "text",
]  # fmt: skip

FOLDER: Final = home() / "metrics"
SIZE: Final = 1 << 20  # what the library begins a file with


def _take_room() -> None:
    """Make this process's files with all their blocks: the library maps them, and writing into a hole of a file on a
    full disk would kill the process."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for kind in ("counter", "histogram"):
        with (FOLDER / f"{kind}_{os.getpid()}.db").open("ab") as file:
            os.posix_fallocate(file.fileno(), 0, SIZE)


def _begin() -> None:
    try:
        _take_room()
    except OSError as error:  # then it counts for itself alone, and works all the same
        logging.getLogger(__name__).warning("no room for %s: %s", FOLDER, error.strerror)
    else:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(FOLDER)
        values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]  # for what is made from here on


def _forked() -> None:
    with suppress(OSError):
        _take_room()


_begin()
os.register_at_fork(after_in_child=_forked)

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_QUICK: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SLOW: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 3600.0)

REQUESTS: Final = Counter("doorstep_requests", "Requests answered.", ("door", "method", "status"))
SECONDS: Final = Histogram("doorstep_request_seconds", "From request to answer.", ("door",), buckets=_QUICK)
RECEIVED: Final = Counter("doorstep_messages_received", "Messages that came in whole.", ("endpoint", "protocol"))
REPEATED: Final = Counter("doorstep_messages_repeated", "Those of them that had come before.", ("endpoint", "protocol"))
ANSWERED: Final = Counter(
    "doorstep_messages_answered",
    "How they were answered: accepted, refused, none (none was wanted), lost (not kept, and the connection closed).",
    ("endpoint", "protocol", "answer"),
)
STRANGERS: Final = Counter("doorstep_messages_unkept", "Messages refused and not kept, by reason.", ("reason",))
SETTLED: Final = Counter(
    "doorstep_messages_settled", "What became of kept messages: used or rested.", ("endpoint", "protocol", "state")
)
LAG: Final = Histogram("doorstep_message_lag_seconds", "From kept to used.", ("protocol",), buckets=_SLOW)
COMMIT: Final = Histogram(
    "doorstep_commit_messages", "Messages of one commit.", ("door",), buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256)
)
COMMIT_SECONDS: Final = Histogram("doorstep_commit_seconds", "How long a commit took.", ("door",), buckets=_QUICK)
DELIVERIES: Final = Counter("doorstep_outbox_deliveries", "Tries to deliver an event.", ("event", "outcome"))
JOBS: Final = Counter("doorstep_job_runs", "Jobs run by the clock.", ("job", "outcome"))
NOT_DONE: Final = Counter(
    "doorstep_refusals",
    "What was refused or slowed, by the trail's name of it; sign-ins among them.",
    ("action", "outcome"),
)


def text(collectors: Iterable[Collector] = ()) -> bytes:
    """All numbers of all processes of this data folder, and what these collectors find, in Prometheus's text format."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(FOLDER))  # type: ignore[no-untyped-call]  # registers itself
    for each in collectors:
        registry.register(each)
    return generate_latest(registry)


def sweep() -> None:
    """Forget what processes counted that are gone: done when the house starts, so that counters begin at nought
    together. A part that the house starts again leaves what it had, for a sum must not fall."""
    if os.environ.get("DOORSTEP_PARENT"):
        return
    for file in FOLDER.glob("*.db"):
        if not _runs(file):
            with suppress(FileNotFoundError):
                file.unlink()


def _runs(file: Path) -> bool:
    number = file.stem.rpartition("_")[2]
    return number.isdigit() and Path(f"/proc/{number}").exists()
