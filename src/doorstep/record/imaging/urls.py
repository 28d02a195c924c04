"""The addresses of imaging."""

from __future__ import annotations

from django.urls import path

from doorstep.record.imaging.pages import archives, door, resting, studies

app_name = "imaging"
urlpatterns = [
    path("imaging/archives", archives.listing, name="archives"),
    path("imaging/archives/add", archives.add, name="add"),
    path("imaging/archives/<uuid:archive>/", archives.one, name="archive"),
    path("imaging/archives/<uuid:archive>/edit", archives.edit, name="edit"),
    path("imaging/archives/<uuid:archive>/switch", archives.switch, name="switch"),
    path("imaging/archives/<uuid:archive>/try", archives.hurry, name="try"),
    path("imaging/resting", resting.listing, name="resting"),
    path("imaging/resting/<uuid:study>/", resting.one, name="resting_one"),
    path("imaging/resting/<uuid:study>/tie", resting.tie, name="tie"),
    path("imaging/resting/<uuid:study>/untie", resting.untie, name="untie"),
    path("imaging/residents/<uuid:resident>/", studies.of_resident, name="of_resident"),
    path("imaging/residents/<uuid:resident>/<uuid:study>/", studies.one, name="study"),
    path("dicomweb/studies", door.studies, name="door"),
    path("dicomweb/studies/<path:rest>", door.study, name="door_study"),
]
