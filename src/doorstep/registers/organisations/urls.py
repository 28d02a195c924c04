"""The room's addresses."""

from __future__ import annotations

from django.urls import path

from doorstep.registers.organisations.pages import consortia, institutions

app_name = "organisations"
urlpatterns = [
    path("organisations/", institutions.listed, name="list"),
    path("organisations/tree", institutions.tree, name="tree"),
    path("organisations/add", institutions.add, name="add"),
    path("organisations/<uuid:key>", institutions.detail, name="detail"),
    path("organisations/<uuid:key>/edit", institutions.edit, name="edit"),
    path("organisations/<uuid:key>/count", institutions.count, name="count"),
    path("organisations/<uuid:key>/departments/open", institutions.open_department, name="open_department"),
    path(
        "organisations/<uuid:key>/departments/<uuid:department>/close",
        institutions.close_department,
        name="close_department",
    ),
    path("consortia/", consortia.listed, name="consortia"),
    path("consortia/found", consortia.found, name="found"),
    path("consortia/agreements/<uuid:agreement>", consortia.agreement, name="agreement"),
    path("consortia/agreements/<uuid:agreement>/end", consortia.end_agreement, name="end_agreement"),
    path("consortia/<uuid:key>", consortia.detail, name="consortium"),
    path("consortia/<uuid:key>/join", consortia.join, name="join"),
    path("consortia/<uuid:key>/members/<uuid:membership>/end", consortia.leave, name="leave"),
    path("consortia/<uuid:key>/agree", consortia.agree, name="agree"),
]
