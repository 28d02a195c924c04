"""The addresses of exchange."""

from __future__ import annotations

from django.urls import path

from doorstep.record.exchange import pages

app_name = "exchange"
urlpatterns = [
    path("exchange/", pages.listing, name="list"),
    path("exchange/sources", pages.sources, name="sources"),
    path("exchange/sources/<uuid:source>", pages.checks, name="checks"),
    path("exchange/exports", pages.exports, name="exports"),
    path("exchange/exports/<uuid:export>/cancel", pages.cancel_export, name="cancel_export"),
    path("exchange/<int:message>/", pages.one, name="one"),
    path("exchange/<int:message>/mend", pages.mend, name="mend"),
    path("exchange/<int:message>/retry", pages.retry, name="retry"),
    path("exchange/<int:message>/dismiss", pages.dismiss, name="dismiss"),
]
