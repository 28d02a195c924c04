"""``/metrics``: who may ask, what it tells, that nothing in it names anybody, and that processes are summed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families as read

from doorstep.kernel import metrics, outbox
from doorstep.kernel.testing.callers import system
from doorstep.kernel.testing.loops import run
from doorstep.record.endpoints.actions import purging
from doorstep.record.endpoints.tests import kit
from doorstep.registers.organisations.tests import factory as district
from doorstep.site import scrape, watching
from doorstep.site.mllp_counting import count

ALLOWED = re.compile(r"[\w.:^-]{0,60}\Z")


def numbers(client: Client) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    samples = [s for family in read(answer.content.decode()) for s in family.samples]
    return {(s.name, *(v for k, v in sorted(s.labels.items()) if k != "le")): s.value for s in samples}


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path: Path) -> None:
    """What this process counts and no other: several run tests at once, and count into one folder."""
    for file in metrics.FOLDER.glob(f"*_{os.getpid()}.db"):
        (tmp_path / file.name).symlink_to(file)
    monkeypatch.setattr(metrics, "FOLDER", tmp_path)


@pytest.fixture
def source(db: None) -> UUID:
    return district.make().lead


@pytest.mark.django_db
class TestWhoMayAsk:
    def test_this_machine_alone_where_no_token_is_set(self, client):
        assert client.get("/metrics").status_code == 200
        assert client.get("/metrics", REMOTE_ADDR="10.1.2.3").status_code == 401
        assert client.get("/metrics", REMOTE_ADDR="").status_code == 401
        for name in ("x-forwarded-for", "forwarded", "via"):
            assert client.get("/metrics", headers={name: "127.0.0.1"}).status_code == 401

    def test_whoever_has_the_token(self, client, monkeypatch, tmp_path: Path):
        monkeypatch.setenv(scrape.TOKEN, "geheim")
        refused = client.get("/metrics")
        assert (refused.status_code, refused["WWW-Authenticate"]) == (401, "Bearer")
        assert b"doorstep_" not in refused.content
        assert client.get("/metrics", headers={"authorization": "Bearer geheimm"}).status_code == 401
        there = {"authorization": "Bearer geheim", "x-forwarded-for": "10.0.0.9"}
        assert client.get("/metrics", REMOTE_ADDR="10.1.2.3", headers=there).status_code == 200
        monkeypatch.delenv(scrape.TOKEN)
        (tmp_path / "token").write_text("aus der datei\n")
        monkeypatch.setenv(f"{scrape.TOKEN}_FILE", str(tmp_path / "token"))
        assert client.get("/metrics", headers={"authorization": "Bearer aus der datei"}).status_code == 200


def test_what_waits_rests_and_was_settled_is_told(client, source: UUID, django_capture_on_commit_callbacks):
    endpoint = kit.make_endpoint(source)
    kit.keep(endpoint, kit.oru(1), kit.oru(2), kit.oru(1).replace(b"PID", b"ZZZ"))
    key = str(endpoint)
    before = numbers(client)
    assert before["doorstep_endpoint_waiting", key] == 3
    assert before["doorstep_endpoint_oldest_seconds", key] >= 0
    assert before["doorstep_endpoint_on", key, "2575", "hl7v2-mllp"] == 1
    with django_capture_on_commit_callbacks(execute=True):
        kit.work_off()
    after = numbers(client)
    assert (after["doorstep_endpoint_waiting", key], after["doorstep_endpoint_resting", key]) == (0, 1)
    assert ("doorstep_endpoint_oldest_seconds", key) not in after
    assert after["doorstep_messages_settled_total", key, "hl7v2-mllp", "used"] == 2
    assert after["doorstep_messages_settled_total", key, "hl7v2-mllp", "rested"] == 1
    assert after["doorstep_message_lag_seconds_count", "hl7v2-mllp"] == 2 + before.get(
        ("doorstep_message_lag_seconds_count", "hl7v2-mllp"), 0
    )


def test_a_commit_of_the_listener_is_counted_by_answer(client, source: UUID):
    from doorstep.kernel import clock
    from doorstep.record.endpoints.api import Arrival, Kept

    now = clock.now()
    batch = [
        (Arrival(source, source, "", b"", "", b"", "", "", 0, code, now), None) for code in ("AA", "CA", "AR", "", "AA")
    ]
    found = [Kept(n, now if n else clock.now(), one.code) for n, (one, _) in enumerate(batch[:4])]
    before = numbers(client)
    count(batch, [*found, None], 0.01)
    after = numbers(client)
    for answer, times in (("accepted", 2), ("refused", 1), ("none", 1), ("lost", 1)):
        assert after["doorstep_messages_answered_total", answer, str(source), "hl7v2-mllp"] == times
    assert after["doorstep_messages_received_total", str(source), "hl7v2-mllp"] == 5
    assert after["doorstep_messages_repeated_total", str(source), "hl7v2-mllp"] == 1
    sums = ("doorstep_commit_messages_sum", "mllp")
    assert after[sums] - before.get(sums, 0) == 5


@pytest.mark.django_db
def test_requests_and_failed_sign_ins_are_counted(client):
    client.post("/sign-in", {"username": "niemand", "password": "falsch"})
    before = numbers(client)
    client.post("/sign-in", {"username": "niemand", "password": "falsch"})
    assert client.get("/nowhere").status_code == 404
    client.generic("BREW", "/nowhere")
    after = numbers(client)

    def more(*key: str) -> float:
        return after[key] - before.get(key, 0)

    assert more("doorstep_refusals_total", "staff.sign_in", "refused") == 1
    assert more("doorstep_requests_total", "pages", "GET", "404") == 1
    assert more("doorstep_requests_total", "pages", "other", "404") == 1
    assert more("doorstep_request_seconds_count", "pages") == 4  # and the asking itself


def test_the_door_is_counted_also_where_its_client_has_gone(client, db):
    async def app(scope, receive, send):
        if scope["path"] == "/fhir/gone":
            raise ConnectionResetError
        await send({"type": "http.response.start", "status": 201, "headers": []})

    async def send(message):
        pass

    async def ask(path):
        await watching.door(app)({"type": "http", "path": path, "method": "POST"}, None, send)

    before = numbers(client)
    run(ask("/fhir/Patient"))
    with pytest.raises(ConnectionResetError):
        run(ask("/fhir/gone"))
    after = numbers(client)
    for status in ("201", "499"):
        key = ("doorstep_requests_total", "fhir", "POST", status)
        assert after[key] - before.get(key, 0) == 1


def test_the_house_tells_of_itself_and_names_nobody(client, source: UUID):
    kit.keep(kit.make_endpoint(source, name="王医生的接口"), kit.oru(1))
    purging.replay_some(system())
    outbox.drain()
    found = numbers(client)
    for name in ("outbox_waiting", "outbox_oldest_seconds", "outbox_dead", "trail_lines_total",
                 "database_connections_most"):  # fmt: skip
        assert (f"doorstep_{name}",) in found, name
    assert found["doorstep_database_up",] == 1
    assert sum(value for (name, *_), value in found.items() if name == "doorstep_database_connections") >= 1
    for name, *labels in found:
        assert all(ALLOWED.match(each) for each in labels), (name, labels)


@pytest.mark.django_db
def test_without_the_database_the_counters_are_told_all_the_same(client, monkeypatch):
    from django.db import OperationalError

    def away():
        raise OperationalError

    monkeypatch.setattr(scrape, "_house", away)
    found = numbers(client)
    assert found["doorstep_database_up",] == 0
    assert ("doorstep_outbox_waiting",) not in found
    assert any(name == "doorstep_requests_total" for name, *_ in found)


def test_processes_are_summed_and_those_that_are_gone_forgotten_at_a_new_start(tmp_path: Path):
    """Two processes count; while they are there both are told; a part started again forgets nothing, the house does."""
    program = (
        "from doorstep.kernel import metrics; import sys\n"
        "{}\nmetrics.REQUESTS.labels('pages', 'GET', 200).inc(3)\n"
        "print([l for l in metrics.text().decode().splitlines() if l.startswith('doorstep_requests_total')][0][-3:])"
    )

    def run(first: str, **more: str) -> str:
        environment = {**os.environ, "DOORSTEP_HOME": str(tmp_path), **more}
        done = subprocess.run(
            [sys.executable, "-c", program.format(first)], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    assert run("") == "3.0"
    assert run("") == "6.0"
    assert run("metrics.sweep()", DOORSTEP_PARENT="1") == "9.0"
    assert run("metrics.sweep()") == "3.0"
    [file, *_] = (tmp_path / "metrics").glob("counter_*.db")
    assert file.stat().st_blocks * 512 >= metrics.SIZE  # no holes
