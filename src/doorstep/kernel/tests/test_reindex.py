"""The index made anew equals one written now: in one run, after kills, beside writers; nothing else ever changes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from importlib import import_module
from typing import Any
from uuid import UUID

import orjson
import pytest
from django.db import connection, transaction
from psycopg.conninfo import make_conninfo

from doorstep.fhir.indexing import Index
from doorstep.kernel import ledger, ledger_index, reindex, reindex_rows, sensitive_codes
from doorstep.kernel.fhir_index import index_of
from doorstep.kernel.testing.at_once import at_once

MINE, AT = UUID(int=1), datetime(2026, 3, 1, 8, tzinfo=UTC)
NOTHING = Index(None, None, None, [], [], [], [])
LOINC = "http://loinc.org"
Json = dict[str, Any]
migration = import_module("doorstep.kernel.migrations.0006_index_state")


def resources(count: int = 40) -> list[Json]:
    """Of each table of the index something: names, codes with and without a patient, periods, numbers, places."""
    made: list[Json] = []
    for n in range(count):
        who = {"reference": f"Patient/p{n % 7}"}
        code = {"coding": [{"system": LOINC, "code": f"{n % 5}-1"}, {"system": "urn:x", "code": "x"}]}
        made += [
            {"resourceType": "Patient", "id": f"p{n}", "name": [{"text": f"王小{n}"}], "birthDate": "1985-03-15"},
            {"resourceType": "Observation", "id": f"o{n}", "status": "final", "code": code, "subject": who,
             "effectiveDateTime": f"2026-03-{n % 28 + 1:02}", "valueQuantity": {"value": n / 4, "code": "Cel"}},
            {"resourceType": "Observation", "id": f"d{n}", "status": "final", "code": code,
             "effectivePeriod": {"start": "2026-03-01"}},
            {"resourceType": "Condition", "id": f"o{n}", "code": code, "subject": who, "recordedDate": "2026-01-02"},
            {"resourceType": "Location", "id": f"l{n}", "position": {"latitude": n, "longitude": 104}},
        ]  # fmt: skip
    return made


def fresh(resource: Json, *, deleted: bool = False) -> ledger.Fresh:
    kind, key = resource["resourceType"], resource["id"]
    index = NOTHING if deleted else index_of(kind, resource)
    return ledger.Fresh(kind, key, b"{}" if deleted else orjson.dumps(resource), MINE, 7, index, deleted)


def write(*rows: ledger.Fresh, at: datetime = AT) -> None:
    with transaction.atomic():
        ledger.write(rows, at)


def fill(count: int = 40) -> None:
    """A ledger with first and later versions, and something deleted."""
    made = resources(count)
    write(*map(fresh, made))
    write(*[fresh(r | {"language": "zh"}) for r in made[::9]], at=AT + timedelta(1))
    write(*[fresh(r, deleted=True) for r in made[::11]], at=AT + timedelta(2))


def ask(query: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall() if cursor.description else []


KINDS = ("Patient", "Observation", "Condition", "Location")
NARROW = (*reindex_rows.SHARED, "fhir_observation_code", "fhir_condition_code")


def table(kind: str) -> str:
    return f"fhir_{kind.lower()}"


def indexed() -> dict[str, list[Any]]:
    """All rows of the index, and where nothing may change."""
    found: dict[str, list[Any]] = {}
    for kind in KINDS:
        rows = ask(f"SELECT id, version, updated, digest, body, deleted, patient, at, at_end, tok FROM {table(kind)}")
        found[kind] = sorted((*r[:3], bytes(r[3]), *r[4:9], sorted(r[9])) for r in rows)
    for name in NARROW:
        columns = reindex_rows.SHARED[name][0] if name in reindex_rows.SHARED else reindex_rows.CODES
        found[name] = sorted(ask(f"SELECT id, {columns} FROM {name}"), key=repr)
    found["past"] = ask("SELECT type, id, version FROM fhir_past ORDER BY 1, 2, 3")
    return found


def age(part: str = "true") -> None:
    """Let the index be an older one's: nothing narrow, no tokens, no patient or time."""
    for name in NARROW:
        ask(f"DELETE FROM {name} WHERE {part}")
    for kind in KINDS:
        ask(f"UPDATE {table(kind)} SET tok = '{{}}', patient = NULL, at = NULL, at_end = NULL WHERE {part}")
    ask("UPDATE fhir_index SET version = 0")


