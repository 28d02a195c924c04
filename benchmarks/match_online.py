"""What it costs to find whose a record is among a million residents, and how right the answer is.

Made-up residents (`benchmarks/parts/people`) fill the register's index: all records but the last of each person who has
several, and nobody of a tenth of the persons. The records held back then come in one at a time. `look` is what the
intake does to know: turns, candidates by key, frequencies, weights; `take in` is all of it, written and committed. CPU
is that of this process (client) and of its PostgreSQL backend. Beside both stands the limit, in the same run: the
candidates alone, by the same statement.
"""

# mypy: disable-error-code="import-untyped"
from __future__ import annotations

import argparse
import cProfile
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.parts import people  # noqa: E402  the folder above must be on the path
from benchmarks.parts.houses import standing  # noqa: E402  as above
from benchmarks.parts.linkage_data import Data, made, standardise  # noqa: E402  as above
from benchmarks.parts.processes import TICKS, stat  # noqa: E402  as above
from doorstep.linkage import training  # noqa: E402  as above
from doorstep.linkage.keys import hashes  # noqa: E402  as above

if TYPE_CHECKING:
    from doorstep.linkage.facts import Said
    from doorstep.registers.residents.rules.sayings import Saying
    from doorstep.registers.residents.shapes import Guardian, Incoming

SPACE = UUID("6f1d8ed0-0000-4000-8000-000000000000")
UNKNOWN = 10
"""One person in so many is not in the register when asked for."""
TAUGHT = 20_000
"""Persons whose records teach the model."""
COST = "{:<34}{:>8}{:>9}{:>9}{:>9}{:>11}{:>9}{:>9}{:>8}"
RIGHT = "{:<34}{:>9}{:>9}{:>11}{:>9}{:>10}{:>9}{:>9}"
LOADING = (
    "CREATE UNLOGGED TABLE loading (record_id uuid, resident_id uuid, patient_id text, said jsonb, facts text[],"
    " keys bigint[], number text)"
)
FILL = (
    "INSERT INTO residents_resident (id, version, created_at, name, pinyin, sex, birth_precision, deceased, ethnic)"
    " SELECT resident_id, 1, now(), '', '', '0', 'day', false, '' FROM loading GROUP BY 1",
    "INSERT INTO residents_residentrecord (id, version, created_at, organisation_id, resident_id, patient_id, digest,"
    " how, first_seen, last_seen) SELECT record_id, 1, now(), o.id, resident_id, patient_id, '', '', now(), now()"
    " FROM loading, (SELECT id FROM organisations_organisation LIMIT 1) o",
    "INSERT INTO residents_residentfacts (record_id, said, facts, keys)"
    " SELECT record_id, said, facts, keys FROM loading",
    "INSERT INTO residents_residentkey (key, record_id)"
    " SELECT key, record_id FROM loading, unnest(keys) AS key ORDER BY 1",
    "INSERT INTO residents_residentidentifier (resident_id, record_id, kind, system, value, trusted)"
    " SELECT DISTINCT ON (number) resident_id, record_id, 'resident_id', 'urn:oid:2.16.156.10011.1.3', number, true"
    " FROM loading WHERE number <> '' ORDER BY number, record_id",
    "DROP TABLE loading",
)
SHARES = (
    "INSERT INTO residents_residentfrequency SELECT %s, facts[%s], count(*)::float8 / (SELECT count(*) FROM"
    " residents_residentfacts) FROM residents_residentfacts WHERE facts[%s] <> '' GROUP BY 2 HAVING count(*) > 1"
)


def resident(person: str) -> UUID:
    """The resident's id in the register."""
    return uuid5(SPACE, person)


@dataclass(slots=True)
class Split:
    """Which records (by key) are kept in the register, and which are asked for."""

    kept: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)


