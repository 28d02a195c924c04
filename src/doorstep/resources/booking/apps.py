"""The room as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class BookingConfig(AppConfig):
    """Clinics and appointments."""

    name = "doorstep.resources.booking"
    label = "booking"
    default_auto_field = "django.db.models.BigAutoField"
