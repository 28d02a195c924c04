"""Bulk export: what it holds, for whom, as of when; its limits and its end."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import transaction

from doorstep.fhir.outcome import shown
from doorstep.kernel import clock, ledger
from doorstep.kernel.call import EVERYWHERE, NOWHERE
from doorstep.kernel.decision import Refused
from doorstep.kernel.models import RuleSet, TrailLine
from doorstep.kernel.testing.callers import member, stranger, system
from doorstep.record.exchange import api, jobs, rules
from doorstep.record.exchange.models import Export
from doorstep.record.exchange.tests import kit
from doorstep.record.exchange.tests.kit import bundle, entry, observation, send

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(settings, tmp_path) -> Path:
    settings.HOME = tmp_path
    return tmp_path / "exports"


def source_call(source: UUID):
    return replace(member(source), actor=f"source:{source}")


def begin(call, level: str = "system", **more):
    return api.begin_export(call, level=level, request_url="https://h/fhir/$export", **more)


def turn() -> None:
    """One round of the worker."""
    with transaction.atomic():
        jobs.run_exports(system())


def work(call, export):
    """Let the worker go on until the export has ended; its state then."""
    for _ in range(1000):
        turn()
        found = api.export_status(call, export.id)
        if found.state not in ("accepted", "running"):
            return found
    raise AssertionError("never done")


def lines(home: Path, found, kind: str = "output") -> list[bytes]:
    return [
        line
        for file in found.files
        if file.kind == kind
        for line in (home / str(found.id) / file.name).read_bytes().splitlines()
    ]


def in_ledger(source: UUID | None = None) -> set[bytes]:
    """Every resource that holds now, as it is shown, to the byte."""
    found = set()
    for kind, key in kit.ledger():
        now = ledger.read(kind, key)
        assert now is not None
        if not now.deleted and (source is None or now.source == source or kind in api.OPEN_TYPES):
            found.add(shown(now))
    return found


def references(found: list[bytes]) -> set[str]:
    return {f"{r['resourceType']}/{r['id']}" for r in map(json.loads, found)}


def full(source: UUID, *numbers: int) -> None:
    for number in numbers:
        send(source, kit.sound(number))


def put(source: UUID, resource: dict) -> None:
    url = f"{resource['resourceType']}/{resource['id']}"
    [receipt] = send(source, bundle("transaction", entry(resource, None, "PUT", url)))
    assert receipt.state == "applied", receipt


def delete(source: UUID, url: str) -> None:
    made = {"resourceType": "Bundle", "type": "transaction", "entry": [{"request": {"method": "DELETE", "url": url}}]}
    [receipt] = send(source, json.dumps(made).encode())
    assert receipt.state == "applied", receipt


class TestWhole:
    def test_it_equals_the_ledger_to_the_byte(self, source, other, home):
        full(source, *range(1, 9))
        full(other, *range(9, 13))
        put(source, {"resourceType": "Organization", "id": "o1", "name": "甲"})
        put(source, observation(f"Patient/{kit.key(2)}", 72.50) | {"id": "twice"})
        put(source, observation(f"Patient/{kit.key(2)}", 73.25) | {"id": "twice"})
        delete(source, f"Observation/{kit.key(5)}")
        found = work(system(), begin(system()))
        assert (found.state, found.percent) == ("done", 100)
        made = lines(home, found)
        assert len(made) == len(set(made)) == found.count
        assert set(made) == in_ledger()
        assert f"Observation/{kit.key(5)}" not in references(made)
        assert not [f for f in found.files if f.kind == "deleted"]
        assert b'"value":73.25' in next(line for line in made if b'"id":"twice"' in line)

    def test_two_sources_see_their_own_and_what_is_shared(self, source, other, home):
        full(source, 1, 2)
        full(other, 3)
        put(other, {"resourceType": "Organization", "id": "o1", "name": "乙"})
        mine = lines(home, work(source_call(source), begin(source_call(source))))
        assert set(mine) == in_ledger(source)
        assert len(mine) == 5
        theirs = lines(home, work(source_call(other), begin(source_call(other))))
        assert set(theirs) == in_ledger(other)
        assert references(mine) & references(theirs) == {"Organization/o1"}

    def test_only_some_types_and_only_some_elements(self, source, home):
        full(source, 1)
        found = work(system(), begin(system(), types=["Patient"], elements=["Patient.name", "gender"]))
        [one] = map(json.loads, lines(home, found))
        assert set(one) == {"resourceType", "id", "name", "gender", "meta"}
        assert one["meta"]["tag"][-1]["code"] == "SUBSETTED"
        assert one["meta"]["versionId"] == "1"
        kept = work(system(), begin(system(), types=["Observation"], elements=["value"]))
        [one] = map(json.loads, lines(home, kept))
        assert {"valueQuantity", "status", "code"} <= set(one)
        assert "effectiveDateTime" not in one

    def test_nothing_there(self, source, home):
        found = work(system(), begin(system()))
        assert (found.state, found.files, found.count) == ("done", (), 0)

    def test_files_are_cut_by_number_and_size_and_are_nobody_else_s(self, source, home, monkeypatch):
        full(source, *range(1, 8))
        monkeypatch.setattr(rules, "FILE_RESOURCES", 3)
        found = work(system(), begin(system(), types=["Patient"]))
        assert [(f.name, f.count) for f in found.files] == [
            ("Patient.1.ndjson", 3), ("Patient.2.ndjson", 3), ("Patient.3.ndjson", 1),
        ]  # fmt: skip
        for file in found.files:
            path = home / str(found.id) / file.name
            assert (path.stat().st_size, stat.S_IMODE(path.stat().st_mode)) == (file.size, 0o600)
        assert {stat.S_IMODE(p.stat().st_mode) for p in (home, home / str(found.id))} == {0o700}
        monkeypatch.setattr(rules, "FILE_BYTES", 500)
        found = work(system(), begin(system(), types=["Patient"]))
        assert len(found.files) == 7
        assert set(lines(home, found)) == {line for line in in_ledger() if b'"Patient",' in line}

    @pytest.mark.parametrize(("window", "size"), [(1, 9999), (2, 1), (5, 9999), (100, 1), (100, 600), (100, 9999)])
    def test_however_small_the_slices(self, source, home, monkeypatch, window, size):
        full(source, *range(1, 6))
        monkeypatch.setattr(rules, "WINDOW", window)
        monkeypatch.setattr(rules, "WINDOW_BYTES", size)
        monkeypatch.setattr(rules, "SLICE_RESOURCES", 1)
        found = work(system(), begin(system()))
        assert sorted(lines(home, found)) == sorted(in_ledger())


class TestMoment:
    """An export holds one moment: that of its transactionTime."""

    def test_what_is_written_later_is_shown_as_it_was_then(self, source, home, monkeypatch):
        full(source, 1, 2, 3)
        put(source, observation(f"Patient/{kit.key(2)}", 1.5) | {"id": "changes"})
        put(source, observation(f"Patient/{kit.key(2)}", 2.5) | {"id": "goes"})
        then, export = in_ledger(), begin(system())
        full(source, 4)
        put(source, observation(f"Patient/{kit.key(2)}", 9.5) | {"id": "changes"})
        delete(source, "Observation/goes")
        assert set(lines(home, work(system(), export))) == then

    @pytest.mark.parametrize("level", ["patient", "group"])
    def test_about_patients_too(self, source, home, level):
        full(source, 1, 2)
        who = {"reference": f"Patient/{kit.key(2)}"}
        put(source, {"resourceType": "Group", "id": "g", "type": "person", "actual": True, "member": [{"entity": who}]})
        put(source, observation(f"Patient/{kit.key(2)}", 2.5) | {"id": "goes"})
        put(source, observation(f"Patient/{kit.key(4)}", 2.5) | {"id": "elsewhere"})
        put(source, observation(None, 2.5) | {"id": "nobody"})
        export = begin(system(), level, group="g" if level == "group" else None, types=["Observation"])
        delete(source, "Observation/goes")
        put(source, observation(f"Patient/{kit.key(2)}", 2.5) | {"id": "elsewhere"})
        put(source, observation(f"Patient/{kit.key(2)}", 2.5) | {"id": "nobody"})
        found = references(lines(home, work(system(), export)))
        more = {f"Observation/{kit.key(5)}", "Observation/elsewhere"} if level == "patient" else set()
        assert found == {f"Observation/{kit.key(3)}", "Observation/goes"} | more

    def test_since(self, source, home):
        full(source, 1, 2, 3)
        put(source, observation(f"Patient/{kit.key(2)}", 2.5) | {"id": "changes"})
        since = clock.now()
        put(source, observation(f"Patient/{kit.key(2)}", 3.5) | {"id": "changes"})
        delete(source, f"Observation/{kit.key(5)}")
        found = work(system(), begin(system(), since=since))
        assert references(lines(home, found)) == {"Observation/changes"}
        [gone] = map(json.loads, lines(home, found, "deleted"))
        assert (gone["resourceType"], gone["type"]) == ("Bundle", "transaction")
        assert gone["entry"] == [{"request": {"method": "DELETE", "url": f"Observation/{kit.key(5)}"}}]
        manifest = api.export_manifest(found, "https://h/f/")
        assert manifest["deleted"] == [{"type": "Bundle", "url": "https://h/f/deleted.1.ndjson", "count": 1}]
        assert manifest["output"] == [{"type": "Observation", "url": "https://h/f/Observation.1.ndjson", "count": 1}]
        assert manifest["transactionTime"].endswith("Z")
        assert manifest["request"] == "https://h/fhir/$export"
        assert (manifest["requiresAccessToken"], manifest["error"]) == (True, [])

    def test_the_deletions_of_a_group_are_those_of_its_members(self, source, home):
        full(source, 1, 2)
        who = {"reference": f"Patient/{kit.key(2)}"}
        put(source, {"resourceType": "Group", "id": "g", "type": "person", "actual": True, "member": [{"entity": who}]})
        since = clock.now()
        delete(source, f"Observation/{kit.key(3)}")
        delete(source, f"Observation/{kit.key(5)}")
        found = work(system(), begin(system(), "group", group="g", since=since))
        gone = [json.loads(line)["entry"][0]["request"]["url"] for line in lines(home, found, "deleted")]
        assert gone == [f"Observation/{kit.key(3)}"]


class TestLevels:
    def test_patients_and_what_is_about_them(self, source, home):
        full(source, 1)
        put(source, {"resourceType": "Organization", "id": "o1", "name": "甲"})
        put(source, observation(None) | {"id": "nobody"})
        patients = {f"Patient/{kit.key(2)}", f"Observation/{kit.key(3)}"}
        assert references(lines(home, work(system(), begin(system(), "patient")))) == patients
        asked = begin(system(), "patient", types=["Patient", "Organization"])
        assert references(lines(home, work(system(), asked))) == {f"Patient/{kit.key(2)}", "Organization/o1"}

    def test_members_of_a_group_as_it_was_and_of_one_s_own(self, source, other, home):
        full(source, 1, 2, 3)
        full(other, 4)
        who = [{"entity": {"reference": f"Patient/{kit.key(n)}"}} for n in (2, 4)]
        who += [{"entity": {"reference": f"Patient/{kit.key(6)}"}, "inactive": True}]
        put(source, {"resourceType": "Group", "id": "g", "type": "person", "actual": True, "member": who})
        export = begin(source_call(source), "group", group="g", types=["Patient", "Observation"])
        put(source, {"resourceType": "Group", "id": "g", "type": "person", "actual": True})
        found = references(lines(home, work(source_call(source), export)))
        assert found == {f"{t}/{kit.key(n + o)}" for n in (2, 4) for t, o in (("Patient", 0), ("Observation", 1))}
        with pytest.raises(Refused, match="export-group"):
            begin(source_call(other), "group", group="g")


class TestAsking:
    @pytest.mark.parametrize(
        ("more", "code"),
        [
            ({"types": ["Patient", "Nothing"]}, "export-unknown-type"),
            ({"types": ['Patient"; DROP TABLE fhir_patient; --']}, "export-unknown-type"),
            ({"level": "patient", "types": ["Slot"]}, "export-type-outside"),
            ({"level": "everything"}, "export-level"),
            ({"level": "group", "group": "none"}, "export-group"),
            ({"level": "group"}, "export-group"),
            ({"level": "group", "group": "\0"}, "export-group"),
            ({"since": datetime(2999, 1, 1, tzinfo=UTC)}, "export-since-future"),
        ],
    )
    def test_what_cannot_be_done_is_refused_in_words(self, source, more, code):
        from doorstep.fhir.problems import FhirProblem

        with pytest.raises(Refused) as refused:
            begin(system(), **more)
        decision = refused.value.decision
        assert decision.reason == code
        assert FhirProblem(code, **decision.detail).message("zh")
        assert not Export.objects.unscoped("test").exists()
        assert TrailLine.objects.get(action="exchange.export").outcome == "refused"

    def test_at_most_two_of_one_and_four_of_all(self, source, other):
        a, b = source_call(source), source_call(other)
        mine = [begin(a), begin(a)]
        with pytest.raises(Refused, match="export-too-many"):
            begin(a)
        begin(b)
        begin(b)
        with pytest.raises(Refused, match="export-too-many"):
            begin(system())
        api.cancel_export(a, export=mine[0].id)
        begin(system())

    def test_the_same_key_is_the_same_export(self, source):
        first = begin(system(), key="k")
        assert begin(system(), key="k").id == first.id
        with pytest.raises(Refused, match="export-key-used"):
            api.begin_export(system(), level="system", request_url="https://h/other", key="k")
        api.cancel_export(system(), export=first.id)
        assert begin(system(), key="k").id != first.id

    def test_one_with_no_bounds_has_nothing(self, source):
        with pytest.raises(Refused, match="export-nothing"):
            begin(replace(system(), scope=NOWHERE))

    def test_filters_ask_the_search(self, source, home):
        full(source, *range(1, 8))
        with pytest.raises(Refused, match="export-filter-bad"):
            begin(system(), types=["Patient"], type_filters=["Observation?x=1"])
        with pytest.raises(Refused, match="export-filter-bad"):
            begin(system(), type_filters=["Patient"])
        found = work(system(), begin(system(), types=["Patient", "Observation"], type_filters=["Patient?gender=male"]))
        said = [json.loads(line) for line in lines(home, found)]
        assert {r["gender"] for r in said if r["resourceType"] == "Patient"} == {"male"}
        assert [r["resourceType"] for r in said].count("Observation") == 7


class TestWhose:
    def test_another_s_export_is_not_there(self, source, other, home):
        full(source, 1)
        mine = work(source_call(source), begin(source_call(source)))
        name = mine.files[0].name
        for call in (source_call(other), member(other), replace(source_call(other), scope=EVERYWHERE)):
            for ask in (
                lambda c: api.export_status(c, mine.id),
                lambda c: api.export_file(c, export=mine.id, name=name),
                lambda c: api.cancel_export(c, export=mine.id),
            ):
                with pytest.raises(Refused, match="not_found"):
                    ask(call)
        assert api.export_file(member(source), export=mine.id, name=name).exists()
        with pytest.raises(Refused, match="permission"):
            api.export_status(stranger(), mine.id)

    def test_who_no_longer_may_see_what_it_holds(self, source, home):
        export = work(system(), begin(system()))
        with pytest.raises(Refused, match="not_found"):
            api.export_status(replace(system(), scope=member(source).scope), export.id)

    def test_a_list_holds_what_lies_within_the_scope(self, source, other):
        begin(source_call(source))
        theirs = begin(source_call(other))
        begin(system())
        from doorstep.kernel.paging import Page

        assert [e.id for e in api.exports(member(other), page=Page()).items] == [theirs.id]
        assert len(api.exports(system(), page=Page()).items) == 3

    @pytest.mark.parametrize(
        "name",
        [
            "..",
            "../x",
            "/etc/passwd",
            "",
            ".",
            "Patient.1.ndjson/",
            "./Patient.1.ndjson",
            "Patient.1.ndjson\0",
            "x" * 999,
        ],
    )
    def test_no_name_leads_elsewhere(self, source, home, name):
        full(source, 1)
        found = work(system(), begin(system()))
        (home / "x").write_bytes(b"secret")
        with pytest.raises(Refused, match="not_found"):
            api.export_file(system(), export=found.id, name=name)

    def test_all_of_it_is_in_the_trail(self, source, home):
        full(source, 1)
        found = work(system(), begin(system()))
        api.export_file(system(), export=found.id, name="Patient.1.ndjson")
        api.cancel_export(system(), export=found.id)
        told = TrailLine.objects.filter(subject_id=str(found.id)).order_by("pk").values_list("action", "detail")
        assert [action for action, _ in told] == [
            "exchange.export", "exchange.export_end", "exchange.export_file", "exchange.export_cancel",
        ]  # fmt: skip
        assert told[2][1] == {"file": "Patient.1.ndjson", "resources": 1, "bytes": found.files[-1].size}


class TestEnd:
    def test_cancelled_it_is_gone_with_its_files(self, source, home, monkeypatch, django_capture_on_commit_callbacks):
        full(source, *range(1, 6))
        monkeypatch.setattr(rules, "SLICE_RESOURCES", 1)
        monkeypatch.setattr(rules, "WINDOW", 1)
        export = begin(system(), types=["Patient"])
        turn()
        assert api.export_status(system(), export.id).state == "running"
        assert list(home.iterdir())
        with django_capture_on_commit_callbacks(execute=True):
            api.cancel_export(system(), export=export.id)
        assert not list(home.iterdir())
        for ask in (api.export_status, lambda c, e: api.cancel_export(c, export=e)):
            with pytest.raises(Refused, match="not_found"):
                ask(system(), export.id)
        turn()
        assert not list(home.iterdir())

    @pytest.mark.parametrize("hours", [24, 2])
    def test_after_its_time_it_is_gone(self, source, home, monkeypatch, hours):
        if hours != 24:
            RuleSet.objects.create(
                code="exchange.export",
                revision="1",
                issuer="x",
                effective_from="2020-01-01",
                parameters={"hours": hours},
            )
        full(source, 1)
        found = work(system(), begin(system()))
        later = clock.now() + timedelta(hours=hours) - timedelta(minutes=1)
        monkeypatch.setattr(clock, "now", lambda: later)
        turn()
        assert api.export_status(system(), found.id).files
        later += timedelta(minutes=2)
        for ask in (api.export_status, lambda c, e: api.cancel_export(c, export=e)):
            with pytest.raises(Refused, match="not_found"):
                ask(system(), found.id)
        assert list(home.iterdir())
        turn()
        assert not list(home.iterdir())
        assert Export.objects.unscoped("test").get().state == "expired"

    def test_a_folder_of_no_export_is_cleared_away(self, source, home):
        (home / "left-behind").mkdir(parents=True)
        (home / "left-behind" / "Patient.1.ndjson").write_bytes(b"{}")
        turn()
        assert not list(home.iterdir())

    def test_files_that_were_lost_end_it_in_words(self, source, home, monkeypatch):
        full(source, *range(1, 6))
        monkeypatch.setattr(rules, "SLICE_RESOURCES", 1)
        monkeypatch.setattr(rules, "WINDOW", 1)
        export = begin(system(), types=["Patient"])
        for _ in range(3):
            turn()
        (home / str(export.id) / "Patient.1.ndjson").unlink()
        found = work(system(), export)
        assert (found.state, found.error) == ("failed", "export-disk")

    def test_a_fault_that_stays_ends_it(self, source, home, monkeypatch):
        from doorstep.record.exchange.actions import export_rows

        def broken(*args):
            raise ZeroDivisionError

        monkeypatch.setattr(export_rows, "window", broken)
        found = work(system(), begin(system()))
        assert (found.state, found.error) == ("failed", "export-fault")


def test_what_a_killed_slice_left_is_cut_off(source, home, monkeypatch):
    full(source, *range(1, 6))
    whole = work(system(), begin(system(), types=["Patient", "Observation"]))
    monkeypatch.setattr(rules, "SLICE_RESOURCES", 2)
    monkeypatch.setattr(rules, "WINDOW", 2)
    export = begin(system(), types=["Patient", "Observation"])
    turn()
    folder = home / str(export.id)
    for name in ("Observation.1.ndjson", "Observation.2.ndjson"):
        with (folder / name).open("ab") as file:
            file.write(b'{"half')
    found = work(system(), export)
    assert {f.name: (folder / f.name).read_bytes() for f in found.files} == {
        f.name: (home / str(whole.id) / f.name).read_bytes() for f in whole.files
    }
    assert {p.name for p in folder.iterdir()} == {f.name for f in found.files}


def test_its_progress_is_told_in_both_languages(source, home, monkeypatch):
    full(source, *range(1, 6))
    export = begin(system(), types=["Patient"])
    assert (export.progress(), export.progress("zh")) == ("waiting to begin", "等待开始")
    monkeypatch.setattr(rules, "WINDOW", 2)
    monkeypatch.setattr(rules, "SLICE_RESOURCES", 1)
    turn()
    found = api.export_status(system(), export.id)
    assert (found.state, found.read, found.retry_after) == ("running", 2, 1)
    assert found.progress().isascii()
    assert "2" in found.progress("zh")
    assert work(system(), export).percent == 100
