"""Second factors, sessions, passwords of one's own, and the proof before grave acts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyotp
import pytest
from django.db import connection
from django.test import Client

from doorstep.kernel import clock, sealing
from doorstep.kernel.decision import Refused
from doorstep.kernel.models import RuleSet, TrailLine
from doorstep.kernel.testing import callers
from doorstep.registers.organisations.tests.factory import District
from doorstep.registers.staff.actions import accounts, factors, grants, rights
from doorstep.registers.staff.models import Account, RecoveryCode, Session, Totp
from doorstep.registers.staff.reads import breaches
from doorstep.registers.staff.reads import signing as reads
from doorstep.registers.staff.rules import signing as rules
from doorstep.registers.staff.shapes import GrantFacts, PostFacts
from doorstep.registers.staff.tests import factory

pytestmark = pytest.mark.django_db
NEW = "Quite-other-Words-5"


@pytest.fixture(autouse=True)
def rule_afresh() -> Iterator[None]:
    reads._rule.cache_clear()
    yield
    reads._rule.cache_clear()


def enter(client: Client, username: str, password: str = factory.PASSWORD, **more: Any) -> Any:
    return client.post("/sign-in", {"username": username, "password": password}, **more)


def enrolled(found: Account, client: Client) -> tuple[str, list[str]]:
    """Put a generator on the person's telephone by the page; its secret and the recovery codes."""
    secret = client.get("/me/totp").context["secret"].replace(" ", "")
    page = client.post("/me/totp", {"code": pyotp.TOTP(secret).now()})
    assert page.status_code == 200, page.content.decode()
    return secret, list(page.context["codes"])


def forget_step() -> None:
    """As if half a minute had passed since the last code."""
    Totp.objects.update(last_step=0)


def test_a_code_opens_once_and_only_after_the_password(district: District) -> None:
    found = factory.somebody(district.centre, username="wang")
    secret, _codes = enrolled(found, factory.client_of(found))
    assert secret not in str(Totp.objects.values_list().get())
    client, thief = Client(), Client()
    assert enter(client, "wang")["Location"].startswith("/sign-in/second")
    assert client.get("/staff/")["Location"].startswith("/sign-in?")
    forget_step()
    code = pyotp.TOTP(secret).now()
    before = client.session.session_key
    assert client.post("/sign-in/second", {"code": code, "next": "/staff/"})["Location"] == "/staff/"
    assert client.session.session_key != before
    assert client.get("/staff/").status_code == 200
    enter(thief, "wang")
    assert thief.post("/sign-in/second", {"code": code}).status_code == 422, "the same code again"
    assert thief.get("/staff/").status_code == 302
    assert TrailLine.objects.filter(action="staff.second_factor", outcome="refused").count() == 1
    assert Client().get("/sign-in/second")["Location"].startswith("/sign-in")


def test_a_right_password_waits_for_minutes_only(district: District, monkeypatch: pytest.MonkeyPatch) -> None:
    found = factory.somebody(district.centre, username="wang")
    _secret, codes = enrolled(found, factory.client_of(found))
    client = Client()
    enter(client, "wang")
    later = clock.now() + rules.PENDING + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert client.post("/sign-in/second", {"code": codes[0]})["Location"].startswith("/sign-in?")


def test_a_recovery_code_opens_once_and_is_kept_hashed(district: District) -> None:
    found = factory.somebody(district.centre, username="wang")
    _secret, codes = enrolled(found, factory.client_of(found))
    assert len(set(codes)) == rules.RECOVERY_CODES
    assert not RecoveryCode.objects.filter(digest__in=codes).exists()
    for wanted in (302, 422):
        client = Client()
        enter(client, "wang")
        assert client.post("/sign-in/second", {"code": codes[0].upper()}).status_code == wanted
    assert RecoveryCode.objects.count() == rules.RECOVERY_CODES - 1


