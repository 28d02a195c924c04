"""The room as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class OrganisationsConfig(AppConfig):
    """Institutions and consortia."""

    name = "doorstep.registers.organisations"
    label = "organisations"
    default_auto_field = "django.db.models.BigAutoField"
