"""How fast `doorstep ingest` takes records in, against COPY of the same bytes into one table of the same server.

Everything runs in a folder of its own, removed afterwards. CPU is counted in the client's processes and in all of
PostgreSQL's (ended ones too), so that a busy machine does not change it; wall time needs an idle one.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psycopg

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.parts.houses import SOURCE, standing  # noqa: E402  the folder above must be on the path

SYNTHEA = ROOT.parent / "shared" / "data" / "synthea-bundles" / "smart-generated-R4-bundles.zip"
TICKS = os.sysconf("SC_CLK_TCK")
ROW = "{:<30}{:>11}{:>8}{:>9}{:>9}{:>9}{:>9}{:>8}{:>7}{:>9}{:>9}"
HEAD = ("what", "resources", "bytes", "wall s", "res/s", "client", "PG", "CPU ms", "WAL B", "MB one", "MB all")

Bundle = tuple[str, bytes]


@dataclass(slots=True)
class Cost:
    """What something took: seconds by the clock, CPU seconds of client and PostgreSQL, bytes of WAL, MB resident."""

    wall: float
    client: float
    server: float
    wal: int
    largest: float = 0.0
    together: float = 0.0

    def row(self, what: str, count: int, size: int) -> str:
        """A line of the table; CPU in ms a resource."""
        each = [1000 * s / count for s in (self.client, self.server, self.client + self.server)]
        return ROW.format(
            what, f"{count:,}", f"{size / count:.0f}", f"{self.wall:.1f}", f"{count / self.wall:,.0f}",
            *(f"{ms:.3f}" for ms in each), f"{self.wal / count:.0f}", f"{self.largest:.0f}", f"{self.together:.0f}",
        )  # fmt: skip


class House:
    """A database of its own with one institution; measures what is done with it."""

    def __init__(self, admin: str, workers: int) -> None:
        self.admin = psycopg.connect(admin, autocommit=True, dbname="doorstep")
        [(backend,)] = self.admin.execute("SELECT pg_backend_pid()").fetchall()
        self.postmaster = int(_stat(backend)[1])
        self.workers = workers

    def measure(self, do: Callable[[], tuple[float, float]]) -> Cost:
        """Run something after a checkpoint; it returns its peaks of memory in MB (largest process; all together)."""
        self.admin.execute("CHECKPOINT")
        before, began = self._spent(), time.monotonic()
        largest, together = do()
        wall = time.monotonic() - began
        client, server, wal = (b - a for a, b in zip(before, self._spent(), strict=True))
        return Cost(wall, client, server, int(wal), largest, together)

    def _spent(self) -> tuple[float, float, int]:
        own = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        [(wal,)] = self.admin.execute("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint").fetchall()
        return sum(u.ru_utime + u.ru_stime for u in own), self._server_seconds(), wal

    def _server_seconds(self) -> float:
        """CPU of the postmaster, of the children it has reaped, and of those that run."""
        total = sum(int(t) for t in _stat(self.postmaster)[11:15])
        for child in _children(self.postmaster):
            total += sum(int(t) for t in _stat(child)[11:13])
        return total / TICKS

    def ingest(self, path: Path) -> tuple[float, float]:
        """Run the program itself on a file, as anyone would; returns its peaks of memory in MB."""
        command = [sys.executable, "-m", "doorstep.site.cli", "ingest", "--quiet", "--source", SOURCE]
        process = subprocess.Popen([*command, "--workers", str(self.workers), str(path)])
        peaks = [0.0, 0.0]
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(0.1):
                sizes = [_resident(p) for p in (process.pid, *_children(process.pid))]
                peaks[:] = max(peaks[0], *(r for r, _ in sizes)), max(peaks[1], sum(p for _, p in sizes))

        watcher = threading.Thread(target=watch)
        watcher.start()
        code = process.wait()
        ended.set()
        watcher.join()
        if code != 0:
            raise SystemExit(f"doorstep ingest {path.name} ended with {code}")
        return peaks[0], peaks[1]

    def count(self) -> int:
        """How many resources the ledger holds."""
        names = self.admin.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'body'"
            " WHERE c.relkind = 'r' AND c.relname LIKE 'fhir\\_%' AND c.relname <> 'fhir_past'"
        ).fetchall()
        union = " UNION ALL ".join(f"SELECT count(*) AS n FROM {name}" for (name,) in names)
        [(total,)] = self.admin.execute(f"SELECT sum(n) FROM ({union}) t").fetchall()
        return int(total)

    def limit(self, bodies: list[bytes]) -> Cost:
        """COPY of the same minified bodies into one plain table with a primary key: the best of three."""
        block, blocks = bytearray(), []
        for number, body in enumerate(bodies):
            block += b"%032x\t" % (number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128))
            block += body.replace(b"\\", b"\\\\") + b"\n"
            if len(block) > 1 << 20:
                blocks.append(bytes(block))
                block.clear()
        blocks.append(bytes(block))
        return min((self._copy(blocks) for _ in range(3)), key=lambda cost: cost.wall)

    def _copy(self, blocks: list[bytes]) -> Cost:
        self.admin.execute("DROP TABLE IF EXISTS copy_limit")
        self.admin.execute('CREATE TABLE copy_limit (id text COLLATE "C" PRIMARY KEY, body text NOT NULL)')

        def run() -> tuple[float, float]:
            with self.admin.cursor().copy("COPY copy_limit FROM STDIN") as out:
                for block in blocks:
                    out.write(block)
            return 0.0, 0.0

        cost = self.measure(run)
        self.admin.execute("DROP TABLE copy_limit")
        return cost


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name: state, parent, … (proc(5)); zeros where the process has gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ["0"] * 50


def _children(parent: int) -> list[int]:
    pids = [int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit()]
    return [pid for pid in pids if int(_stat(pid)[1]) == parent]


def _resident(pid: int) -> tuple[float, float]:
    """MB resident of a process, and its part of them where processes share pages (proportional set size)."""
    try:
        told = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    except OSError:
        return 0.0, 0.0
    return _megabytes(told["Rss"]), _megabytes(told["Pss"])


def _megabytes(said: str) -> float:
    return int(said.split(maxsplit=1)[0]) * 1024 / 1e6


def demo(total: int) -> Iterator[Bundle]:
    """Bundles of the demo district, some 15 small resources each."""
    from doorstep.site.demo.bundles import bundles
    from doorstep.site.demo.district import make_district
    from doorstep.site.demo.people import residents

    district = make_district()
    for _, name, body in bundles(district, residents(district, max(1000, total // 8))):
        yield name, body


def synthea(archive: Path) -> Iterator[Bundle]:
    """The patients that Synthea made, some 3,000 resources each."""
    with zipfile.ZipFile(archive) as source:
        for name in sorted(n for n in source.namelist() if n.endswith(".json")):
            yield name, source.read(name)


class _Resource(msgspec.Struct):
    resourceType: str  # noqa: N815  FHIR's name


class _Entry(msgspec.Struct):
    resource: msgspec.Raw
    fullUrl: str = ""  # noqa: N815  FHIR's name


class _Bundle(msgspec.Struct):
    entry: list[_Entry]


def entries(body: bytes) -> list[_Entry]:
    """The entries of a bundle, their resources as they stand in its text."""
    return msgspec.json.decode(body, type=_Bundle).entry


def pack(path: Path, source: Iterator[Bundle], most: int) -> tuple[int, list[bytes]]:
    """Write a ZIP of the next bundles, at least ``most`` resources; returns how many, and their minified bodies."""
    count, bodies = 0, []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        while count < most and (found := next(source, None)):
            archive.writestr(*found)
            resources = [msgspec.json.format(bytes(e.resource), indent=-1) for e in entries(found[1])]
            count += len(resources)
            bodies += resources
    return count, bodies


def lines(body: bytes) -> list[bytes]:
    """The resources of a bundle as lines of NDJSON, with ids of their own: new to a house that holds the bundle."""
    from doorstep.fhir.references import rewrite
    from doorstep.fhir.splice import set_id

    parts = [(e.fullUrl, bytes(e.resource)) for e in entries(body)]
    names = {url: f"{msgspec.json.decode(raw, type=_Resource).resourceType}/n-{url[9:]}" for url, raw in parts}
    return [set_id(rewrite(raw, names.get), f"n-{url[9:]}") + b"\n" for url, raw in parts]


def series(house: House, folder: Path, sizes: list[int]) -> None:
    """The same number of demo resources into a house that is ever fuller: is it flat?"""
    source, step, filled, rates = demo(sizes[-1]), sizes[0], 0, []
    path = folder / "demo.zip"
    for size in sizes:
        if size - step > filled:
            count, _ = pack(path, source, size - step - filled)
            size_bytes = path.stat().st_size
            cost = house.measure(lambda: house.ingest(path))
            filled += count
            print(cost.row(f"  filling to {filled:,}", count, size_bytes), flush=True)
        count, bodies = pack(path, source, step)
        cost = house.measure(lambda: house.ingest(path))
        filled += count
        _agree(house, filled)
        _report(house, f"demo, up to {filled:,}", cost, bodies)
        rates.append((cost.client + cost.server) / count)
    if len(rates) > 1:
        print(f"flat: CPU a resource at the end is {rates[-1] / rates[0]:.2f} of that at the start (aim: 1)")
    path.unlink()


def _agree(house: House, expected: int) -> None:
    if (found := house.count()) != expected:
        raise SystemExit(f"{expected:,} resources were sent and {found:,} are there")


def _report(house: House, what: str, cost: Cost, bodies: list[bytes]) -> None:
    size = sum(map(len, bodies))
    print(cost.row(what, len(bodies), size), flush=True)
    limit = house.limit(bodies)
    print(limit.row("  limit: COPY of the bodies", len(bodies), size))
    print(
        f"  {limit.wall / cost.wall:.3f} of the limit by the clock (aim 0.200), "
        f"{1000 * (cost.client + cost.server) / len(bodies):.3f} ms CPU a resource (aim 0.500)",
        flush=True,
    )


def real(house: House, folder: Path, archive: Path) -> None:
    """The bundles of Synthea, whole."""
    before = house.count()
    path = folder / "synthea.zip"
    count, bodies = pack(path, synthea(archive), 1 << 40)
    cost = house.measure(lambda: house.ingest(path))
    print(f"  {house.count() - before:,} of {count:,} are new: what two bundles share is there once")
    _report(house, "Synthea", cost, bodies)
    path.unlink()


def memory(house: House, folder: Path, gigabytes: float) -> None:
    """One NDJSON file of that size; aim: under 500 MB resident."""
    path, size, count = folder / "all.ndjson", 0, 0
    with path.open("wb") as out:
        for _, body in demo(int(gigabytes * 3e6)):
            found = lines(body)
            size += out.write(b"".join(found))
            count += len(found)
            if size >= gigabytes * 1e9:
                break
    cost = house.measure(lambda: house.ingest(path))
    print(cost.row(f"NDJSON, {size / 1e9:.2f} GB", count, size))
    print(f"  {cost.largest:.0f} MB resident in the largest process, {cost.together:.0f} MB in all (aim 500)")
    path.unlink()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="20000,100000", help="resources in the house at the end of each step")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--synthea", type=Path, nargs="?", const=SYNTHEA, help="also a ZIP of Synthea's bundles")
    parser.add_argument("--ndjson-gb", type=float, default=0.05, help="size of the NDJSON file; 0: none")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where to work")
    return parser.parse_args()


def main() -> None:
    """Make a house, fill it, measure, and take it down."""
    options = _arguments()
    with standing(options.folder) as (folder, server):
        house = House(server.admin_dsn, options.workers)
        print(f"{options.workers} workers; CPU columns in ms a resource\n{ROW.format(*HEAD)}", flush=True)
        if sizes := [int(s) for s in options.sizes.split(",") if s]:
            series(house, folder, sizes)
        if options.synthea:
            real(house, folder, options.synthea)
        if options.ndjson_gb:
            memory(house, folder, options.ndjson_gb)
        house.admin.close()


if __name__ == "__main__":
    main()
