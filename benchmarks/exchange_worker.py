"""What a message costs on the worker's side: CPU of worker and PostgreSQL by kind, with no socket in between.

Messages are kept by the listener's own statement and worked off in this process, which does nothing else; CPU is its
own user and system time, and that of all of PostgreSQL's processes. Results hold five observations; "new" means that
their patient has not been heard of before, "known" that they were there.
"""

from __future__ import annotations

import argparse
import cProfile
import hashlib
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

ROW = "{:<34}{:>10}{:>12}{:>12}{:>12}{:>10}{:>8}"
HEAD = ("kind", "messages", "worker ms", "PG ms", "CPU ms", "a second", "rests")
FAMILIES, GIVEN = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何林高罗", "伟芳娜敏静秀英丽强磊军洋勇艳杰娟涛明超兰霞平刚桂"


def pid(patient: int, place: str = "LAB") -> str:
    """PID of a patient; names, days of birth and sexes differ as people's do."""
    name = f"{FAMILIES[patient % 20]}^{GIVEN[patient // 20 % 24]}{GIVEN[patient // 480 % 24]}"
    born = f"{1940 + patient % 70}{1 + patient // 70 % 12:02}{1 + patient // 840 % 28:02}"
    return f"PID|1||{patient:06}^^^{place}^MR||{name}||{born}|{'MF'[patient % 2]}"


def oru(number: int, patient: int) -> bytes:
    """A panel of five results."""
    from benchmarks.exchange import oru as plain

    return plain(number).replace(plain(number).split(b"\r")[1], pid(patient).encode())


def adt(number: int, patient: int, event: str = "A01", other: int = 0) -> bytes:
    """An admission, a change, or a merge of another patient into this one."""
    kind = "ADT^A40^ADT_A39" if event == "A40" else f"ADT^{event}^ADT_A01"
    lines = [
        f"MSH|^~\\&|HIS|H|DOORSTEP|D|20260301080000+0800||{kind}|A{number}|P|2.5.1||||||UNICODE UTF-8",
        f"EVN|{event}|20260301080000",
        pid(patient),
        f"MRG|{other:06}^^^LAB^MR" if event == "A40" else f"PV1|1|I|W{number % 9}^1^1|||||||||||||||||V{patient:06}",
    ]
    return ("\r".join(lines) + "\r").encode()


def mixed(number: int) -> bytes:
    """Of ten messages five are results (one of a new patient), two admissions of new ones, two changes, one a merge."""
    kind, patient = number % 10, 500_000 + number
    if kind == 0:
        return oru(number, patient)
    if kind in (1, 2):
        return adt(number, patient)
    before = max(500_001, patient - 10 - number % 7)
    known = before - before % 10 + 1
    if kind in (3, 4):
        return adt(number, known, "A08")
    if kind == 5:
        return adt(number, known, "A40", known + 1)
    return oru(number, known)


KINDS: dict[str, Callable[[int], bytes]] = {
    "ORU, new patients": lambda n: oru(n, n),
    "ORU, known patients": lambda n: oru(1_000_000 + n, 200_000 + n),
    "ADT^A08, known patients": lambda n: adt(n, 200_000 + n, "A08"),
    "ADT^A01, new patients": lambda n: adt(100_000 + n, 100_000 + n),
    "mixed": mixed,
}


def keep(endpoint: UUID, source: UUID, messages: Sequence[bytes]) -> None:
    """Keep messages as the listener does."""
    from django.db import connection

    from doorstep.adapters.hl7v2.codec import header_of
    from doorstep.kernel import clock
    from doorstep.record.endpoints.actions.keep import KEEP, columns
    from doorstep.record.endpoints.rules import turns
    from doorstep.record.endpoints.rules.facts import Ordering
    from doorstep.record.endpoints.shapes import Arrival

    def arrival(serial: int, raw: bytes) -> Arrival:
        header, key = header_of(raw), turns.patient_of(raw)
        assert header is not None
        slot = turns.slot_of(Ordering.PATIENT, key, serial)
        digest, now = hashlib.sha256(raw).digest(), clock.now()
        kind = f"{header.kind}^{header.trigger}"
        return Arrival(endpoint, source, header.control_id, digest, "10.1.1.1", raw, kind, key, slot, "AA", now)

    statement = re.sub(r"\$[0-9]+", "%s", KEEP)
    for first in range(0, len(messages), 200):
        with connection.cursor() as cursor:
            part = messages[first : first + 200]
            cursor.execute(statement, columns([arrival(n, raw) for n, raw in enumerate(part)]))


@contextmanager
def _profiled(file: str) -> Iterator[None]:
    """Write down where the time goes, where that is asked."""
    if not file:
        yield
        return
    profile = cProfile.Profile()
    profile.enable()
    yield
    profile.disable()
    profile.dump_stats(file)


def _asked(postmaster: int) -> tuple[float, float, float]:
    from benchmarks.parts.processes import seconds

    return time.process_time(), seconds(postmaster), time.monotonic()


def run(names: Sequence[str], count: int, profile: str) -> Iterator[str]:
    """Measure each kind; a line of the table each."""
    from benchmarks.exchange import _endpoint
    from benchmarks.parts.houses import standing

    with tempfile.TemporaryDirectory() as within, standing(Path(within)) as (folder, _server):
        from django.db import connection

        from doorstep.kernel import fence, outbox
        from doorstep.record.endpoints.actions import work
        from doorstep.record.endpoints.models import Endpoint
        from doorstep.site import sharing

        fence.as_system()
        sharing.calm_collector()
        _endpoint(25_750)
        place = Endpoint.objects.unscoped("bench").get()
        postmaster = int((folder / "home" / "pg" / "data" / "postmaster.pid").read_text().split()[0])
        keep(place.pk, place.organisation_id, [adt(n, 200_000 + n) for n in range(count)])
        while work.run(outbox.worker_call()):
            pass
        for name in names:
            keep(place.pk, place.organisation_id, [KINDS[name](n) for n in range(count)])
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
            before = _asked(postmaster)
            with _profiled(profile):
                while work.run(outbox.worker_call()):
                    pass
            client, server, spent = (b - a for a, b in zip(before, _asked(postmaster), strict=True))
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM endpoints_inbound WHERE state = 'resting'")
                [rests] = cursor.fetchone()
            each = [1000 * value / count for value in (client, server, client + server)]
            yield ROW.format(name, count, *(f"{v:.2f}" for v in each), f"{count / spent:,.0f}", rests)


def main() -> int:
    """Measure and tell."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=500, help="messages of each kind")
    options.add_argument("--only", default="", help="kinds whose name holds this")
    options.add_argument(
        "--profile", default="", metavar="FILE", help="write cProfile's figures there (all costs more)"
    )
    asked = options.parse_args()
    print(ROW.format(*HEAD))
    for line in run([name for name in KINDS if asked.only in name], asked.count, asked.profile):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
