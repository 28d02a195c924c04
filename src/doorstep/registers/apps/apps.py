"""The room as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class AppsConfig(AppConfig):
    """Apps that are let in."""

    name = "doorstep.registers.apps"
    label = "apps"
    default_auto_field = "django.db.models.BigAutoField"
