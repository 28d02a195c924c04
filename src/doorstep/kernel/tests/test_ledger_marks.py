"""Marks of sensitive kinds in the ledger: they pass along references, whichever comes first, and can be made anew."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from django.db import connection, transaction

from doorstep.kernel import ledger, ledger_marks, reindex
from doorstep.kernel.fhir_index import index_of
from doorstep.kernel.ids import new_id

pytestmark = pytest.mark.django_db
Json = dict[str, Any]
AT, MINE = datetime(2026, 11, 1, tzinfo=UTC), new_id()
WHO = {"subject": {"reference": "Patient/p"}}
VISIT = {"encounter": {"reference": "Encounter/e"}}
LOW = {"resourceType": "Condition", "id": "low", **WHO, "code": {"coding": [{"code": "F32.9"}]}}
ENCOUNTER = {"resourceType": "Encounter", "id": "e", "status": "finished", **WHO}
DIAGNOSED = ENCOUNTER | {"diagnosis": [{"condition": {"reference": "Condition/low"}}]}
SUGAR = {"resourceType": "Observation", "id": "o", **WHO, **VISIT, "code": {"coding": [{"code": "15074-8"}]}}
PILL = {"resourceType": "MedicationRequest", "id": "m", **WHO, "reasonReference": [{"reference": "Condition/low"}]}
OTHER = {"resourceType": "Observation", "id": "x", **WHO, "code": {"text": "血糖"}}
KINDS = ("Condition", "Encounter", "Observation", "MedicationRequest")


def write(*resources: Json) -> None:
    with transaction.atomic():
        ledger.write(
            [
                ledger.Fresh(r["resourceType"], r["id"], orjson.dumps(r), MINE, 7, index_of(r["resourceType"], r))
                for r in resources
            ],
            AT,
        )


def ask(query: str) -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return dict(cursor.fetchall())


def marks() -> dict[str, int]:
    return ask(" UNION ALL ".join(f"SELECT id, sensitive FROM fhir_{kind.lower()}" for kind in KINDS))


ALL = {"low": 4, "e": 4, "o": 4, "m": 4, "x": 0}


def test_what_refers_to_something_sensitive_is_so_too() -> None:
    write(OTHER, SUGAR, PILL, DIAGNOSED, LOW)
    assert marks() == ALL
    assert ask("SELECT id, sensitive FROM fhir_observation_code") == {"o": 4}


def test_what_comes_later_is_marked_by_what_is_there() -> None:
    write(LOW, DIAGNOSED)
    write(OTHER, SUGAR, PILL)
    assert marks() == ALL


def test_what_came_before_is_marked_by_what_comes() -> None:
    write(LOW | {"code": {"text": "待查"}}, ENCOUNTER, SUGAR, OTHER)
    assert marks() == {"low": 0, "e": 0, "o": 0, "x": 0}
    write(LOW, DIAGNOSED)
    assert marks() == {"low": 4, "e": 4, "o": 4, "x": 0}
    assert ask("SELECT id, sensitive FROM fhir_observation_code") == {"o": 4}
    assert ask("SELECT id, sensitive FROM fhir_past") == {"low": 0, "e": 0}


def test_what_two_wrote_at_the_same_moment_is_caught_up_with() -> None:
    write(LOW, ENCOUNTER, SUGAR, OTHER)
    write(DIAGNOSED)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE fhir_observation SET sensitive = 0")
        cursor.execute("UPDATE fhir_encounter SET updated = now()")
        assert ledger_marks.catch_up(cursor.cursor, 600) == 1
    assert marks() == {"low": 4, "e": 4, "o": 4, "x": 0}


def test_what_was_never_weighed_is_when_the_index_is_made_anew() -> None:
    write(OTHER, SUGAR, PILL, DIAGNOSED, LOW)
    with connection.cursor() as cursor:
        for kind in KINDS:
            cursor.execute(f"UPDATE fhir_{kind.lower()} SET sensitive = -1")
        cursor.execute("UPDATE fhir_index SET version = 3")
    assert {each.type: each.changed for each in reindex.run() if each.done and each.type in KINDS} == {
        "Condition": 1, "Encounter": 1, "Observation": 2, "MedicationRequest": 1,
    }  # fmt: skip
    assert marks() == ALL
