"""The addresses of the room."""

from __future__ import annotations

from django.urls import path

from doorstep.registers.consents.pages import consenting, glass, own

app_name = "consents"
urlpatterns = [
    path("my/consents", own.consents, name="own"),
    path("my/consents/new", own.new, name="own_new"),
    path("my/consents/<uuid:consent>/withdraw", own.withdraw, name="own_withdraw"),
    path("consents/break-glass", glass.glasses, name="glasses"),
    path("consents/break-glass/<uuid:glass>", glass.glass, name="glass"),
    path("consents/<uuid:resident>/break-glass", glass.break_glass, name="break_glass"),
    path("consents/<uuid:resident>/", consenting.consents, name="list"),
    path("consents/<uuid:resident>/new", consenting.new, name="new"),
    path("consents/<uuid:resident>/<uuid:consent>/withdraw", consenting.withdraw, name="withdraw"),
]
