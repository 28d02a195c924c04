"""What a key of one institution asks of the FHIR door to see another's: searches, links, operations, exports."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.two_sides import WORD, clinical, number, patient
from tests.served import Served, entry, following, ids, json_of, served

__all__ = ["served"]
pytestmark = pytest.mark.django_db

THEIRS = ("pb", "ob", "cb", "eb", "yb", "mb")
"""The ids of what B sent; none may ever stand in an answer to A that did not ask for it by name."""
B_NUMBER = number(11, 1)

SEARCHES = (
    # named, or by what it says
    "Patient?_id=pb", f"Patient?identifier={B_NUMBER}", f"Patient?name={WORD}", f"Patient?_content={WORD}",
    f"Patient?address={WORD}", "Observation?_id=ob", "Observation?subject=Patient/pb", "Observation?patient=pb",
    f"Condition?code:text={WORD}", f"Observation?value-string={WORD}", "Patient?_lastUpdated=gt2000-01-01",
    # chains and reverse chains, over one link and more
    f"Observation?subject:Patient.name={WORD}", f"Observation?patient.identifier={B_NUMBER}",
    f"Observation?subject:Patient.organization.name={WORD}", "Observation?encounter:Encounter.patient=pb",
    "Patient?_has:Observation:patient:code=8480-6", "Patient?_has:Observation:subject:_id=ob",
    f"Patient?_has:Condition:patient:code:text={WORD}",
    "Patient?_has:Encounter:patient:_has:Observation:encounter:_id=ob",
    # what comes with it
    "Observation?_id=ob,oa&_include=Observation:subject", "Observation?_include=*&_id=oa",
    "Patient?_revinclude=Observation:subject", "Patient?_id=pb,pa&_revinclude=*",
    "Observation?_include=Observation:subject&_include:iterate=Patient:link&_revinclude:iterate=Condition:subject",
    # all types, compartments, records, histories
    "?_type=Patient,Observation&_id=pb,ob", "Patient/pb/Observation", "Patient/pb/*", "Patient/pb/_history",
    "Patient/pb/_history/1", "_history", "Patient/_history", "Observation/_history?_count=1000",
    "_history?_since=2000-01-01",
    "Patient/pb/$everything", "Patient/$everything?_count=1000", "Encounter/eb/$everything", "Patient/pb/$summary",
    "Observation/$lastn?patient=pb", "Observation/$stats?subject=pb&code=8480-6&statistic=count",
    # other orders, other forms, counts
    "Patient?_sort=-_lastUpdated&_count=1000", "Patient?_summary=count&_id=pb",
    "Observation?_total=accurate&subject=pb",
    "Patient?_elements=name&_count=1000", f"Patient?_filter=name eq {WORD}",
    "Patient?_list=$current-problems&patient=pb",
)  # fmt: skip


@pytest.fixture
def both(served: Served) -> Served:
    """The door, with what A and B have sent; A's own records point at B's things by their right names."""
    if served.get("Patient/pa").status_code == 200:
        return served
    put(served, served.key_a, patient("pa", number(10, 1), "甲"), *clinical("a", "pa", "甲"))
    put(served, served.key_b, patient("pb", B_NUMBER, WORD), *clinical("b", "pb", WORD), *clinical("b2", "pb", WORD))
    put(served, served.key_b, {"resourceType": "Group", "id": "gb", "type": "person", "actual": True,
                               "member": [{"entity": {"reference": "Patient/pb"}}]})  # fmt: skip
    pointing = {"resourceType": "Observation", "id": "oo", "status": "final", "code": {"text": "指"},
                "subject": {"reference": "Patient/pb"}, "encounter": {"reference": "Encounter/eb"},
                "hasMember": [{"reference": "Observation/ob"}]}  # fmt: skip
    served.send("PUT", "Observation/oo", pointing)
    return served


def put(served: Served, key: str, *resources: dict[str, Any]) -> None:
    """Write as the institution whose key it is."""
    for each in resources:
        answer = served.send("PUT", f"{each['resourceType']}/{each['id']}", each, key=key)
        assert answer.status_code in (200, 201), answer.text


def told(answer: Any, asked: str) -> list[str]:
    """What of B an answer gives away."""
    text = answer.text.replace(asked, "")
    shown = [f"{key}" for key in THEIRS if f'"id":"{key}"' in text or f'"id": "{key}"' in text]
    return (
        [WORD] if f'"{WORD}' in text and answer.status_code == 200 and "searchset" in text and shown else []
    ) + shown


@pytest.mark.parametrize("how", ["get", "post", "batch"])
def test_no_search_leaves_the_bounds(both: Served, how: str) -> None:
    """By address, by POST _search and within a batch: nothing of B is shown or counted."""
    bad = []
    for asked in SEARCHES:
        answer = _ask(both, how, asked)
        if answer is None:
            continue
        if answer.status_code >= 500:
            bad.append(f"{asked}: {answer.status_code}")
        bad += [f"{asked}: {found}" for found in told(answer, asked)]
        if answer.status_code == 200 and how != "batch" and "_id=pb" in asked and "pa" not in asked:
            bad += [f"{asked}: counts {n}" for n in [json_of(answer).get("total", 0)] if n]
    assert not bad, "\n".join(bad)


def _ask(both: Served, how: str, asked: str) -> Any:
    path, _, query = asked.partition("?")
    if how == "get":
        return both.get(asked if path else f"/fhir?{query}")
    if how == "batch":
        return both.bundle("batch", entry("GET", asked)) if path else None
    if not query or "$" in path or "_history" in path or "/" in path:
        return None
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return both.send("POST", f"{path}/_search" if path else "/fhir/_search", query.encode(), headers=form)


def test_the_searches_do_find_where_one_may(both: Served) -> None:
    """The test above can fail: with B's own key most of these find B's things."""
    found = [
        asked for asked in SEARCHES if told(both.get(asked if asked[0] != "?" else f"/fhir{asked}", key=both.key_b), "")
    ]
    assert len(found) >= 20, found


def test_a_chain_is_no_oracle(both: Served) -> None:
    """A's own record that points at B's patient is not found by what B's patient is called or has."""
    asked = (f"subject:Patient.name={WORD}", f"patient.identifier={B_NUMBER}", "encounter:Encounter.patient=pb",
             "has-member:Observation.code=8480-6", "subject:Patient._has:Condition:patient:code=8480-6")  # fmt: skip
    for query in asked:
        answer = both.get(f"Observation?_id=oo&{query}")
        assert answer.status_code >= 400 or not ids(answer), (query, answer.text)
    assert ids(both.get("Observation?_id=oa&subject:Patient.name=甲")) == ["Observation/oa"]


