"""What holds whatever is sent: never an accident, always a receipt, nothing twice, and the order does not matter."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from doorstep.kernel.testing.callers import system
from doorstep.record.exchange import actions, api, reads
from doorstep.record.exchange.shapes import Piece
from doorstep.record.exchange.tests import bad, kit
from doorstep.record.exchange.tests.kit import bundle, entry, key, observation, patient, send, urn

pytestmark = pytest.mark.django_db
MANY = settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
FEW = settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
KINDS = st.sampled_from(["bundle", "ndjson", "resource"])
NASTY = st.sampled_from(
    [
        b"\\u0000", b"\0", b"\\ud800", b"\xff", b"1e999", b"null", b"[]", b"{}", b'"', b"\\", b"-0", b"\n",
        b"\xef\xbb\xbf",
        b'"id":"' + b"x" * 70 + b'"', b"urn:uuid:x", b"Patient/x", b"?", b"DELETE", b"GET", b'"resourceType":"Bundle"',
        b"[" * 70, b'"birthDate":5', b'"identifier":[null]', b'"reference":5', b'"reference":"Patient?identifier=a|b"',
        b'"ifMatch":"W/\\"1\\""', b'"fullUrl":"urn:oid:1.2"', "\u2028".encode(), "𠮷".encode(), b"\\u0022:", b"9" * 400,
    ]
)  # fmt: skip
SOUND = [
    kit.sound(1),
    kit.sound(2, "collection"),
    kit.sound(3, "batch"),
    *[found.raw for found in bad.BAD.values() if len(found.raw) < 9000],
]
LINES = b"\n".join(
    json.dumps(r).encode() for r in (patient(1) | {"id": "a"}, observation("Patient/a"), observation(None))
)


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """Something that was nearly right: texts cut, doubled, overwritten in places."""
    raw = bytearray(draw(st.sampled_from([*SOUND, LINES])))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, max(len(raw) - 1, 0)))
        end = min(len(raw), start + draw(st.integers(0, 40)))
        raw[start:end] = draw(NASTY | st.binary(max_size=6) | st.just(bytes(raw[start : start + 60])))
    return bytes(raw)


@st.composite
def spoilt_values(draw: st.DrawFn) -> bytes:
    """Good JSON of a wrong shape: some values replaced."""
    tree = json.loads(draw(st.sampled_from(SOUND[:3])))
    wrong = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=8)
        | st.lists(st.integers(), max_size=2)
        | st.just({})
    )
    for _ in range(draw(st.integers(1, 3))):
        here = tree
        while isinstance(here, dict | list) and here:
            step = draw(st.sampled_from(sorted(here) if isinstance(here, dict) else range(len(here))))
            if not isinstance(here[step], dict | list) or draw(st.integers(0, 3)) == 0:
                here[step] = draw(wrong)
                break
            here = here[step]
    return json.dumps(tree).encode()


@contextmanager
def undone() -> Iterator[None]:
    """What is done within is undone at the end."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@MANY
@given(st.lists(st.binary(max_size=80) | spoilt() | spoilt_values(), min_size=1, max_size=3, unique=True), KINDS)
@example([b""], "ndjson")
@example([b"\n\n"], "ndjson")
@example([b"", b"\xff"], "resource")
def test_any_bytes_end_in_a_receipt_and_stop_nothing(source, pieces, kind):
    with undone():
        receipts = send(source, *[Piece(kind, f"{n}.json", raw) for n, raw in enumerate(pieces)], kit.sound(9))
        assert len(receipts) == len(pieces) + 1
        assert receipts[-1].state == "applied"
        for receipt, raw in zip(receipts, pieces, strict=False):
            row = kit.messages().get(pk=receipt.message)
            assert reads.raw(row) == raw
            assert (row.state, bool(row.problems)) in (("set_aside", True), ("applied", bool(receipt.set_aside)))
            assert kit.messages().filter(parent=row).count() <= receipt.set_aside
            for problem in receipt.problems:
                assert reads.say(problem, "zh") and reads.say(problem, "en")  # noqa: PT018


@MANY
@given(spoilt() | spoilt_values(), KINDS)
def test_what_comes_again_changes_nothing_and_what_is_tried_again_loses_nothing(source, raw, kind):
    with undone():
        send(source, Piece(kind, "a", raw), kit.sound(9))
        before = kit.ledger(), kit.people(), kit.identifiers(), sorted(kit.aside())
        [again] = send(source, Piece(kind, "b", raw))
        assert again.repeated
        assert (kit.ledger(), kit.people(), kit.identifiers(), sorted(kit.aside())) == before
        for row in kit.messages().filter(state="set_aside", size__gt=0):
            receipt = actions.retry(system(), message=row.pk)
            assert (
                receipt.state == "set_aside"
                or receipt.created
                or receipt.updated
                or receipt.unchanged
                or not receipt.problems
            )
        assert len(kit.aside()) >= len(before[3]) - sum(
            not row.problems for row in kit.messages().filter(state="applied")
        )
        assert {k: v[0] for k, v in kit.ledger().items() if k in before[0]} == {k: v[0] for k, v in before[0].items()}


def story(kind: str) -> list[bytes]:
    """Messages of one source that refer to one another across messages, all of which can be used in the end."""
    method = None if kind == "collection" else "POST"

    def named(resource: dict, number: int) -> dict:
        return entry(resource if method else resource | {"id": key(number)}, number, method)

    whole = [bundle(kind, named(patient(n, f"王{'一二三四五'[n]}"), 10 + n)) for n in range(4)]
    whole += [bundle(kind, named(observation(f"Patient/{key(10 + n % 4)}", 36 + n), 20 + n)) for n in range(6)]
    member = observation(f"Patient/{key(10)}", 40, hasMember=[{"reference": f"Observation/{key(21)}"}])
    whole.append(bundle(kind, named(member, 30), named(observation(urn(11), 41), 31), named(patient(1, "王二"), 11)))
    return whole


@FEW
@given(st.sampled_from(["transaction", "batch", "collection"]), st.randoms(use_true_random=False), st.integers(1, 5))
def test_in_whatever_order_messages_come_they_leave_the_same(source, kind, chance: random.Random, groups):
    whole = story(kind)

    def outcome(order: list[bytes], parts: int) -> object:
        with undone():
            for part in range(parts):
                send(source, *order[part::parts])
            while api.retry_waiting(system(), source=source):
                pass
            digests = {k: (v[0], v[3]) for k, v in kit.ledger().items()}
            return digests, kit.people(), kit.identifiers(), kit.aside()

    shuffled = chance.sample(whole, len(whole))
    result = outcome(shuffled, groups)
    assert result[3] == []  # type: ignore[index]
    assert result == outcome(whole, 1)
