"""The tables: their own cases hold, what is wrong with a set is told by file and line, a changed line changes it."""

from __future__ import annotations

import json

import pytest

from doorstep.adapters.cda.mapping import TablesWrong, cases_of, convert, prove, standard, standard_files, tables_of
from doorstep.adapters.cda.tests import samples

FILES = standard_files()
CASES = cases_of(FILES)


@pytest.mark.parametrize("name", CASES)
def test_every_case_is_met(name):
    assert prove(standard(), *CASES[name], samples.CONTEXT) == []


def test_a_case_that_is_not_met_says_where():
    document, expected = CASES["ws500-summary"]
    told = prove(standard(), document, expected.replace("青霉素过敏", "磺胺过敏"), samples.CONTEXT)
    assert told == ["[3].code.text: '磺胺过敏' expected, '青霉素过敏' found"]
    assert prove(standard(), "<a/>", expected, samples.CONTEXT)
    assert prove(standard(), document, "{", samples.CONTEXT)[0].startswith("the expectation cannot be read")


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("resources.csv", ",put,", ",post,", "write is one of"),
        ("resources.csv", "identifier,identifier,", "nothing,identifier,", "no key: nothing"),
        ("resources.csv", ",sign,", ",signal,", "there is no resources/signal.csv"),
        ("resources/sign.csv", ",PQ,", ",QP,", "no conversion or datatype QP"),
        ("resources/sign.csv", "sign-codes", "no-codes", "no value map no-codes"),
        ("resources/sign.csv", "&patient", "&nobody", "nothing makes a nobody"),
        ("resources/sign.csv", "valueQuantity", "value Quantity", "no path: value Quantity"),
        ("resources/sign.csv", "code/@code,,", "co de/@code,,", "no source: co de/@code"),
        ("resources/sign.csv", "source,when", "source,if", "the columns must be"),
        ("links.csv", "result,report", "nothing,report", "nothing makes a nothing"),
        ("tables.toml", "name", "nome", "name and version"),
    ],
)
def test_a_mistake_is_told_with_its_place(name, old, new, told):
    assert old in FILES[name]
    with pytest.raises(TablesWrong) as wrong:
        tables_of({**FILES, name: FILES[name].replace(old, new, 1)})
    assert any(told in fault and fault.startswith(name.partition("/")[0]) for fault in wrong.value.faults)


def test_a_changed_line_changes_what_is_made():
    line = "10154-3,complaint,主诉\n"
    row = "observation,code/@code=DE04.01.119.00,complaint,Observation,put,place,status code,主诉\n"
    rows = "source,when,path,as,values,note\n=final,,status,,,\ncode,,code,CD,,\nvalue,,valueString,,,\n"
    mine = tables_of(
        {**FILES, "resources.csv": FILES["resources.csv"] + row, "resources/complaint.csv": rows}
    )  # fmt: skip
    assert line in FILES["sections.csv"]
    found = convert(samples.chinese(samples.COMPLAINT), mine, samples.CONTEXT)
    made = [e["resource"] for e in json.loads(found.body)["entry"] if e["resource"]["resourceType"] == "Observation"]
    assert [each["valueString"] for each in made] == ["头晕三天"]
    assert found.problems == []
