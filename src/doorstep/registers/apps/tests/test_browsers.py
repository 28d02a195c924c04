"""Apps that live in a browser alone: their pages may ask the endpoints, those of any other origin not."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.test import Client

from doorstep.registers.apps.models import App as Row
from doorstep.registers.apps.reads import clients
from doorstep.registers.organisations.tests import factory as places
from tests.smart import App, register

pytestmark = pytest.mark.django_db
HERE = "https://app.example"


@pytest.fixture
def place(db: None) -> UUID:
    clients._origins.cache_clear()
    return places.make().lead


def beforehand(path: str, origin: str) -> str:
    """What a browser is told that asks beforehand."""
    asks = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return str(Client().options(path, headers=asks).headers.get("Access-Control-Allow-Origin", ""))


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke", "/oauth/jwks", "/.well-known/openid-configuration"])
def test_a_registered_origin_may_ask_and_no_other(place: UUID, path: str) -> None:
    app = register(place)
    assert beforehand(path, HERE) == HERE
    for other in ("https://evil.example", "https://app.example.evil.example", "http://app.example", "null"):
        assert beforehand(path, other) == ""
        assert "Access-Control-Allow-Origin" not in Client().get(path, headers={"Origin": other}).headers
    answer = Client().post("/oauth/token", {"grant_type": "x", "client_id": app.client_id}, headers={"Origin": HERE})
    assert answer.status_code == 400
    assert answer.headers["Access-Control-Allow-Origin"] == HERE
    assert "Origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("kind", ["secret", "key"])
def test_only_for_apps_of_browsers_that_are_on(place: UUID, kind: str) -> None:
    """A confidential app asks from its server; one that is off from nowhere."""
    off: App = register(place, redirect_uris=("https://off.example/back",))
    Row.objects.unscoped("test").filter(pk=off.id).update(is_on=False)
    register(place, kind)
    assert beforehand("/oauth/token", HERE) == ""
    assert beforehand("/oauth/token", "https://off.example") == ""


def test_the_consent_page_is_for_no_other_origin(place: UUID) -> None:
    register(place)
    assert beforehand("/oauth/authorize", HERE) == ""
    assert beforehand("/oauth/introspect", HERE) == ""