def test_guesses_at_a_code_are_slowed_and_another_is_not(district: District) -> None:
    found = factory.somebody(district.centre, username="wang")
    enrolled(found, factory.client_of(found))
    client = Client()
    enter(client, "wang")
    told = [client.post("/sign-in/second", {"code": f"00000{n}"}).status_code for n in range(6)]
    assert told[0] == 422
    assert told[-1] == 429
    factory.somebody(district.centre, username="li")
    assert enter(Client(), "li").status_code == 302


def test_a_sealed_secret_opens_for_its_owner_and_key_alone(settings: Any) -> None:
    sealed = sealing.seal("JBSWY3DP", use="totp of 1")
    assert sealing.unseal(sealed, use="totp of 1") == "JBSWY3DP"
    assert sealed != sealing.seal("JBSWY3DP", use="totp of 1")
    for other, use in ((sealed, "totp of 2"), (sealed[:-4] + "AAAA", "totp of 1"), ("k0.x", "totp of 1")):
        with pytest.raises(sealing.Unsealable):
            sealing.unseal(other, use=use)
    settings.DOORSTEP_FIELD_KEY = "another"
    with pytest.raises(sealing.Unsealable):
        sealing.unseal(sealed, use="totp of 1")


@pytest.mark.parametrize("role", ["administrator", "auditor", "hospital_manager"])
def test_some_roles_may_do_nothing_before_a_second_factor(district: District, role: str) -> None:
    found = factory.somebody(district.centre, role, username="boss")
    client = Client()
    enter(client, "boss")
    answer = client.get("/staff/")
    assert (answer.status_code, "第二种方式" in answer.content.decode()) == (403, True)
    assert client.get("/me/security").status_code == 200
    enrolled(found, client)
    assert client.get("/staff/").status_code == 200


def test_from_outside_the_house_s_networks_a_second_factor_is_asked(district: District) -> None:
    parameters = {"near": ["10.0.0.0/8"]}
    RuleSet.objects.create(
        code=rules.RULE, revision="1", issuer="县", effective_from=clock.today(), parameters=parameters
    )
    factory.somebody(district.centre, "nurse", username="wang")
    client = Client()
    enter(client, "wang", REMOTE_ADDR="10.1.2.3")
    assert client.get("/staff/", REMOTE_ADDR="10.1.2.3").status_code == 200
    assert client.get("/staff/", REMOTE_ADDR="203.0.113.5").status_code == 403


def test_a_password_that_another_chose_is_changed_first(district: District) -> None:
    found = factory.somebody(district.centre, "nurse", username="wang")
    accounts.set_password(callers.system(), person=found.person_id, password="Given-by-Boss-3")
    client = Client()
    enter(client, "wang", "Given-by-Boss-3")
    assert client.get("/staff/").status_code == 403
    elsewhere = Client()
    enter(elsewhere, "wang", "Given-by-Boss-3")
    form = {"old": "Given-by-Boss-3", "new": NEW, "again": NEW}
    before = client.session.session_key
    for wrong in (form | {"old": "x"}, form | {"again": "y"}, form | {"new": "short", "again": "short"}):
        assert client.post("/me/password", wrong).status_code == 422
    reused = {"old": "Given-by-Boss-3", "new": factory.PASSWORD, "again": factory.PASSWORD}
    assert "用过" in client.post("/me/password", reused).content.decode()
    assert client.post("/me/password", form).status_code == 302
    assert client.session.session_key != before
    assert client.get("/staff/").status_code == 200
    assert elsewhere.get("/staff/").status_code == 302, "other sessions have ended"
    assert TrailLine.objects.filter(action="staff.change_password", outcome="done").count() == 1


def test_a_manager_changes_an_old_password_and_a_nurse_need_not(district: District) -> None:
    for role, status in (("hospital_manager", 403), ("nurse", 200)):
        found = factory.somebody(district.centre, role)
        Account.objects.filter(pk=found.pk).update(password_at=clock.now() - timedelta(days=91))
        found.refresh_from_db()
        assert factory.client_of(found).get("/staff/").status_code == status


