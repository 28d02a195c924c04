"""Several that send at the same time, with real transactions: what one writes the other finds."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from django.db import DataError, IntegrityError, OperationalError

from doorstep.kernel.testing.at_once import at_once
from doorstep.kernel.testing.callers import member, system
from doorstep.record.exchange import api, rules
from doorstep.record.exchange.actions import apply, intake
from doorstep.record.exchange.shapes import Piece
from doorstep.record.exchange.tests import kit
from doorstep.record.exchange.tests.kit import bundle, entry, key, observation, patient, send

PIECES = [kit.sound(n) for n in range(1, 25)] + [b"{", bundle("batch", entry(patient(3, birthDate="2999-01-01")))]


def taker(source, pieces: list[bytes]):
    return lambda: send(source, *pieces)


@pytest.fixture
def small(monkeypatch):
    """Batches of a few messages, so that there are many of them."""
    monkeypatch.setattr(rules, "BATCH_RESOURCES", 6)


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_the_same_messages_leave_what_one_sender_leaves(self, source, small):
        orders = [PIECES, PIECES, PIECES[::-1], random.Random(1).sample(PIECES, len(PIECES))]
        answers = at_once(*[taker(source, order) for order in orders])
        assert all(isinstance(a, list) and len(a) == len(PIECES) for a in answers), answers
        assert kit.messages().count() == len(PIECES)
        assert {v[1] for v in kit.ledger().values()} == {1}
        assert (kit.count("fhir_patient"), len(kit.people()), len(kit.aside())) == (24, 24, 2)
        # who came second got the receipt of the first, and the first was told of what it made
        made = Counter(r.message for answer in answers for r in answer if not r.repeated)
        assert set(made.values()) == {1}
        assert len(made) == len(PIECES)

    def test_new_versions_of_one_thing_are_each_one_version(self, source, small):
        send(source, kit.sound(1))
        changed = [kit.sound(1).replace(b"36.5", f"3{n}.25".encode()) for n in range(6)]
        answers = at_once(*[taker(source, [text]) for text in changed])
        assert all(isinstance(a, list) for a in answers), answers
        assert kit.ledger()["Observation", key(3)][1] == 7
        assert kit.count("fhir_past") == 6

    def test_two_sources_with_the_same_ids(self, source, other, small):
        answers = at_once(taker(source, PIECES), taker(other, PIECES[::-1]))
        assert all(isinstance(a, list) for a in answers), answers
        owners = Counter(owner for _, _, owner, _ in kit.ledger().values())
        assert owners == {source: 48, other: 48}
        assert len(kit.people()) == 24

    def test_one_condition_at_once_makes_one(self, source):
        about = f"identifier={kit.RESIDENT_ID}|{kit.resident_id(1)}"
        asked = [bundle("transaction", entry(patient(1, active=bool(n)), 50 + n, ifNoneExist=about)) for n in range(4)]
        answers = at_once(*[taker(source, [text]) for text in asked])
        assert all(isinstance(a, list) and a[0].state == "applied" for a in answers), answers
        assert kit.count("fhir_patient") == 1

    def test_mending_and_trying_again_at_once_is_done_once(self, source):
        from doorstep.kernel.decision import Refused
        from doorstep.record.exchange import actions

        send(source, bundle("collection", entry(observation(f"Patient/{key(2)}"), 9, None)))
        number = kit.messages().get(state="set_aside").pk
        send(source, kit.sound(1))
        answers = at_once(*[lambda: actions.retry(system(), message=number)] * 4)
        assert sum(isinstance(a, Refused) for a in answers) == 3
        assert kit.count("fhir_observation") == 2


@pytest.mark.django_db
class TestAccidents:
    def test_what_the_database_refuses_is_set_aside_alone(self, source, monkeypatch):
        plain = apply.ledger.write

        def refusing(rows, at):
            if any(b"36.5" in row.body for row in rows):
                raise DataError("integer out of range\nDETAIL: whose it is")
            return plain(rows, at)

        monkeypatch.setattr(apply.ledger, "write", refusing)
        receipts = send(
            source, kit.sound(1).replace(b"36.5", b"37"), kit.sound(2), kit.sound(3).replace(b"36.5", b"38")
        )
        assert [r.state for r in receipts] == ["applied", "set_aside", "applied"]
        assert kit.aside() == [("1.json", "refused-by-database", "")]
        assert "DETAIL" not in str(receipts[1].problems[0].params)

    def test_a_name_that_no_table_can_hold(self, source):
        [receipt] = send(source, Piece("bundle", "a\0b\udce5.json", kit.sound(1)))
        assert (receipt.state, kit.messages().get().origin) == ("applied", "a␀b?.json")
        fault = api.Problem("archive-path", params={"path": "\udce5\0"})
        assert api.set_aside_fault(system(), source=source, origin="\udce5\0", problem=fault, channel="file")

    @pytest.mark.parametrize("error", [IntegrityError("taken"), OperationalError("deadlock detected")])
    def test_others_are_waited_for_but_not_for_ever(self, source, monkeypatch, error):
        tries = []

        def failing(*_: object, **__: object):
            tries.append(1)
            raise error

        monkeypatch.setattr(intake, "apply", failing)
        with pytest.raises(OperationalError, match="gave up"):
            send(source, kit.sound(1))
        assert len(tries) == intake.TRIES

    def test_a_lost_database_is_not_waited_for_here(self, source, monkeypatch):
        def failing(*_: object, **__: object):
            raise OperationalError("server closed the connection")

        monkeypatch.setattr(intake, "apply", failing)
        with pytest.raises(OperationalError, match="closed"):
            send(source, kit.sound(1))


@pytest.mark.django_db
class TestReadBack:
    def test_a_source_reads_what_it_sent_with_all_versions(self, source, other):
        send(source, kit.sound(1), kit.sound(1).replace(b"36.5", b"37"))
        mine = replace(member(source, ["exchange.send"]), actor=f"source:{source}")
        assert [v.version for v in api.stored(mine, kind="Observation", key=key(3))] == [2, 1]
        assert [v.version for v in api.stored(mine, kind="Patient", key=key(2))] == [1]
        assert api.stored(mine, kind="Patient", key="nothing") == []

    def test_and_not_what_another_sent(self, source, other):
        send(source, kit.sound(1))
        assert api.stored(member(other), kind="Patient", key=key(2)) == []

    def test_lists_are_within_the_scope(self, source, other):
        send(source, b"{")
        send(other, b"[")
        scope = member(other).scope
        [line] = api.set_aside(scope).items
        assert (line.source, line.source_name, list(api.set_aside_numbers(scope))) == (other, "乙医院", [line.id])
        assert api.counts(scope) == {"all": 1, "waits": 0}
        assert len(api.set_aside(system().scope).items) == 2
