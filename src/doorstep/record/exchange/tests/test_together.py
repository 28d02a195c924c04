"""Pieces that search share a transaction and come to what they come to one by one; one at fault takes none down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from doorstep.kernel.testing.callers import system
from doorstep.record.exchange import api
from doorstep.record.exchange.actions import intake
from doorstep.record.exchange.shapes import Piece, Receipt
from doorstep.record.exchange.tests import kit
from doorstep.record.exchange.tests.kit import bundle, entry, key, observation, patient

pytestmark = pytest.mark.django_db
SOME = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
VALUES, NUMBERS = st.sampled_from("ab"), st.integers(1, 3)
Json = dict[str, Any]


def by(value: str) -> str:
    return f"identifier=urn:x|{value}"


def who(value: str, name: str = "王小明", **more: Any) -> Json:
    """A patient by the hospital's own number."""
    return patient(1, name, identifier=[{"system": "urn:x", "value": value}]) | more


def make(value: str, number: int) -> Json:
    return entry(who(value), number, ifNoneExist=by(value))


def change(sought: str, value: str, number: int, name: str) -> Json:
    return entry(who(value, name), number, "PUT", f"Patient?{by(sought)}")


def put(value: str, number: int, name: str) -> Json:
    return entry(who(value, name, id=key(number)), None, "PUT", f"Patient/{key(number)}")


def wrong(value: str, number: int) -> Json:
    return entry(who(value, gender="sometimes"), number, "PUT", f"Patient?{by(value)}")


def refused(value: str, number: int) -> Json:
    """A resident ID whose check digit is wrong: the register of residents finds that."""
    numbers = [{"system": "urn:x", "value": value}, {"system": kit.RESIDENT_ID, "value": "439921198503150010"}]
    return entry(who(value, identifier=numbers), number, ifNoneExist=by(value))


def told(value: str, number: int, degrees: int) -> Json:
    said = observation(f"Patient?{by(value)}", 36 + degrees / 10, id=f"o{number}")
    return entry(said, None, "PUT", f"Observation/o{number}")


def house(value: str) -> Json:
    made = {"resourceType": "Organization", "name": "检验科", "identifier": [{"system": "urn:x", "value": value}]}
    return entry(made, ifNoneExist=by(value))


NAMES = st.sampled_from(["王小明", "李娜"])
ENTRIES = st.one_of(
    st.builds(make, VALUES, NUMBERS), st.builds(change, VALUES, VALUES, NUMBERS, NAMES),
    st.builds(put, VALUES, NUMBERS, NAMES),
    st.builds(told, VALUES, NUMBERS, NUMBERS), st.builds(house, VALUES), st.builds(wrong, VALUES, NUMBERS),
    st.builds(refused, VALUES, NUMBERS),
)  # fmt: skip
BUNDLES = st.builds(
    lambda kind, entries: bundle(kind, *entries),
    st.sampled_from(["transaction", "batch"]),
    st.lists(ENTRIES, min_size=1, max_size=2),
)


def outcome(source: Any, pieces: Sequence[bytes], at_once: bool) -> tuple[Any, ...]:
    """What comes of pieces, together or one by one; undone afterwards."""
    made = [Piece("bundle", f"{number}", raw) for number, raw in enumerate(pieces)]
    with transaction.atomic():
        groups = [made] if at_once else [[piece] for piece in made]
        receipts = [r for group in groups for found in api.take(system(), source, group, "fhir") for r in found]
        rows = kit.messages().values_list("origin", "state", "counts", "problems", "waits", "digest")
        found = [answers(r) for r in receipts], kit.ledger(), kit.people(), kit.identifiers(), list(rows)
        transaction.set_rollback(True)
    return found


def answers(receipt: Receipt) -> tuple[Any, ...]:
    """A receipt but for its number and its times."""
    said = [(a.status, a.location, a.version, a.problems, a.updated is None) for a in receipt.answers]
    counts = receipt.created, receipt.updated, receipt.unchanged, receipt.set_aside, receipt.repeated
    return receipt.state, counts, receipt.received, receipt.problems, said


@SOME
@given(st.lists(BUNDLES, min_size=2, max_size=6))
@example([bundle("transaction", make("a", 1)), bundle("transaction", make("a", 2)), bundle("batch", told("a", 1, 1))])
@example(
    [bundle("transaction", refused("a", 1)), bundle("transaction", make("a", 2)), bundle("batch", told("a", 1, 1))]
)
@example(
    [
        bundle("batch", make("a", 1)),
        bundle("batch", put("b", 1, "王小明")),
        bundle("batch", change("a", "a", 1, "李娜")),
    ]
)
@example([bundle("batch", make("a", 1)), bundle("batch", put("a", 2, "王小明")), bundle("batch", make("a", 3))])
@example(
    [
        bundle("transaction", house("a")),
        bundle("transaction", make("a", 1)),
        bundle("transaction", make("b", 1), change("a", "a", 2, "王小明")),
    ]
)
def test_together_as_one_by_one(source, pieces):
    alone, together = outcome(source, pieces, at_once=False), outcome(source, pieces, at_once=True)
    for found, wanted in zip(together, alone, strict=True):
        assert found == wanted


def test_many_that_search_share_a_transaction(source, monkeypatch):
    real, sizes = intake.apply, []

    def apply(call, **said):
        sizes.append(len(said["batch"]))
        return real(call, **said)

    monkeypatch.setattr(intake, "apply", apply)
    kit.send(source, *[bundle("transaction", make(f"{n}", n), house("x")) for n in range(40)])
    assert sizes == [40]
    assert kit.count("fhir_patient") == 40
    assert kit.count("fhir_organization") == 1
    sizes.clear()
    kit.send(source, *[bundle("transaction", wrong("z", n) if n == 20 else told(f"{n}", n, 1)) for n in range(40)])
    assert sizes == [40, 20, 1, 19]
    assert kit.count("fhir_observation") == 39
