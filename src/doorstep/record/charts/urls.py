"""The addresses of charts."""

from __future__ import annotations

from django.urls import path

from doorstep.record.charts import pages
from doorstep.record.charts.pages import documents

app_name = "charts"
urlpatterns = [
    path("my/record", pages.own, name="own"),
    path("charts/<uuid:resident>/", pages.summary, name="summary"),
    path("charts/<uuid:resident>/timeline/", pages.timeline, name="timeline"),
    path("charts/<uuid:resident>/results/", pages.results, name="results"),
    path("charts/<uuid:resident>/results/all/", pages.series, name="series"),
    path("charts/<uuid:resident>/documents/", documents.listed, name="documents"),
    path("charts/<uuid:resident>/documents/<str:key>/", documents.document, name="document"),
    path("charts/<uuid:resident>/documents/<str:key>/original", documents.original, name="original"),
    path("charts/<uuid:resident>/documents/<str:key>/embedded", documents.embedded, name="embedded"),
    path("charts/<uuid:resident>/<str:kind>/<str:key>/", pages.entry, name="entry"),
    path("charts/<uuid:resident>/<str:kind>/<str:key>/changes/", pages.changes, name="changes"),
    path("charts/<uuid:resident>/<str:kind>/<str:key>/raw", pages.raw, name="raw"),
]
