"""The room's addresses."""

from __future__ import annotations

from django.urls import path

from doorstep.registers.apps.pages import authorizing, endpoints

app_name = "apps"
urlpatterns = [
    path("oauth/authorize", authorizing.authorize, name="authorize"),
    path("oauth/token", endpoints.token, name="token"),
    path("oauth/introspect", endpoints.introspect, name="introspect"),
    path("oauth/revoke", endpoints.revoke, name="revoke"),
    path("oauth/jwks", endpoints.keys, name="keys"),
    path(".well-known/openid-configuration", endpoints.openid_configuration, name="openid_configuration"),
]
