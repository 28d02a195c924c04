"""Whatever the interleaving: never more living appointments than places, and no place lost."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection

from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused
from doorstep.kernel.testing.at_once import at_once
from doorstep.resources.booking import api
from doorstep.resources.booking.actions import appointments as acts
from doorstep.resources.booking.models import Appointment, Slot
from doorstep.resources.booking.rules import Channel
from doorstep.resources.booking.tests.conftest import ahead, at, sitting, slots

pytestmark = pytest.mark.django_db(transaction=True)
UNBALANCED = """
SELECT count(*) FROM booking_slot s FULL JOIN booking_appointment a
  ON a.id = s.appointment AND a.slot_id = s.id
WHERE (s.appointment IS NOT NULL AND (a.id IS NULL OR a.status IN ('cancelled', 'expired')))
  OR (a.id IS NOT NULL AND a.status NOT IN ('cancelled', 'expired') AND s.id IS NULL)
  OR (s.held_until IS NOT NULL AND a.status <> 'held')
"""


def books_balance() -> None:
    """Each place says who has it, each living appointment has its place, and both say the same."""
    with connection.cursor() as cursor:
        cursor.execute(UNBALANCED)
        assert cursor.fetchone() == (0,)


def outcome(work: Callable[[], object]) -> str:
    """``sold``, or why not."""
    try:
        work()
    except Refused as no:
        return no.decision.reason
    return "sold"


@pytest.mark.parametrize("time", range(8))
def test_sixty_want_twelve_places_at_the_same_moment(
    time: int, clerk: Call, cardiology: UUID, people: Callable[[int], list[UUID]]
) -> None:
    """One time each, a few places at each time, so that many press the same button.

    Several times: one in 25 ended in a deadlock while a try that found nothing kept its locks.
    """
    session = sitting(clerk, cardiology, ahead(1), minutes=60, hours=3, together=4)
    wanted = [slots(session)[0].id, slots(session)[5].id, slots(session)[9].id]
    who = people(60)

    def want(place: int) -> Callable[[], str]:
        return lambda: outcome(
            lambda: acts.book(clerk, slot=wanted[place % 3], resident=who[place], channel=Channel.APP)
        )

    answers = at_once(*(want(place) for place in range(60)))
    assert Counter(answers) == {"sold": 12, "slot_taken": 48}
    books_balance()


def test_one_person_at_many_counters_gets_one(
    clerk: Call, cardiology: UUID, people: Callable[[int], list[UUID]]
) -> None:
    [one] = people(1)
    session = sitting(clerk, cardiology, ahead(1))
    answers = at_once(
        *(
            lambda slot=row.id: outcome(lambda: acts.book(clerk, slot=slot, resident=one, channel=Channel.APP))
            for row in slots(session) * 3
        )
    )
    assert Counter(answers)["sold"] == 1
    assert set(answers) == {"sold", "one_a_day"} or set(answers) == {"sold", "one_a_day", "slot_taken"}
    books_balance()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_holding_confirming_releasing_and_time_in_any_order(
    seed: int, clerk: Call, cardiology: UUID, people: Callable[[int], list[UUID]]
) -> None:
    """Eight people do what they like, each at their own moment of an hour; the books balance afterwards."""
    session = sitting(clerk, cardiology, ahead(1), minutes=30, hours=2)
    places, who = [row.id for row in slots(session)], people(8)

    def life(place: int) -> Callable[[], int]:
        mine = who[place]
        dice = random.Random(f"{seed}{place}")

        def live() -> int:
            held: list[UUID] = []
            for step in range(12):
                now = at(clerk, clerk.at + timedelta(minutes=step * 5))
                what = dice.random()
                if what < 0.6 or not held:
                    until = now.at + timedelta(minutes=dice.choice([4, 9, 30]))
                    slot = dice.choice(places)
                    said = outcome(
                        lambda then=now, place=slot, end=until: held.append(
                            api.hold(then, slot=place, resident=mine, channel=Channel.APP, until=end, why="")
                        )
                    )
                    assert said in ("sold", "slot_taken", "one_a_day")
                else:
                    move = api.confirm if what < 0.7 else lambda call, appointment: api.release(
                        call, appointment=appointment, why=""
                    )  # fmt: skip
                    said = outcome(lambda key=held[-1], then=now, do=move: do(then, appointment=key))
                    assert said in ("sold", "hold.over", "wrong_state")
            return len(held)

        return live

    answers = at_once(*(life(place) for place in range(8)))
    assert all(isinstance(one, int) for one in answers), answers
    books_balance()
    living = Appointment.objects.unscoped("a test").exclude(status__in=("cancelled", "expired"))
    assert living.count() == Slot.objects.filter(appointment__isnull=False).count() <= len(places)