def run(kinds: list[str] | None = None, batch: int = 7) -> dict[str, reindex.Progress]:
    with reindex.alone(0):
        return {now.type: now for now in reindex.run(kinds, batch=batch)}


@pytest.mark.django_db
class TestOneRun:
    @pytest.mark.parametrize("batch", [1, 7, 1000])
    def test_leaves_what_is_written_now(self, batch):
        fill()
        before = indexed()
        age()
        assert indexed() != before
        ended = run(batch=batch)
        assert indexed() == before
        deleted = len(resources()[::11])
        assert sum(p.seen for p in ended.values()) == len(resources())
        assert sum(p.changed for p in ended.values()) == len(resources()) - deleted
        assert reindex.old_types() == []

    def test_what_is_right_already_is_not_touched(self, monkeypatch):
        fill()
        age("right(id, 1) = '3'")
        places = {kind: dict(ask(f"SELECT id, ctid::text FROM {table(kind)}")) for kind in KINDS}
        aged = [r for n, r in enumerate(resources()) if r["id"].endswith("3") and n % 11]  # the others are deleted
        assert sum(p.changed for p in run().values()) == len(aged)
        for kind, before in places.items():
            after = dict(ask(f"SELECT id, ctid::text FROM {table(kind)}"))
            assert {key for key in before if before[key] != after[key]} <= {k for k in before if k.endswith("3")}
        assert {p.changed for p in run(list(KINDS)).values()} == {0}

    def test_what_is_wrong_in_any_one_table_is_found(self):
        fill(8)
        before = indexed()
        spoilt = [
            "UPDATE fhir_string SET raw = 'x' WHERE id = 'p3'",
            "DELETE FROM fhir_string WHERE id = 'p4' AND value = 'wangxiao4'",
            "UPDATE fhir_date SET hi = NULL WHERE id = 'p5'",
            "UPDATE fhir_number SET lo = lo - 1 WHERE id = 'o1'",
            "INSERT INTO fhir_number SELECT * FROM fhir_number WHERE id = 'o7'",
            "UPDATE fhir_observation_code SET code = 5 WHERE id = 'o3'",
            "UPDATE fhir_observation_code SET at = now() WHERE id = 'd3'",
            "DELETE FROM fhir_condition_code WHERE id = 'o4'",
            "UPDATE fhir_condition SET patient = 'p9' WHERE id = 'o5'",
            "UPDATE fhir_location SET tok = tok || 5::bigint WHERE id = 'l1'",
            "UPDATE fhir_observation SET at_end = NULL WHERE id = 'o4'",
        ]
        for query in spoilt:
            ask(query)
            assert indexed() != before, query
            assert sum(p.changed for p in run(list(KINDS)).values()) == 1, query
            assert indexed() == before, query

    def test_a_hot_code_under_another_patient_is_moved(self):
        fill(8)
        before = indexed()
        ask("UPDATE fhir_observation SET patient = 'p1' WHERE id = 'o4'")
        ask("UPDATE fhir_observation_code SET patient = 'p1' WHERE id = 'o4'")
        run(["Observation"])
        assert indexed() == before

    def test_values_of_other_types_under_the_same_id_stay(self):
        fill(8)
        before = indexed()
        age("id = 'o3'")
        run(["Observation"])
        run(["Condition"])
        assert indexed() == before

    def test_what_no_type_has_any_more_is_removed(self):
        fill(3)
        before = indexed()
        ask("INSERT INTO fhir_string (param, id, value) VALUES (5, 'p1', 'x'), (6, 'gone', 'y')")
        run([])
        assert indexed() == before

    def test_a_batch_is_bounded_by_bytes_too(self, monkeypatch):
        fill(8)
        monkeypatch.setattr(reindex, "BATCH_BYTES", 1)
        age()
        steps = [now.step for now in reindex.run(["Patient"])]
        assert steps == [1] * 8 + [0]


