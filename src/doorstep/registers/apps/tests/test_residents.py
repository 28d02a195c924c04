"""A resident lets an app in: only what is about them, no longer than they may themselves, and taken back at once."""

from __future__ import annotations

from datetime import date
from urllib.parse import quote
from uuid import UUID

import pytest
from django.test import Client

from doorstep.kernel.models import TrailLine
from doorstep.registers.apps import api
from doorstep.registers.apps.models import Authorization
from doorstep.registers.organisations.tests import factory as places
from doorstep.registers.portal.models import Session
from doorstep.registers.portal.tests import factory as portal
from doorstep.registers.residents.models import Resident
from tests.smart import App, agreed, answered, asking, exchanged, let_in, post, register

pytestmark = pytest.mark.django_db
SCOPE = "openid fhirUser launch/patient patient/*.rs user/*.cruds"


@pytest.fixture
def place(db: None) -> UUID:
    return places.make().lead


@pytest.fixture
def who(place: UUID) -> UUID:
    return portal.resident(place)


@pytest.fixture
def app(place: UUID) -> App:
    return register(place)


def test_a_resident_gives_what_is_about_them_alone(who: UUID, app: App) -> None:
    """No scope of a user's, whatever was asked; no place beyond their own record; the trail names them and the app."""
    browser = portal.client_of(who)
    shown = browser.get(asking(app, SCOPE)).content.decode()
    assert "您同意后，它可以看" in shown
    given = let_in(browser, app, SCOPE)
    assert set(given["scope"].split()) == {"openid", "fhirUser", "launch/patient", "patient/*.rs"}
    assert given["patient"] == "own1"
    call = api.access_call(given["access_token"])
    assert call is not None
    assert call.grant is not None
    assert (call.actor, call.resident, call.grant.patients) == (f"resident:{who}", who, ("own1",))
    assert not call.scope.organisations
    assert call.permissions == {"charts.read"}
    line = TrailLine.objects.filter(action="apps.token").latest("id")
    assert (line.actor, line.resident) == (f"resident:{who}", who)


def test_another_resident_cannot_be_named(place: UUID, who: UUID, app: App) -> None:
    other = portal.resident(place, name="旁人", phone="13912345600", serial=2)
    given = let_in(portal.client_of(who), app, SCOPE, resident=other)
    assert given["patient"] == "own1"
    assert Authorization.objects.unscoped("test").get().resident_id == who


def test_it_ends_with_the_session_and_offline_when_it_is_taken_back(who: UUID, app: App) -> None:
    browser = portal.client_of(who)
    token = let_in(browser, app, SCOPE)["access_token"]
    kept = let_in(browser, app, SCOPE + " offline_access")
    Session.objects.all().delete()
    assert api.access_call(token) is None
    assert api.access_call(kept["access_token"]) is not None
    again = portal.client_of(who)
    assert "收回" in again.get("/me/apps").content.decode()
    row = Authorization.objects.unscoped("test").get(session__isnull=True)
    assert again.post(f"/me/apps/{row.pk}/withdraw").status_code == 302
    assert api.access_call(kept["access_token"]) is None
    refreshed = post("/oauth/token", app, grant_type="refresh_token", refresh_token=kept["refresh_token"])
    assert (refreshed.status_code, refreshed.json()["error"]) == (400, "invalid_grant")


def test_nobody_takes_back_what_another_let_in(place: UUID, who: UUID, app: App) -> None:
    let_in(portal.client_of(who), app, SCOPE)
    other = portal.resident(place, name="旁人", phone="13912345600", serial=2)
    row = Authorization.objects.unscoped("test").get()
    assert portal.client_of(other, phone="13912345600").post(f"/me/apps/{row.pk}/withdraw").status_code == 404
    row.refresh_from_db()
    assert row.ended_at is None


def test_a_guardian_s_app_ends_with_the_charge(place: UUID, who: UUID, app: App) -> None:
    """It reads the child alone; the day the guardian is none any more, it reads nothing."""
    child = portal.resident(place, name="欧阳小", phone="", serial=3, born=date(2020, 5, 1))
    charge = portal.guardian(child, who)
    given = let_in(portal.client_of(who, acting_for=child), app, SCOPE + " offline_access")
    assert given["patient"] == "own3"
    call = api.access_call(given["access_token"])
    assert call is not None
    assert call.resident == child
    charge.delete()
    assert api.access_call(given["access_token"]) is None


def test_the_guardian_s_code_is_worth_nothing_once_they_are_none(place: UUID, who: UUID, app: App) -> None:
    child = portal.resident(place, name="欧阳小", phone="", serial=3, born=date(2020, 5, 1))
    charge = portal.guardian(child, who)
    code = agreed(portal.client_of(who, acting_for=child), app, SCOPE)
    charge.delete()
    assert exchanged(app, code).status_code == 400


def test_nothing_is_read_in_the_name_of_the_dead(who: UUID, app: App) -> None:
    token = let_in(portal.client_of(who), app, SCOPE + " offline_access")["access_token"]
    assert api.access_call(token) is not None
    Resident.objects.unscoped("test").filter(pk=who).update(deceased=True)
    assert api.access_call(token) is None


def test_a_resident_opens_no_chart_s_app_and_may_refuse(who: UUID, app: App) -> None:
    browser = portal.client_of(who)
    assert answered(browser.post(asking(app, SCOPE), {"answer": "refuse"}))["error"] == "access_denied"
    assert browser.get(f"/charts/{who}/apps").status_code in (403, 404)
    assert browser.post(f"/charts/{who}/apps/{app.id}").status_code in (403, 404, 422)
    assert browser.get("/apps/").status_code == 403


def test_a_stranger_is_led_to_the_residents_door_and_back() -> None:
    """From the sign-in of staff a way leads to the residents' own, which remembers where one was going."""
    wanted = "/oauth/authorize?client_id=x"
    browser = Client()
    there = browser.get(f"/sign-in?next={quote(wanted)}").content.decode()
    assert f"/my/sign-in?next={quote(wanted, safe='')}" in there.replace("&amp;", "&")
    browser.get(f"/my/sign-in?next={quote(wanted)}")
    assert browser.session["own_next"] == wanted
