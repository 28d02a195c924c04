"""The room as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class ResidentsConfig(AppConfig):
    """Residents and their identity."""

    name = "doorstep.registers.residents"
    label = "residents"
    default_auto_field = "django.db.models.BigAutoField"
