"""The addresses of imaging."""

from __future__ import annotations

from django.urls import path

from doorstep.record.imaging.pages import door

app_name = "imaging"
urlpatterns = [
    path("dicomweb/studies", door.studies, name="door"),
    path("dicomweb/studies/<path:rest>", door.study, name="door_study"),
]
