"""Events: with their change or not at all, at least once, in order per subject, and readable when they fail."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doorstep.kernel import clock, outbox
from doorstep.kernel.ids import new_id
from doorstep.kernel.models import Delivery, JobRun, OutboxEvent
from doorstep.kernel.testing.at_once import at_once
from doorstep.kernel.testing.houses import house


@dataclass(frozen=True, slots=True)
class Happened:
    who: UUID
    subject: str
    number: int
    days: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Ignored:
    subject: str = "x"


seen: list[tuple[str, int]] = []
failing: set[int] = set()


def take(call, event: Happened) -> None:
    assert call.may("anything").allowed is False
    JobRun.objects.create(name=f"half {event.who}", at=clock.now())
    if event.number in failing:
        raise ZeroDivisionError(f"不行 {event.number}")
    seen.append((event.subject, event.number))


def also(call, event: Happened) -> None:
    seen.append(("also", event.number))


@pytest.fixture(autouse=True)
def clean():
    seen.clear()
    failing.clear()


@pytest.fixture
def one(settings):
    with house(settings, {Happened: (take,)}):
        yield


@pytest.fixture
def two(settings):
    with house(settings, {Happened: (take, also)}):
        yield


def emit(*numbers: int, subject: str = "a") -> None:
    with transaction.atomic():
        for number in numbers:
            outbox.emit(Happened(new_id(), subject, number, (number,)))


def wait_over() -> None:
    """The back-off of every waiting delivery is over."""
    Delivery.objects.filter(state="waiting").update(due_at=clock.now() - timedelta(seconds=1))


@pytest.mark.django_db
class TestDelivery:
    def test_each_handler_once_and_in_order(self, two):
        emit(1, 2, 3)
        assert outbox.drain() == 6
        assert [n for s, n in seen if s == "a"] == [1, 2, 3]
        assert [n for s, n in seen if s == "also"] == [1, 2, 3]
        assert outbox.drain() == 0
        assert set(Delivery.objects.values_list("state", flat=True)) == {"done"}

    def test_an_event_comes_as_it_was_published(self, settings):
        got = []
        with house(settings, {Happened: (lambda _call, event: got.append(event),)}):
            event = Happened(new_id(), "a", 1, (1, 2))
            with transaction.atomic():
                outbox.emit(event)
            outbox.drain()
        assert got == [event]

    def test_what_nobody_reacts_to_is_kept_and_waits_for_nobody(self, one):
        with transaction.atomic():
            outbox.emit(Ignored())
        assert OutboxEvent.objects.get().name == "test_outbox.Ignored"
        assert not Delivery.objects.exists()

    def test_without_its_change_there_is_no_event(self, one):
        def change() -> None:
            outbox.emit(Happened(new_id(), "a", 1))
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError), transaction.atomic():
            change()
        assert not OutboxEvent.objects.exists()

    def test_what_a_handler_did_before_it_failed_is_undone(self, one):
        failing.add(1)
        emit(1)
        outbox.drain()
        assert not JobRun.objects.exists()
        [letter] = Delivery.objects.all()
        assert (letter.state, letter.attempts, letter.error) == ("waiting", 1, "ZeroDivisionError: 不行 1")
        assert letter.due_at > clock.now()

    def test_a_subject_waits_for_its_first_and_others_do_not(self, one):
        failing.add(1)
        emit(1, 2)
        emit(3, subject="b")
        outbox.drain()
        assert seen == [("b", 3)]
        failing.clear()
        wait_over()
        outbox.drain()
        assert seen == [("b", 3), ("a", 1), ("a", 2)]

    def test_a_handler_that_is_gone_is_a_letter_to_read(self, one, settings):
        emit(1)
        with house(settings, {Happened: (also,)}):
            outbox.drain()
        assert "no handler" in Delivery.objects.get().error


@pytest.mark.django_db
class TestDeadLetters:
    def die(self, *numbers: int) -> Delivery:
        failing.update(numbers[:1])
        emit(*numbers)
        for _ in range(outbox.MOST_ATTEMPTS + 2):
            outbox.drain()
            wait_over()
        return Delivery.objects.get(state="dead")

    def test_after_the_last_try_it_rests_and_holds_back_its_subject(self, one):
        letter = self.die(1, 2)
        assert letter.attempts == outbox.MOST_ATTEMPTS
        assert seen == []

    def test_replayed_it_goes_on_where_it_stood(self, one):
        letter = self.die(1, 2)
        failing.clear()
        assert outbox.replay(letter.pk)
        outbox.drain()
        assert seen == [("a", 1), ("a", 2)]
        assert not outbox.replay(letter.pk)

    def test_dismissed_it_lets_the_others_pass(self, one):
        letter = self.die(1, 2)
        assert outbox.dismiss(letter.pk)
        outbox.drain()
        assert seen == [("a", 2)]
        assert not outbox.dismiss(letter.pk)
        assert not outbox.replay(letter.pk)

    def test_only_the_dead_are_seen_to(self, one):
        emit(1)
        letter = Delivery.objects.get()
        assert (outbox.replay(letter.pk), outbox.dismiss(letter.pk), outbox.replay(0)) == (False, False, False)


def test_the_wait_grows_and_has_an_end():
    waits = [outbox.backoff(n) for n in range(1, 40)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (timedelta(seconds=2), timedelta(hours=1))


@pytest.mark.django_db(transaction=True)
class TestManyWorkers:
    def test_four_workers_lose_nothing_double_nothing_and_keep_the_order(self, one):
        for number in range(12):
            emit(number, number + 100, subject=f"s{number % 3}")
        at_once(*[outbox.drain] * 4)
        outbox.drain()
        assert sorted(n for _, n in seen) == sorted([*range(12), *range(100, 112)])
        for subject in ("s0", "s1", "s2"):
            numbers = [n for s, n in seen if s == subject]
            assert numbers == sorted(numbers, key=lambda n: (n % 100, n))

    def test_a_worker_that_dies_before_it_could_note_it_down_does_it_again(self, one, monkeypatch):
        emit(1)
        with monkeypatch.context() as patched:
            patched.setattr(outbox, "_settle", lambda *_: sys.exit("killed"))
            with pytest.raises(SystemExit):
                outbox.deliver_one()
        assert (Delivery.objects.get().state, JobRun.objects.count()) == ("waiting", 0)
        outbox.drain()
        assert seen == [("a", 1), ("a", 1)]
        assert JobRun.objects.count() == 1

    def test_outside_a_transaction_nothing_is_published(self, one):
        with pytest.raises(RuntimeError, match="inside the transaction"):
            outbox.emit(Happened(new_id(), "a", 1))


@pytest.mark.django_db
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50)), max_size=12),
    st.sets(st.integers(0, 50), max_size=6),
)
def test_whatever_fails_for_a_while_all_come_in_the_end_in_order(one, events, fail):
    seen.clear()
    failing.clear()
    failing.update(fail)
    with transaction.atomic():
        for subject, number in events:
            emit(number, subject=subject)
        for turn in range(4):
            outbox.drain()
            wait_over()
            if turn == 1:
                failing.clear()
        for subject in "abc":
            assert [n for s, n in seen if s == subject] == [n for s, n in events if s == subject]
        transaction.set_rollback(True)
