"""Rows of tables: whatever they hold, they are read with all their faults; what was written is read again."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.adapters.sheets.shapes import Row, SheetFault, Table
from doorstep.record.sheets import fhir
from doorstep.record.sheets.reads.forms import CHECKS, FORMS
from doorstep.record.sheets.rules.parsing import parse
from doorstep.record.sheets.rules.returns import wrong_followup
from doorstep.record.sheets.tests import kit
from doorstep.registers.residents import api as residents

TODAY = date(2026, 11, 27)
CELLS = st.one_of(st.none(), st.integers(), st.floats(), st.text(max_size=8), st.dates(), st.booleans())


def read(kind: str, *rows: dict[str, Any]) -> list[list[tuple[str, str]]]:
    """Of each row the columns and codes of what is wrong."""
    lines = [Row(n, tuple(cells)) for n, cells in enumerate(kit.titled(kind, *rows), 1)]
    found = parse([Table("", lines)], FORMS[kind], CHECKS.get(kind), TODAY)
    return [[(w.column, w.code) for w in row.wrong] for row in found.rows]


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(sorted(FORMS)))
def test_any_rows_are_read_with_what_is_wrong(data: st.DataObject, kind: str) -> None:
    """Each row is there once, by its number; what is kept can be stored; what is all right has its needed cells."""
    form = FORMS[kind]
    wide = len(form.columns)
    rows = data.draw(st.lists(st.lists(CELLS, min_size=1, max_size=wide), min_size=1, max_size=5))
    lines = [Row(3, tuple(c.zh for c in form.columns)), *(Row(4 + n, tuple(r)) for n, r in enumerate(rows))]
    found = parse([Table("", [Row(1, ("登记表",)), *lines])], form, CHECKS.get(kind), TODAY)
    assert [row.number for row in found.rows] == [4 + n for n in range(len(rows))]
    for row in found.rows:
        assert "\\u0000" not in json.dumps([row.cells, dict(row.said)])
        if not row.wrong:
            assert all(row.said[c.key] for c in form.columns if c.needed)


def test_the_leaf_with_the_titles_is_found_and_what_was_passed_over_is_told() -> None:
    titles = [*kit.titled("residents")[0], "备注", "结果", "需要改正"]
    leaves = [
        Table("说明", [Row(1, ("请先看说明",))]),
        Table("数据", [Row(2, tuple(titles)), Row(5, ("P1", None, "王"))]),
    ]
    found = parse(leaves, FORMS["residents"], CHECKS["residents"], TODAY)
    assert (found.unknown, [row.number for row in found.rows], found.at["name"]) == (("备注",), [5], 2)
    with pytest.raises(SheetFault, match=r"sheet\.nothing"):
        parse([leaves[0], Table("", [Row(2, tuple(titles))])], FORMS["residents"], None, TODAY)
    with pytest.raises(SheetFault, match=r"sheet\.columns_missing"):
        parse([leaves[0], Table("", [Row(1, ("居民编号", "性别"))])], FORMS["residents"], None, TODAY)


def test_rows_are_compared_with_those_above() -> None:
    one, two = kit.resident(1), kit.resident(2)
    assert read("residents", one, two, one, kit.resident(2, number="X")) == [
        [], [], [("number", "row.twice"), ("id_number", "row.twice")], [("id_number", "row.twice")],
    ]  # fmt: skip
    person = {"number": "N1", "name": "李", "uscc": "u", "since": "2026-01-01"}
    rows = [person | {"role": "nurse"}, person | {"role": "医师", "sex": "女"}, person | {"role": "药师", "name": "张"}]
    assert read("staff", *rows, rows[0]) == [[], [], [("name", "row.unlike")], [("number", "row.twice")]]


def test_what_contradicts_itself() -> None:
    assert read("residents", kit.resident(1, birth_date="1985-03-16", sex="女", archive="1", certificate="R1")) == [
        [
            ("birth_date", "id_birth_mismatch"),
            ("sex", "id_sex_mismatch"),
            ("archive", "row.archive"),
            ("certificate", "row.certificate"),
        ]
    ]
    assert read("residents", {"number": "P1", "name": "王"}) == [[("birth_date", "row.birth")]]
    for parents, column in (
        ({"mother": "李", "father": "李"}, "mother"),
        ({"father": kit.resident(1)["name"]}, "father"),
    ):
        assert read("residents", kit.resident(1, **parents)) == [[(column, "row.parent")]]
    cases = {
        ("row.pressure", "diastolic"): {"systolic": "120"},
        ("row.pressure", "systolic"): {"diastolic": "80"},
        ("row.pressure_order", "diastolic"): {"systolic": "80", "diastolic": "120"},
        ("row.glucose", "timing"): {"glucose": "6"},
        ("row.nothing", ""): {},
    }
    for (code, column), said in cases.items():
        assert [(c, k) for c, k, _ in wrong_followup(said)] == [(column, code)], said
    assert not list(wrong_followup({"systolic": "120", "diastolic": "80", "glucose": "6", "timing": "fasting"}))


def test_a_patient_keeps_what_a_sheet_leaves_empty() -> None:
    before = {
        "resourceType": "Patient", "id": "x", "name": [{"text": "王甲"}], "gender": "female",
        "telecom": [{"system": "email", "value": "a@b"}, {"system": "phone", "value": "1"}],
        "identifier": [{"system": "urn:x", "value": "7"}, {"system": fhir.patient_system("u"), "value": "P1"}],
    }  # fmt: skip
    assert fhir.patient({"number": "P1", "name": "王甲"}, "u", before) == before
    made = fhir.patient(
        {"number": "P1", "name": "王乙", "phone": "2", "archive": "3", "certificate": "R4"}, "u", before
    )
    assert made["telecom"] == [{"system": "email", "value": "a@b"}, {"system": "phone", "value": "2"}]
    assert [n["value"] for n in made["identifier"]] == ["7", "P1", "3", "R4"]
    assert (made["name"], made["gender"]) == ([{"text": "王乙"}], "female")


def test_parents_are_contacts_of_their_relation() -> None:
    said = {"number": "P1", "name": "王甲", "mother": "李一", "father": "王一"}
    made = fhir.patient(said, "u", None)
    assert [(g.name, g.relation) for g in residents.incoming(made | {"id": "x"}, uuid4()).guardians] == [
        ("李一", "MTH"),
        ("王一", "FTH"),
    ]
    [mother, father] = made["contact"]
    aunt = {"name": {"text": "李二"}, "relationship": [{"text": "姨"}]}
    before = made | {"contact": [father, mother | {"telecom": [{"system": "phone", "value": "1"}]}, aunt]}
    assert fhir.patient({"number": "P1", "name": "王甲"}, "u", before) == before
    assert fhir.patient(said | {"father": ""}, "u", before)["contact"] == [father, aunt, before["contact"][1]]
    other = fhir.patient(said | {"mother": "李三"}, "u", before)["contact"]
    assert [(c["name"]["text"], "telecom" in c) for c in other] == [("李二", False), ("李三", False), ("王一", False)]
