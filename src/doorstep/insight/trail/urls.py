"""Addresses of the trail."""

from __future__ import annotations

from django.urls import path

from doorstep.insight.trail import pages

app_name = "trail"
urlpatterns = [
    path("trail", pages.search, name="search"),
    path("trail/verify", pages.verify, name="verify"),
    path("trail/unusual", pages.unusual, name="unusual"),
    path("trail/unusual/lines", pages.unusual_lines, name="unusual_lines"),
    path("trail/watched", pages.watched, name="watched"),
    path("trail/watched/<int:watched>/end", pages.end_watch, name="end_watch"),
]
