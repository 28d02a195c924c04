"""Addresses of the trail."""

from __future__ import annotations

from django.urls import path

from doorstep.insight.trail import pages
from doorstep.insight.trail.pages import objections, own

app_name = "trail"
urlpatterns = [
    path("my/looks", own.looks, name="looks"),
    path("my/objections", own.objections, name="own_objections"),
    path("my/objections/new", own.object_, name="object"),
    path("my/objections/<uuid:objection>", own.objection, name="own_objection"),
    path("my/objections/<uuid:objection>/move", own.move, name="own_move"),
    path("trail/objections", objections.waiting, name="objections"),
    path("trail/objections/<uuid:objection>", objections.objection, name="objection"),
    path("trail", pages.search, name="search"),
    path("trail/verify", pages.verify, name="verify"),
    path("trail/unusual", pages.unusual, name="unusual"),
    path("trail/unusual/lines", pages.unusual_lines, name="unusual_lines"),
    path("trail/watched", pages.watched, name="watched"),
    path("trail/watched/<int:watched>/end", pages.end_watch, name="end_watch"),
]