def test_a_link_to_the_next_page_opens_nothing_for_another(both: Served) -> None:
    """B's links, followed with A's key: A's own records at most, and never B's."""
    for start in ("Observation?_count=1&_sort=_id", "Patient/pb/$everything?_count=1", "Observation/_history?_count=1"):
        link = following(both.get(start, key=both.key_b))
        if link is None:
            assert "everything" in start, start
            continue
        mine = both.get(link)
        assert mine.status_code in (200, 400, 404), (start, mine.text)
        assert WORD not in mine.text.replace(link, ""), start
        assert both.get(link, key=both.key_b).status_code == 200


def test_an_export_is_of_its_own_institution_alone(both: Served) -> None:
    """A group of B cannot be exported by A, and B's export is neither seen nor fetched nor ended by A."""
    wanting = {"Prefer": "respond-async"}
    assert both.get("Group/gb/$export", headers=wanting).status_code == 404
    begun = both.get("$export", key=both.key_b, headers=wanting)
    assert begun.status_code == 202, begun.text
    ident = begun.headers["content-location"].rpartition("/")[2]
    assert both.get(f"$export-status/{ident}").status_code == 404
    assert both.get(f"$export-file/{ident}/Patient.ndjson").status_code == 404
    assert both.send("DELETE", f"$export-status/{ident}").status_code == 404
    assert both.get(f"$export-status/{ident}", key=both.key_b).status_code == 202
