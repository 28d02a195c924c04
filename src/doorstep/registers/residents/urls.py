"""The addresses of residents."""

from __future__ import annotations

from django.urls import path

from doorstep.registers.residents import pages
from doorstep.registers.residents.pages import explaining, index, modelling, reviewing

app_name = "residents"
urlpatterns = [
    path("residents/", pages.search, name="search"),
    path("residents/new", pages.register, name="register"),
    path("residents/check-number", pages.check_number, name="check_number"),
    path("residents/review", reviewing.queue, name="review"),
    path("residents/review/<uuid:doubt>", reviewing.pair, name="review_pair"),
    path("residents/review/answers/<int:judgement>/withdraw", reviewing.undo, name="review_undo"),
    path("residents/explain", explaining.explain, name="explain"),
    path("residents/clusters.csv", explaining.sheet, name="clusters"),
    path("residents/models", modelling.models, name="models"),
    path("residents/models/train", modelling.train, name="train"),
    path("residents/models/link", modelling.link, name="link_all"),
    path("residents/models/<int:model>", modelling.model, name="model"),
    path("residents/models/<int:model>/shadow", modelling.shadow, name="shadow"),
    path("residents/models/<int:model>/use", modelling.use, name="use_model"),
    path("residents/<uuid:resident>/", pages.show, name="show"),
    path("residents/<uuid:resident>/index", index.index, name="index"),
    path("residents/<uuid:resident>/merge", index.merge, name="merge"),
    path("residents/<uuid:resident>/merges/<uuid:merge>/undo", index.unmerge, name="unmerge"),
    path("residents/<uuid:resident>/separate", index.separate, name="separate"),
    path("residents/<uuid:resident>/contacts", pages.contacts, name="contacts"),
    path("residents/<uuid:resident>/guardians", pages.guardian, name="guardian"),
    path("residents/<uuid:resident>/guardians/<int:guardian>/end", pages.end_guardian, name="end_guardian"),
    path("residents/<uuid:resident>/household", pages.household, name="household"),
    path("residents/<uuid:resident>/household/add", pages.add_member, name="add_member"),
    path("residents/<uuid:resident>/household/<int:member>/remove", pages.remove_member, name="remove_member"),
]
