"""Work in several processes: all of it comes, a death is told, and shares of an ingest make up the whole."""

from __future__ import annotations

import asyncio
import os
import signal
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection
from rich.console import Console

from doorstep.kernel import ledger
from doorstep.registers.organisations.models import Organisation
from doorstep.site import ingest
from doorstep.site.sharing import WorkerDied, shared


def test_all_that_the_processes_yield_comes() -> None:
    assert sorted(shared(lambda number: range(number, 100, 3), 3)) == list(range(100))


def test_a_death_is_told_and_ends_the_others() -> None:
    def work(number: int) -> Iterator[int]:
        yield os.getpid()
        if number == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        while True:
            yield os.getpid()

    seen = set()
    with pytest.raises(WorkerDied):
        seen.update(shared(work, 2))
    for pid in seen:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_fault_in_a_process_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(WorkerDied):
        list(shared(lambda number: [1 // number], 2))
    assert "ZeroDivisionError" in capfd.readouterr().err


@pytest.mark.django_db(transaction=True)
def test_a_connection_hidden_by_an_event_loop_is_not_shared() -> None:
    def backend() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            return int(cursor.fetchone()[0])

    async def under_a_loop() -> list[int]:
        return list(shared(lambda _: [backend()], 2))

    def both() -> tuple[int, list[int], int]:
        before, theirs, after = backend(), asyncio.run(under_a_loop()), backend()
        connection.close()
        return before, theirs, after

    with ThreadPoolExecutor(1) as thread:
        before, theirs, after = thread.submit(both).result()
    assert len({before, *theirs}) == 3
    assert after == before


def _bundle(number: int) -> str:
    note = "x" * 4000
    patient = f'{{"resource":{{"resourceType":"Patient","id":"p{number}","name":[{{"text":"王{number}"}}]}}}}'
    basic = f'{{"resource":{{"resourceType":"Basic","id":"b{number}","code":{{"text":"{note}"}}'
    subject = f'"subject":{{"reference":"Patient/p{number}"}}}}}}'
    # what all refer to, and all bring
    shared_one = '{"resource":{"resourceType":"Organization","id":"o","name":"一家医院"}}'
    return f'{{"resourceType":"Bundle","type":"collection","entry":[{patient},{basic},{subject},{shared_one}]}}'


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("workers", [1, 3])
def test_shares_make_up_the_whole(workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "LEAST_BLOCK", 1)
    path, count = tmp_path / "all.zip", 60
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}.json", _bundle(number))
        archive.writestr("../out.json", _bundle(0))
    lines = "".join(f'{{"resourceType":"Basic","id":"n{n}","code":{{"text":"x"}}}}\n' for n in range(2500))
    (tmp_path / "basic.ndjson").write_text(lines)
    source = Organisation.objects.create(
        short_code="s", name="医院", pinyin="yiyuan", initials="yy", type_code="A100", tier="lead", area="439900000000"
    ).pk
    done = ingest.take_paths(source, [tmp_path], Console(quiet=True), workers)
    assert (done.pieces, done.aside, done.created) == (count + 3, 1, 2 * count + 1 + 2500)
    assert len(ledger.exist(("Patient", f"p{n}") for n in range(count))) == count
    again = ingest.take_paths(source, [tmp_path], Console(quiet=True), workers)
    assert (again.repeated, again.created) == (count + 3, 0)
