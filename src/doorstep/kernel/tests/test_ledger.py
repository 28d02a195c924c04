"""The ledger: versions to the byte, whose they are, and what two writers at once leave."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors

from doorstep.fhir.indexing import index, token_hash
from doorstep.fhir.reading import minify
from doorstep.kernel import ledger
from doorstep.kernel.testing.at_once import at_once

MINE, THEIRS = UUID(int=1), UUID(int=2)
AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
NO_INDEX = index("Basic", {})


def fresh(
    key: str, value: object = 1, *, source: UUID = MINE, kind: str = "Observation", deleted: bool = False, **more
):
    resource = {"resourceType": kind, "id": key, "note": [{"text": f"值 {value}"}], **more}
    body = json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
    return ledger.Fresh(kind, key, body, source, 7, index(kind, resource) if not deleted else NO_INDEX, deleted)


def outcomes(*rows: ledger.Fresh, at: datetime = AT) -> list[tuple[int, str]]:
    with transaction.atomic():
        return [(w.version, w.outcome) for w in ledger.write(rows, at)]


@pytest.mark.django_db
class TestVersions:
    def test_first_same_changed_and_back(self):
        assert outcomes(fresh("a")) == [(1, "created")]
        assert outcomes(fresh("a")) == [(1, "unchanged")]
        assert outcomes(fresh("a", 2), at=AT + timedelta(1)) == [(2, "updated")]
        assert outcomes(fresh("a", 1)) == [(3, "updated")]
        now = ledger.read("Observation", "a")
        assert (now.version, now.body, now.source, now.message) == (3, fresh("a").body, MINE, 7)
        before = ledger.past("Observation", "a")
        assert [(p.version, p.body) for p in before] == [(2, fresh("a", 2).body), (1, fresh("a").body)]
        assert [p.updated for p in before] == [AT + timedelta(1), AT]

    def test_several_versions_of_one_in_one_write_keep_their_order(self):
        assert outcomes(fresh("a"), fresh("b"), fresh("a", 2), fresh("a", 2), fresh("a", 3)) == [
            (1, "created"), (1, "created"), (2, "updated"), (2, "unchanged"), (3, "updated"),
        ]  # fmt: skip
        assert [p.version for p in ledger.past("Observation", "a")] == [2, 1]

    def test_what_is_deleted_stays_in_the_past_and_can_return(self):
        outcomes(fresh("a"))
        assert outcomes(fresh("a", deleted=True)) == [(2, "updated")]
        assert ledger.read("Observation", "a").deleted
        assert ledger.exist([("Observation", "a")]) == {}
        assert outcomes(fresh("a")) == [(3, "updated")]
        assert ledger.exist([("Observation", "a")]) == {("Observation", "a"): MINE}

    def test_what_was_never_there(self):
        assert ledger.read("Observation", "a") is None
        assert ledger.past("Observation", "a") == []
        assert outcomes() == []
        assert ledger.exist([]) == {}

    def test_only_types_of_r4_name_a_table(self):
        for kind in ("patient", "Nothing", 'Patient"; DROP TABLE fhir_patient; --', ""):
            with pytest.raises(KeyError):
                ledger.table(kind)

    @pytest.mark.parametrize(
        "statement", ["UPDATE fhir_past SET version = 9", "DELETE FROM fhir_past", "TRUNCATE fhir_past"]
    )
    def test_the_past_cannot_be_changed(self, statement):
        outcomes(fresh("a"), fresh("a", 2))
        with pytest.raises(psycopg.errors.RaiseException), transaction.atomic(), connection.cursor() as cursor:
            cursor.cursor.execute(statement)


@pytest.mark.django_db
class TestWhoseItIs:
    def test_another_source_s_id_is_not_written_and_nothing_else_either(self):
        outcomes(fresh("a"))
        with pytest.raises(ledger.Claimed) as claimed:
            outcomes(fresh("b", source=THEIRS), fresh("a", 2, source=THEIRS))
        assert claimed.value.keys == {("Observation", "a")}
        assert ledger.read("Observation", "b") is None
        assert ledger.read("Observation", "a").version == 1

    def test_the_same_id_of_another_type_is_another_thing(self):
        outcomes(fresh("a"))
        assert outcomes(fresh("a", kind="Basic", source=THEIRS)) == [(1, "created")]


@pytest.mark.django_db
class TestFound:
    def test_by_tokens_that_all_must_fit(self):
        said = [{"system": "urn:x", "value": "1"}, {"system": "urn:y", "value": "2"}]
        outcomes(
            fresh("a", identifier=said), fresh("b", identifier=said[:1]), fresh("c", identifier=said, deleted=True)
        )
        one, two = token_hash("identifier", "urn:x", "1"), token_hash("identifier", "urn:y", "2")
        both = [("a", MINE), ("b", MINE)]
        assert ledger.matching("Observation", [[one], [one, two], [0], [two]], 9) == [both, both[:1], [], both[:1]]
        assert ledger.matching("Observation", [[one]], 1) == [both[:1]]
        assert ledger.matching("Observation", [[two]] * (ledger.AT_ONCE + 1), 1)[-1] == both[:1]
        assert ledger.matching("Observation", [], 1) == []

    def test_the_narrow_table_follows_the_newest_version(self):
        def coded(code: str, whose: str) -> ledger.Fresh:
            return fresh(
                "a", code={"coding": [{"system": "urn:c", "code": code}]}, subject={"reference": f"Patient/{whose}"}
            )

        def narrow() -> set[tuple[int, str]]:
            with connection.cursor() as cursor:
                cursor.execute("SELECT code, patient FROM fhir_observation_code")
                return set(cursor.fetchall())

        outcomes(coded("1", "p"))
        assert narrow() == {(token_hash("code", "urn:c", "1"), "p"), (token_hash("code", None, "1"), "p")}
        outcomes(coded("2", "q"))
        assert narrow() == {(token_hash("code", "urn:c", "2"), "q"), (token_hash("code", None, "2"), "q")}
        outcomes(fresh("a", deleted=True))
        assert narrow() == set()


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=80)
JSON = st.recursive(
    TEXTS | st.integers() | st.booleans() | st.none(),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(TEXTS, x, max_size=3),
)


@pytest.mark.django_db
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JSON, st.sampled_from(["1.50", "1e3", "0.10", "-0", "12345678901234567890.5"]))
def test_bodies_come_back_to_the_byte(extra, number):
    text = json.dumps({"resourceType": "Basic", "id": "a", "x": extra}, ensure_ascii=False)
    body = minify(text.encode())[:-1] + f',"n":{number}}}'.encode()
    with transaction.atomic():
        ledger.write([ledger.Fresh("Basic", "a", body, MINE, None, NO_INDEX)], AT)
        ledger.write([ledger.Fresh("Basic", "a", body[:-1] + b',"m":1}', MINE, None, NO_INDEX)], AT)
        assert ledger.past("Basic", "a")[0].body == body
        assert ledger.read("Basic", "a").body == body[:-1] + b',"m":1}'
        transaction.set_rollback(True)


def test_a_digest_tells_deleted_from_empty():
    assert ledger.digest(b"{}") != ledger.digest(b"{}", deleted=True)
    assert len(ledger.digest(b"")) == 16


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def test_the_same_new_id_is_made_once_and_the_other_is_told(self):
        answers = at_once(*[lambda v=v: outcomes(fresh("a", v)) for v in range(6)])
        made = [a for a in answers if isinstance(a, list)]
        assert all(isinstance(a, list | IntegrityError) for a in answers), answers
        assert [(1, "created")] in made
        self.whole("a", 1 + sum(a != [(1, "created")] for a in made))

    def test_two_changes_of_one_never_share_a_version(self):
        outcomes(fresh("a"))
        for turn in range(1, 8):
            at_once(*[lambda v=(turn, side): outcomes(fresh("a", v)) for side in range(4)])
        self.whole("a", ledger.read("Observation", "a").version)

    def whole(self, key: str, version: int) -> None:
        numbers = [p.version for p in ledger.past("Observation", key)]
        assert ledger.read("Observation", key).version == version
        assert numbers == list(range(version - 1, 0, -1))

    def test_opposite_orders_do_not_wait_for_each_other_in_a_ring(self):
        keys = [f"k{n:02d}" for n in range(30)]
        outcomes(*[fresh(k) for k in keys])
        works = [lambda ks=ks, v=v: outcomes(*[fresh(k, v) for k in ks]) for v, ks in ((2, keys), (3, keys[::-1]))]
        answers = at_once(*works)
        assert not any(isinstance(a, errors.DeadlockDetected) or "deadlock" in str(a) for a in answers)
        assert any(isinstance(a, list) for a in answers)