def test_a_leaked_password_is_refused(district: District, settings: Any, tmp_path: Path) -> None:
    leaked = [hashlib.sha1(f"Leaked-word-{n}".encode()).hexdigest().upper() for n in range(50)]
    file = tmp_path / "breached.txt"
    file.write_text("".join(f"{line}:{n}\n" for n, line in enumerate(sorted(leaked))))
    assert all(breaches.is_breached(f"Leaked-word-{n}", str(file)) for n in range(50))
    assert not any(breaches.is_breached(f"Other-word-{n}", str(file)) for n in range(200))
    file.write_text("".join(f"{line[:16]}\n" for line in sorted(leaked)))
    assert breaches.is_breached("Leaked-word-7", str(file))
    settings.DOORSTEP_BREACHED = str(file)
    found = factory.somebody(district.centre)
    with pytest.raises(Refused, match=r"password\.breached"):
        accounts.set_password(callers.system(), person=found.person_id, password="Leaked-word-7")


def test_sessions_are_listed_and_ended_at_once(district: District) -> None:
    found = factory.somebody(district.centre, username="wang")
    mine, other, third = (
        Client(),
        Client(headers={"user-agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/130.0"}),
        Client(),
    )
    for client in (mine, other, third):
        enter(client, "wang")
    page = mine.get("/me/security")
    assert "Chrome · Windows" in page.content.decode()
    key = Session.objects.get(device__contains="Chrome").pk
    stranger = factory.client_of(factory.somebody(district.centre))
    stranger.post("/me/sessions/end", {"session": str(key)})
    assert other.get("/staff/").status_code == 200, "nobody ends another's"
    mine.post("/me/sessions/end", {"session": str(key)})
    assert other.get("/staff/").status_code == 302
    mine.post("/me/sessions/end", {"session": "others"})
    assert (third.get("/staff/").status_code, mine.get("/staff/").status_code) == (302, 200)
    assert Session.objects.filter(account=found).count() == 1


@pytest.mark.parametrize(("role", "minutes"), [("nurse", 30), ("hospital_manager", 15)])
def test_a_session_that_lies_idle_ends_and_one_in_use_goes_on(district: District, role: str, minutes: int) -> None:
    client = factory.client_of(factory.somebody(district.centre, role))
    Session.objects.update(seen_at=clock.now() - timedelta(minutes=minutes - 1))
    assert client.get("/staff/").status_code == 200
    assert clock.now() - Session.objects.get().seen_at < timedelta(minutes=1), "it was marked as seen"
    with connection.execute_wrapper(_no_session_writes):
        assert client.get("/staff/").status_code == 200
    Session.objects.update(seen_at=clock.now() - timedelta(minutes=minutes, seconds=1))
    assert client.get("/staff/").status_code == 302
    assert not Session.objects.exists()
    assert TrailLine.objects.filter(action="staff.session_over").count() == 1