def spoil(key: str, kind: str = "Observation") -> None:
    body = f'{{"resourceType":"{kind}","id":"{key}","effectiveDateTime":"gestern"}}'
    ask(f"UPDATE {table(kind)} SET body = %s WHERE id = %s", body, key)


@pytest.mark.django_db
class TestFaults:
    def test_are_told_and_left_as_they_were(self):
        fill()
        spoil("o7")
        spoil("d8")
        before = indexed()
        age("id NOT IN ('o7', 'd8')")
        ended = run()
        assert indexed() == before
        assert [(f.type, f.id, f.code) for f in ended["Observation"].faults] == [
            ("Observation", "d8", "bad-date"), ("Observation", "o7", "bad-date"),
        ]  # fmt: skip
        assert ended["Observation"].failed == 2
        assert reindex.old_types() == []

    def test_before_an_interruption_are_told_too(self):
        fill()
        spoil("d1")
        age()
        for _ in range(5):
            reindex.step("Observation", 7)
        [fault] = run(["Observation"])["Observation"].faults
        assert (fault.id, fault.path) == ("d1", "effectiveDateTime")


@pytest.mark.django_db
class TestInterrupted:
    @pytest.mark.parametrize("seed", range(5))
    def test_it_goes_on_where_it_was(self, seed, monkeypatch):
        fill()
        before, chance = indexed(), random.Random(seed)
        age()

        def fall(*_: Any) -> None:
            if chance.random() < 0.5:
                raise ZeroDivisionError

        add = ledger_index.add
        monkeypatch.setattr(ledger_index, "add", lambda *what: (add(*what), fall())[0])
        seen = falls = 0
        while True:
            try:
                with reindex.alone(0):
                    for now in reindex.run(batch=9):
                        seen += now.step
                break
            except ZeroDivisionError:
                falls += 1
        assert falls
        assert seen == len(resources())  # nothing was looked at twice
        assert indexed() == before

    def test_begun_by_an_older_program_it_begins_anew(self, monkeypatch):
        fill()
        age()
        reindex.step("Patient", 7)
        monkeypatch.setattr(reindex, "INDEX_VERSION", reindex.INDEX_VERSION + 1)
        assert run(["Patient"])["Patient"].seen == 40


def address() -> str:
    """The address of the tests' own database."""
    return make_conninfo(os.environ["DOORSTEP_DATABASE_URL"], dbname=connection.settings_dict["NAME"])


SCRIPT = """
import django; django.setup()
from doorstep.kernel import reindex
with reindex.alone(30):
    for now in reindex.run(batch=3):
        print(now.seen, flush=True)
"""


@pytest.mark.django_db(transaction=True)
class TestKilled:
    def test_killed_five_times_it_leaves_what_one_run_leaves(self):
        fill(60)
        before, chance = indexed(), random.Random(7)
        age()
        environment = dict(os.environ, DOORSTEP_DATABASE_URL=address(), DJANGO_SETTINGS_MODULE="doorstep.site.settings")
        fell = 0
        for turn in range(8):
            process = subprocess.Popen([sys.executable, "-c", SCRIPT], env=environment, stdout=subprocess.PIPE)
            assert process.stdout is not None
            for _ in range(chance.randint(1, 12)):
                process.stdout.readline()
            time.sleep(chance.random() * 0.01)
            if turn < 7:
                process.kill()
                fell += process.wait() == -9
            else:
                process.stdout.read()
                assert process.wait() == 0
        assert fell >= 5
        assert indexed() == before
        assert ask("SELECT sum(seen), sum(changed) FROM fhir_index WHERE seen > 0")[0][0] == 300


