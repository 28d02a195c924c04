"""Addresses of the house's own pages."""

from __future__ import annotations

from django.urls import path

from doorstep.site.system import pages

app_name = "system"
urlpatterns = [
    path("system/outbox", pages.outbox, name="outbox"),
    path("system/outbox/<int:letter>", pages.letter, name="letter"),
    path("system/outbox/<int:letter>/replay", pages.replay, name="replay"),
    path("system/outbox/<int:letter>/dismiss", pages.dismiss, name="dismiss"),
    path("system/style", pages.style, name="style"),
]