def _no_session_writes(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    assert not sql.startswith('UPDATE "staff_session"')
    return execute(sql, params, many, context)


def test_no_session_grows_older_than_half_a_day(district: District) -> None:
    client = factory.client_of(factory.somebody(district.centre))
    Session.objects.update(created_at=clock.now() - timedelta(hours=12, seconds=1))
    assert client.get("/staff/").status_code == 302


def test_a_grave_act_asks_who_one_is_and_leads_back(district: District) -> None:
    boss, whom = factory.somebody(district.centre, "hospital_manager"), factory.somebody(district.centre, "nurse")
    client = factory.client_of(boss)
    Session.objects.update(confirmed_at=clock.now() - timedelta(minutes=11))
    path = f"/staff/{whom.person_id}/account"
    for answer in (
        client.get(path),
        client.post(path, {"password": NEW}, headers={"referer": f"http://testserver{path}"}),
    ):
        assert answer.status_code == 403
        assert f"/me/confirm?next={path.replace('/', '%2F')}" in answer.content.decode()
    assert Account.objects.get(pk=whom.pk).check_password(factory.PASSWORD)
    assert TrailLine.objects.filter(detail__reason="confirm.first", outcome="refused").exists()
    before = client.session.session_key
    assert client.post("/me/confirm", {"password": "wrong"}).status_code == 422
    done = client.post("/me/confirm", {"password": factory.PASSWORD, "next": path})
    assert done["Location"] == path
    assert client.session.session_key != before


def test_confirming_asks_the_second_factor_too(district: District) -> None:
    found = factory.somebody(district.centre)
    client = factory.client_of(found)
    _secret, codes = enrolled(found, client)
    Session.objects.update(confirmed_at=None)
    assert client.post("/me/codes").status_code == 403
    assert client.post("/me/confirm", {"password": factory.PASSWORD}).status_code == 422
    assert client.post("/me/confirm", {"password": "wrong", "code": codes[0]}).status_code == 422
    assert client.post("/me/confirm", {"password": factory.PASSWORD, "code": codes[0]}).status_code == 302
    assert client.post("/me/codes").status_code == 200


def test_every_grave_act_refuses_who_has_not_confirmed(district: District) -> None:
    from dataclasses import replace

    whom, day = factory.person("某人"), clock.today()
    call = replace(callers.member(district.centre), confirmed=None)
    acts = (
        lambda c: accounts.make_account(c, person=whom.id, username="x1", password=NEW),
        lambda c: accounts.set_password(c, person=whom.id, password=NEW),
        lambda c: accounts.reset_factors(c, person=whom.id),
        lambda c: accounts.link_identity(c, person=whom.id, issuer="i", subject="s"),
        lambda c: accounts.issue_key(c, organisation=district.centre, name="HIS"),
    )
    rights_of = (
        lambda c: rights.confirm(c, proposal=whom.id, expect=1),
        lambda c: rights.propose_role(c, role="nurse", expect=0, permissions=(), sentence="", why="试"),
        lambda c: rights.propose_post(c, person=whom.id, post=PostFacts(district.centre, "auditor", day), why="试"),
        lambda c: grants.grant(c, person=whom.id, facts=GrantFacts(district.centre, "charts.raw", day, day, "试")),
    )
    for act in (*acts, *rights_of):
        with pytest.raises(Refused, match=r"confirm\.first"):
            act(call)
    late = replace(callers.member(district.centre), confirmed=clock.now() - timedelta(minutes=11))
    with pytest.raises(Refused, match=r"confirm\.first"):
        acts[4](late)
    acts[4](callers.member(district.centre))
    acts[4](callers.system())


def test_an_administrator_helps_who_has_lost_the_telephone(district: District) -> None:
    found = factory.somebody(district.centre, username="wang")
    client = factory.client_of(found)
    enrolled(found, client)
    boss = factory.client_of(factory.somebody(district.centre, "hospital_manager"))
    assert boss.post(f"/staff/{found.person_id}/factors/reset").status_code == 302
    assert client.get("/staff/").status_code == 302
    assert enter(Client(), "wang")["Location"] == "/"
    assert not RecoveryCode.objects.exists()


def test_a_new_factor_ends_other_sessions_and_its_end_is_trailed(district: District) -> None:
    found = factory.somebody(district.centre)
    client, other = factory.client_of(found), factory.client_of(found)
    enrolled(found, client)
    assert other.get("/staff/").status_code == 302
    assert client.post("/me/totp/remove").status_code == 302
    assert not RecoveryCode.objects.exists()
    kinds = TrailLine.objects.filter(action__in=("staff.add_factor", "staff.remove_factor"), outcome="done")
    assert [line.detail["kind"] for line in kinds] == ["totp", "totp"]
    assert factors.is_right(found, "") == ""
