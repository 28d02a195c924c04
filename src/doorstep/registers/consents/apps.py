"""The room as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class ConsentsConfig(AppConfig):
    """Reasons for access."""

    name = "doorstep.registers.consents"
    label = "consents"
    default_auto_field = "django.db.models.BigAutoField"