@pytest.mark.django_db(transaction=True)
class TestBesideWriters:
    def test_no_write_is_lost_and_none_waits_for_ever(self):
        made = resources(30)
        write(*map(fresh, made))
        age()
        stop = threading.Event()

        def writer(seed: int):
            def work() -> int:
                chance, count = random.Random(seed), 0
                while not stop.is_set():
                    some = chance.sample(made, 12)
                    name = f"{seed}-{count}"
                    write(*[fresh(r | {"language": name}, deleted=chance.random() < 0.1) for r in some])
                    count += 1
                return count

            return work

        def remake() -> int:
            try:
                for _ in range(6):
                    ask("UPDATE fhir_index SET version = 0")
                    run(batch=11)
                return 0
            finally:
                stop.set()

        answers = at_once(writer(1), writer(2), remake)
        # two writers may clash with each other, as ever; they then come again (here: they end), the index never falls
        assert answers[2] == 0, answers
        run(list(KINDS))
        for kind in KINDS:
            for key, body, deleted, tokens in ask(f"SELECT id, body, deleted, tok FROM {table(kind)}"):
                wanted = [] if deleted else index_of(kind, orjson.loads(body)).tokens
                assert sorted(tokens) == sorted(wanted), (kind, key)
        after = indexed()
        assert {p.changed for p in run(list(KINDS)).values()} == {0}
        assert indexed() == after

    def test_a_writer_goes_first(self):
        """The writer holds a late row and then wants an early one, which the batch holds: the batch gives way."""
        fill(20)
        age()
        reached, errors = threading.Event(), []

        def writer() -> None:
            try:
                with transaction.atomic():
                    ask("SELECT 1 FROM fhir_patient WHERE id = 'p9' FOR UPDATE")
                    reached.set()
                    time.sleep(0.3)
                    ask("SELECT 1 FROM fhir_patient WHERE id = 'p0' FOR UPDATE")
            except Exception as error:
                errors.append(error)

        def remake() -> int:
            reached.wait(10)
            return run(["Patient"], batch=1000)["Patient"].seen

        assert at_once(writer, remake) == [None, 20]
        assert errors == []

    def test_two_at_once_are_one(self):
        fill(3)
        with reindex.alone(0):
            [answer] = at_once(lambda: run(list(KINDS)))
        assert isinstance(answer, reindex.AtWork)


@pytest.mark.django_db
class TestWhatIsOld:
    def test_an_empty_type_is_as_new_as_the_program(self):
        ask("UPDATE fhir_index SET version = 0")
        write(fresh(resources(1)[0]))
        assert reindex.old_types() == ["Patient"]
        assert ask("SELECT count(*) FROM fhir_index WHERE version <> %s", reindex.INDEX_VERSION) == [(1,)]

    def test_a_change_of_the_program_makes_all_old_that_holds_something(self, monkeypatch):
        fill(2)
        assert reindex.old_types() == []
        monkeypatch.setattr(reindex, "INDEX_VERSION", reindex.INDEX_VERSION + 1)
        assert reindex.old_types() == sorted(KINDS)
        run()
        assert reindex.old_types() == []

    def test_a_database_with_data_that_is_migrated_is_old(self):
        fill(2)
        ask("DROP TABLE fhir_index")
        ask(migration.TABLE)
        migration.begin(None, type("Editor", (), {"connection": connection}))
        assert reindex.old_types() == sorted(KINDS)
        assert ask("SELECT count(*) FROM fhir_index") == [(len(ledger.known_types()),)]


