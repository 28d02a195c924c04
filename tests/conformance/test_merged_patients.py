"""Merge and unmerge as other systems and people see them: golden Patients at the door, addresses that lead on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from doorstep.kernel import outbox
from doorstep.kernel.testing import callers
from tests.door import RunningDoor, running, two_keys

pytestmark = pytest.mark.django_db(transaction=True)
ONE = {"resourceType": "Patient", "name": [{"text": "欧阳若兰"}], "birthDate": "1980-01-02", "gender": "female"}
OTHER = {"resourceType": "Patient", "name": [{"text": "司马相如"}], "birthDate": "1955-07-08", "gender": "male"}


def links(patient: dict[str, Any]) -> set[tuple[str, str]]:
    return {(each["type"], each["other"]["reference"]) for each in patient.get("link", ())}


def put_two(door: RunningDoor) -> tuple[UUID, UUID]:
    """Two patients; their residents."""
    from doorstep.registers.residents import api as residents

    for key, body in (("p1", ONE), ("p2", OTHER)):
        assert door.send("PUT", f"Patient/{key}", {**body, "id": key}).status_code == 201
    found = residents.residents_of(["p1", "p2"])
    assert len(set(found.values())) == 2
    return found["p1"], found["p2"]


def test_the_door_tells_of_merge_and_unmerge() -> None:
    from doorstep.registers.residents import api as residents

    with running(two_keys()["a"][1]) as door:
        kept, gone = put_two(door)
        assert door.get(f"Patient/{kept}").status_code == 404
        merge = residents.merge(callers.system(), kept=kept, gone=gone)
        outbox.drain()
        first, second = door.get(f"Patient/{kept}").json(), door.get(f"Patient/{gone}").json()
        assert (first["active"], second["active"]) == (True, False)
        assert links(first) == {("replaces", f"Patient/{gone}"), ("seealso", "Patient/p1"), ("seealso", "Patient/p2")}
        assert links(second) == {("replaced-by", f"Patient/{kept}")}
        linked = door.get(f"Patient?link=Patient/{gone}").json()["entry"]
        assert [each["resource"]["id"] for each in linked] == [str(kept)]
        shown = door.get(f"Patient/{kept}/_history").json()
        residents.unmerge(callers.system(), merge=merge)
        outbox.drain()
        first, second = door.get(f"Patient/{kept}").json(), door.get(f"Patient/{gone}").json()
        assert (first["active"], second["active"]) == (True, True)
        assert (links(first), links(second)) == ({("seealso", "Patient/p1")}, {("seealso", "Patient/p2")})
        again = door.get(f"Patient/{kept}/_history").json()
        assert again["total"] == shown["total"] + 1


def test_records_of_one_person_are_cross_referenced_after_a_merge() -> None:
    from doorstep.registers.residents import api as residents

    with running(two_keys()["a"][1]) as door:
        kept, gone = put_two(door)
        for key, body in (("p1", ONE), ("p2", OTHER)):
            numbered = {**body, "id": key, "identifier": [{"system": "urn:mr", "value": key}]}
            assert door.send("PUT", f"Patient/{key}", numbered).status_code == 200
        alone = door.get("Patient/$ihe-pix?sourceIdentifier=urn:mr|p1").json()["parameter"]
        residents.merge(callers.system(), kept=kept, gone=gone)
        both = door.get("Patient/$ihe-pix?sourceIdentifier=urn:mr|p1").json()["parameter"]
        told = [each["valueIdentifier"]["value"] for each in both if each["name"] == "targetIdentifier"]
        assert (len(alone), told) == (1, ["p2"])


def test_old_addresses_lead_on(as_caller: Any) -> None:
    from doorstep.registers.residents import api as residents

    with running(two_keys()["a"][1]) as door:
        kept, gone = put_two(door)
        about = {"subject": {"reference": "Patient/p2"}}
        note = {"resourceType": "Condition", "id": "c2", "code": {"text": "高血压"}, **about}
        assert door.send("PUT", "Condition/c2", note).status_code == 201
    merge = residents.merge(callers.system(), kept=kept, gone=gone)
    as_caller(callers.system())
    client = Client()
    answer = client.get(f"/residents/{gone}/", follow=True)
    assert answer.redirect_chain == [(f"/residents/{kept}/", 302)]
    assert "已合并" in answer.content.decode()
    for resident in (kept, gone):
        html = client.get(f"/charts/{resident}/", follow=True).content.decode()
        assert "欧阳若兰" in html
        assert "高血压" in html
    residents.unmerge(callers.system(), merge=merge)
    assert client.get(f"/residents/{gone}/").status_code == 200
    html = client.get(f"/charts/{gone}/").content.decode()
    assert "司马相如" in html
    assert "高血压" in html
    assert "高血压" not in client.get(f"/charts/{kept}/").content.decode()
