"""The addresses of sheets."""

from __future__ import annotations

from django.urls import path

from doorstep.record.sheets.pages import deciding, listing, one

app_name = "sheets"
urlpatterns = [
    path("sheets/", listing.imports, name="list"),
    path("sheets/upload", listing.upload, name="upload"),
    path("sheets/templates/<slug:kind>.xlsx", listing.template, name="template"),
    path("sheets/templates/<slug:kind>.csv", listing.plain_template, name="plain_template"),
    path("sheets/<uuid:batch>/", one.show, name="one"),
    path("sheets/<uuid:batch>/rows.xlsx", one.rows_file, name="rows_file"),
    path("sheets/<uuid:batch>/apply", deciding.apply, name="apply"),
    path("sheets/<uuid:batch>/again", deciding.again, name="again"),
    path("sheets/<uuid:batch>/drop", deciding.drop, name="drop"),
    path("sheets/<uuid:batch>/undo", deciding.undo, name="undo"),
]
