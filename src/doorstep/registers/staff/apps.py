"""The room as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class StaffConfig(AppConfig):
    """People who work, and their sign-in."""

    name = "doorstep.registers.staff"
    label = "staff"
    default_auto_field = "django.db.models.BigAutoField"
