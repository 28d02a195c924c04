"""What an app that a resident let in can do at the FHIR door: read that resident's record, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from tests.attacks.test_widening import SEARCHES
from tests.faults.two_sides import WORD, clinical, number, patient
from tests.served import Json, Served, ids, said, served
from tests.smart import App, committed, let_in, register

__all__ = ["served"]
pytestmark = pytest.mark.django_db

ONE, OTHER = number(31, 1), number(32, 1)
HIV = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "B24"}], "text": "艾滋病"}


@dataclass
class World:
    """A resident known at A and B, an app, and another resident of A's."""

    served: Served
    app: App
    resident: UUID

    def token(self, scope: str) -> str:
        from doorstep.registers.portal.tests import factory as portal

        browser = committed(lambda: portal.client_of(self.resident))
        return str(committed(lambda: let_in(browser, self.app, scope))["access_token"])


@pytest.fixture(scope="module")
def world(served: Served, django_db_blocker: Any) -> Iterator[World]:
    from doorstep.registers.residents import api as residents

    with django_db_blocker.unblock():
        for key, who in ((served.key_a, "ra"), (served.key_b, "rb")):
            for each in [patient(f"p{who}", ONE, "同人"), *clinical(who, f"p{who}", "同人")]:
                put(served, key, each)
        for each in [patient("pro", OTHER, WORD), *clinical("ro", "pro", WORD)]:
            put(served, served.key_a, each)
        about = {"subject": {"reference": "Patient/prb"}, "code": HIV}
        put(served, served.key_b, {"resourceType": "Condition", "id": "hiv", **about})
        found = residents.residents_of(["pra", "prb"])
        assert found["pra"] == found["prb"]
        yield World(served, register(served.a), found["pra"])


def put(served: Served, key: str, each: Json) -> None:
    answer = served.send("PUT", f"{each['resourceType']}/{each['id']}", each, key=key)
    assert answer.status_code in (200, 201), answer.text


def test_one_s_own_record_from_everywhere(world: World) -> None:
    """Both institutions' records, of nobody else; what is specially protected is not handed to an app."""
    key = world.token("launch/patient patient/*.rs user/*.rs")
    assert sorted(ids(world.served.get("Patient", key=key))) == ["Patient/pra", "Patient/prb"]
    found = set(ids(world.served.get("Condition?_count=100", key=key)))
    assert {"Condition/cra", "Condition/crb"} <= found
    assert "Condition/hiv" not in found
    assert world.served.get("Condition/crb", key=key).status_code == 200
    assert world.served.get("Condition/hiv", key=key).status_code == 404
    assert world.served.get("Condition/hiv", key=world.served.key_b).status_code == 200
    assert world.served.get("Condition/cro", key=key).status_code == 404
    assert world.served.get("Patient/pro", key=key).status_code == 404


def test_no_search_tells_of_another(world: World) -> None:
    key = world.token("launch/patient patient/*.rs")
    told = [asked for asked in SEARCHES if f'"{WORD}' in world.served.get(asked, key=key).text]
    assert not told


def test_nothing_is_written_matched_or_exported(world: World) -> None:
    key = world.token("launch/patient patient/*.cruds user/*.cruds")
    new = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    mine = new | {"subject": {"reference": "Patient/pra"}}
    assert said(world.served.send("POST", "Observation", mine, key=key))[0] == 403
    assert world.served.send("PUT", "Patient/pra", patient("pra", ONE, "改"), key=key).status_code == 403
    assert world.served.send("DELETE", "Patient/pra", None, key=key).status_code == 403
    parameters = {
        "resourceType": "Parameters",
        "parameter": [{"name": "resource", "resource": patient("x", OTHER, "")}],
    }
    matched = world.served.send("POST", "Patient/$match", parameters, key=key)
    assert matched.status_code == 403 or not ids(matched)
    assert world.served.get("$export", key=key, headers={"Prefer": "respond-async"}).status_code == 403
    assert world.served.get("Patient/$export", key=key, headers={"Prefer": "respond-async"}).status_code == 403
