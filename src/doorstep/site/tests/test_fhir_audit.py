"""The trail as AuditEvents at the real door: for those who may read it alone, by every parameter, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest

from doorstep.kernel import clock, trail
from doorstep.kernel.call import Call
from doorstep.kernel.ids import new_id
from doorstep.kernel.models import TrailLine
from doorstep.kernel.testing import callers
from doorstep.registers.staff import api as staff_api
from tests.door import RunningDoor, running, two_keys

pytestmark = pytest.mark.django_db(transaction=True)
RESIDENT, OTHER, WANG, LI = new_id(), new_id(), new_id(), new_id()


def write(who: object, name: str, action: str, **more: object) -> None:
    trail.write(Call(f"staff:{who}", name, clock.now(), callers.stranger().scope, organisation=OTHER), action, **more)


def ids(door: RunningDoor, query: str) -> list[str]:
    """What was found of the lines that the test wrote (looking itself leaves lines)."""
    answer = door.get(f"AuditEvent?{query}")
    assert answer.status_code == 200, answer.text
    said = [entry["resource"] for entry in answer.json().get("entry", []) if entry["search"]["mode"] == "match"]
    return [each["entity"][-1]["what"]["identifier"]["value"] for each in said if "what" in each["entity"][-1]]


@pytest.fixture
def key() -> str:
    return two_keys()["a"][1]


@pytest.fixture
def auditor(key: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningDoor]:
    monkeypatch.setattr(staff_api, "SOURCE_PERMISSIONS", staff_api.SOURCE_PERMISSIONS | {"trail.read"})
    write(WANG, "王芳", "charts.read", subject=("Thing", "1"), resident=RESIDENT, detail={"days": 3})
    write(LI, "李四", "residents.edit", subject=("Thing", "2"), resident=OTHER)
    write(LI, "李四", "staff.sign_in", subject=("Thing", "3"))
    write(WANG, "王芳", "exchange.export", subject=("Thing", "4"), outcome="refused", detail={"reason": "permission"})
    with running(key) as door:
        yield door


QUERIES = {
    f"agent=Practitioner/{WANG}": "41",
    f"agent={LI}": "32",
    f"agent=staff:{WANG},staff:{LI}": "4321",
    "agent=Device/1": "",
    f"agent-name={quote('王')}": "41",
    f"agent-name={quote('王,李')}&action=R": "1",
    "agent-name=%25": "",
    f"patient={RESIDENT}": "1",
    f"patient=Patient/{RESIDENT},{OTHER}": "21",
    "patient=nobody": "",
    "entity=Thing/3": "3",
    "action=U": "2",
    f"action=E&agent={WANG}": "4",
    "outcome=4": "4",
    f"outcome=0&agent={WANG}": "1",
    "outcome=8": "",
    "type=110114": "3",
    "type=http://dicom.nema.org/resources/ontology/DCM|110106": "4",
    "type=urn:other|110106": "",
    f"type=110110&patient={RESIDENT}": "1",
    f"date=ge2020-01-01&agent={WANG}": "41",
    f"date=lt2020-01-01&agent={WANG}": "",
    f"date=ge2020&date=lt2021&agent={WANG}": "",
}


def test_each_parameter_finds_what_it_says(auditor: RunningDoor) -> None:
    for query, wanted in QUERIES.items():
        assert "".join(ids(auditor, query)) == wanted, query
    today = f"{clock.today():%Y-%m-%d}"
    assert "".join(ids(auditor, f"date={today}&agent={WANG}")) == "41"
    assert ids(auditor, f"date=ne{today}&agent={WANG}") == []


def test_pages_hold_while_others_write(auditor: RunningDoor) -> None:
    for number in range(5, 12):
        write(WANG, "王芳", "charts.read", subject=("Thing", str(number)))
    seen, url = [], f"/fhir/AuditEvent?agent={WANG}&_count=4"
    while url:
        answer = auditor.get(url).json()
        seen += [e["resource"]["entity"][-1]["what"]["identifier"]["value"] for e in answer["entry"]]
        write(WANG, "王芳", "charts.read", subject=("Thing", "new"))
        following = [link["url"] for link in answer["link"] if link["relation"] == "next"]
        url = following[0].removeprefix("http://testserver") if following else ""
    assert seen == [*map(str, range(11, 4, -1)), "4", "1"]
    assert auditor.get(f"AuditEvent?agent={LI}&_count=4&_cursor=x").status_code == 400


def test_one_is_read_by_its_id_and_all_is_trailed(auditor: RunningDoor) -> None:
    found = auditor.get(f"AuditEvent?agent={LI}&entity=Thing/2").json()["entry"][0]["resource"]
    answer = auditor.get(f"AuditEvent/{found['id']}")
    assert answer.json() == found
    xml = auditor.get(f"AuditEvent/{found['id']}", headers={"accept": "application/fhir+xml"})
    assert '<AuditEvent xmlns="http://hl7.org/fhir">' in xml.text
    for ident in ("trail-1-1", "trail-99999999999999999-1", "nothing", found["id"] + "0"):
        assert auditor.get(f"AuditEvent/{ident}").status_code == 404, ident
    lines = TrailLine.objects.filter(subject_type="AuditEvent").values_list("action", flat=True)
    assert sorted(lines) == ["fhir.read"] * 6 + ["fhir.search"]


@pytest.mark.parametrize(
    "query", ["date=yesterday", "date=ap2026", "entity=Thing", "agent=,", "_count=x", "patient=a%00"]
)
def test_what_cannot_be_searched_for_is_refused(auditor: RunningDoor, query: str) -> None:
    assert auditor.get(f"AuditEvent?{query}").status_code == 400


def test_what_is_not_known_is_said_or_refused(auditor: RunningDoor) -> None:
    notes = auditor.get("AuditEvent?colour=red").json()["entry"][-1]
    assert notes["search"]["mode"] == "outcome"
    assert "colour" in str(notes["resource"])
    assert auditor.get("AuditEvent?colour=red", headers={"prefer": "handling=strict"}).status_code == 400


def test_nobody_writes_it_at_the_door(auditor: RunningDoor) -> None:
    line = TrailLine.objects.count()
    event = {"resourceType": "AuditEvent", "id": "trail-1-1"}
    for method, path in (("POST", "AuditEvent"), ("PUT", "AuditEvent/trail-1-1"), ("DELETE", "AuditEvent/trail-1-1")):
        answer = auditor.send(method, path, event if method != "DELETE" else None)
        assert answer.status_code == 405, method
    assert TrailLine.objects.count() == line


def test_a_source_sees_what_it_has_sent_and_nothing_of_the_trail(key: str) -> None:
    write(WANG, "王芳", "charts.read", subject=("Thing", "1"), resident=RESIDENT)
    line = TrailLine.objects.latest("at")
    with running(key) as door:
        assert "entry" not in door.get(f"AuditEvent?agent-name={quote('王')}").json()
        from doorstep.insight.trail.fhir import key as ident

        assert door.get(f"AuditEvent/{ident(line.at, line.pk)}").status_code == 404


def test_a_search_that_takes_too_long_is_ended(auditor: RunningDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    from doorstep.insight.trail.reads import events as reads

    monkeypatch.setitem(reads.PARAMETERS, "date", lambda value: ("pg_sleep(9) IS NULL", []))
    monkeypatch.setattr(reads, "SECONDS", 0.2)
    assert auditor.get("AuditEvent?date=2026").status_code == 503
