"""The addresses of residents."""

from __future__ import annotations

from django.urls import path

from doorstep.registers.residents import pages

app_name = "residents"
urlpatterns = [
    path("residents/", pages.search, name="search"),
    path("residents/new", pages.register, name="register"),
    path("residents/check-number", pages.check_number, name="check_number"),
    path("residents/<uuid:resident>/", pages.show, name="show"),
    path("residents/<uuid:resident>/contacts", pages.contacts, name="contacts"),
    path("residents/<uuid:resident>/guardians", pages.guardian, name="guardian"),
    path("residents/<uuid:resident>/guardians/<int:guardian>/end", pages.end_guardian, name="end_guardian"),
    path("residents/<uuid:resident>/household", pages.household, name="household"),
    path("residents/<uuid:resident>/household/add", pages.add_member, name="add_member"),
    path("residents/<uuid:resident>/household/<int:member>/remove", pages.remove_member, name="remove_member"),
]
