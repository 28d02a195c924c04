"""An institution's own tables: begun, changed, proved, put in use, gone back from; read in words, tried on a sample."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.adapters.hl7v2.mapping import Context, standard, standard_files
from doorstep.kernel import clock
from doorstep.kernel.decision import Refused, Stale
from doorstep.kernel.models import TrailLine
from doorstep.kernel.paging import Page
from doorstep.kernel.testing.callers import member, stranger, system
from doorstep.record.endpoints import models, reads
from doorstep.record.endpoints.access import Permission
from doorstep.record.endpoints.actions import mapping
from doorstep.record.endpoints.rules import readable, tables
from doorstep.record.endpoints.rules.previewing import Words, tried
from doorstep.record.endpoints.tests import kit
from doorstep.registers.organisations.tests import factory as district
from doorstep.registers.staff.tests import factory as staff

ZH, EN = (Words(reads.say, reads.advice, language) for language in ("zh", "en"))
FILES = {name: text for name, text in standard_files().items() if tables.NAME.fullmatch(name)}
GENDER = "values/gender.csv"
MORE = FILES[GENDER] + "Z,other,本院的第三类\n"
THIRD = kit.oru(7).replace(b"|19850315|M", b"|19850315|Z")
CASE = {
    "cases/third.hl7": THIRD.decode().replace("\r", "\n"),
    "cases/third.json": json.dumps([{"resourceType": "Patient", "gender": "other"}]),
}


def begin(organisation: UUID, **more) -> UUID:
    return mapping.begin(system(), organisation=organisation, note="第三类性别", **more)


def version(key: UUID) -> int:
    return reads.mapping_of(system(), key).line.version


def change(key: UUID, name: str = GENDER, text: str = MORE, call=None) -> None:
    mapping.change(call or system(), mapping=key, expect=version(key), name=name, text=text)


def use(key: UUID) -> None:
    mapping.use(system(), mapping=key, expect=version(key))


class TestRules:
    def test_the_standard_set_holds_and_has_no_slow_pattern_of_ours(self):
        proof = tables.prove(tables.titled(FILES, 1))
        assert proof.holds
        assert len(proof.cases) > 10

    def test_a_set_holds_only_where_it_is_sound_and_its_cases_are_met(self):
        assert not tables.prove(tables.titled({**FILES, GENDER: "a,b\n"}, 1)).holds
        bad = tables.prove(tables.titled({**FILES, GENDER: FILES[GENDER].replace("male", "other")}, 1))
        assert (bad.faults, bad.holds) == ((), False)
        assert any("gender" in line for said in bad.cases.values() for line in said)
        none = {name: text for name, text in FILES.items() if not name.startswith("cases/")}
        assert not tables.prove(tables.titled(none, 1)).holds

    @pytest.mark.parametrize(
        "text", [*["(a+)+$", "(a|a)*b", "(?:.*)*", "a*b*c*d*", "((", "(a{1,9})+"], r"(\w+\s?)+!", r"(a)\1"]
    )
    def test_patterns_that_may_take_forever_are_refused(self, text: str):
        assert tables.is_slow(text)
        segment = FILES["segments/EVN.csv"] + f'2,"5~{text}",-,,,,\n'
        assert tables.faults_of(tables.titled({**FILES, "segments/EVN.csv": segment}, 1))

    @pytest.mark.parametrize("text", ["[0-9]+$", r"\s*(<=|>=)?[0-9]+", "A|B", "[A-Z]{3}-?[0-9]{2,8}", "x(?=y)"])
    def test_plain_patterns_are_not(self, text: str):
        assert not tables.is_slow(text)

    @given(st.text(max_size=30))
    def test_any_pattern_gets_an_answer(self, text: str):
        assert tables.is_slow(text) in (True, False)

    @given(st.sampled_from(["segments/PID.csv", "../x.csv", "cases/a.hl7", "kinds.csv"]), st.text(max_size=20))
    def test_only_names_of_tables_and_cases_may_stand_in_a_set(self, name: str, more: str):
        assert tables.file(name, "x").allowed == (name != "../x.csv")
        assert not tables.file(f"{name}/{more}", "x").allowed
        assert not tables.file("kinds.csv", "\0").allowed
        assert not tables.file("kinds.csv", "x" * (tables.MOST_CHARACTERS + 1)).allowed

    @given(st.dictionaries(st.sampled_from(sorted(FILES)[:6]), st.text("ab,\n", max_size=20), max_size=4))
    def test_what_changed_is_told_and_nothing_else(self, after: dict[str, str]):
        before = dict.fromkeys(sorted(FILES)[:3], "a\nb\n")
        told = dict(tables.differences(before, after))
        assert set(told) == {n for n in before.keys() | after.keys() if before.get(n) != after.get(n)}
        for name, lines in told.items():
            plus = [text for tone, text in lines if tone == "+"]
            assert set(plus) <= set(after.get(name, "").splitlines())

    def test_every_standard_line_is_read_in_both_languages(self):
        for name, text in FILES.items():
            if name.endswith(".csv"):
                columns, rows = tables.rows(text)
                for line, row in rows:
                    for column, cell in zip(columns, row, strict=True):
                        zh, en = (readable.cell(name, column, cell, language) for language in ("zh", "en"))
                        assert bool(zh) == bool(en) == bool(cell), (name, line)
                assert all(readable.column(c, "en") for c in columns)
        assert readable.cell("segments/OBX.csv", "when", "2=NM|SN and !5[2] and @report", "zh") == (
            "OBX-2 是 NM 或 SN，且没有 OBX-5[2]，且有 report"
        )
        assert readable.cell("segments/OBX.csv", "field", "OBR-7", "en") == "OBR-7"
        assert readable.cell("segments/PID.csv", "field", "3.1", "zh") == "PID-3.1"

    def test_a_preview_tells_all_of_a_message(self):
        raw = kit.oru(1, value="36.50").replace(b"\rOBX", b"\rZZZ|1|x\rOBX")
        found = tried(raw, standard(), Context("X", "urn:x"), charset=None, at=clock.now(), words=ZH)
        assert "MSA|AA|C1" in found.answer
        assert any(name.startswith("PUT DiagnosticReport") for name, _ in found.resources)
        assert any(w.place == "OBX-5" and w.target == "Observation.valueQuantity" for w in found.ways)
        assert any((w.table, w.place) == ("segments/PID.csv", "PID-8") for w in found.ways)
        assert ("ZZZ" in [place for _why, place, _do in found.left], found.findings) == (True, ())
        value = next(json.loads(t, parse_float=Decimal) for _n, t in found.resources if "valueQuantity" in t)
        assert str(value["valueQuantity"]["value"]) == "36.50"
        lines = dict(tables.rows(FILES["segments/PID.csv"])[1])
        [way] = [w for w in found.ways if w.place == "PID-8"]
        assert lines[int(way.line)][0] == "8"

    def test_a_message_that_cannot_be_used_says_why(self):
        found = tried(b"x", standard(), Context("X", "urn:x"), charset=None, at=clock.now(), words=EN)
        assert (found.resources, found.refused) == ((), "No HL7 v2 message: it does not begin with MSH")
        assert "MSA|AR" in found.answer


@pytest.mark.django_db
class TestVersions:
    def test_an_own_version_maps_what_the_standard_tables_do_not(self, source: UUID):
        endpoint = kit.make_endpoint(source, mapping="own")
        kit.keep(endpoint, kit.oru(1))
        kit.work_off()
        assert kit.inbound()[0].params["tables"] == "standard 2026.1"  # nothing of its own is in use yet
        key = begin(source)
        change(key)
        for name, text in CASE.items():
            change(key, name, text)
        assert mapping.prove(system(), mapping=key, expect=version(key)) is False  # the case knows one resource of more
        found = reads.mapping_of(system(), key)
        assert [name for name, said in found.cases.items() if said] == ["third"]
        change(key, "cases/third.json", "")
        change(key, "cases/third.hl7", "")
        use(key)
        kit.keep(endpoint, THIRD)
        kit.work_off()
        row = kit.inbound()[1]
        assert (row.params["tables"], row.params["left"]) == ("own 1", [])
        mapping.use_standard(system(), organisation=source)
        kit.keep(endpoint, THIRD.replace(b"C7", b"C8"))
        kit.work_off()
        assert kit.inbound()[2].params["left"] == [["unmapped-value", "PID-8"]]

    def test_what_was_used_never_changes_and_one_goes_back_to_it(self, source: UUID):
        first = begin(source)
        use(first)
        with pytest.raises(Refused, match=r"mapping\.was_used"):
            change(first)
        second = begin(source, after=first)
        change(second)
        use(second)
        assert reads.mapping_of(system(), second).line.base == "own 1"
        assert [(n, dict(lines)["+"]) for n, lines in tables.differences(
            reads.mapping_of(system(), first).files, reads.mapping_of(system(), second).files
        )] == [(GENDER, "Z,other,本院的第三类")]  # fmt: skip
        use(first)
        found = [each.in_use for each in reads.mappings(system(), page=Page()).items]
        assert found == [False, True]
        uses = reads.mapping_of(system(), first).uses
        assert [until is None for _since, until, _by in uses] == [True, False]

    def test_only_a_sound_version_with_its_cases_met_is_put_in_use(self, source: UUID):
        key = begin(source)
        change(key, text=FILES[GENDER].replace("male", "other"))
        with pytest.raises(Refused, match=r"mapping\.not_proved"):
            use(key)
        change(key, text="nonsense")
        assert mapping.prove(system(), mapping=key, expect=version(key)) is False
        assert reads.mapping_of(system(), key).faults[0].startswith(GENDER)
        assert not models.MappingUse.objects.unscoped("test").exists()
        with pytest.raises(Refused, match=r"mapping\.name"):
            change(key, "../../etc/passwd", "x")

    def test_who_may_not_changes_nothing(self, source: UUID, other: UUID):
        key = begin(source)
        before = list(models.Mapping.objects.unscoped("test").values())
        for call, why in (
            (stranger(), "permission"), (member(source, {Permission.READ}), "permission"), (member(other), "not_found"),
        ):  # fmt: skip
            for act in (
                lambda c: mapping.begin(c, organisation=source, note="x"),
                lambda c: mapping.change(c, mapping=key, expect=1, name=GENDER, text="x"),
                lambda c: mapping.prove(c, mapping=key, expect=1),
                lambda c: mapping.use(c, mapping=key, expect=1),
                lambda c: mapping.begin(c, organisation=other, note="x", after=key),
            ):
                with pytest.raises(Refused, match=why):
                    act(call)
        with pytest.raises(Refused, match="is_standard"):
            mapping.use_standard(member(other), organisation=source)
        with pytest.raises(Refused, match="not_found"):
            reads.mapping_of(member(other), key)
        with pytest.raises(Stale):
            mapping.change(system(), mapping=key, expect=9, name=GENDER, text="x")
        assert list(models.Mapping.objects.unscoped("test").values()) == before
        assert not models.MappingUse.objects.unscoped("test").exists()

    def test_tables_that_fail_leave_the_message_to_rest(self, source: UUID, monkeypatch):
        endpoint = kit.make_endpoint(source, mapping="own")
        use(begin(source))
        models.Mapping.objects.unscoped("test").update(files={"kinds.csv": "broken"})
        kit.keep(endpoint, kit.oru(1))
        kit.work_off()
        [row] = kit.inbound()
        assert (row.state, row.reason, row.params) == ("resting", "mapping-failed", {"detail": "TablesWrong"})


@pytest.mark.django_db
class TestPages:
    @pytest.fixture
    def source(self) -> UUID:
        return district.make().lead

    @pytest.fixture
    def operator(self, source: UUID):
        return staff.client_of(staff.somebody(source, "exchange_operator", "接口员", "op"))

    def test_a_mapper_changes_a_table_without_code(self, operator, source: UUID):
        assert "还没有本机构的版本" in operator.get("/endpoints/mappings").content.decode()
        answer = operator.post("/endpoints/mappings", {"organisation": str(source), "note": "第三类性别"})
        there = answer["Location"]
        assert "没有不同" in operator.get(there).content.decode()
        page = operator.get(f"{there}/table?name={GENDER}").content.decode()
        assert "<textarea" in page
        bad = operator.post(f"{there}/table?name={GENDER}", {"expect": 9, "text": MORE})
        assert bad.status_code == 409
        operator.post(f"{there}/table?name={GENDER}", {"expect": 1, "text": MORE})
        shown = operator.get(there).content.decode()
        assert "<ins>+ Z,other,本院的第三类</ins>" in shown
        assert "用例未运行" in shown
        operator.post(f"{there}/prove", {"expect": 2})
        assert "用例通过" in operator.get(there).content.decode()
        assert "启用前会运行全部用例" in operator.get(f"{there}/use").content.decode()
        assert "使用中" in operator.post(f"{there}/use", {"expect": 2}, follow=True).content.decode()
        assert "<textarea" not in operator.get(f"{there}/table?name={GENDER}").content.decode()
        assert "segments/ZPI.csv" in operator.post(there, {"name": "segments/ZPI.csv"})["Location"]
        assert operator.post(there, {"name": "/etc/passwd"}).status_code == 422
        assert operator.get(f"{there}/table?name=/etc/passwd").status_code == 404
        operator.post("/endpoints/mappings/standard/use", {"organisation": str(source)})
        assert "用过" in operator.get("/endpoints/mappings").content.decode()

    def test_a_version_with_faults_says_which_and_is_not_used(self, operator, source: UUID):
        key = begin(source)
        change(key, text="nonsense\n")
        there = f"/endpoints/mappings/{key}"
        answer = operator.post(f"{there}/use", {"expect": 2}, follow=True).content.decode()
        assert "values/gender.csv:1" in answer
        tries = operator.post(f"/endpoints/mappings/try?mapping={key}", {"text": kit.oru(1).decode()}).content.decode()
        assert "values/gender.csv:1" in tries

    def test_the_standard_tables_are_read(self, operator):
        page = operator.get("/endpoints/mappings/standard").content.decode()
        assert "segments" in page
        assert "ORU" in page
        page = operator.get("/endpoints/mappings/standard/table?name=segments/OBX.csv").content.decode()
        assert "OBX-2 是 NM" in page
        assert operator.get("/endpoints/mappings/standard/table?name=tables.toml").status_code == 404

    def test_a_sample_is_tried(self, operator, source: UUID):
        there = "/endpoints/mappings/try"
        assert operator.post(there, {"text": " "}).status_code == 422
        text = kit.oru(1).decode().replace("\r", "\n")
        page = operator.post(there, {"text": text}).content.decode()
        for words in ("MSA|AA|C1", "Observation.valueQuantity", "segments/OBX.csv:", "都符合 FHIR R4", "王小明"):
            assert words in page, words
        refused = operator.post(there, {"text": "x"}).content.decode()
        assert "不能采用" in refused
        assert models.Inbound.objects.unscoped("test").count() == 0

    def test_one_that_came_in_is_opened_by_who_may_and_trailed(self, operator, source: UUID):
        [key] = kit.keep(kit.make_endpoint(source), kit.oru(1))
        page = operator.post("/endpoints/mappings/try", {"inbound": key}).content.decode()
        assert "Observation.valueQuantity" in page
        assert TrailLine.objects.filter(action="endpoints.read", subject_id=str(key), outcome="done").count() == 1
        administrator = staff.client_of(staff.somebody(source, "administrator", "管理员", "ad"))
        page = administrator.post("/endpoints/mappings/try", {"inbound": key})
        assert (page.status_code, "王小明" in page.content.decode()) == (403, False)
        assert TrailLine.objects.filter(action="endpoints.read", outcome="refused").count() == 1
        assert operator.post("/endpoints/mappings/try", {"inbound": key + 999}).status_code == 404

    def test_who_only_looks_presses_nothing(self, source: UUID):
        key = begin(source)
        looker = staff.client_of(staff.somebody(source, "auditor", "审计员", "au"))
        for address in (
            "/endpoints/mappings",
            f"/endpoints/mappings/{key}",
            f"/endpoints/mappings/{key}/table?name={GENDER}",
        ):
            assert looker.get(address).status_code == 200
            assert not re.search(r"<textarea|运行用例", looker.get(address).content.decode())
        change_it = looker.post(f"/endpoints/mappings/{key}/table?name={GENDER}", {"expect": 1, "text": "x"})
        assert change_it.status_code == 403
        assert looker.post("/endpoints/mappings", {"organisation": str(source), "note": "xx"}).status_code in (403, 422)
        assert looker.post(f"/endpoints/mappings/{key}/use", {"expect": 1}).status_code == 403
        assert looker.get("/endpoints/mappings/try").status_code == 403
