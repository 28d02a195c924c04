"""The room as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class EndpointsConfig(AppConfig):
    """Endpoints."""

    name = "doorstep.record.endpoints"
    label = "endpoints"
