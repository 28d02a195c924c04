"""What is queued is sent over a real socket: in order for each key, again until it is taken, and nobody waits for
another's fault."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction

from doorstep.adapters.mllp import client
from doorstep.kernel import clock, outbox
from doorstep.kernel.models import TrailLine
from doorstep.kernel.testing.callers import system
from doorstep.record.endpoints import api
from doorstep.record.endpoints.actions import dispatching, editing
from doorstep.record.endpoints.actions.dispatching import Dispatcher
from doorstep.record.endpoints.models import Endpoint, Minute, Outbound
from doorstep.record.endpoints.rules import outward
from doorstep.record.endpoints.rules.facts import Ordering
from doorstep.record.endpoints.tests import kit
from doorstep.record.endpoints.tests.receiver import Answer, Receiver, ack, control, never

pytestmark = pytest.mark.django_db


@pytest.fixture
def receive() -> Iterator[Callable[..., Receiver]]:
    made: list[Receiver] = []

    def make(answer: Callable[[bytes], Answer] = ack, **said: Any) -> Receiver:
        made.append(Receiver(answer, **said))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def sender() -> Iterator[Dispatcher]:
    yield Dispatcher(chance=lambda: 0.0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock_all()")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without waiting between tries."""
    monkeypatch.setattr(outward, "_backoff", lambda times, chance, most: timedelta(0))


def queue(endpoint: UUID, number: int, key: str = "", **said: Any) -> int:
    given = {"residents": ()} | said
    with transaction.atomic():
        return api.send(
            system(), endpoint=endpoint, cause=f"c{number}", key=key, kind="ORU^R01", body=kit.oru(number), **given
        )


