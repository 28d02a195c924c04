"""A folder of bad files on the command line: each is named with file, line or path, and all else goes in."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from doorstep.record.exchange.tests import bad, kit
from tests.faults.conftest import Sent
from tests.faults.house import House

LARGE = 200 << 20
MOST_MEMORY = 500 << 20


@pytest.fixture
def source(home: House) -> str:
    """The credit code of an institution of the district."""
    return str(home.rows("SELECT uscc FROM organisations_organisation WHERE uscc IS NOT NULL ORDER BY uscc")[0][0])


def patients(*numbers: int) -> bytes:
    return b"".join(json.dumps(kit.patient(n, f"王{n}") | {"id": f"p{n}"}).encode() + b"\n" for n in numbers)


def large(path: Path, before: bytes, after: bytes) -> None:
    """A file with one resource of 200 MB in it, written in pieces."""
    with path.open("wb") as file:
        file.write(before + b'{"resourceType":"Binary","data":"')
        for _ in range(LARGE >> 20):
            file.write(b"A" * (1 << 20))
        file.write(b'"}' + after)


def fill(folder: Path) -> dict[str, str]:
    """Bad files among good ones; by what the list must name, the code of what is wrong."""
    expected = {}
    for number, (name, found) in enumerate(bad.BAD.items()):
        if found.code == "not-bundle":  # as a file it is a sound resource
            continue
        file = f"bad-{number:02d}-{name.replace(' ', '_')}.json"
        (folder / file).write_bytes(found.raw)
        expected[file] = found.code
    lines = [patients(11), b'{"resourceType":"Patient"\n', patients(13), b"\xff\xfe\n", patients(15)]
    (folder / "Patient.ndjson").write_bytes(b"".join(lines))
    large(folder / "large.ndjson", patients(17), b"\n" + patients(19))
    large(folder / "large.json", b"", b"")
    (folder / "GBK名.json").write_bytes(kit.sound(1))
    Path(os.fsdecode(os.fsencode(folder) + "/居民.json".encode("gbk"))).write_bytes(kit.sound(3))
    (folder / "note.txt").write_text("not taken")
    (folder / "half.ndjson.gz").write_bytes(gzip.compress(patients(21, 23) + os.urandom(70_000))[:-1000])
    (folder / "bomb.ndjson.gz").write_bytes(gzip.compress(b" " * (64 << 20)))
    (folder / "broken.zip").write_bytes(b"PK\x03\x04 broken")
    with zipfile.ZipFile(folder / "mixed.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../out.json", kit.sound(5))
        archive.writestr("bomb.json", b" " * (64 << 20))
        archive.writestr("in.zip", b"PK")
        archive.writestr("good.json", kit.sound(7))
    return expected | {
        "Patient.ndjson:2": "truncated", "Patient.ndjson:4": "encoding", "large.ndjson:2": "line-too-long",
        "large.json": "too-large", "note.txt": "unknown-file", "half.ndjson.gz": "archive",
        "bomb.ndjson.gz": "archive-bomb", "broken.zip": "archive", "mixed.zip!../out.json": "archive-path",
        "mixed.zip!bomb.json": "archive-bomb", "mixed.zip!in.zip": "unknown-file",
    }  # fmt: skip


MEASURED = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, "-m", "doorstep.site.cli", *sys.argv[1:]])
print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
sys.exit(done.returncode)
"""


def test_a_folder_of_bad_files(home: House, source: str, tmp_path: Path):
    expected = fill(tmp_path)
    command = [sys.executable, "-c", MEASURED, "ingest", str(tmp_path), "--source", source]
    done = subprocess.run(command, env=home.environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert int(done.stdout.split()[-1]) < MOST_MEMORY
    found = {
        origin.removeprefix(f"{tmp_path}/").partition("#")[0]: code
        for origin, code in home.rows(
            "SELECT origin, problems->0->>'code' FROM exchange_message WHERE state = 'set_aside'"
        )
    }
    assert {name: found.get(name) for name in expected} == expected
    ids = {row[0] for row in home.rows("SELECT id FROM fhir_patient")}
    assert ids >= {f"p{n}" for n in (11, 13, 15, 17, 19)}
    assert ids >= {kit.key(2 * n) for n in (1, 3, 7)}
    assert kit.key(10) not in ids
    listed = said(home)
    for name in expected:
        assert name in listed, name
    before = home.state()
    assert home.run("ingest", str(tmp_path), "--source", source, "--quiet").returncode == 1
    assert home.state() == before


def said(home: House) -> str:
    """The whole list of what is set aside, as the command line gives it page by page."""
    text, after = "", []
    for _ in range(20):
        page = home.run("messages", "list", *after).stdout
        text += page
        if "--after" not in page:
            return text
        after = ["--after", page.split("--after ")[1].strip()]
    raise AssertionError("the list has no end")


def test_mended_from_the_command_line(home: House, source: str, tmp_path: Path):
    (tmp_path / "a.json").write_bytes(kit.sound(1)[:-1])
    (tmp_path / "b.json").write_bytes(bad.BAD["reference to nowhere"].raw)
    assert home.run("ingest", str(tmp_path), "--source", source).returncode == 1
    [(first,), (second,)] = home.rows("SELECT id FROM exchange_message ORDER BY origin")
    assert "JSON 不完整" in home.run("messages", "show", str(first)).stderr
    (tmp_path / "mended").write_bytes(kit.sound(1))
    assert "applied" in home.run("messages", "mend", str(first), str(tmp_path / "mended")).stdout
    assert home.run("messages", "replay", "--all").returncode == 1
    assert home.run("messages", "dismiss", str(second), "--why", "测试").returncode == 0
    assert home.run("messages", "replay", str(second)).returncode == 1
    assert home.run("messages", "list").stdout == ""
    states = home.rows("SELECT state FROM exchange_message ORDER BY id")
    assert sorted(states) == [("applied",), ("dismissed",), ("mended",)]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["nowhere.json", "--source", "x"], 2), (["nowhere.json"], 2), (["/dev/null", "--source", "没有"], 2)],
)
def test_what_cannot_be_begun_is_said(home: House, arguments: list[str], status: int):
    done = home.run("ingest", *arguments)
    assert done.returncode == status
    assert "Traceback" not in done.stderr


def test_a_broken_link_to_the_database_is_said_and_nothing_is_half_done(home: House, sent: Sent):
    ingest = home.start("ingest", str(sent.archive), "--source", sent.source, "--quiet")
    while not home.count("exchange_message"):
        assert ingest.poll() is None
    home.kill_server()
    assert ingest.wait(60) != 0
    home.join()
    lines = home.rows("SELECT count(*) FROM kernel_trailline WHERE action = 'exchange.message'")
    assert lines == [(home.count("exchange_message"),)]
