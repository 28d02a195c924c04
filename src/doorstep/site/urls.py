"""The addresses of all rooms."""

from __future__ import annotations

from importlib.util import find_spec

from django.urls import include, path

from doorstep.site import home, watching
from doorstep.site.rooms import APPS

urlpatterns = [
    path("", home.start, name="start"),
    path("healthz", home.healthz, name="healthz"),
    path("metrics", watching.told, name="metrics"),
    path("language", home.language, name="language"),
    *(path("", include(f"{name}.urls")) for name in APPS if find_spec(f"{name}.urls")),
]

handler400 = "doorstep.site.faults.bad_request"
handler403 = "doorstep.site.faults.forbidden"
handler404 = "doorstep.site.faults.not_found"
handler500 = "doorstep.site.faults.server_error"