def work(sender: Dispatcher, done: Callable[[], bool], seconds: float = 30) -> None:
    """Let it send until something is so; what is late fails the test, a fault of its own is not hidden."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, states()
        sender.wake.clear()
        sender.round(outbox.worker_call())
        sender.wake.wait(0.02)


def states() -> dict[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, count(*) FROM endpoints_outbound GROUP BY 1")
        return dict(cursor.fetchall())


def row(number: int) -> Outbound:
    return Outbound.objects.unscoped("test").get(pk=number)


def test_each_key_in_its_order_and_none_lost(source: UUID, sender: Dispatcher, receive):
    there = receive()
    target = kit.make_target(source, there.port)
    for number in range(60):
        queue(target, number, f"P{number % 7}")
    work(sender, lambda: states() == {"taken": 60})
    assert sorted(there.controls()) == sorted(f"C{n}" for n in range(60))
    for key in range(7):
        of_key = [int(c[1:]) for c in there.controls() if int(c[1:]) % 7 == key]
        assert of_key == sorted(of_key)
    assert there.connections <= 4, "connections are kept open"
    first = row(Outbound.objects.unscoped("test").earliest("pk").pk)
    assert (first.code, first.tries, bytes(first.answer or b"")) == ("AA", 1, ack(kit.oru(0)))
    minutes = Minute.objects.filter(endpoint=target)
    assert (sum(m.received for m in minutes), sum(m.applied for m in minutes)) == (60, 60)


def test_what_leaves_is_in_the_trail_before_it_leaves(source: UUID, sender: Dispatcher, receive):
    one, two, seen = uuid4(), uuid4(), []

    def look(raw: bytes) -> Answer:
        seen.append(control(raw))
        return ack(raw)

    there = receive(look)
    number = queue(kit.make_target(source, there.port), 1, residents=(one, two))
    queue(Outbound.objects.unscoped("t").get().endpoint_id, 2)
    sender.round(outbox.worker_call())  # it is handed over, and not yet noted
    lines = TrailLine.objects.filter(action="endpoints.send")
    assert {line.resident for line in lines.filter(subject_id=str(number))} == {one, two}
    assert lines.count() == 3
    assert lines.first().detail["receiver"] == str(source)
    work(sender, lambda: states() == {"taken": 2})
    assert lines.count() == 3


def test_all_of_an_endpoint_in_order(source: UUID, sender: Dispatcher, receive):
    there = receive()
    target = kit.make_target(source, there.port, ordering=Ordering.ENDPOINT)
    for number in range(45):
        queue(target, number, f"P{number % 7}")
    work(sender, lambda: states() == {"taken": 45})
    assert there.controls() == [f"C{n}" for n in range(45)]


def test_an_error_is_tried_again_and_rests_at_last(source: UUID, sender: Dispatcher, receive, quick):
    there = receive(lambda raw: ack(raw, "AE" if control(raw) == "C1" else "AA", "数据库忙", "206"))
    target = kit.make_target(source, there.port, {"most_tries": 3})
    bad = queue(target, 1, "P1")
    good = [queue(target, n, key) for n, key in ((2, "P1"), (3, "P2"))]
    work(sender, lambda: states() == {"taken": 2, "resting": 1})
    found = row(bad)
    assert (found.tries, found.code, found.reason) == (3, "AE", "answered-error")
    assert found.params == {"code": "AE", "error": "206", "said": "数据库忙"}
    assert there.controls().count("C1") == 3
    assert [row(n).tries for n in good] == [1, 1]
    # behind it, once it rests: what rests does not hold its key, unless that was declared
    assert there.controls().index("C2") > max(n for n, c in enumerate(there.controls()) if c == "C1")


def test_what_rests_holds_its_key_where_that_is_declared(source: UUID, sender: Dispatcher, receive):
    there = receive(lambda raw: ack(raw, "AR" if control(raw) == "C1" else "AA"))
    target = kit.make_target(source, there.port, {"holds": True})
    bad, behind, other = queue(target, 1, "P1"), queue(target, 2, "P1"), queue(target, 3, "P2")
    work(sender, lambda: states() == {"taken": 1, "resting": 1, "waiting": 1})
    for _ in range(3):
        sender.round(outbox.worker_call())
    assert (row(bad).state, row(behind).tries, row(other).state) == ("resting", 0, "taken")
    Outbound.objects.unscoped("test").filter(pk=bad).update(state="dismissed")
    work(sender, lambda: row(behind).state == "taken")


@pytest.mark.parametrize(("code", "reason"), [("AR", "answered-refused"), ("CR", "answered-refused")])
def test_a_refusal_rests_at_once(source: UUID, sender: Dispatcher, receive, code: str, reason: str):
    there = receive(lambda raw: ack(raw, code, "查无此人", "204"))
    bad = queue(kit.make_target(source, there.port), 1, "P1")
    work(sender, lambda: states() == {"resting": 1})
    assert (row(bad).tries, row(bad).reason, row(bad).params["error"]) == (1, reason, "204")


def test_whatever_the_other_side_says_is_noted(source: UUID, other: UUID, sender: Dispatcher, receive):
    """A zero byte is text that PostgreSQL does not take: it must not stop the sender."""
    odd = receive(lambda raw: ack(raw, "AR", "坏\0名" * 300, "20\0" * 40).replace("坏".encode(), b"\xff\xed\xa0\x80"))
    sound = receive()
    bad, good = queue(kit.make_target(source, odd.port), 1), queue(kit.make_target(other, sound.port), 2)
    work(sender, lambda: row(bad).state == "resting" and row(good).state == "taken")
    assert "\0" not in str(row(bad).params)


def test_a_fault_in_noting_stops_nobody_else(
    source: UUID, other: UUID, sender: Dispatcher, receive, monkeypatch: pytest.MonkeyPatch
):
    one, two = kit.make_target(source, receive().port), kit.make_target(other, receive().port)
    kept = dispatching.sending.note

    def note(call: Any, *, endpoint: UUID, results: Any) -> None:
        kept(call, endpoint=endpoint, results=results)
        if endpoint == one:
            raise ValueError("a fault of ours")

    monkeypatch.setattr(dispatching.sending, "note", note)
    bad, good = queue(one, 1), queue(two, 2)
    work(sender, lambda: row(good).state == "taken")
    assert row(bad).state == "waiting"
    monkeypatch.undo()
    work(sender, lambda: row(bad).state == "taken")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"rubbish", "answer-unreadable"), (b"MSH|^~\\&|X\rMSA|ZZ|C1\r", "answer-unreadable"),
        (ack(kit.oru(99)), "answer-of-another"), (b"", "answer-unreadable"),
    ],
)  # fmt: skip
def test_what_is_no_answer_to_it_is_none(source: UUID, sender: Dispatcher, receive, quick, answer: bytes, reason: str):
    there = receive(lambda raw: answer)
    bad = queue(kit.make_target(source, there.port, {"most_tries": 2}), 1)
    work(sender, lambda: states() == {"resting": 1})
    assert (row(bad).tries, row(bad).reason) == (2, reason)


def test_who_never_answers_starves_nobody_and_loses_nothing(source: UUID, other: UUID, sender: Dispatcher, receive):
    silent, sound = receive(never), receive()
    dead = kit.make_target(source, silent.port, {"patience": 1}, most_connections=2)
    gone = kit.make_target(source, kit.free_port())
    alive = kit.make_target(other, sound.port)
    for number in range(30):
        for target in (dead, gone, alive):
            queue(target, number, f"P{number % 5}")
    taken = Outbound.objects.unscoped("test").filter(state="taken")
    work(sender, lambda: taken.count() == 30)
    assert set(taken.values_list("endpoint_id", flat=True)) == {alive}
    work(sender, lambda: Outbound.objects.unscoped("t").filter(endpoint=dead, reason="too-slow").exists())
    missed = Outbound.objects.unscoped("test").filter(endpoint=gone, reason="not-reached").first()
    assert missed is not None
    assert (missed.state, missed.tries) == ("waiting", 0), "what did not leave was not tried"
    assert states() == {"taken": 30, "waiting": 60}


def test_who_closes_without_a_word_gets_it_again_with_the_same_id(source: UUID, sender: Dispatcher, receive, quick):
    times = []

    def twice(raw: bytes) -> Answer:
        times.append(control(raw))
        return None if times.count(control(raw)) < 3 else ack(raw)

    target = kit.make_target(source, receive(twice).port, ordering=Ordering.ENDPOINT)
    for number in (1, 2):
        queue(target, number)
    work(sender, lambda: states() == {"taken": 2})
    assert times == ["C1"] * 3 + ["C2"] * 3
    # the second went first over the connection that was kept, and at once again over a new one: one try
    assert [each.tries for each in Outbound.objects.unscoped("test").order_by("pk")] == [3, 2]


def test_a_message_at_which_the_other_side_breaks_rests_for_the_others_were_answered(
    source: UUID, sender: Dispatcher, receive, quick
):
    there = receive(lambda raw: None if control(raw) == "C1" else ack(raw))
    target = kit.make_target(source, there.port, {"most_tries": 3})
    for number in range(1, 9):
        queue(target, number, f"P{number}")
    work(sender, lambda: states().get("taken") == 7)
    queue(target, 20, "P20")
    work(sender, lambda: states() == {"taken": 8, "resting": 1})


def test_it_is_asked_again_when_it_is_back(source: UUID, sender: Dispatcher, receive, quick):
    port = kit.free_port()
    target = kit.make_target(source, port)
    for number in range(5):
        queue(target, number, "P1")
    work(sender, lambda: Outbound.objects.unscoped("t").filter(reason="not-reached").exists())
    there = receive(port=port)
    work(sender, lambda: states() == {"taken": 5})
    there.hang_up()  # what was kept open is closed over there
    queue(target, 6, "P1")
    work(sender, lambda: states() == {"taken": 6})
    assert there.controls().count("C6") == 1, "what hung up is seen before something is sent"


def test_paused_and_off_nothing_leaves(source: UUID, sender: Dispatcher, receive):
    there = receive()
    target = kit.make_target(source, there.port)
    editing.pause(system(), endpoint=target, expect=1, paused=True)
    queue(target, 1)
    sender.round(outbox.worker_call())
    editing.pause(system(), endpoint=target, expect=2, paused=False)
    editing.switch(system(), endpoint=target, expect=3, on=False)
    sender.round(outbox.worker_call())
    assert (there.came, states()) == ([], {"waiting": 1})
    editing.switch(system(), endpoint=target, expect=4, on=True)
    work(sender, lambda: states() == {"taken": 1})


def test_outside_its_hours_nothing_leaves(source: UUID, sender: Dispatcher, receive):
    there = receive()
    now = clock.now().astimezone(clock.CHINA)
    closed = {"opens": (now + timedelta(hours=2)).time(), "closes": (now + timedelta(hours=3)).time()}
    target = kit.make_target(source, there.port, closed)
    queue(target, 1)
    for _ in range(3):
        sender.round(outbox.worker_call())
    assert (there.came, states()) == ([], {"waiting": 1})
    Endpoint.objects.unscoped("test").update(closes=(now + timedelta(hours=1)).time())
    work(sender, lambda: states() == {"taken": 1})


def test_no_more_a_second_than_is_allowed(source: UUID, sender: Dispatcher, receive):
    times: list[float] = []
    there = receive(lambda raw: times.append(time.monotonic()) or ack(raw))
    target = kit.make_target(source, there.port, {"rate": 20})
    for number in range(10):
        queue(target, number, f"P{number}")
    work(sender, lambda: states() == {"taken": 10})
    assert max(times) - min(times) >= 9 / 20 - 0.05


def test_two_senders_never_send_to_one_endpoint_side_by_side(source: UUID, sender: Dispatcher, receive, monkeypatch):
    there = receive()
    queue(kit.make_target(source, there.port), 1)
    monkeypatch.setattr(dispatching.sending, "lock", lambda endpoint: False)  # another holds it
    sender.round(outbox.worker_call())
    assert (there.came, sender.under_way()) == ([], 0)


def test_a_lost_connection_to_the_database_is_a_lost_lock(source: UUID, sender: Dispatcher, receive):
    there = receive()
    target = kit.make_target(source, there.port)
    queue(target, 1)
    work(sender, lambda: states() == {"taken": 1})
    sender._session = None
    sender.round(outbox.worker_call())
    assert sender._owned == set()


def test_many_keys_and_one_that_is_blocked_do_not_hold_up_the_rest(source: UUID, sender: Dispatcher, receive):
    """More keys that may not go than are looked at in a turn stand before the one that may."""
    there = receive()
    target = kit.make_target(source, there.port, {"holds": True})
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO endpoints_outbound (endpoint_id, receiver_id, cause, kind, control, key, body, size,
                 residents, made_at, due_at, state, tries, code, reason, params)
               SELECT %s, %s, 'x' || n, 'ORU', 'X' || n, 'K' || lpad(n::text, 5, '0'), 'x', 1, '{}', now(),
                 now() + interval '1 hour', 'waiting', 1, '', '', '{}' FROM generate_series(1, 1500) n""",
            [target, source],
        )
    last = queue(target, 1, "K99999")
    work(sender, lambda: row(last).state == "taken")
    assert there.controls() == ["C1"]


def test_the_connection_of_the_house_is_clean(receive):
    """Two answers to one message: the second would be taken for that of the next."""
    there = receive(lambda raw: ack(raw) + kit.END + kit.START + ack(raw))
    lines = client.Connections()
    address = client.Address("127.0.0.1", there.port)
    for number in (1, 2, 3):
        assert control_in(lines.ask(address, kit.oru(number), 5)) == f"C{number}"
    lines.close()


def control_in(answer: bytes) -> str:
    return answer.split(b"MSA|AA|")[1].split(b"|")[0].decode()
