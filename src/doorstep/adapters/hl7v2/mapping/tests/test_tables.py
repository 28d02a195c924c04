"""Tables as data: the standard set meets its own cases, a mapper's change works, a mapper's mistake is told."""

from __future__ import annotations

import json

import pytest

from doorstep.adapters.hl7v2.mapping import TablesWrong, cases_of, preview, prove, standard, standard_files, tables_of
from doorstep.adapters.hl7v2.mapping.tests.kit import CONTEXT, changed, message, oru, resources

FILES = standard_files()
CASES = cases_of(FILES)


@pytest.mark.parametrize("name", CASES)
def test_the_standard_tables_meet_their_cases(name):
    assert prove(standard(), *CASES[name], CONTEXT) == []


def test_every_table_of_messages_has_a_case():
    kinds = {(p.split("|")[8].split("^")[0], p.split("|")[8].split("^")[1]) for p, _ in CASES.values()}
    tables = {standard().kind(*kind).table for kind in kinds}
    assert tables >= set(standard().messages) - {"SPECIMEN"}


def test_they_say_which_they_are():
    assert standard().version == "standard 2026.1"
    assert preview(oru("OBX|1|NM|1||1"), standard(), CONTEXT).converted.tables == "standard 2026.1"


class TestChanges:
    def test_a_mapper_changes_a_line_and_needs_no_code(self):
        """An own segment: its second field is the patient's occupation, kept as an extension."""
        tables = tables_of(
            {
                **FILES,
                "segments/ZPI.csv": "field,when,to,path,as,values,note\n"
                "=http://example.org/occupation,2,patient,extension[o].url,,,\n"
                "2,,patient,extension[o].valueString,,,职业\n",
            }
        )
        raw = message("ADT^A28", "PID|1||7^^^H^MR||王", "ZPI|1|教师")
        [patient] = resources(raw, "Patient", tables=tables)
        assert patient["extension"] == [{"url": "http://example.org/occupation", "valueString": "教师"}]
        assert "extension" not in resources(raw, "Patient")[0]

    def test_a_value_map(self):
        tables = changed("values/gender.csv", add="X,other,本院的第三类\n")
        raw = message("ADT^A28", "PID|1||7^^^H^MR||王|||X")
        assert resources(raw, "Patient", tables=tables)[0]["gender"] == "other"
        found = preview(raw, standard(), CONTEXT)
        assert [(p.reason, p.place) for p in found.converted.problems] == [("unmapped-value", "PID-8")]

    def test_a_case_that_is_not_met_says_where(self):
        text, expected = CASES["adt-person"]
        wanted = json.loads(expected)
        wanted[0]["gender"] = "male"
        wanted[0]["name"].append({"text": "别名"})
        assert prove(standard(), text, json.dumps(wanted), CONTEXT) == [
            "[0].name: 2 expected, 1 found",
            "[0].gender: 'male' expected, 'female' found",
        ]
        assert prove(standard(), text, "[", CONTEXT)[0].startswith("the expectation cannot be read")
        assert prove(standard(), "PID|1", expected, CONTEXT) == [
            f": {json.loads(expected)!r} expected, {{'refused': 'no-header', 'place': 'byte 0'}} found"
        ]


WRONG = {
    "columns": ("segments/PID.csv", ("field,when", "when,field"), "segments/PID.csv:1: the columns must be"),
    "cells": ("values/gender.csv", ("M,male,", "M,male"), "values/gender.csv:2: there must be 3 cells"),
    "a source": ("segments/PID.csv", ("\n3,,", "\nPID.3,,"), "segments/PID.csv:2: no source: PID.3"),
    "a context": ("segments/PID.csv", ("$institution", "$nobody"), "the context knows no $nobody"),
    "a condition": ("segments/OBX.csv", ("2=CE|", "2 is CE|"), "no condition: 2 is CE|CWE|CNE|CF|IS|ID"),
    "an expression": ("segments/AIS.csv", ("~(?i)(m|", "~((m|"), "no regular expression"),
    "a path": ("segments/PID.csv", ("birthDate", "birth date"), "no path: birth date"),
    "a resource": ("segments/PID.csv", ("3,,patient", "3,,person"), "no message makes a person"),
    "a reference": ("segments/OBX.csv", ("@patient", "@person"), "no message makes a person"),
    "a conversion": ("segments/PID.csv", ("birthDate,date", "birthDate,day"), "no conversion or datatype day"),
    "a map": ("segments/PID.csv", ("code,gender", "code,sex"), "no value map sex"),
    "a write": ("messages/ADT.csv", (",update,", ",overwrite,"), "write is one of update, create, put, each"),
    "a key": ("messages/ADT.csv", ("@patient+44.1", "@patient+a.b"), "no source: a.b"),
    "a place within": (
        "messages/RESULT.csv",
        (",report,status", ",reports,status"),
        "messages/RESULT.csv: no reports is made here",
    ),
    "a table": ("kinds.csv", (",RESULT,", ",RESULTS,"), "no table messages/RESULTS.csv"),
    "a conversion outwards": ("outbound/ADT.csv", ("[],identifier,", "[],number,"), "no field or conversion: 3 number"),
    "a map outwards": ("outbound/ADT.csv", ("gender-out", "sex-out"), "outbound/ADT.csv: no value map sex-out"),
    "a version": ("tables.toml", ("version", "edition"), "tables.toml: name and version"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_is_told_with_its_file_and_line(name):
    file, change, fault = WRONG[name]
    with pytest.raises(TablesWrong) as refused:
        changed(file, change)
    assert any(fault in each for each in refused.value.faults), refused.value.faults


def test_all_mistakes_are_told_at_once():
    with pytest.raises(TablesWrong) as refused:
        tables_of({"kinds.csv": "a,b\n", "values/x.csv": "from,to,note\n1\n"})
    assert len(refused.value.faults) == 3
