"""The page of the door for developers (docs/fhir.md): its calls are made, in their order, by a shell and curl."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from doorstep.fhir.door.records import MOST
from doorstep.fhir.reading import LIMITS
from doorstep.fhir.search import query
from tests.conformance.clients.live import Live, live, missing

PAGE = Path(__file__).parents[2] / "docs" / "fhir.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
STATUS = re.compile(r" # (\d{3})$", re.MULTILINE)
COUNTED = "curl() { command curl -w '%{stderr}%{http_code}\\n' \"$@\"; }\n"


@pytest.fixture(scope="module")
def door() -> Iterator[Live]:
    if shutil.which("curl") is None:
        missing("curl is not here")
    with live() as found:
        yield found


def shell(door: Live, script: str) -> tuple[list[str], str]:
    """Run a script; the statuses of its calls, and what they answered."""
    environment = {"PATH": os.environ["PATH"], "DOOR": door.url, "KEY": door.key}
    command, text = ["bash", "-eu"], COUNTED + script
    done = subprocess.run(command, input=text, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr.split(), done.stdout


def test_the_calls(door: Live) -> None:
    *blocks, export = BLOCK.findall(PAGE.read_text())
    statuses, answers = shell(door, "".join(blocks))
    assert statuses == STATUS.findall("".join(blocks))
    assert len(statuses) > 20
    found = answers.count('"mode":"match"')
    assert found >= 8, "each search and operation finds what was written before"
    assert '"value":62.50' in answers
    statuses, answers = shell(door, blocks[1][: blocks[1].index("\n\n")] + "\n" + export)
    assert (statuses[0], statuses[-3:]) == ("202", ["200", "200", "202"])
    assert set(statuses[1:-3]) <= {"202"}
    assert '"id":"p-1001"' in answers


def test_the_numbers(door: Live) -> None:
    page = " ".join(PAGE.read_text().split())
    limits, mib = query.LIMITS, 1 << 20
    for told in (
        f"a resource {LIMITS.resource_bytes // mib} MiB",
        f"{LIMITS.depth} levels",
        f"| `_count` | {limits.count:,} |",
        f"{limits.clauses}; each {limits.values:,} values of {limits.length:,} letters; chains of {limits.depth} steps",
        f"{limits.sorts} sort keys; {limits.includes} includes",
        f"| `$everything` | {MOST:,} a page |",
    ):
        assert told in page, told
    with httpx.Client(base_url=door.url, headers=door.headers, timeout=60) as client:
        assert client.get("/Patient", params={"name": "x" * 8_001}).status_code == 414
        kind = {"content-type": "application/fhir+json"}
        assert client.post("/Patient", content=b" " * (64 * mib + 1), headers=kind).status_code == 413
        assert client.post("/Patient", content=b" " * (16 * mib + 1), headers=kind).status_code == 413


def test_the_types_and_operations(door: Live) -> None:
    page = PAGE.read_text()
    told = httpx.get(f"{door.url}/metadata").json()
    assert f"all {len(told['rest'][0]['resource'])} of R4" in page
    [rest] = told["rest"]
    names = {each["name"] for where in (rest, *rest["resource"]) for each in where.get("operation", ())}
    assert names == set(re.findall(r"`\$([a-z-]+)`", page.partition("| operations |")[2].partition("\n")[0]))
