"""The room as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Residents' sign-in."""

    name = "doorstep.registers.portal"
    label = "portal"
    default_auto_field = "django.db.models.BigAutoField"