def split(path: Path, most: int) -> Split:
    """Hold back the last record of every person who has several, and all of every tenth person."""
    of: dict[str, list[str]] = defaultdict(list)
    for part in pq.ParquetFile(path).iter_batches(100_000, columns=["record_id", "person_id"]):
        for key, person in zip(*part.to_pydict().values(), strict=True):
            of[str(person)].append(f"{key:09d}")
    found, asked = Split(), []
    for person, keys in of.items():
        if resident(person).int % UNKNOWN == 0:
            asked.append(keys[0])
            continue
        found.kept.update(keys[:-1] or keys)
        if len(keys) > 1:
            asked.append(keys[-1])
    found.asked = set(asked[:: max(1, len(asked) // most)][:most])
    return found


def saying(said: Said) -> Saying:
    """What the register keeps of a record."""
    from doorstep.registers.residents.rules.sayings import Saying

    return Saying(
        said.name, said.sex or "0", said.birth_date, "", "", said.resident_id, said.insurance, said.phone, said.address,
        said.guardian, said.rank, said.certificate, said.mother,
        said.father,
    )  # fmt: skip


def parents(said: Said) -> list[Guardian]:
    """Who answers for a person, and the parents."""
    from doorstep.registers.residents.shapes import Guardian

    who = {said.mother: "MTH", said.father: "FTH"}
    told = [(name, who.get(name, "")) for name in (said.guardian, said.mother, said.father)]
    return [Guardian(name, relation=relation) for name, relation in dict.fromkeys(told) if name]


def incoming(said: Said, source: UUID) -> Incoming:
    """The record as its institution sends it."""
    from doorstep.registers.residents.api import Identifier, Incoming, Kind, Name, Phone
    from doorstep.registers.residents.rules.facts import tidy
    from doorstep.registers.residents.shapes import Address

    numbers = (
        (Kind.RESIDENT_ID, said.resident_id), (Kind.BIRTH_CERTIFICATE, said.certificate),
        (Kind.INSURANCE, said.insurance),
    )  # fmt: skip
    return Incoming(
        said.key, source, tuple(tidy(Identifier(kind, "", text)) for kind, text in numbers if text),
        (Name(said.name),) if said.name else (), said.sex or "0", said.birth_date,
        (Phone(said.phone),) if said.phone else (), (Address(said.address),) if said.address else (),
        guardians=tuple(parents(said)), rank=said.rank,
    )  # fmt: skip


def fill(dsn: str, path: Path, kept: set[str]) -> int:
    """Fill the index by COPY, as its intake would have filled it; answers how many records."""
    import psycopg

    from doorstep.linkage.facts import COLUMNS
    from doorstep.registers.residents.reads.near import packed
    from doorstep.registers.residents.reads.rule import FREQUENT

    columns = [name for name in COLUMNS if name != "key"]
    with psycopg.connect(dsn) as link, link.cursor() as cursor:
        cursor.execute(LOADING)
        with cursor.copy("COPY loading FROM STDIN") as copy:
            for said, person, _ in made(path):
                if said.key in kept:
                    words = saying(said)
                    facts = words.facts(said.key)
                    ids = uuid5(SPACE, said.key), resident(person)
                    copy.write_row((*ids, said.key, words.encoded(), packed(facts), list(hashes(facts)), facts.number))
        for statement in FILL:
            cursor.execute(statement)
        for name in FREQUENT:
            at = columns.index(name) + 1
            cursor.execute(SHARES, [name, at, at])
    with psycopg.connect(dsn, autocommit=True) as link:
        link.execute("VACUUM ANALYZE")
    return len(kept)


def teach(folder: Path, persons: int, seed: int) -> None:
    """Train a model and let it hold from today."""
    from doorstep.kernel import clock
    from doorstep.kernel.models import RuleSet
    from doorstep.linkage.model import BRIDGE, LINK, REVIEW
    from doorstep.registers.residents.reads.rule import CODE

    people.make(min(persons, TAUGHT), seed + 1, folder / "taught.parquet")
    standardise(made(folder / "taught.parquet"), folder / "taught-facts.parquet")
    model = training.train(Data(folder / "taught-facts.parquet", folder).db, "facts")
    rule = {"model": model.as_dict(), "link": LINK, "review": REVIEW, "bridge": BRIDGE}
    RuleSet.objects.create(code=CODE, revision="1", jurisdiction="CN", effective_from=clock.today(), parameters=rule)


@dataclass(slots=True)
class Cost:
    """What each of many calls took: seconds of the clock, and CPU seconds of this process and of its backend."""

    backend: int
    walls: list[float] = field(default_factory=list)
    client: float = 0.0
    server: float = 0.0

    def of(self, work: Callable[[Any], object], things: Iterable[Any]) -> None:
        """Run the work for each thing."""
        client, server = time.process_time(), self._ticks()
        for each in things:
            before = time.perf_counter()
            work(each)
            self.walls.append(time.perf_counter() - before)
        self.client, self.server = time.process_time() - client, (self._ticks() - server) / TICKS

    def _ticks(self) -> int:
        return sum(int(ticks) for ticks in stat(self.backend)[11:13])

    def line(self, name: str, aim: str = "") -> str:
        """The cost of one call, in milliseconds."""
        count, cuts = len(self.walls), quantiles(self.walls, n=100)
        each = [1000 * spent / count for spent in (self.client, self.server, self.client + self.server)]
        walls = [f"{1000 * cuts[at]:.2f}" for at in (49, 94, 98)]
        return COST.format(name, count, *walls, *(f"{ms:.3f}" for ms in each), aim)


def looks(asked: Sequence[tuple[Said, str]], backend: int) -> None:
    """The limit, and the look alone."""
    from doorstep.kernel import clock
    from doorstep.registers.residents.reads import near
    from doorstep.registers.residents.reads.rule import current

    facts = [saying(said).facts(said.key) for said, _ in asked]
    keys = [[(0, key) for key in hashes(each)] for each in facts]
    rule = current(clock.today())

    def look(each: Any) -> None:
        near.around([each], rule).weighed(0)

    for name, aim, work, things in (
        ("limit: candidates alone", "", near.candidates, keys),
        ("look: whose is it?", "0.600", look, facts),
    ):
        cost = Cost(backend)
        cost.of(work, things)  # type: ignore[arg-type]  # each work has things of its own
        print(cost.line(name, aim), flush=True)


def take_all(asked: Sequence[tuple[Said, str]], source: UUID, backend: int) -> None:
    """Take each record in, and tell how right the answers were."""
    from django.db import connection

    from doorstep.kernel.testing.callers import system
    from doorstep.registers.residents.api import take_in

    call, outcomes = system(), Counter[str]()
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM residents_resident")
        held = {row[0] for row in cursor.fetchall()}

    def take(each: tuple[Said, str]) -> None:
        (verdict,) = take_in(call, [incoming(each[0], source)])
        if verdict.problem:
            outcomes["set aside"] += 1
        elif verdict.created:
            outcomes["new, known" if resident(each[1]) in held else "new"] += 1
        else:
            outcomes["right" if verdict.resident == resident(each[1]) else "wrong"] += 1

    cost = Cost(backend)
    cost.of(take, asked)
    print(cost.line("take in: placed, written, kept"), flush=True)
    known = sum(resident(person) in held for _, person in asked)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT record) FROM residents_doubt, unnest(ARRAY[left_id, right_id]) record"
            " JOIN residents_residentrecord r ON r.id = record WHERE r.how <> ''"
        )
        review = cursor.fetchone()[0]
    joined, new = outcomes["right"] + outcomes["wrong"], outcomes["new"] + outcomes["new, known"]
    print(RIGHT.format("", "joined", "wrong", "precision", "recall", "to review", "new", "aside"))
    precision, recall = f"{outcomes['right'] / max(1, joined):.5f}", f"{outcomes['right'] / known:.4f}"
    share = f"{100 * review / len(asked):.2f} %"
    print(RIGHT.format("how right", joined, outcomes["wrong"], precision, recall, share, new, outcomes["set aside"]))


def asked_for(path: Path, keys: set[str]) -> Iterator[tuple[Said, str]]:
    """The records held back, with their person."""
    for said, person, _ in made(path):
        if said.key in keys:
            yield said, person


def filled(folder: Path, dsn: str, said: Path, options: argparse.Namespace) -> None:
    """Make the residents, fill the register with them and teach it; the file of what is said comes last."""
    people.make(options.persons, options.seed, folder / "making.parquet")
    before = time.perf_counter()
    count = fill(dsn, folder / "making.parquet", split(folder / "making.parquet", options.asked).kept)
    teach(folder, options.persons, options.seed)
    (folder / "making.parquet").rename(said)
    print(f"{options.persons:,} persons, {count:,} records kept; filled in {time.perf_counter() - before:.0f} s")


def main() -> None:
    """Fill a register, ask, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=20_000)
    parser.add_argument("--asked", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="where to work")
    parser.add_argument("--keep", type=Path, help="a house that stays, filled once: it is looked in, nothing taken in")
    parser.add_argument("--profile", type=Path, help="write the profile (cProfile) of looks to this file, and stop")
    options = parser.parse_args()
    with standing(options.folder, options.keep) as (folder, server):
        from django.db import connection

        said = folder / f"said-{options.persons}-{options.seed}.parquet"
        if not said.exists():
            filled(folder, server.dsn, said, options)
        halves = split(said, options.asked)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid(), (SELECT id FROM organisations_organisation LIMIT 1)")
            backend, source = cursor.fetchone()
        asked = list(asked_for(said, halves.asked))
        if options.profile:
            cProfile.runctx("looks(asked, backend)", globals(), locals(), str(options.profile))
            return
        print(COST.format("", "asked", "p50 ms", "p95 ms", "p99 ms", "client ms", "PG ms", "CPU ms", "aim"))
        looks(asked, backend)
        if not options.keep:
            take_all(asked, source, backend)


if __name__ == "__main__":
    main()
