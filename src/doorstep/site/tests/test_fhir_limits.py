"""What protects the door: a statement that takes too long is ended, and nothing is shown that cannot be trailed."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.search.plan import Statement
from doorstep.fhir.search.walk import Steps
from doorstep.kernel.testing import callers
from doorstep.site import fhir_rows, fhir_trail
from tests.door import RunningDoor, running, two_keys

pytestmark = pytest.mark.django_db(transaction=True)
PATIENT = {"resourceType": "Patient", "id": "p1", "name": [{"text": "王小明"}]}


@pytest.fixture
def key() -> str:
    return two_keys()["a"][1]


def _sleeping(door: RunningDoor) -> Any:
    def steps() -> Steps[list[Any]]:
        rows = yield Statement("SELECT pg_sleep(60)", ())
        return rows

    async def run() -> Any:
        return await door.house.run(callers.system(), steps())

    return door.run(run())


def test_a_long_statement_is_ended_and_the_door_goes_on(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fhir_rows, "SECONDS", 1)
    with running(key) as door:
        assert door.send("PUT", "Patient/p1", PATIENT).status_code == 201
        with pytest.raises(FhirProblem) as told:
            _sleeping(door)
        assert (told.value.code, told.value.kind.status) == ("slow-search", 503)
        assert door.get("Patient/p1").status_code == 200


def test_what_cannot_be_trailed_is_not_shown(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Any) -> list[Any]:
        raise RuntimeError("the disk is full")

    with running(key) as door:
        door.send("PUT", "Patient/p1", PATIENT)
        monkeypatch.setattr(fhir_trail, "_columns", broken)
        for path in ("Patient/p1", "Patient?name=王", "Patient/p1/_history", "Patient/p1/$everything"):
            answer = door.get(path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1"), path
            assert "小明" not in answer.text


def test_a_page_that_is_not_full_says_so(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from doorstep.fhir.search import engine

    monkeypatch.setattr(engine, "SCANNED", 1)
    with running(key) as door:
        many = [
            {"resource": {"resourceType": "Patient"}, "request": {"method": "POST", "url": "Patient"}}
            for _ in range(150)
        ]
        door.send("POST", "", {"resourceType": "Bundle", "type": "batch", "entry": many})
        page = door.get("Patient?gender:missing=false&_count=50").json()
        assert [entry["search"]["mode"] for entry in page["entry"]] == ["outcome"]
        assert "next" in [link["relation"] for link in page["link"]]