# One resource for each way of the extractors: names and their pinyin, tokens of all sorts, references, dates, numbers.
EVERY_WAY: list[Json] = [
    {"resourceType": "Patient", "id": "p", "active": True,
     "name": [{"family": "曾", "given": ["小明"], "text": "曾小明"}],
     "identifier": [{"system": "urn:x", "value": "1", "type": {"coding": [{"system": "urn:t", "code": "MR"}]}}],
     "telecom": [{"system": "phone", "value": "13900001111"}], "gender": "male", "birthDate": "1985-03",
     "address": [{"text": "家门口", "city": "县城", "use": "home"}],
     "generalPractitioner": [{"reference": "Practitioner/d"}],
     "managingOrganization": {"identifier": {"system": "urn:o", "value": "9"}}},
    {"resourceType": "Observation", "id": "o", "status": "final", "subject": {"reference": "Patient/p"},
     "code": {"text": "血压", "coding": [{"system": LOINC, "code": "85354-9"}]},
     "effectiveDateTime": "2026-03-01T08:00:00",
     "component": [{"code": {"coding": [{"system": LOINC, "code": "8480-6"}]},
                    "valueQuantity": {"value": 140, "comparator": ">", "system": "urn:u", "code": "mm[Hg]"}}]},
    {"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/p"}, "onsetRange": {
        "low": {"value": 40, "code": "a"}, "high": {"value": 42.5, "code": "a"}}, "recordedDate": "2026"},
    {"resourceType": "MedicationRequest", "id": "m", "status": "active", "intent": "order", "authoredOn": "2026-03-01",
     "subject": {"reference": "Patient/p"}, "medicationCodeableConcept": {"coding": [{"code": "x"}]}},
    {"resourceType": "Encounter", "id": "e", "status": "finished", "class": {"system": "urn:c", "code": "AMB"},
     "period": {"start": "2026-03-01", "end": "2026-03-02T10:00:00+08:00"}, "length": {"value": 26, "unit": "h"}},
    {"resourceType": "ValueSet", "id": "v", "url": "http://x/v", "version": "1", "name": "Set", "date": "2026-01-01"},
    {"resourceType": "Appointment", "id": "a", "status": "booked", "start": "2026-03-01T08:00:00+08:00",
     "participant": [{"actor": {"reference": "Patient/p"}, "status": "accepted"}],
     "serviceType": [{"coding": [{"code": "y"}]}]},
    {"resourceType": "Location", "id": "l", "name": "卫生室", "position": {"latitude": 30.5, "longitude": 104.0}},
    {"resourceType": "Immunization", "id": "i", "status": "completed", "patient": {"reference": "Patient/p"},
     "vaccineCode": {"coding": [{"system": "urn:v", "code": "01"}]}, "occurrenceString": "去年"},
    {"resourceType": "Observation", "id": "c", "status": "final", "code": {"text": "心电图"},
     "valueSampledData": {"origin": {"value": 10}, "period": 4, "factor": 2, "dimensions": 1, "data": "1 -2 E 3"}},
    {"resourceType": "Patient", "id": "m", "extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName", "valueString": "李"}]},
]  # fmt: skip
MADE = (4, "2f32cc7b04f2eefb")  # the version of the index, and the mark of what it holds of these


def test_a_change_of_what_is_indexed_is_a_new_version_of_the_index():
    """Where this fails, ``index_of`` makes something else than it did: raise ``INDEX_VERSION`` and note the mark."""
    said = []
    for resource in EVERY_WAY:
        i = index_of(resource["resourceType"], resource)
        times = [t and t.astimezone(UTC).isoformat() for t in (i.at, i.at_end)]
        dates = sorted((k, *[t and t.astimezone(UTC).isoformat() for t in (a, b)]) for k, a, b in i.dates)
        rows = [sorted(map(repr, each)) for each in (i.tokens, i.codes, i.strings, dates, i.numbers)]
        said.append([i.patient, times, rows])
    said.append([repr(value) for name, value in sorted(vars(sensitive_codes).items()) if name.isupper()])
    mark = blake2b(orjson.dumps(said), digest_size=8).hexdigest()
    assert (reindex.INDEX_VERSION, mark) == MADE
