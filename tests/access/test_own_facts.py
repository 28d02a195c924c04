"""Access rests on facts that the reader cannot make: what a doctor does alone for a stranger opens nothing to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connection

from doorstep.kernel import clock
from doorstep.registers.consents import api as consents
from tests.access.asking import Caller, newest_line, quick_calls, request
from tests.access.situations import Ground, actor_of
from tests.faults.samples import Asked, ask_for
from tests.faults.two_sides import undone

DOCTOR, COLLEAGUE = "physician", "specialist"


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    with quick_calls():
        yield


def chart(ground: Ground, who: str, side: str = "member") -> str:
    """What the chart of a side's resident answers to somebody at A."""
    asked = ask_for("charts:summary", ground.world, ground.side(side))
    return request(ground.at_lead[who], "GET", asked).cell


def sent(ground: Ground, who: str, asked: Asked) -> int:
    """Send a form as somebody at A, for good (as far as the test goes); the status."""
    client = ground.world.clients[who]
    kept = client.cookies.copy()
    answer = client.post(asked.path, asked.form, **{"doorstep.caller": ground.at_lead[who]})  # type: ignore[arg-type]
    client.cookies = kept
    return int(answer.status_code)


def own_consent(ground: Ground) -> None:
    """The doctor records at the desk that the resident has consented, for the doctor's own institution."""
    asked = ask_for("consents:new", ground.world, ground.member)
    said = {"decision": "permit", "signer": "self", "signer_name": "某某", "confirm": "1"}
    assert sent(ground, DOCTOR, Asked(asked.path, form={**said, "other": ground.world.a.organisation})) == 302


def own_relation(why: consents.Why) -> Callable[[Ground], None]:
    """A room opens a relation on what the doctor alone has made: a referral, an appointment, a contract …"""

    def open_(ground: Ground) -> None:
        consents.open_relation(
            consents.Opening(
                ground.member.resident, why, f"Own/{why}", clock.now() - timedelta(days=1),
                organisation=ground.world.a.organisation, maker=actor_of(ground.at_lead[DOCTOR]),
            )
        )  # fmt: skip

    return open_


RELATIONS = [
    consents.Why.REFERRAL, consents.Why.APPOINTMENT, consents.Why.CONTRACT, consents.Why.CONSULTATION,
    consents.Why.READING,
]  # fmt: skip


@pytest.mark.parametrize("made", [own_consent, *map(own_relation, RELATIONS)], ids=["consent", *map(str, RELATIONS)])
def test_what_one_made_oneself_opens_nothing_to_oneself(ground: Ground, made: Callable[[Ground], None]) -> None:
    """And the test can fail: to a colleague, who did not make it, the same fact opens the chart."""
    with undone():
        assert (chart(ground, DOCTOR), chart(ground, COLLEAGUE)) == ("403", "403")
        made(ground)
        assert (chart(ground, DOCTOR), chart(ground, COLLEAGUE)) == ("403", "yes")


def test_an_encounter_that_a_desk_wrote_opens_nothing(ground: Ground) -> None:
    """Only one that the institution's own system sent does: without the message it is the reader's own word."""
    with undone():
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM consents_relation WHERE resident_id = %s", [ground.world.a.resident])
            assert chart(ground, DOCTOR, "own") == "yes"
            cursor.execute("UPDATE fhir_encounter SET message = NULL WHERE patient = %s", [ground.world.a.patient])
        assert chart(ground, DOCTOR, "own") == "own"


def test_registering_somebody_by_hand_opens_nothing(ground: Ground) -> None:
    """Neither a stranger's chart by their number nor, with a new resident, anything at all."""
    asked = ask_for("residents:register", ground.world, ground.member)
    for ident in (ground.member.number, ground.world.b.number):
        with undone():
            sent(ground, DOCTOR, Asked(asked.path, form={"name": "某某", "resident_id": ident}))
            assert chart(ground, DOCTOR) == "403"
            assert chart(ground, DOCTOR, "outside") in ("403", "404")


def test_whoever_calls_is_who_the_house_knows(ground: Ground) -> None:
    """The quick way of these tests is the house's: what it makes of a session is what every request makes of it."""
    for role in (DOCTOR, "administrator", "nobody", "stranger"):
        last, client = newest_line(), ground.world.clients[role]
        again = Caller.of(role, client)
        known, now = ground.at_lead[role].call, again.call
        assert (known is None) is (now is None)
        if known and now:
            assert (known.actor, known.scope, known.permissions, known.purpose, known.organisation) == (
                now.actor, now.scope, now.permissions, now.purpose, now.organisation,
            )  # fmt: skip
        assert newest_line() == last
