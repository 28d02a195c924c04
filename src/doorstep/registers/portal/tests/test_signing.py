"""Sign-in by a code: the way in, and those who would like another's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from doorstep.kernel import clock
from doorstep.kernel.models import OutboxEvent, TrailLine
from doorstep.kernel.testing import callers
from doorstep.registers.portal.actions.sessions import KEY
from doorstep.registers.portal.models import Binding, Code, Session
from doorstep.registers.portal.tests.factory import NAME, PHONE, client_of, number
from doorstep.registers.portal.tests.factory import resident as make
from doorstep.registers.residents import api as residents
from doorstep.registers.residents.models import Resident
from doorstep.registers.staff.tests import factory as staff

pytestmark = pytest.mark.django_db
Messages = Callable[[], list[dict[str, str]]]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[timedelta], None]]:
    """Lets time go by."""
    gone, real = [timedelta()], clock.now

    def go(more: timedelta) -> None:
        gone[0] += more

    monkeypatch.setattr(clock, "now", lambda: real() + gone[0])
    return go  # type: ignore[return-value]


def ask(client: Client, phone: str = PHONE, **more: Any) -> Any:
    return client.post("/my/sign-in", {"phone": phone}, **more)


def code_in(messages: Messages) -> str:
    """The digits of the newest message."""
    found = re.search(r"验证码 (\d{6})", messages()[-1]["text"])
    assert found
    return found[1]


def give(client: Client, code: str, **more: Any) -> Any:
    return client.post("/my/sign-in/code", {"code": code} | more)


def test_the_first_time_one_proves_who_one_is_and_then_the_telephone_is_enough(
    resident: UUID, messages: Messages, later: Callable[[timedelta], None]
) -> None:
    client = Client()
    assert client.get("/my/card").headers["Location"].startswith("/my/sign-in?next=")
    assert ask(client).headers["Location"] == "/my/sign-in/code"
    code = code_in(messages)
    assert give(client, code).headers["Location"] == "/my/sign-in/who"
    assert client.get("/my/").status_code == 302, "a telephone alone opens nothing"
    wrong = client.post("/my/sign-in/who", {"name": "别人", "number": number()})
    assert wrong.status_code == 422
    assert client.post("/my/sign-in/who", {"name": NAME, "number": number().lower()}).headers["Location"] == "/my/"
    assert NAME in client.get("/my/").content.decode()
    client.post("/my/sign-out")
    assert client.get("/my/").status_code == 302
    later(timedelta(minutes=3))
    assert ask(client).status_code == 302
    assert give(client, code_in(messages)).headers["Location"] == "/my/"
    assert client.get("/my/").status_code == 200
    signed = TrailLine.objects.filter(action="portal.sign_in", outcome="done")
    assert signed.count() == 2
    assert all(line.resident == resident and line.actor == f"resident:{resident}" for line in signed)


def test_no_code_is_kept_or_told_anywhere(resident: UUID, messages: Messages) -> None:
    client = Client()
    ask(client)
    code = code_in(messages)
    row = Code.objects.get()
    assert code not in row.phone
    assert PHONE not in f"{row.phone} {row.digest}"
    kept = [str(e.body) for e in OutboxEvent.objects.all()]
    kept += [f"{line.detail} {line.subject_id} {line.name}" for line in TrailLine.objects.all()]
    assert not [text for text in kept if code in text or PHONE in text]


def test_known_and_unknown_numbers_get_the_same_answer(resident: UUID, messages: Messages) -> None:
    answers = []
    for phone in (PHONE, "13700000001"):
        client = Client()
        first = ask(client, phone)
        second = client.get("/my/sign-in/code")
        wrong = give(client, "000000")
        answers.append([(a.status_code, re.sub(rb'value="[^"]{20,}"', b"", a.content)) for a in (first, second, wrong)])
        answers[-1] = [(s, re.sub(rb'"X-CSRFToken": "[^"]+"|nonce="[^"]+"', b"", c)) for s, c in answers[-1]]
    assert answers[0] == answers[1]
    assert {m["phone"] for m in messages()} == {PHONE}, "nobody is sent a message who is nobody"


def test_the_same_work_is_done_for_both(resident: UUID, messages: Messages) -> None:
    counts = []
    for phone in (PHONE, "13700000001"):
        with CaptureQueriesContext(connection) as seen:
            ask(Client(), phone)
        counts.append([" ".join(q["sql"].split()[:3]) for q in seen if "SAVEPOINT" not in q["sql"]])
    assert counts[0] == counts[1]


def test_a_code_is_good_for_five_tries(resident: UUID, messages: Messages) -> None:
    client = Client()
    ask(client)
    code = code_in(messages)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for _try in range(5):
        assert give(client, wrong).status_code == 422
    assert give(client, code).status_code == 422, "the sixth try is none, right or wrong"


def test_a_code_is_good_for_five_minutes(
    resident: UUID, messages: Messages, later: Callable[[timedelta], None]
) -> None:
    client = Client()
    ask(client)
    code = code_in(messages)
    later(timedelta(minutes=5, seconds=1))
    assert give(client, code).status_code == 422


def test_a_code_is_used_once_and_in_the_browser_that_asked(resident: UUID, messages: Messages) -> None:
    client, thief = Client(), Client()
    ask(client)
    code = code_in(messages)
    assert give(thief, code).headers["Location"] == "/my/sign-in"
    ask(thief, "13700000001")
    assert give(thief, code).status_code == 422
    assert give(client, code).status_code == 302
    ask(thief, "13700000001")
    session = client.session
    session["code"] = str(Code.objects.order_by("asked_at").first().id)
    session.save()
    assert give(client, code).status_code == 422


def test_a_planted_session_gains_nothing(resident: UUID, messages: Messages) -> None:
    """Whoever had a browser use a session of theirs does not sit in it when its owner has signed in."""
    client = Client()
    ask(client)
    planted = client.cookies["sessionid"].value
    give(client, code_in(messages))
    client.post("/my/sign-in/who", {"name": NAME, "number": number()})
    assert client.cookies["sessionid"].value != planted
    thief = Client()
    thief.cookies["sessionid"] = planted
    assert thief.get("/my/").status_code == 302


def test_a_stranger_cannot_shut_out_the_owner_of_a_number(
    resident: UUID, messages: Messages, later: Callable[[timedelta], None]
) -> None:
    owner, at_home = Client(), {"REMOTE_ADDR": "10.1.1.1"}
    ask(owner, **at_home)
    give(owner, code_in(messages))
    owner.post("/my/sign-in/who", {"name": NAME, "number": number()})
    owner.post("/my/sign-out")
    later(timedelta(hours=2))
    waits = [ask(Client(), REMOTE_ADDR=f"10.9.{n // 200}.{n % 200}").status_code for n in range(12)]
    assert 429 in waits, "one number is not rung without end, from however many addresses"
    assert ask(owner, **at_home).status_code == 302, "a browser that the number has signed in by is not held up by it"
    later(timedelta(minutes=5, seconds=1))
    assert ask(Client(), REMOTE_ADDR="10.2.2.2").status_code == 302, "any other waits five minutes at most"


def test_one_address_is_slowed_for_one_number(resident: UUID, messages: Messages) -> None:
    assert ask(Client()).status_code == 302
    again = ask(Client())
    assert again.status_code == 429
    assert ask(Client(), "13700000002").status_code == 302


def test_what_does_not_fit_is_not_told(
    county: UUID, resident: UUID, messages: Messages, later: Callable[[timedelta], None]
) -> None:
    """Neither a number that nobody has, nor another's, nor one's own with a telephone that is not in the register."""
    client = Client()
    other = make(county, name="司马光", phone="13600000003", serial=2)
    ask(client, "13600000003")
    give(client, code_in(messages))
    texts = set()
    for name, ident in ((NAME, number()), ("司马光", number()), (NAME, number(77)), ("赵某", number(2))):
        later(timedelta(minutes=15))
        session = client.session
        session["proved"] = session["proved"] | {"at": clock.now().isoformat()}
        session.save()
        answer = client.post("/my/sign-in/who", {"name": name, "number": ident})
        assert answer.status_code == 422
        texts.add("对不上" in answer.content.decode())
    assert texts == {True}
    assert not Binding.objects.exists()
    assert other


def test_guesses_at_a_proof_are_slowed(resident: UUID, messages: Messages) -> None:
    client = Client()
    ask(client)
    give(client, code_in(messages))
    seen = [client.post("/my/sign-in/who", {"name": "某", "number": number(n)}).status_code for n in range(2, 9)]
    assert seen[-1] == 429


def test_a_family_s_telephone_opens_the_one_who_is_chosen(county: UUID, resident: UUID, messages: Messages) -> None:
    wife = make(county, name="司马青", phone=PHONE, serial=2)
    for who in (resident, wife):
        client_of(who)
    client = Client()
    ask(client)
    assert give(client, code_in(messages)).headers["Location"] == "/my/sign-in/who"
    page = client.get("/my/sign-in/who").content.decode()
    assert "＊＊静" in page
    assert NAME not in page
    binding = Binding.objects.get(resident=wife)
    assert client.post("/my/sign-in/who", {"binding": str(binding.pk)}).headers["Location"] == "/my/"
    assert "司马青，您好" in client.get("/my/").content.decode()


def test_another_number_s_binding_is_not_chosen(county: UUID, resident: UUID, messages: Messages) -> None:
    other = make(county, name="司马青", phone="13600000003", serial=2)
    client_of(other, phone="13600000003")
    client_of(resident)
    client_of(make(county, name="司马红", phone=PHONE, serial=3))
    client = Client()
    ask(client)
    give(client, code_in(messages))
    stranger = Binding.objects.get(resident=other)
    assert client.post("/my/sign-in/who", {"binding": str(stranger.pk)}).status_code == 422
    assert client.get("/my/").status_code == 302


def test_sessions_end_by_themselves_by_hand_and_with_their_person(
    resident: UUID, later: Callable[[timedelta], None]
) -> None:
    shared, own = client_of(resident), client_of(resident, own=True)
    page = own.get("/my/sign-ins").content.decode()
    assert page.count("退出这里") == 1
    first = Session.objects.get(own=False)
    assert own.post("/my/sign-ins/end", {"session": str(first.pk)}).status_code == 302
    assert shared.get("/my/").status_code == 302
    shared = client_of(resident)
    later(timedelta(minutes=31))
    assert shared.get("/my/").status_code == 302
    assert own.get("/my/").status_code == 200
    Resident.objects.unscoped("test").filter(pk=resident).update(deceased=True)
    assert own.get("/my/").status_code == 302


def test_another_s_session_is_not_ended(county: UUID, resident: UUID) -> None:
    other = make(county, name="司马青", phone="13600000003", serial=2)
    theirs, mine = client_of(other, phone="13600000003"), client_of(resident)
    row = Session.objects.get(resident=other)
    assert mine.post("/my/sign-ins/end", {"session": str(row.pk)}).status_code == 404
    assert mine.post("/my/sign-ins/end", {"session": "nonsense"}).status_code == 404
    mine.post("/my/sign-ins/end", {"session": "others"})
    assert theirs.get("/my/").status_code == 200


def test_one_browser_is_one_caller(county: UUID, resident: UUID, messages: Messages) -> None:
    """A colleague who signs in as a resident is a colleague no more, and the other way about."""
    somebody = staff.somebody(county, "nurse")
    client = staff.client_of(somebody)
    ask(client)
    give(client, code_in(messages))
    client.post("/my/sign-in/who", {"name": NAME, "number": number()})
    assert client.get("/residents/").status_code == 403
    assert client.get("/me/security").status_code == 403
    assert client.get("/").headers["Location"] == "/my/"
    assert str(somebody.pk) != client.session.get("_auth_user_id")
    client.post("/sign-in", {"username": somebody.username, "password": staff.PASSWORD})
    assert KEY not in client.session
    assert client.get("/my/").status_code == 403
    assert client.get("/residents/").status_code == 200


def test_who_was_merged_is_the_other(county: UUID, resident: UUID) -> None:
    come = residents.Incoming("twin", county, names=(residents.Name("某某"),))
    [placed] = residents.take_in(callers.system(), [come])
    assert placed.resident
    client = client_of(placed.resident, phone="13600000009")
    assert "某某" in client.get("/my/").content.decode()
    residents.merge(callers.system(), kept=resident, gone=placed.resident, note="同一人")
    assert NAME in client.get("/my/").content.decode()
    assert client.get("/my/sign-ins").content.decode().count("就是这里") == 1
