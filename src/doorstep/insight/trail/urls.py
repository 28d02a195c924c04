"""Addresses of the trail."""

from __future__ import annotations

from django.urls import path

from doorstep.insight.trail import pages

app_name = "trail"
urlpatterns = [
    path("trail", pages.search, name="search"),
    path("trail/verify", pages.verify, name="verify"),
]
