"""The room's addresses."""

from __future__ import annotations

from django.urls import path

from doorstep.registers.apps.pages import authorizing, endpoints, managing, own

app_name = "apps"
urlpatterns = [
    path("oauth/authorize", authorizing.authorize, name="authorize"),
    path("oauth/token", endpoints.token, name="token"),
    path("oauth/introspect", endpoints.introspect, name="introspect"),
    path("oauth/revoke", endpoints.revoke, name="revoke"),
    path("oauth/jwks", endpoints.keys, name="keys"),
    path("me/apps", own.mine, name="mine"),
    path("me/apps/<uuid:authorization>/withdraw", own.withdraw, name="withdraw"),
    path("charts/<uuid:resident>/apps", own.offers, name="offers"),
    path("charts/<uuid:resident>/apps/<uuid:app>", own.launch, name="launch"),
    path("apps/", managing.listed, name="list"),
    path("apps/add", managing.add, name="add"),
    path("apps/<uuid:app>", managing.one, name="one"),
    path("apps/<uuid:app>/edit", managing.edit, name="edit"),
    path("apps/<uuid:app>/rotate", managing.rotate, name="rotate"),
    path("apps/<uuid:app>/switch", managing.switch, name="switch"),
    path("apps/<uuid:app>/end/<uuid:authorization>", managing.end, name="end"),
    path(".well-known/openid-configuration", endpoints.openid_configuration, name="openid_configuration"),
]
