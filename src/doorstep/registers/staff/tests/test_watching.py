"""Who runs the system alone cannot sign in as those who audit or guard it, nor read the trail (三员分立)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client

from doorstep.kernel import clock
from doorstep.kernel.call import Call
from doorstep.kernel.decision import Refused
from doorstep.kernel.testing import callers
from doorstep.registers.organisations.tests.factory import District
from doorstep.registers.staff import rules
from doorstep.registers.staff.actions import accounts, rights
from doorstep.registers.staff.models import Account, OutsideIdentity, Proposal, RecoveryCode
from doorstep.registers.staff.tests import factory

pytestmark = pytest.mark.django_db
NEW = "quite-another-9-word"
ACTS: dict[str, Callable[[Call, UUID], object]] = {
    "password": lambda c, who: accounts.set_password(c, person=who, password=NEW),
    "factors": lambda c, who: accounts.reset_factors(c, person=who),
    "identity": lambda c, who: accounts.link_identity(c, person=who, issuer="https://city", subject="evil"),
}
MADE = {"username": "mingri", "password": NEW}
SAID: dict[str, dict[str, str]] = {
    "password": {"password": NEW},
    "factors": {},
    "identity": {"issuer": "https://city", "subject": "right"},
}


def call(district: District, role: str = "administrator") -> Call:
    return factory.call_of(factory.somebody(district.lead, role, role))


@pytest.mark.parametrize("role", ["auditor", "privacy_officer"])
@pytest.mark.parametrize("act", sorted(ACTS))
def test_one_person_alone_cannot(district: District, act: str, role: str) -> None:
    found = factory.somebody(district.lead, role, "看守")
    RecoveryCode.objects.create(account=found, digest="x")
    with pytest.raises(Refused, match=r"account\.two_persons"):
        ACTS[act](call(district), found.person_id)
    found.refresh_from_db()
    assert found.password == factory.HASHED
    assert RecoveryCode.objects.count() == 1
    assert not OutsideIdentity.objects.exists()
    ACTS[act](callers.system(), found.person_id)


def test_nor_open_an_account_for_one_who_will_be_an_auditor_tomorrow(district: District) -> None:
    whom = factory.person("明日")
    factory.post(whom, district.lead, "auditor", since=clock.today() + timedelta(days=1))
    admin = call(district)
    with pytest.raises(Refused, match=r"account\.two_persons"):
        accounts.make_account(admin, person=whom.id, username="mingri", password=NEW)
    key = rights.propose_account(admin, person=whom.id, act="make", why="新任", said=MADE)
    assert not Account.objects.filter(person=whom).exists()
    rights.confirm(call(district, "bureau_manager"), proposal=key, expect=1)
    assert Account.objects.get(person=whom).must_change


def test_whoever_does_not_watch_is_helped_by_one(district: District) -> None:
    nurse = factory.somebody(district.centre, "nurse")
    ACTS["factors"](call(district), nurse.person_id)
    with pytest.raises(Refused, match=r"proposal\.needless"):
        rights.propose_account(call(district), person=nurse.person_id, act="factors", why="丢了手机", said={})


@pytest.mark.parametrize("act", sorted(ACTS))
def test_two_can(district: District, act: str) -> None:
    found = factory.somebody(district.lead, "auditor", "看守")
    RecoveryCode.objects.create(account=found, digest="x")
    admin, other = call(district), call(district, "bureau_manager")
    key = rights.propose_account(admin, person=found.person_id, act=act, why="本人来电", said=SAID[act])
    found.refresh_from_db()
    assert found.password == factory.HASHED, "nothing before it is confirmed"
    with pytest.raises(Refused, match=r"proposal\.own"):
        rights.confirm(admin, proposal=key, expect=1)
    rights.confirm(other, proposal=key, expect=1)
    found.refresh_from_db()
    assert (found.check_password(NEW), found.must_change) == ((True, True) if act == "password" else (False, False))
    assert RecoveryCode.objects.exists() is (act != "factors")
    assert OutsideIdentity.objects.filter(subject="right").exists() is (act == "identity")
    assert "password" not in Proposal.objects.get(pk=key).values


@pytest.mark.parametrize("how", ["decline", "withdraw", "expire"])
def test_what_is_not_done_keeps_no_password(district: District, how: str) -> None:
    found = factory.somebody(district.lead, "auditor", "看守")
    admin, other = call(district), call(district, "bureau_manager")
    key = rights.propose_account(admin, person=found.person_id, act="password", why="本人来电", said=SAID["password"])
    assert NEW not in str(Proposal.objects.get(pk=key).values)
    if how == "decline":
        rights.decline(other, proposal=key, expect=1, note="没听说")
    elif how == "withdraw":
        rights.withdraw(admin, proposal=key, expect=1)
    else:
        Proposal.objects.update(until=clock.now() - timedelta(days=1))
        rights.expire(callers.system())
    assert "password" not in Proposal.objects.get(pk=key).values
    found.refresh_from_db()
    assert found.password == factory.HASHED


def test_on_the_pages(district: District) -> None:
    found = factory.somebody(district.lead, "auditor", "看守")
    admin: Client = factory.client_of(factory.somebody(district.lead, "administrator", "甲"))
    place = f"/staff/{found.person_id}"
    assert admin.post(f"{place}/account", {"password": NEW}).status_code == 422, "it asks why"
    assert admin.post(f"{place}/account", {"password": "x", "why": "忘了"}).status_code == 422
    made = admin.post(f"{place}/account", {"password": NEW, "why": "忘了密码"})
    assert made.status_code == 302
    other = factory.client_of(factory.somebody(district.lead, "bureau_manager", "乙"))
    text = other.get(made["Location"]).content.decode()
    assert "重设密码" in text
    assert "argon2" not in text
    assert other.post(made["Location"], {"move": "confirm", "expect": "1", "note": "同意"}).status_code == 302
    found.refresh_from_db()
    assert found.check_password(NEW)
    asked = admin.post(f"{place}/factors/reset")
    assert asked.status_code == 200
    assert "理由" in asked.content.decode()
    assert admin.post(f"{place}/factors/reset", {"why": "丢了手机"}).status_code == 302
    assert Proposal.objects.filter(kind="account").count() == 2


def test_who_runs_the_system_reads_no_trail() -> None:
    assert "trail.read" not in rules.ROLES["administrator"].permissions
    for role in ("auditor", "privacy_officer"):
        assert "trail.read" in rules.ROLES[role].permissions
